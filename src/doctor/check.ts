/** One thing that the doctor looked at. */

/** `skipped`: it could not be looked at, because of what another check says, or because the engine has no such thing. */
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skipped';

export interface Check {
  /** What was looked at, in one word for programs; docs/doctor.md lists them. */
  readonly name: CheckName;
  readonly status: CheckStatus;
  /** The stream, table, shard or action it is about. */
  readonly subject?: string;
  /** What was found. */
  readonly found: string;
  /** What to do; always there when it warns or fails. */
  readonly fix?: string;
}

export const CHECK_NAMES = [
  'settings',
  'node',
  'version',
  'region',
  'credentials',
  'endpoint',
  'stream',
  'retention',
  'encryption',
  'table',
  'ttl',
  'backup',
  'clock',
  'permission',
  'batch-writes',
  'lease-table',
  'lease-owners',
  'lease-holes',
  'lag',
  'kcl3',
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

type About = { readonly subject?: string };

export const ok = (name: CheckName, found: string, about: About = {}): Check => ({
  name,
  status: 'ok',
  ...about,
  found,
});

export const skipped = (name: CheckName, found: string, about: About = {}): Check => ({
  name,
  status: 'skipped',
  ...about,
  found,
});

/** What speaks against running, or, as a warning, against relying on it. */
export const trouble = (
  status: 'warn' | 'fail',
  name: CheckName,
  { found, fix, ...about }: About & { readonly found: string; readonly fix: string },
): Check => ({ name, status, ...about, found, fix });

export const hasFailed = (checks: readonly Check[]): boolean =>
  checks.some(({ status }) => status === 'fail');
