/** kill -9 at random moments changes nothing in the numbers. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf } from '../support/engines.ts';
import { kore, sessionData, sessionSid, twilio } from '../support/stream-records.ts';
import { startCli } from '../support/worker-process.ts';

const KILLS = 24;
const EVENTS_A_ROUND = 60;
const SESSIONS = 6;

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

/** One round's records: every event once, every fourth again in the other vendor's envelope, some poison. */
function round(number: number): string[] {
  const first = number * EVENTS_A_ROUND;
  return Array.from({ length: EVENTS_A_ROUND }, (_, index) => {
    const n = first + index + 1;
    const data = sessionData(`killed ${n % SESSIONS}`, n);
    return [twilio(data), ...(n % 4 === 0 ? [kore(data)] : []), ...(n % 20 === 0 ? [`poison ${n}`] : [])];
  }).flat();
}

it(`a worker killed at ${KILLS} random moments leaves what an undisturbed one does`, async () => {
  const world = await engines.world(3);
  const env = { ...world.env, SUPERSIM_FAILOVER_TIME_MS: '500', SUPERSIM_RECORDS_PER_READ_MAX: '10' };
  const put = (texts: readonly string[]): Promise<void> =>
    putRecords(
      { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
      world.stream,
      texts.map((text, index) => ({ partitionKey: `key ${index}`, data: new TextEncoder().encode(text) })),
    );
  const moments: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await put(round(kill));
    const worker = startCli(['run'], env);
    while (!worker.output().includes('lease.taken')) await systemClock.sleep(20);
    const afterMs = Math.round(systemRandom.next() * 1_200);
    await systemClock.sleep(afterMs);
    worker.child.kill('SIGKILL');
    expect(await worker.done).toMatchObject({ signal: 'SIGKILL' });
    moments.push(
      `${afterMs} ms: ${(await world.items('sessions')).reduce((sum, item) => sum + Number(item['event_count']), 0)} events`,
    );
  }
  process.stderr.write(`killed after ${moments.join(', ')}\n`);

  summaryOf(await world.drain({ SUPERSIM_FAILOVER_TIME_MS: '500' }));
  const disturbed = await world.sessions();
  const letters = (await world.items('deadLetters')).map((letter) => letter['record_id']).sort();
  const calm = await engines.undisturbed(world);
  const summary = summaryOf(await calm.drain());

  expect(summary).toMatchObject({
    applied: KILLS * EVENTS_A_ROUND,
    duplicate: (KILLS * EVENTS_A_ROUND) / 4,
    deadLettered: (KILLS * EVENTS_A_ROUND) / 20,
  });
  expect(disturbed).toEqual(await calm.sessions());
  expect(letters).toEqual((await calm.items('deadLetters')).map((letter) => letter['record_id']).sort());
  expect(disturbed.get(sessionSid('killed 0'))).toMatchObject({
    event_count: BigInt((KILLS * EVENTS_A_ROUND) / SESSIONS),
  });
});
