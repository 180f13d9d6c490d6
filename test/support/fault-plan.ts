/** Which call meets which fault: a function of seed, operation and the call's number among those of its operation. */
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';

export const FAULT_KINDS = [
  /** The engine never gets it; the caller's connection ends. */
  'drop-request',
  /** The engine does it; the caller's connection ends without an answer. */
  'cut-answer',
  /** The answer is late. */
  'delay',
  /** The service says that it failed, and did nothing. */
  'error-500',
  /** The service says that it was asked too often, and did nothing. */
  'throttle',
  /** The engine does it; the caller gets a part of the answer. */
  'truncate-answer',
  /** The engine does it late, when the caller may have given up or ended long ago. */
  'hold-and-apply',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** How late. Unit: ms. */
  readonly ms: number;
  /** Of the answer that arrives, in [0, 1). */
  readonly share: number;
  /** Which of a kind's forms: throttled how, truncated how. */
  readonly isOtherForm: boolean;
}

/** Probability of each kind, by operation; `*` is every operation that has no entry. */
export type FaultRates = Readonly<Record<string, Partial<Record<FaultKind, number>>>>;

export interface FaultPlanOptions {
  readonly seed: number;
  readonly rates: FaultRates;
  /** Default 1,500: below the shortest timeout of the worker's clients. Unit: ms. */
  readonly delayMaxMs?: number;
  /** Default 20,000. Unit: ms. */
  readonly holdMaxMs?: number;
}

/** FNV-1a. */
const hash32 = (text: string): number =>
  [...text].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);

export class FaultPlan {
  private readonly options: FaultPlanOptions;
  private readonly calls = new Map<string, number>();

  constructor(options: FaultPlanOptions) {
    this.options = options;
  }

  /** For the next call of an operation. */
  next(operation: string): Fault | undefined {
    const number = this.calls.get(operation) ?? 0;
    this.calls.set(operation, number + 1);
    return this.faultOf(operation, number);
  }

  faultOf(operation: string, number: number): Fault | undefined {
    const { seed, rates, delayMaxMs = 1_500, holdMaxMs = 20_000 } = this.options;
    const kinds = rates[operation] ?? rates['*'] ?? {};
    const chance = new Chance(seededRandom(hash32(`${seed} ${operation} ${number}`)));
    let draw = chance.whole(0, 999_999) / 1_000_000;
    for (const kind of FAULT_KINDS) {
      draw -= kinds[kind] ?? 0;
      if (draw >= 0) continue;
      const ms =
        kind === 'delay'
          ? chance.whole(50, delayMaxMs)
          : kind === 'hold-and-apply'
            ? chance.whole(200, holdMaxMs)
            : 0;
      return { kind, ms, share: chance.whole(0, 99) / 100, isOtherForm: chance.is(0.5) };
    }
    return undefined;
  }
}
