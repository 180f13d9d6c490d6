import type { ErrorCode, MeterError } from '../errors.ts';

/** Exit codes, as scripts may rely on them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  notFound: 4,
  checkFailed: 5,
  aws: 6,
  differences: 7,
} as const;

const EXIT_OF: { readonly [C in ErrorCode]?: number } = {
  'config-invalid': EXIT.configuration,
  'region-missing': EXIT.configuration,
  'stream-missing': EXIT.configuration,
  'table-missing': EXIT.configuration,
  'table-mismatch': EXIT.configuration,
  'batch-writes-refused': EXIT.configuration,
  'stream-recreated': EXIT.configuration,
  'lease-table-mode': EXIT.configuration,
  'kcl3-fleet-alive': EXIT.configuration,
  usage: EXIT.usage,
  'file-invalid': EXIT.usage,
  'not-found': EXIT.notFound,
  'credentials-missing': EXIT.aws,
  'access-denied': EXIT.aws,
  'service-unreachable': EXIT.aws,
  'consumer-limit': EXIT.aws,
};

export const exitCodeOf = (error: MeterError): number => EXIT_OF[error.code] ?? EXIT.failed;
