/** What may be logged. A field that is not named here cannot be passed, and would be dropped if it were:
 *  personal data (IMSI, IMEI, ICCID, IP address, location) has no name here, so it reaches no log. */
export const LOG_FIELDS = [
  'workerId',
  'application',
  'stream',
  'shardId',
  'leaseOwner',
  'leaseCounter',
  'checkpoint',
  'sequenceNumber',
  'childShardIds',
  'reason',
  'errorName',
  'errorCode',
  'httpStatus',
  'attempt',
  'delayMs',
  'elapsedMs',
  'count',
  'testId',
  'signal',
  'process',
  'pid',
  'exitCode',
  'table',
  'address',
  'endpoint',
  'version',
  'node',
  'state',
  'read',
  'applied',
  'duplicate',
  'ignored',
  'deadLettered',
  'suppressed',
] as const;

export type LogField = (typeof LOG_FIELDS)[number];
export type LogFields = Partial<Record<LogField, string | number | boolean | readonly string[] | undefined>>;

/** `event` is a stable machine name such as `lease.taken`; `message` says it in words. */
export interface Log {
  debug(event: string, message: string, fields?: LogFields): void;
  info(event: string, message: string, fields?: LogFields): void;
  warn(event: string, message: string, fields?: LogFields): void;
  error(event: string, message: string, fields?: LogFields): void;
}
