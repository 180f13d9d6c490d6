/** Stored item → typed item, whatever the document client's settings are. */
import type { z } from 'zod';
import { type DeadLetterItem, deadLetterSchema } from './dead-letter-item.ts';
import { ReaderError } from './reader-error.ts';
import { type Session, sessionSchema } from './session-item.ts';
import { type Sim, simSchema } from './sim-item.ts';
import { type UsageDay, usageSchema } from './usage-item.ts';

type Issue = z.core.$ZodIssue;

const isNewer = (issue: Issue): boolean => issue.code === 'custom' && issue.params?.['isNewer'] === true;
const shown = ({ path, message }: Issue): string => `${path.join('.') || 'the item'}: ${message}`;

/** Paths and what is wrong with them, never a value: values may be personal. */
function errorOf(what: string, issues: readonly Issue[], cause: unknown): ReaderError {
  const newer = issues.find(isNewer);
  return newer
    ? new ReaderError('item-newer', `${what}: ${shown(newer)}`, { cause })
    : new ReaderError('item-invalid', `not a ${what}: ${issues.map(shown).join('; ')}`, { cause });
}

const parser =
  <S extends z.ZodType>(what: string, schema: S) =>
  (item: unknown): z.output<S> => {
    const result = schema.safeParse(item);
    if (result.success) return result.data;
    throw errorOf(what, result.error.issues, result.error);
  };

/** @throws ReaderError `item-newer`, `item-invalid` */
export const parseSession: (item: unknown) => Session = parser('session item', sessionSchema);

/** @throws ReaderError `item-newer`, `item-invalid` */
export const parseSim: (item: unknown) => Sim = parser('SIM item', simSchema);

/** @throws ReaderError `item-newer`, `item-invalid` */
export const parseUsage: (item: unknown) => UsageDay = parser('usage item', usageSchema);

/** @throws ReaderError `item-invalid` */
export const parseDeadLetter: (item: unknown) => DeadLetterItem = parser('dead letter', deadLetterSchema);
