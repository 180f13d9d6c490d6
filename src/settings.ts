/** Every setting: its variable's schema, default, unit and meaning. The README's table is checked against it. */
import * as z from 'zod';
import { KEEP_SETTINGS } from './keep-settings.ts';
import { METRICS_SETTINGS } from './metrics-settings.ts';
import { WRITE_MODES } from './store/write-mode.ts';
import { fromIso } from './time.ts';

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, 'must be 1 to 128 letters, digits, "_", "." or "-"');
const names = z.string().refine((text) => {
  const parts = text.split(',');
  return parts.every((part) => name.safeParse(part).success) && new Set(parts).size === parts.length;
}, 'must be a stream’s name, or several different ones separated by commas');
/** DynamoDB wants at least three. */
const tableName = name.min(3, 'must have at least 3 characters: it is a table’s name');
const whole = (min: number, max: number) =>
  z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max,
      `must be a whole number from ${min} to ${max}`,
    )
    .transform(Number);
const PROCESSES_MAX = 128;
const processes = z
  .string()
  .refine(
    (text) => text === 'auto' || whole(1, PROCESSES_MAX).safeParse(text).success,
    `must be auto or a whole number from 1 to ${PROCESSES_MAX}`,
  )
  .transform((text): number | 'auto' => (text === 'auto' ? text : Number(text)));
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

/** Where a shard without a lease is read from first. Kinesis's words. */
export type InitialPosition = 'TRIM_HORIZON' | 'LATEST' | { readonly timestampMs: number };

const initialPosition = z.string().transform((text, context): InitialPosition => {
  if (text === 'TRIM_HORIZON' || text === 'LATEST') return text;
  const iso = /^AT_TIMESTAMP[:=](.+)$/.exec(text)?.[1] ?? text;
  const timestampMs = /^\d{4}-\d\d-\d\dT/.test(iso) ? fromIso(iso) : Number.NaN;
  if (!Number.isNaN(timestampMs)) return { timestampMs };
  context.addIssue({
    code: 'custom',
    message: 'must be TRIM_HORIZON, LATEST or a time like 2026-01-31T00:00:00Z',
  });
  return z.NEVER;
});

const personalField = z.enum(['imsi', 'imei', 'ip_address', 'location'], {
  message: 'may list only imsi, imei, ip_address and location',
});
const accountSid = z
  .string()
  .regex(/^AC[0-9a-fA-F]{32}$/, 'must list account SIDs: AC and 32 hex digits each');
const httpAddress = z.string().regex(/^[^\s:]+:\d{1,5}$/, 'must be HOST:PORT, such as 127.0.0.1:9464');

/** Every setting: its variable's schema, default, unit and meaning. The README's table is checked against it. */
export const SETTINGS = {
  stream: {
    schema: names,
    default: 'supersim-events',
    unit: '',
    text: 'Kinesis stream, or several separated by commas',
  },
  application: {
    schema: tableName,
    default: 'supersim-meter',
    unit: '',
    text: 'application name, which is the lease table’s name',
  },
  tablePrefix: { schema: name, default: 'supersim-meter', unit: '', text: 'start of the data tables’ names' },
  initialPosition: {
    schema: initialPosition,
    default: 'TRIM_HORIZON',
    unit: '',
    text: 'where a shard without a lease starts: TRIM_HORIZON, LATEST or an ISO time',
  },
  workerId: {
    schema: name,
    default: '',
    unit: '',
    text: 'lease owner’s name; empty: host, process id and a random part',
  },
  failoverTimeMs: {
    schema: whole(500, 600_000),
    default: '10000',
    unit: 'ms',
    text: 'how long a lease counter may stand still before others take the lease',
  },
  shardSyncEveryMs: {
    schema: whole(500, 3_600_000),
    default: '60000',
    unit: 'ms',
    text: 'how often the stream’s shards are listed',
  },
  allowKcl3: {
    schema: z
      .enum(['true', 'false'], { message: 'must be true or false' })
      .transform((text) => text === 'true'),
    default: 'false',
    unit: '',
    text: 'start also beside a live fleet of Java KCL 3 in the lease table',
  },
  leasesMax: {
    schema: whole(1, 100_000),
    default: '10000',
    unit: 'leases',
    text: 'most shards this worker holds',
  },
  recordsPerReadMax: {
    schema: whole(1, 10_000),
    default: '500',
    unit: 'records',
    text: 'most records of one GetRecords',
  },
  idleBetweenReadsMs: {
    schema: whole(200, 60_000),
    default: '1000',
    unit: 'ms',
    text: 'pause between reads of a shard that is caught up',
  },
  fanOutConsumer: {
    schema: z.union([z.literal(''), name]),
    default: '',
    unit: '',
    text: 'name of the enhanced fan-out consumer to read as; empty: polling (docs/fan-out.md)',
  },
  stallAfterMs: {
    schema: whole(1_000, 3_600_000),
    default: '60000',
    unit: 'ms',
    text: 'a shard whose reads bring no answer for so long is given back to the fleet',
  },
  prefetchMaxBytes: {
    schema: whole(1024, 1_073_741_824),
    default: '8388608',
    unit: 'bytes',
    text: 'most data read ahead, all shards of the worker together; a shard may always read one page',
  },
  checkpointEveryMs: {
    schema: whole(0, 600_000),
    default: '1000',
    unit: 'ms',
    text: 'least time between two checkpoints of a shard that is behind',
  },
  recordMaxBytes: {
    schema: whole(1024, 10_485_760),
    default: '262144',
    unit: 'bytes',
    text: 'larger records are dead letters',
  },
  unzippedMaxBytes: {
    schema: whole(1024, 67_108_864),
    default: '1048576',
    unit: 'bytes',
    text: 'most a gzipped record may unpack to',
  },
  accounts: {
    schema: list.pipe(z.array(accountSid)),
    default: '',
    unit: '',
    text: 'account SIDs to count, separated by commas; empty: all',
  },
  personalFields: {
    schema: list.pipe(z.array(personalField)),
    default: '',
    unit: '',
    text: 'personal fields to store: of imsi, imei, ip_address, location; empty: none',
  },
  writeMode: {
    schema: z.enum(WRITE_MODES, { message: 'must be auto, batch or put' }),
    default: 'auto',
    unit: '',
    text: 'batch: 25 conditional statements a call; put: one call each; auto: batch where the engine and the role allow it',
  },
  sessionCacheMaxBytes: {
    schema: whole(0, 8_589_934_592),
    default: '16777216',
    unit: 'bytes',
    text: 'memory for the sessions written last, 0.5 to 0.9 KB each, so that they need not be read again',
  },
  holdBackMs: {
    schema: whole(0, 60_000),
    default: '10000',
    unit: 'ms',
    text: 'how long events are gathered, to be written together, while a shard is more than a minute behind',
  },
  pendingEventsMax: {
    schema: whole(1, 10_000_000),
    default: '25000',
    unit: 'events',
    text: 'most events held back while a shard is more than a minute behind, all shards together; 0.3 to 1 KB each',
  },
  dedupRingSize: {
    schema: whole(1, 64),
    default: '16',
    unit: 'events',
    text: 'event ids kept in a session’s item before they move to a page',
  },
  dedupHorizonDays: {
    schema: whole(1, 3650),
    default: '32',
    unit: 'days',
    text: 'how long event ids are remembered; more than the stream’s retention',
  },
  deadLetterKeepDays: {
    schema: whole(1, 3650),
    default: '30',
    unit: 'days',
    text: 'how long dead letters are kept',
  },
  ...KEEP_SETTINGS,
  shutdownGraceMs: {
    schema: whole(0, 110_000),
    default: '25000',
    unit: 'ms',
    text: 'how long a stopping worker may finish what is in flight',
  },
  processes: {
    schema: processes,
    default: '1',
    unit: 'processes',
    text: 'workers to run side by side on this machine; auto: one per core',
  },
  http: {
    schema: z.union([z.literal(''), httpAddress]),
    default: '',
    unit: '',
    text: 'HOST:PORT of the live page, /livez, /readyz and /metrics, without a login; empty: off (docs/page.md)',
  },
  ...METRICS_SETTINGS,
  logLevel: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent'], {
      message: 'must be debug, info, warn, error or silent',
    }),
    default: 'info',
    unit: '',
    text: 'least level that is logged',
  },
} as const;
