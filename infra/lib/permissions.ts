/** Who may do what, and why: the one list from which the roles are made, and which `test/slow/policies.test.ts` holds
 *  against what the programs do. No action is allowed for convenience. */

/** What an action is allowed on. `consumers` are the stream's fan-out consumers, `indexes` those of that table. */
export type Target =
  | 'stream'
  | 'consumers'
  | 'sessions'
  | 'sims'
  | 'usage'
  | 'dedup'
  | 'deadLetters'
  | 'leases'
  | 'sessions/indexes';

export interface Permission {
  readonly action: string;
  readonly on: readonly Target[];
  /** What for. */
  readonly why: string;
}

const ITEMS = ['sessions', 'sims', 'usage'] as const;
const DATA = [...ITEMS, 'dedup', 'deadLetters'] as const;

const READ_STREAM: readonly Permission[] = [
  { action: 'kinesis:ListShards', on: ['stream'], why: 'the shards and their parents' },
  { action: 'kinesis:GetShardIterator', on: ['stream'], why: 'where to read from' },
  { action: 'kinesis:GetRecords', on: ['stream'], why: 'reading' },
];

/** Loading, folding and storing: what counts an event, whoever reads it. */
const COUNT_EVENTS: readonly Permission[] = [
  { action: 'dynamodb:BatchGetItem', on: ITEMS, why: 'items to fold events into' },
  { action: 'dynamodb:BatchGetItem', on: ['dedup'], why: 'whether a SIM was erased, before an item is made' },
  {
    action: 'dynamodb:Query',
    on: ['dedup'],
    why: 'an item’s pages of event ids, for old or repeated events',
  },
  { action: 'dynamodb:PartiQLInsert', on: [...ITEMS, 'dedup'], why: 'new items and pages, 25 a call' },
  { action: 'dynamodb:PartiQLUpdate', on: ITEMS, why: 'items that are there, 25 a call' },
  {
    action: 'dynamodb:PutItem',
    on: [...ITEMS, 'dedup'],
    why: 'the same where SUPERSIM_WRITE_MODE is put, or batches are refused',
  },
];

export const WORKER: readonly Permission[] = [
  {
    action: 'kinesis:DescribeStreamSummary',
    on: ['stream'],
    why: 'the start check, and when the stream was created: its checkpoints mean nothing in one made anew',
  },
  ...READ_STREAM,
  ...COUNT_EVENTS,
  {
    action: 'dynamodb:PutItem',
    on: ['deadLetters'],
    why: 'records that cannot be decoded or stored, and gaps',
  },
  { action: 'dynamodb:DescribeTable', on: [...DATA, 'leases'], why: 'the start check' },
  { action: 'dynamodb:Scan', on: ['leases'], why: 'who reads which shard' },
  { action: 'dynamodb:GetItem', on: ['leases'], why: 'a row as it is, after a refused write' },
  { action: 'dynamodb:PutItem', on: ['leases'], why: 'a row for a new shard' },
  { action: 'dynamodb:UpdateItem', on: ['leases'], why: 'taking, renewing, checkpointing, releasing' },
  { action: 'dynamodb:DeleteItem', on: ['leases'], why: 'rows of shards that the stream has forgotten' },
];

/** Beside the worker's, where a fan-out consumer is named. */
export const FAN_OUT: readonly Permission[] = [
  {
    action: 'kinesis:RegisterStreamConsumer',
    on: ['stream', 'consumers'],
    why: 'makes the consumer when it is missing',
  },
  {
    action: 'kinesis:DescribeStreamConsumer',
    on: ['consumers'],
    why: 'finds it, and waits until it is active',
  },
  { action: 'kinesis:SubscribeToShard', on: ['consumers'], why: 'reading' },
];

/** `erase-sim`. */
export const ERASE: readonly Permission[] = [
  { action: 'dynamodb:Scan', on: ['sessions', 'dedup', 'deadLetters'], why: 'finds what is stored of a SIM' },
  { action: 'dynamodb:Query', on: ['sims', 'usage'], why: 'the same, where the SIM is the key' },
  { action: 'dynamodb:BatchWriteItem', on: DATA, why: 'deletes it' },
  { action: 'dynamodb:BatchGetItem', on: ['dedup'], why: 'whether the SIM was erased before' },
  { action: 'dynamodb:PutItem', on: ['dedup'], why: 'the mark that keeps replays from bringing it back' },
  { action: 'kinesis:DescribeStreamSummary', on: ['stream'], why: 'says until when the stream still has it' },
];

/** `dead-letters`, `dead-letters show`: their bytes are personal data, and nobody else may read them. */
export const READ_DEAD_LETTERS: readonly Permission[] = [
  { action: 'dynamodb:Scan', on: ['deadLetters'], why: 'lists all' },
  { action: 'dynamodb:Query', on: ['deadLetters'], why: 'lists those of a shard of one of several streams' },
  { action: 'dynamodb:GetItem', on: ['deadLetters'], why: 'shows one' },
];

/** `dead-letters redrive`, `dead-letters purge`, `replay`. */
export const REPAIR: readonly Permission[] = [
  ...READ_STREAM,
  ...COUNT_EVENTS,
  ...READ_DEAD_LETTERS,
  { action: 'dynamodb:DescribeTable', on: DATA, why: 'the start check' },
  { action: 'dynamodb:DeleteItem', on: ['deadLetters'], why: 'letters that are counted now, or purged' },
];

/** The vendor's sink. Source: Twilio's documents of the Kinesis sink, which name these four. */
export const VENDOR_SINK: readonly Permission[] = [
  { action: 'kinesis:PutRecord', on: ['stream'], why: 'events' },
  { action: 'kinesis:PutRecords', on: ['stream'], why: 'events, many a call' },
  { action: 'kinesis:ListShards', on: ['stream'], why: 'it looks at the number of shards' },
  { action: 'kinesis:DescribeLimits', on: ['stream'], why: 'the same' },
];

/** Permissions on the same targets are one statement. */
export function groupByTargets(
  permissions: readonly Permission[],
): readonly { readonly actions: readonly string[]; readonly on: readonly Target[] }[] {
  const actions = new Map<Target, Set<string>>();
  for (const { action, on } of permissions)
    for (const target of on) actions.set(target, (actions.get(target) ?? new Set()).add(action));
  const groups = new Map<string, { actions: readonly string[]; on: Target[] }>();
  for (const [target, allowed] of actions) {
    const sorted = [...allowed].sort();
    const group = groups.get(sorted.join()) ?? { actions: sorted, on: [] };
    group.on.push(target);
    groups.set(sorted.join(), group);
  }
  return [...groups.values()];
}
