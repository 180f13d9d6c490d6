/** What a fleet costs a month: all formulas of `estimate`, with the unit in every name. Pure. In words: docs/cost.md. */
import type { EstimateInput } from './assumptions.ts';
import type { Prices } from './prices.ts';
import { projectionsOf } from './projection-units.ts';

/** A month as AWS's calculators take it. */
export const HOURS_PER_MONTH = 730;
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600;
const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;
const MILLION = 1_000_000;
const BYTES_PER_GB = 1_000_000_000;

/** Limits of one shard for writers. Source: Kinesis developer guide, service-sizes-and-limits. */
const SHARD_BYTES_PER_SECOND = 1_000_000;
const SHARD_RECORDS_PER_SECOND = 1_000;
const PUT_UNIT_BYTES = 25 * 1_024;
/** On-demand streams count each record in steps of this. */
const ON_DEMAND_STEP_BYTES = 1_024;

/** What DynamoDB adds to every stored item and index entry. Source: its guide, CapacityUnitCalculations. */
const ITEM_OVERHEAD_BYTES = 100;
/** With half of its ring of event ids. */
export const SESSION_ITEM_BYTES = 840;
/** The entry of index `by-sim`: its two keys and the table's. */
export const INDEX_ENTRY_BYTES = 125;
export const IDS_PER_PAGE = 16;
export const PAGE_BYTES = 356;
/** A marker `event_sid` + `expires_at`, as the transaction design keeps one per event. */
export const MARKER_BYTES = 59;

/** Measured: test/slow/idle-cost.test.ts at the default failover time. */
const IDLE_LEASE_WRITES_PER_SHARD_SECOND = 0.2998;
const LEASE_READS_PER_SHARD_SECOND = 0.0135;
/** A shard with traffic checkpoints after each read, once a second; the checkpoint is the renewal. */
const CHECKPOINTS_PER_SHARD_SECOND_MAX = 1;

/** A worker is one process on one core: a larger task would idle. GB: the least that Fargate gives with it. */
const TASK_SIZES = [
  { vcpu: 0.25, memoryGb: 0.5 },
  { vcpu: 0.5, memoryGb: 1 },
  { vcpu: 1, memoryGb: 2 },
] as const;
const LARGEST_TASK = { vcpu: 1, memoryGb: 2 } as const;

export function loadOf(input: EstimateInput) {
  const deviceDaysPerMonth = input.devices * DAYS_PER_MONTH;
  const updatesPerMonth = (input.devices * input.attachRate * SECONDS_PER_MONTH) / input.updateEverySeconds;
  const sessionsPerMonth = deviceDaysPerMonth * input.sessionsPerDeviceDay;
  const startsAndEndsPerMonth = 2 * sessionsPerMonth;
  const attachmentsPerMonth = deviceDaysPerMonth * input.attachmentsPerDeviceDay;
  const sessionEventsPerMonth = updatesPerMonth + startsAndEndsPerMonth;
  const eventsPerMonth = sessionEventsPerMonth + attachmentsPerMonth;
  const eventsPerSecondMean = eventsPerMonth / SECONDS_PER_MONTH;
  return {
    updatesPerMonth,
    sessionsPerMonth,
    startsAndEndsPerMonth,
    attachmentsPerMonth,
    /** Those of sessions: an attachment belongs to none. */
    sessionEventsPerMonth,
    eventsPerMonth,
    gbPerMonth: (eventsPerMonth * input.eventBytes) / BYTES_PER_GB,
    eventsPerSecondMean,
    eventsPerSecondPeak: eventsPerSecondMean * input.peakToMean,
  };
}
export type Load = ReturnType<typeof loadOf>;

export function streamOf(load: Load, { eventBytes }: EstimateInput, prices: Prices) {
  const shardsByBytes = (load.eventsPerSecondPeak * eventBytes) / SHARD_BYTES_PER_SECOND;
  const shardsByRecords = load.eventsPerSecondPeak / SHARD_RECORDS_PER_SECOND;
  const shards = Math.max(1, Math.ceil(Math.max(shardsByBytes, shardsByRecords)));
  const putUnitsPerMonth = load.eventsPerMonth * Math.ceil(eventBytes / PUT_UNIT_BYTES);
  const onDemandGbPerMonth =
    (load.eventsPerMonth * Math.ceil(eventBytes / ON_DEMAND_STEP_BYTES) * ON_DEMAND_STEP_BYTES) /
    BYTES_PER_GB;
  const shardHoursCost = shards * HOURS_PER_MONTH * prices.kinesisPerShardHour;
  const putUnitsCost = (putUnitsPerMonth / MILLION) * prices.kinesisPerMillionPutUnits;
  return {
    shards,
    putUnitsPerMonth,
    shardHoursCost,
    putUnitsCost,
    provisionedCost: shardHoursCost + putUnitsCost,
    onDemandCost:
      HOURS_PER_MONTH * prices.kinesisOnDemandPerStreamHour +
      onDemandGbPerMonth * (prices.kinesisOnDemandPerGbIn + prices.kinesisOnDemandPerGbOut),
  };
}
export type Stream = ReturnType<typeof streamOf>;

/** Tasks of one size, so many that one may be away: the others carry the peak. */
export function tasksFor(eventsPerSecondPeak: number, eventsPerVcpuSecond: number, tasksMin: number) {
  const vcpuNeeded = eventsPerSecondPeak / eventsPerVcpuSecond;
  const size = TASK_SIZES.find(({ vcpu }) => vcpu >= vcpuNeeded) ?? LARGEST_TASK;
  return {
    tasks: Math.max(tasksMin, Math.ceil(vcpuNeeded / size.vcpu) + 1),
    vcpuPerTask: size.vcpu,
    memoryGbPerTask: size.memoryGb,
  };
}

/** What sets one way of counting apart from another, per session event. */
interface Design {
  readonly writeUnitsPerEvent: number;
  readonly readUnitsPerEvent: number;
  readonly eventsPerVcpuSecond: number;
  /** Kept for the dedup horizon. */
  readonly dedupBytesPerEvent: number;
  /** Index entries that come or go in a session's life. */
  readonly indexUnitsPerSession: number;
  /** It keeps the SIMs' state and usage by hour too. */
  readonly keepsProjections: boolean;
}

const designsOf = (input: EstimateInput) => ({
  ours: {
    writeUnitsPerEvent: input.writeUnitsPerEvent,
    readUnitsPerEvent: input.readUnitsPerEvent,
    eventsPerVcpuSecond: input.eventsPerVcpuSecond,
    dedupBytesPerEvent: (PAGE_BYTES + ITEM_OVERHEAD_BYTES) / IDS_PER_PAGE,
    /** Into `by-sim`, into `open-by-sim` and out of it. */
    indexUnitsPerSession: 3,
    keepsProjections: true,
  },
  /** Marker and update, each doubled by the transaction. It reads nothing. */
  transaction: {
    writeUnitsPerEvent: 4,
    readUnitsPerEvent: 0,
    eventsPerVcpuSecond: input.transactionEventsPerVcpuSecond,
    dedupBytesPerEvent: MARKER_BYTES + ITEM_OVERHEAD_BYTES,
    indexUnitsPerSession: 1,
    keepsProjections: false,
  },
  /** Read the item, put it if its version is unchanged. It remembers what fits into the item. */
  put: {
    writeUnitsPerEvent: 1,
    readUnitsPerEvent: 1,
    eventsPerVcpuSecond: input.putEventsPerVcpuSecond,
    dedupBytesPerEvent: 0,
    indexUnitsPerSession: 1,
    keepsProjections: false,
  },
});
export type DesignName = keyof ReturnType<typeof designsOf>;

/** The lease table's units are those of any design that reads by leases. */
function leaseUnitsOf(load: Load, { shards }: Stream, tasks: number) {
  const writesPerShardSecond = Math.max(
    IDLE_LEASE_WRITES_PER_SHARD_SECOND,
    Math.min(CHECKPOINTS_PER_SHARD_SECOND_MAX, load.eventsPerSecondMean / shards),
  );
  return {
    leaseWriteUnitsPerMonth: writesPerShardSecond * shards * SECONDS_PER_MONTH,
    /** Every worker looks at the table for itself. */
    leaseReadUnitsPerMonth: LEASE_READS_PER_SHARD_SECOND * shards * tasks * SECONDS_PER_MONTH,
  };
}

function unitsOf(load: Load, stream: Stream, design: Design, input: EstimateInput) {
  const tasks = tasksFor(load.eventsPerSecondPeak, design.eventsPerVcpuSecond, input.tasksMin);
  const sessionsStored = (load.sessionsPerMonth / DAYS_PER_MONTH) * input.sessionsKeptDays;
  const idsStored = (load.sessionEventsPerMonth / DAYS_PER_MONTH) * input.dedupHorizonDays;
  const kept = projectionsOf(load, input, {
    hoursPerMonth: HOURS_PER_MONTH,
    overheadBytes: ITEM_OVERHEAD_BYTES,
  });
  const isKept = design.keepsProjections ? 1 : 0;
  const sessionBytes = SESSION_ITEM_BYTES + INDEX_ENTRY_BYTES + 2 * ITEM_OVERHEAD_BYTES;
  return {
    writeUnitsPerEvent: design.writeUnitsPerEvent,
    writeUnitsPerMonth:
      load.sessionEventsPerMonth * design.writeUnitsPerEvent +
      load.sessionsPerMonth * design.indexUnitsPerSession,
    readUnitsPerMonth: load.sessionEventsPerMonth * design.readUnitsPerEvent,
    projectionWriteUnitsPerMonth: kept.writeUnitsPerMonth * isKept,
    projectionReadUnitsPerMonth: kept.readUnitsPerMonth * isKept,
    projectionsGb: (kept.storedBytes * isKept) / BYTES_PER_GB,
    ...leaseUnitsOf(load, stream, tasks.tasks),
    sessionsGb: (sessionsStored * sessionBytes) / BYTES_PER_GB,
    dedupGb: (idsStored * design.dedupBytesPerEvent) / BYTES_PER_GB,
    ...tasks,
  };
}
type Units = ReturnType<typeof unitsOf>;

function costOf(units: Units, stream: Stream, prices: Prices) {
  const writesCost = (count: number): number => (count / MILLION) * prices.dynamodbPerMillionWriteUnits;
  const readsCost = (count: number): number => (count / MILLION) * prices.dynamodbPerMillionReadUnits;
  const taskHourCost =
    units.vcpuPerTask * prices.fargatePerVcpuHour + units.memoryGbPerTask * prices.fargatePerGbHour;
  return {
    dynamodbWrites: writesCost(units.writeUnitsPerMonth + units.projectionWriteUnitsPerMonth),
    dynamodbReads: readsCost(units.readUnitsPerMonth + units.projectionReadUnitsPerMonth),
    dynamodbStorage: (units.sessionsGb + units.dedupGb + units.projectionsGb) * prices.dynamodbPerGbMonth,
    leaseTable: writesCost(units.leaseWriteUnitsPerMonth) + readsCost(units.leaseReadUnitsPerMonth),
    kinesis: stream.provisionedCost,
    fargate: units.tasks * HOURS_PER_MONTH * taskHourCost,
  };
}
export type CostItem = keyof ReturnType<typeof costOf>;

function estimateDesign(load: Load, stream: Stream, design: Design, input: EstimateInput, prices: Prices) {
  const units = unitsOf(load, stream, design, input);
  const costPerMonth = costOf(units, stream, prices);
  const totalPerMonth = Object.values(costPerMonth).reduce((sum, cost) => sum + cost, 0);
  return {
    units,
    costPerMonth,
    totalPerMonth,
    /** Null where not one event a month happens. */
    perMillionEvents: load.eventsPerMonth >= 1 ? (totalPerMonth / load.eventsPerMonth) * MILLION : null,
    perDevice: totalPerMonth / input.devices,
  };
}
export type DesignEstimate = ReturnType<typeof estimateDesign>;

/** The whole estimate. All costs are a month's, in the prices' currency. */
export function estimate(input: EstimateInput, prices: Prices) {
  const load = loadOf(input);
  const stream = streamOf(load, input, prices);
  const designs = designsOf(input);
  const ours = estimateDesign(load, stream, designs.ours, input, prices);
  const transaction = estimateDesign(load, stream, designs.transaction, input, prices);
  const put = estimateDesign(load, stream, designs.put, input, prices);
  const timesOurs = ({ totalPerMonth }: DesignEstimate): number | null =>
    ours.totalPerMonth > 0 ? totalPerMonth / ours.totalPerMonth : null;
  return {
    input,
    prices,
    load,
    stream,
    designs: { ours, transaction, put },
    timesOurs: { transaction: timesOurs(transaction), put: timesOurs(put) },
  };
}
export type Estimate = ReturnType<typeof estimate>;
