/** Processes side by side write their logs into one pipe. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { startProcess } from '../support/worker-process.ts';

const WRITERS = 4;
const LINES = 10_000;
const DIST = pathToFileURL(join(import.meta.dirname, '../../dist/')).href;

/** Lines of many lengths, far faster than they are read. */
const WRITE = `
  import { createLog } from '${DIST}ops/pino-log.js';
  import { systemClock } from '${DIST}time.js';
  const log = createLog({ level: 'info', version: '1', clock: systemClock, destination: 'stdout' });
  for (let n = 0; n < ${LINES}; n += 1) {
    log.info('test.line', 'a message of some length '.repeat(1 + (n % 8)), { count: n });
    if (n % 400 === 399) await systemClock.sleep(5);
  }
  await log.close();`;

/** Takes odd amounts off the pipe, so that there is room for parts of writes. */
const READ = `
  import { readSync, writeSync } from 'node:fs';
  const bytes = Buffer.alloc(3_000);
  for (let count = 1; count > 0; ) {
    try {
      count = readSync(0, bytes);
      for (let at = 0; at < count; ) at += writeSync(1, bytes, at, count - at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }`;

it('and no line is torn apart by another’s, however slowly they are read', async () => {
  const node = '"$0" --input-type=module -e';
  const writers = Array.from({ length: WRITERS }, () => `${node} "$1" &`).join(' ');

  const { code, stdout, stderr } = await startProcess(
    'sh',
    ['-c', `(${writers} wait) | ${node} "$2"`, process.execPath, WRITE, READ],
    {},
  ).done;

  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trim().split('\n');
  const torn = lines.filter(
    (line) => !/^\{"level":"info".*"\}$/.test(line) || line.split('"level"').length > 2,
  );
  expect([lines.length, torn.slice(0, 3)]).toEqual([WRITERS * LINES, []]);
});
