/** The package's door `supersim-meter/reader`: what other programs import. Everything else is private. */
export { type DeadLetterItem, deadLetterSchema, type RawBytes } from './dead-letter-item.ts';
export type { DynamoDbSender } from './item-reader.ts';
export { parseDeadLetter, parseSession, parseSim, parseUsage } from './parse-item.ts';
export { createReader, type Reader, type ReaderOptions, type StartRange } from './reader.ts';
export { READER_ERROR_CODES, ReaderError, type ReaderErrorCode } from './reader-error.ts';
export { changesOf, type SessionChange } from './session-changes.ts';
export { type Session, sessionSchema } from './session-item.ts';
export { type Sim, simSchema } from './sim-item.ts';
export type { StreamRecord } from './stream-record.ts';
export { type UsageChange, usageChangesOf } from './usage-changes.ts';
export { type UsageDay, usageSchema } from './usage-item.ts';
export { parseLine, type UsageLine } from './usage-line.ts';
export type { UsageBytes, UsageRange, UsageRow } from './usage-tally.ts';
