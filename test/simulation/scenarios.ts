/** Troubles that have a name, each as a plan: what seeds meet by chance and in small doses, here on purpose and at
 *  full length. Sources: the outages of AWS in Nov 2020, Jul 2024 and Oct 2025, and their post-mortems. */
import type { Outage } from './faults.ts';
import { planOf, type SeedPlan, type TroublePlan } from './plan.ts';
import { HABITS } from './sim-kinesis.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const NO_TROUBLE: TroublePlan = {
  kills: 0,
  terminations: 0,
  pauses: 0,
  stalls: 0,
  allPauses: 0,
  splits: 0,
  merges: 0,
  clockSteps: 0,
  trims: 0,
};

interface Scenario {
  readonly hours: number;
  readonly outages?: readonly Outage[];
  readonly trouble?: Partial<TroublePlan>;
  readonly workload?: Partial<SeedPlan['workload']>;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Four workers on four shards, and nothing that goes wrong but what the scenario says. */
const plan = ({ hours, outages = [], trouble, workload, settings }: Scenario): SeedPlan => ({
  ...planOf(1),
  seed: 1,
  scale: 1,
  workers: 4,
  troubledMs: hours * HOUR_MS,
  settings: {
    SUPERSIM_STREAM: HABITS.stream,
    SUPERSIM_FAILOVER_TIME_MS: '10000',
    SUPERSIM_IDLE_BETWEEN_READS_MS: '10000',
    ...settings,
  },
  kinesis: { ...HABITS, shards: 4, isLimited: true },
  workload: {
    devices: 6,
    eventsMax: 400,
    duplicateRate: 0.05,
    poisonRate: 0.02,
    aggregateRate: 0.1,
    gzipRate: 0.1,
    repeatRate: 0.05,
    mixedSchemaRate: 0.2,
    disorderMs: MINUTE_MS,
    ...workload,
  },
  rates: { kinesis: {}, data: {}, leases: {} },
  outages,
  trouble: { ...NO_TROUBLE, ...trouble },
  isDrained: true,
});

const away = (service: Outage['service'], hours: number, changes: Partial<Outage> = {}): Outage => ({
  service,
  fromMs: 5 * MINUTE_MS,
  toMs: 5 * MINUTE_MS + hours * HOUR_MS,
  hangs: false,
  isPartial: false,
  ...changes,
});

export const SCENARIOS: Readonly<Record<string, SeedPlan>> = {
  'all of DynamoDB refuses for 3 hours': plan({ hours: 3.5, outages: [away('dynamodb', 3)] }),
  'all of DynamoDB hangs for an hour': plan({ hours: 1.5, outages: [away('dynamodb', 1, { hangs: true })] }),
  'the lease table is away for 3 hours, the data tables are not': plan({
    hours: 3.5,
    outages: [away('leases', 3)],
  }),
  'Kinesis is away for 17 hours, then everything comes at once': plan({
    hours: 18,
    outages: [away('kinesis', 17)],
    settings: { SUPERSIM_FAILOVER_TIME_MS: '60000', SUPERSIM_IDLE_BETWEEN_READS_MS: '60000' },
  }),
  'half of the workers can write data and not renew': plan({
    hours: 1,
    outages: [away('leases', 0.8, { isPartial: true, hangs: true })],
  }),
  'half of the workers can renew and not write data': plan({
    hours: 1,
    outages: [away('data', 0.8, { isPartial: true })],
  }),
  'a rolling deployment every minute for an hour': plan({ hours: 1, trouble: { terminations: 60 } }),
  'all workers stand still together, ten times': plan({ hours: 1, trouble: { allPauses: 10 } }),
  'splits and merges while workers are killed': plan({
    hours: 1,
    trouble: { splits: 8, merges: 8, kills: 40 },
  }),
  'clocks that step by an hour': plan({ hours: 1, trouble: { clockSteps: 40, kills: 5 } }),
  'half of all records are poison': plan({ hours: 1, workload: { poisonRate: 0.5 } }),
  'everything is replayed, and most is delivered twice': plan({
    hours: 1,
    workload: { repeatRate: 1, duplicateRate: 0.8 },
    settings: { SUPERSIM_DEDUP_RING_SIZE: '1' },
  }),
  'each session changes its schema in its middle': plan({
    hours: 1,
    workload: { mixedSchemaRate: 1, disorderMs: 4 * HOUR_MS },
  }),
};
