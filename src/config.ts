/** The worker's settings: from flags, else the environment, else defaults; every problem reported at once.
 *  Names carry units. AWS's own variables (AWS_REGION, AWS_ENDPOINT_URL…) are the SDK's and not repeated here. */
import * as z from 'zod';
import { MeterError } from './errors.ts';
import { fromIso } from './time.ts';

const ENV_PREFIX = 'SUPERSIM_';

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, 'must be 1 to 128 letters, digits, "_", "." or "-"');
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
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
  stream: { schema: name, default: 'supersim-events', unit: '', text: 'Kinesis stream to read' },
  application: {
    schema: name,
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
  leasesMax: {
    schema: whole(1, 100_000),
    default: '10000',
    unit: 'leases',
    text: 'most shards this worker holds',
  },
  recordsPerReadMax: {
    schema: whole(1, 10_000),
    default: '1000',
    unit: 'records',
    text: 'most records of one GetRecords',
  },
  idleBetweenReadsMs: {
    schema: whole(200, 60_000),
    default: '1000',
    unit: 'ms',
    text: 'pause between reads of a shard that is caught up',
  },
  prefetchMaxBytes: {
    schema: whole(1024, 1_073_741_824),
    default: '8388608',
    unit: 'bytes',
    text: 'most data read ahead per shard',
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
  shutdownGraceMs: {
    schema: whole(0, 110_000),
    default: '25000',
    unit: 'ms',
    text: 'how long a stopping worker may finish what is in flight',
  },
  http: {
    schema: z.union([z.literal(''), httpAddress]),
    default: '',
    unit: '',
    text: 'HOST:PORT of /livez, /readyz and /metrics; empty: off',
  },
  logLevel: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    unit: '',
    text: 'least level that is logged',
  },
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Config = { readonly [N in SettingName]: z.output<(typeof SETTINGS)[N]['schema']> };
export type ConfigSource = 'flag' | 'environment' | 'default';
export interface EffectiveConfig {
  readonly config: Config;
  readonly entries: readonly {
    readonly name: SettingName;
    readonly variable: string;
    readonly text: string;
    readonly source: ConfigSource;
  }[];
}

/** `failoverTimeMs` → `SUPERSIM_FAILOVER_TIME_MS`. */
export const variableOf = (setting: string): string =>
  ENV_PREFIX + setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

function findUnknown(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(SETTING_NAMES.map(variableOf));
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(ENV_PREFIX) && !known.has(variable))
    .map(
      (variable) => `${variable} is not a setting; remove it (\`supersim-meter config\` lists all settings)`,
    );
}

function crossCheck(config: Config): string[] {
  const problems: string[] = [];
  if (config.application.startsWith(`${config.tablePrefix}-`))
    problems.push(
      `${variableOf('application')} may not start with "${config.tablePrefix}-": those names are the data tables’`,
    );
  return problems;
}

/** Reads the settings.
 *  @throws MeterError `config-invalid` with one line per problem. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Partial<Record<SettingName, string | undefined>>> = {},
): EffectiveConfig {
  const problems = findUnknown(environment);
  const values: Record<string, unknown> = {};
  const entries = SETTING_NAMES.map((setting) => {
    const { schema, default: fallback } = SETTINGS[setting];
    const variable = variableOf(setting);
    const [text, source]: [string, ConfigSource] =
      flags[setting] !== undefined
        ? [flags[setting], 'flag']
        : environment[variable]
          ? [environment[variable], 'environment']
          : [fallback, 'default'];
    // An empty worker id means "make one"; its schema is for given ones.
    const parsed = setting === 'workerId' && text === '' ? undefined : schema.safeParse(text);
    if (parsed && !parsed.success)
      problems.push(
        `${source === 'flag' ? `--${flagOf(setting)}` : variable}="${text}" ${parsed.error.issues[0]?.message}`,
      );
    values[setting] = parsed?.data ?? '';
    return { name: setting, variable, text, source };
  });
  const config = values as unknown as Config;
  if (problems.length === 0) problems.push(...crossCheck(config));
  if (problems.length > 0)
    throw new MeterError(
      'config-invalid',
      `The configuration has ${problems.length} problem(s):\n  - ${problems.join('\n  - ')}`,
    );
  return { config, entries };
}

/** `failoverTimeMs` → `failover-time-ms`. */
export const flagOf = (setting: string): string =>
  setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
