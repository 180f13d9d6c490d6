/** `npm run fuzz -- --records N --seed S [--from I] [--json]` */
import { parseArgs } from 'node:util';
import { FuzzFailure, type FuzzReport, fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});

const PROGRESS_EVERY = 50_000;

const shown = ({ records, seed, books, outcomes, elapsedMs, bytes, slowest }: FuzzReport): string =>
  `${records} records of seed ${seed}, ${(bytes / 1e6).toFixed(0)} MB, in ${(elapsedMs / 1_000).toFixed(1)} s: ` +
  `${books.read} items read, ${books.applied} applied, ${books.duplicate} duplicate, ${books.ignored} ignored, ` +
  `${books.deadLettered} dead letters; 0 thrown, 0 lost. Slowest: ${slowest.ms} ms (index ${slowest.index}).\n` +
  Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `  ${String(count).padStart(9)}  ${outcome}\n`)
    .join('');

try {
  const report = await fuzz({
    records: Number(values.records),
    seed: Number(values.seed),
    from: Number(values.from),
    onProgress: (done) => {
      if (done % PROGRESS_EVERY === 0) process.stderr.write(`${done} records\n`);
    },
  });
  process.stdout.write(values.json ? `${JSON.stringify({ ok: true, ...report })}\n` : shown(report));
} catch (error) {
  if (!(error instanceof FuzzFailure)) throw error;
  process.stderr.write(`${error.message}\n${error.cause instanceof Error ? error.cause.stack : ''}\n`);
  if (values.json) process.stdout.write(`${JSON.stringify({ ok: false, failure: error.message })}\n`);
  process.exitCode = 1;
}
