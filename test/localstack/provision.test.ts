/** The script that LocalStack runs when it is ready makes what the program asks for: by the program's own code. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tableDefinitions, verifyTables } from '../../src/store/tables.ts';
import { nameInRun } from '../support/engine-from-env.ts';
import { type Engines, startEngines } from '../support/engines.ts';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'localstack/ready.d/10-provision.sh');

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

describe('ready.d/10-provision.sh', () => {
  it('makes the stream and all tables under the names it is given, and may be repeated', async () => {
    const naming = { tablePrefix: nameInRun('ready'), application: nameInRun('ready-app') };
    const stream = nameInRun('ready-stream');
    const env = {
      PATH: process.env['PATH'],
      PACKAGE_DIR: ROOT,
      AWS_ENDPOINT_URL: engines.kinesis.endpoint,
      STREAM_SHARDS: '3',
      SUPERSIM_STREAM: stream,
      SUPERSIM_TABLE_PREFIX: naming.tablePrefix,
      SUPERSIM_APPLICATION: naming.application,
    };

    const runs = [1, 2].map(() => spawnSync(SCRIPT, { env, encoding: 'utf8' }));

    expect(runs.map(({ status, stderr }) => [status, stderr])).toEqual(
      runs.map(() => [0, expect.stringContaining(`ready: ${naming.tablePrefix}-sessions`)]),
    );
    expect(await verifyTables(engines.clients.dynamodb, tableDefinitions(naming))).toEqual([]);
    const { StreamDescriptionSummary: made } = await engines.clients.kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName: stream }),
    );
    expect(made).toMatchObject({ StreamStatus: 'ACTIVE', OpenShardCount: 3 });
  });
});
