/** What can go wrong with one call, and how often: each seed chooses which of it exists ("swarm testing"). */
import type { Chance } from '../../src/local/seeded-random.ts';

export const CALL_FAULTS = [
  /** Never arrives; the caller waits for its timeout. */
  'request-lost',
  /** The connection breaks before it arrives. */
  'reset',
  /** Is applied; the connection breaks before the answer. */
  'answer-lost',
  /** Is applied, but only after the caller has given up. */
  'applied-late',
  /** Is answered, but slowly. */
  'slow-answer',
  'throttled',
  /** A 500, which says nothing about whether it was applied. */
  'server-error',
  /** Is applied; the answer's body is cut, which the SDK does not repeat. */
  'truncated',
] as const;
/** Faults of one command alone. */
export const COMMAND_FAULTS = {
  /** No records although there are some. */
  'empty-page': 'GetRecordsCommand',
  'expired-iterator': 'GetRecordsCommand',
  /** Looks like the shard's end, and is not. */
  'no-iterator': 'GetRecordsCommand',
  /** Some keys come back unread. */
  'unprocessed-keys': 'BatchGetCommand',
  /** Some statements of a batch are throttled, the others applied. */
  'statements-throttled': 'BatchExecuteStatementCommand',
} as const;
type CommandFault = keyof typeof COMMAND_FAULTS;
export type CallFault = (typeof CALL_FAULTS)[number] | CommandFault;
export type Service = 'kinesis' | 'data' | 'leases';

const commandOf = (fault: CallFault): string | undefined =>
  (COMMAND_FAULTS as Partial<Record<CallFault, string>>)[fault];

/** Every kind of fault and trouble, as counted: enough seeds must have met each. */
export const kindsOfFault = (): string[] =>
  (['kinesis', 'data', 'leases'] as const).flatMap((service) =>
    [...faultsOf(service), 'outage'].map((fault) => `${service}: ${fault}`),
  );

/** Share of a service's calls that meet each fault. */
export type FaultRates = Readonly<Partial<Record<CallFault, number>>>;

const OWN_FAULTS: Readonly<Record<Service, readonly CallFault[]>> = {
  kinesis: ['empty-page', 'expired-iterator', 'no-iterator'],
  data: ['unprocessed-keys', 'statements-throttled'],
  leases: [],
};
export const faultsOf = (service: Service): readonly CallFault[] => [...CALL_FAULTS, ...OWN_FAULTS[service]];

/** Most faults are off in one seed and frequent in another: what hides behind another fault is found that way. */
export function chooseRates(chance: Chance, service: Service): FaultRates {
  if (chance.is(0.15)) return {};
  const rates: Partial<Record<CallFault, number>> = {};
  for (const fault of faultsOf(service))
    if (chance.is(0.4)) rates[fault] = chance.pick([0.005, 0.02, 0.08, 0.3]);
  return rates;
}

/** A window in which a service answers nobody, or not one of the workers. Unit: ms of virtual time. */
export interface Outage {
  readonly service: Service | 'dynamodb';
  readonly fromMs: number;
  readonly toMs: number;
  /** True: calls hang until their timeout. False: refused at once. */
  readonly hangs: boolean;
  /** Only for workers whose number is odd: a partition. */
  readonly isPartial: boolean;
}

export class FaultSource {
  readonly counts: Record<string, number> = {};
  /** Off in the quiet phase. */
  isOn = true;
  private readonly chance: Chance;
  private readonly rates: Readonly<Record<Service, readonly (readonly [CallFault, number])[]>>;
  private readonly outages: readonly Outage[];

  constructor(chance: Chance, rates: Readonly<Record<Service, FaultRates>>, outages: readonly Outage[]) {
    const entriesOf = (service: Service) => Object.entries(rates[service]) as [CallFault, number][];
    this.chance = chance;
    this.rates = { kinesis: entriesOf('kinesis'), data: entriesOf('data'), leases: entriesOf('leases') };
    this.outages = outages;
  }

  count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  /** What happens to a call, undefined for nothing. */
  pick(service: Service, command: string, workerNumber: number, nowMs: number): CallFault | undefined {
    if (!this.isOn) return undefined;
    const outage = this.outages.find(
      (one) =>
        nowMs >= one.fromMs &&
        nowMs < one.toMs &&
        (one.service === service || (one.service === 'dynamodb' && service !== 'kinesis')) &&
        (!one.isPartial || workerNumber % 2 === 1),
    );
    if (outage) {
      this.count(`${service}: outage`);
      return outage.hangs ? 'request-lost' : 'reset';
    }
    for (const [fault, rate] of this.rates[service]) {
      if (!this.chance.is(rate) || (commandOf(fault) ?? command) !== command) continue;
      this.count(`${service}: ${fault}`);
      return fault;
    }
    return undefined;
  }
}
