/** Real Java KCL 3.5 workers and ours on one lease table, on Amazon's DynamoDB Local. What is proved, and how, is
 *  said in the contracts' own files. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toJson } from '../../src/json.ts';
import { provisionTables } from '../../src/local/provision.ts';
import { type Engines, startEngines } from '../support/engines.ts';
import { replaceInPlaceAndBack } from '../support/in-place-contract.ts';
import { FIRST_START_MS, givenInterop, type Interop, OWNED_WITHIN_MS, until } from '../support/interop.ts';
import { buildJavaKcl } from '../support/java-kcl.ts';

beforeAll(() => {
  buildJavaKcl('kcl3');
});

/** Engines of its own for each fleet: after one fleet DynamoDB Local 3.3.0 may leave the index that KCL adds to the
 *  next lease table CREATING for ever, and Java waits for it. */
async function onEngines(run: (engines: Engines) => Promise<void>): Promise<void> {
  const engines = await startEngines('dynamodb-local');
  try {
    await run(engines);
  } finally {
    await engines.stop();
  }
}

/** What KCL before 3.5 keeps beside the lease table; where they are, 3.5 goes on using them. */
const threeTables =
  (engines: Engines) =>
  (application: string): Promise<void> =>
    provisionTables(engines.clients.dynamodb, [
      { name: `${application}-CoordinatorState`, key: ['key'], indexes: {} },
      { name: `${application}-WorkerMetricStats`, key: ['wid'], indexes: {} },
    ]);

describe('a Java KCL 3.5 fleet', () => {
  it('with all in one table is replaced in place by ours and replaces it again', () =>
    onEngines((engines) =>
      replaceInPlaceAndBack(engines, 'kcl3', {
        otherRows: ['CLIENT_VERSION_MIGRATION', 'LEADER', 'WORKER_METRIC_STATS'],
      }),
    ));

  it('with three tables is replaced in place by ours and replaces it again', () =>
    onEngines((engines) => replaceInPlaceAndBack(engines, 'kcl3', { prepare: threeTables(engines) })));

  describe('that is alive', () => {
    let engines: Engines;
    let interop: Interop;
    beforeAll(async () => {
      engines = await startEngines('dynamodb-local');
      interop = await givenInterop(engines, 'kcl3', 2);
      interop.java('java');
      await interop.untilOwnedBy(['java'], FIRST_START_MS);
      // The leader has given the leases out (counter 1); their owner finds that out up to a failover time later.
      const isRenewed = async (): Promise<boolean> =>
        (await interop.rows()).every(({ counter }) => counter > 1);
      await until('Java renews', isRenewed, OWNED_WITHIN_MS);
    });
    afterAll(async () => {
      await interop?.stop();
      await engines?.stop();
    });

    const expectRefusal = async (workerId: string): Promise<void> => {
      const refused = interop.ours(workerId);
      try {
        await until('it ends', () => refused.child.exitCode !== null, OWNED_WITHIN_MS);
      } finally {
        refused.child.kill('SIGKILL');
      }
      const { code, stderr } = await refused.done;
      expect(stderr).toMatch(/KCL 3.*\[kcl3-fleet-alive\]\n$/s);
      expect(code).toBe(3);
      // It has written its name into no row: not as owner, not as one who asks.
      expect(toJson(await interop.world.items('leases'))).not.toContain(workerId);
    };

    it('is left alone on an idle stream: our worker refuses to start', () => expectRefusal('refused-idle'));

    it('is left alone while it reads: our worker refuses to start', async () => {
      interop.traffic.start();
      const isMeasured = async (): Promise<boolean> =>
        (await interop.world.items('leases')).some((item) => item['throughputKBps'] !== undefined);
      await until('Java writes what it reads a second', isMeasured, OWNED_WITHIN_MS);
      await interop.traffic.stop();

      await expectRefusal('refused-busy');
    });

    it('is joined by a worker that is told to', async () => {
      const allowed = interop.ours('allowed', { SUPERSIM_ALLOW_KCL3: 'true' });

      await until('it starts', () => allowed.output().includes('"worker.started"'), OWNED_WITHIN_MS);
      await allowed.stop();
    });
  });
});
