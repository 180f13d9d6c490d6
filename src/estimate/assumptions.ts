/** What a fleet and a worker are assumed to be like: each is a flag of `estimate`. Pure. */

export interface Assumption {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
  /** Unit of the value, as its flag shows it. */
  readonly unit: string;
  readonly text: string;
}

/** In the order of the help and of docs/cost.md, which gives the source of each default. */
export const ASSUMPTIONS = {
  attachRate: {
    default: 1,
    min: 0,
    max: 1,
    unit: 'share',
    text: 'share of the devices that hold a data session at a time',
  },
  updateEverySeconds: {
    default: 360,
    min: 1,
    max: 86_400,
    unit: 'seconds',
    text: 'time between two updated events of a session',
  },
  sessionsPerDeviceDay: {
    default: 1,
    min: 0,
    max: 10_000,
    unit: 'count',
    text: 'sessions that each device starts a day; each has a started and an ended event',
  },
  attachmentsPerDeviceDay: {
    default: 1,
    min: 0,
    max: 10_000,
    unit: 'count',
    text: 'attachment events of each device a day; they change its SIM’s state',
  },
  eventBytes: {
    default: 1_438,
    min: 1,
    max: 1_048_576,
    isWhole: true,
    unit: 'bytes',
    text: 'size of a record, with its partition key',
  },
  peakToMean: {
    default: 2,
    min: 1,
    max: 1_000,
    unit: 'ratio',
    text: 'load for which shards and tasks are sized, over the mean load',
  },
  writeUnitsPerEvent: {
    default: 1.06,
    min: 0,
    max: 1_000,
    unit: 'units',
    text: 'DynamoDB write units of ours per session event, dedup pages included',
  },
  readUnitsPerEvent: {
    default: 0.1,
    min: 0,
    max: 1_000,
    unit: 'units',
    text: 'DynamoDB read units of ours per session event',
  },
  simWriteUnits: {
    default: 2,
    min: 0,
    max: 1_000,
    unit: 'units',
    text: 'write units of a change of a SIM’s state; 0: without the projection sims',
  },
  usageWriteUnits: {
    default: 1.45,
    min: 0,
    max: 1_000,
    unit: 'units',
    text: 'write units of an hour that a session hands on to its SIM’s day; 0: without the projection usage',
  },
  eventsPerVcpuSecond: {
    default: 10_000,
    min: 1,
    max: 10_000_000,
    unit: 'events',
    text: 'events that one vCPU of ours handles a second',
  },
  transactionEventsPerVcpuSecond: {
    default: 1_400,
    min: 1,
    max: 10_000_000,
    unit: 'events',
    text: 'the same with a transaction per event',
  },
  putEventsPerVcpuSecond: {
    default: 1_500,
    min: 1,
    max: 10_000_000,
    unit: 'events',
    text: 'the same with a PutItem per event',
  },
  tasksMin: {
    default: 2,
    min: 1,
    max: 10_000,
    isWhole: true,
    unit: 'tasks',
    text: 'fewest Fargate tasks, for availability',
  },
  dedupHorizonDays: {
    default: 32,
    min: 1,
    max: 3_650,
    unit: 'days',
    text: 'how long event ids are remembered',
  },
  sessionsKeptDays: {
    default: 365,
    min: 1,
    max: 36_500,
    unit: 'days',
    text: 'how long session items are kept: the worker never deletes one',
  },
} as const satisfies Record<string, Assumption>;

export type AssumptionName = keyof typeof ASSUMPTIONS;
export type Assumptions = Readonly<Record<AssumptionName, number>>;

/** A fleet and how it is counted. */
export interface EstimateInput extends Assumptions {
  readonly devices: number;
}

export const ASSUMPTION_NAMES = Object.keys(ASSUMPTIONS) as AssumptionName[];

export const ASSUMPTION_DEFAULTS = Object.fromEntries(
  ASSUMPTION_NAMES.map((name) => [name, ASSUMPTIONS[name].default]),
) as Assumptions;
