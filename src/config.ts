/** The worker's settings: from flags, else the environment, else defaults; every problem reported at once.
 *  Names carry units. AWS's own variables (AWS_REGION, AWS_ENDPOINT_URL…) are the SDK's and not repeated here. */
import type * as z from 'zod';
import type { PersonalField } from './decode/event.ts';
import { MeterError } from './errors.ts';
import { KEEP_DAYS_NAMES } from './keep-settings.ts';
import { SETTINGS } from './settings.ts';

const ENV_PREFIX = 'SUPERSIM_';

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
      (variable) =>
        `${variable} is not a setting; remove it (\`supersim-meter run --help\` lists all settings)`,
    );
}

function crossCheck(config: Config): string[] {
  const problems: string[] = [];
  if (config.application.startsWith(`${config.tablePrefix}-`))
    problems.push(
      `${variableOf('application')} may not start with "${config.tablePrefix}-": those names are the data tables’`,
    );
  // Items go with their memory of events: one whose events can still come back would count them anew.
  for (const setting of KEEP_DAYS_NAMES)
    if (config[setting] > 0 && config[setting] <= config.dedupHorizonDays)
      problems.push(
        `${variableOf(setting)}="${config[setting]}" must be 0, for ever, or more than ${variableOf('dedupHorizonDays')} (${config.dedupHorizonDays}): what a late replay brings back must find its item`,
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

/** The streams that `stream` names. */
export const streamsOf = ({ stream }: Pick<Config, 'stream'>): readonly string[] => stream.split(',');

const PERSONAL_FIELD_OF = {
  imsi: 'imsi',
  imei: 'imei',
  ip_address: 'ipAddress',
  location: 'location',
} as const satisfies Record<Config['personalFields'][number], PersonalField>;

/** The personal fields that the operator asked for, as events name them. */
export const personalFieldsOf = ({ personalFields }: Pick<Config, 'personalFields'>): Set<PersonalField> =>
  new Set(personalFields.map((field) => PERSONAL_FIELD_OF[field]));

/** The stream that `stream` names, for commands that work on one.
 *  @throws MeterError `config-invalid` when it names several. */
export function onlyStreamOf(config: Pick<Config, 'stream'>): string {
  if (!config.stream.includes(',')) return config.stream;
  throw new MeterError(
    'config-invalid',
    `This command works on one stream, and "${config.stream}" names several: give one with --stream or ${variableOf('stream')}.`,
  );
}
