import { describe, expect, it } from '@jest/globals';
import { FAULT_KINDS, FaultPlan } from '../../support/fault-plan.ts';

const RATES = {
  '*': Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0.02])),
  GetRecords: { delay: 0.1 },
};
const kindsOf = (plan: FaultPlan, operation: string, count: number) =>
  Array.from({ length: count }, () => plan.next(operation));

describe('a fault plan', () => {
  it('is the same for the same seed, and another for another', () => {
    const of = (seed: number) => kindsOf(new FaultPlan({ seed, rates: RATES }), 'PutItem', 500);

    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  it('gives a call the same fault whatever other operations were called between', () => {
    const alone = new FaultPlan({ seed: 1, rates: RATES });
    const among = new FaultPlan({ seed: 1, rates: RATES });

    const faults = Array.from({ length: 300 }, () => {
      among.next('Scan');
      return among.next('PutItem');
    });

    expect(faults).toEqual(kindsOf(alone, 'PutItem', 300));
  });

  it('keeps the rates: of an operation its own, else those for all', () => {
    const plan = new FaultPlan({ seed: 3, rates: RATES });
    const puts = kindsOf(plan, 'PutItem', 20_000).flatMap((fault) => (fault ? [fault.kind] : []));
    const reads = kindsOf(plan, 'GetRecords', 20_000).flatMap((fault) => (fault ? [fault.kind] : []));

    for (const kind of FAULT_KINDS) {
      const count = puts.filter((each) => each === kind).length;
      expect([kind, count > 300 && count < 500]).toEqual([kind, true]);
    }
    expect([new Set(reads), reads.length > 1_800, reads.length < 2_200]).toEqual([
      new Set(['delay']),
      true,
      true,
    ]);
  });

  it('holds and delays no longer than told', () => {
    const plan = new FaultPlan({ seed: 4, rates: RATES, delayMaxMs: 100, holdMaxMs: 500 });
    const faults = kindsOf(plan, 'PutItem', 5_000);
    const longest = (kind: string): number =>
      Math.max(...faults.map((fault) => (fault?.kind === kind ? fault.ms : 0)));

    expect([longest('delay') <= 100, longest('hold-and-apply') <= 500, longest('drop-request')]).toEqual([
      true,
      true,
      0,
    ]);
  });
});
