/**
 * Real Java KCL 2.7 workers and ours on one lease table, on Amazon's DynamoDB Local.
 *
 * In place: see in-place-contract.ts.
 *
 * Rolling: two Java workers are replaced by two of ours, one at a time, and the other way round, while the traffic
 * goes on. One Java worker dies by kill -9, and in the mixed fleet a shard is split. After each change every shard
 * has a living owner within the time that the failover time allows. At the end
 *
 *  - every event was processed by Java (it printed it) or by us (its mark is in the stored numbers), none by nobody;
 *  - our sessions equal a recount over the events whose marks they carry: no event was counted twice;
 *  - records read in all, less records put, is how many were read again. Java checkpoints after a batch and a lease
 *    that is stolen or expires moves without a word, so each change of owner may cost a batch; not more;
 *  - no Java worker logged an error: it could read every row that we wrote, all the time.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Engines, startEngines } from '../support/engines.ts';
import { replaceInPlaceAndBack } from '../support/in-place-contract.ts';
import {
  covers,
  FIRST_START_MS,
  givenInterop,
  type Interop,
  JOINED_WITHIN_MS,
  OWNED_WITHIN_MS,
  RECORDS_PER_READ_MAX,
  until,
} from '../support/interop.ts';
import { buildJavaKcl } from '../support/java-kcl.ts';
import { appliedIn, countedIn, nameOf, nameOfText, recount } from '../support/marked-events.ts';
import { userRecordsOf } from '../support/marked-traffic.ts';

const SHARDS = 4;

let engines: Engines;
beforeAll(async () => {
  buildJavaKcl('kcl2');
  engines = await startEngines('dynamodb-local');
});
afterAll(() => engines?.stop());

describe('a Java KCL 2.7 fleet', () => {
  it('is replaced in place by ours and replaces it again: every record is processed once, by one of them', () =>
    replaceInPlaceAndBack(engines, 'kcl2'));

  it('is replaced one worker at a time, and back: no event is missed, none is counted twice', async () => {
    const interop = await givenInterop(engines, 'kcl2', SHARDS);
    try {
      interop.traffic.start();
      const { javas, totals, tookMs } = await replaceRollingAndBack(interop);

      const all = userRecordsOf(interop.traffic.records);
      const names = new Set(all.map(({ event }) => nameOf(event)));
      const stored = await interop.world.items('sessions');
      const [applied, printed] = [appliedIn(stored), javas.flatMap((java) => java.records())];
      const byJava = new Set(printed.map(({ data }) => nameOfText(data)));
      const readAgain = printed.length + totals.reduce((sum, { read }) => sum + read, 0) - all.length;
      const changes = interop.takes() - (SHARDS + 2);
      process.stderr.write(
        `${names.size} events, ${byJava.size} by Java, ${applied.size} by us; ${changes} changes of owner, ` +
          `${readAgain} of ${all.length} records read again; joined and owned after ${tookMs.join(', ')} ms\n`,
      );
      expect([...names].filter((name) => !applied.has(name) && !byJava.has(name))).toEqual([]);
      expect([...applied, ...byJava].filter((name) => !names.has(name))).toEqual([]);
      expect([applied.size > 200, byJava.size > 200]).toEqual([true, true]);
      const events = all.map(({ event }) => event).filter((event) => applied.has(nameOf(event)));
      expect(countedIn(stored)).toEqual(recount(events));
      expect(readAgain).toBeGreaterThanOrEqual(0);
      expect(readAgain).toBeLessThanOrEqual(changes * RECORDS_PER_READ_MAX);
      expect(javas.flatMap((java) => java.errors())).toEqual([]);
    } finally {
      await interop.stop();
    }
  });
});

/** java-1, java-2 → ours-1, ours-2 → java-3, java-4, one at a time; then everything is read, and all stop. */
async function replaceRollingAndBack(interop: Interop) {
  const { traffic, java, ours, rows, untilOwnedBy, untilOneOf, split, isSplitRead } = interop;
  const [java1, java2] = [java('java-1'), java('java-2')];
  await untilOneOf('java-1', FIRST_START_MS);
  await untilOneOf('java-2', FIRST_START_MS);
  const tookMs: number[] = [];
  const settled = async (...workers: string[]): Promise<void> => {
    const partsMs: number[] = [];
    for (const worker of workers) partsMs.push(await untilOneOf(worker, JOINED_WITHIN_MS));
    partsMs.push(await untilOwnedBy(workers, OWNED_WITHIN_MS));
    tookMs.push(Math.round(partsMs.reduce((sum, ms) => sum + ms)));
  };

  const ours1 = ours('ours-1');
  await settled('java-1', 'java-2', 'ours-1');
  await java1.stop();
  await settled('java-2', 'ours-1');
  const ours2 = ours('ours-2');
  await settled('java-2', 'ours-1', 'ours-2');
  await split('shardId-000000000001');
  await until('both children are read', () => isSplitRead('shardId-000000000001'), 2 * OWNED_WITHIN_MS);
  java2.child.kill('SIGKILL');
  await java2.done;
  await settled('ours-1', 'ours-2');

  const java3 = java('java-3');
  await settled('java-3', 'ours-1', 'ours-2');
  const totals1 = await ours1.stop();
  await settled('java-3', 'ours-2');
  const java4 = java('java-4');
  await settled('java-3', 'java-4', 'ours-2');
  const totals2 = await ours2.stop();
  await settled('java-3', 'java-4');

  await traffic.stop();
  const all = userRecordsOf(traffic.records);
  const isAllRead = async (): Promise<boolean> => {
    const now = await rows();
    return all.every((record) => covers(now, record));
  };
  await until('everything is read', isAllRead, OWNED_WITHIN_MS);
  await Promise.all([java3.stop(), java4.stop()]);
  return { javas: [java1, java2, java3, java4], totals: [totals1, totals2], tookMs };
}
