import { expect, it } from '@jest/globals';
import { PrometheusMetrics } from '../../../src/ops/prometheus-metrics.ts';
import { mergeExpositions } from '../../../src/supervisor/merge-expositions.ts';
import { Tally } from '../../../src/tally.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

async function givenText(processName: string, applied: number): Promise<string> {
  const metrics = new PrometheusMetrics({
    clock: new VirtualClock(),
    stream: 'events',
    processName,
    version: '1.2.3',
    node: 'v24.0.0',
  });
  const tally = new Tally();
  tally.applied = applied;
  metrics.countBatch(tally);
  metrics.readPage('shardId-000000000003', { records: { length: 1 }, bytes: 1, millisBehindLatest: 4_000 });
  metrics.batchDone(20);
  return (await metrics.render()).body;
}

const linesOf = (text: string, start: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(start));

it('keeps each process’s series apart, and adds nothing up', async () => {
  const merged = mergeExpositions([await givenText('1', 5), await givenText('2', 7)]);

  expect(linesOf(merged, 'supersim_events_total{outcome="applied"')).toEqual([
    'supersim_events_total{outcome="applied",reason="",stream="events",process="1"} 5',
    'supersim_events_total{outcome="applied",reason="",stream="events",process="2"} 7',
  ]);
  expect(linesOf(merged, 'supersim_consumer_lag_seconds{')).toEqual(
    [1, 2].map(
      (process) =>
        `supersim_consumer_lag_seconds{shard="shardId-000000000003",stream="events",process="${process}"} 4`,
    ),
  );
});

it('names each family once, with all its samples right below, as the format wants', async () => {
  const texts = [await givenText('1', 5), await givenText('2', 7)];
  const merged = mergeExpositions(texts);

  const families = linesOf(merged, '# TYPE ').map((line) => line.split(' ')[2] ?? '');
  expect(new Set(families).size).toBe(families.length);
  expect(linesOf(merged, '# HELP ')).toEqual(linesOf(texts[0] ?? '', '# HELP '));
  let family = '';
  for (const line of merged.split('\n').filter(Boolean)) {
    if (line.startsWith('# TYPE ')) family = line.split(' ')[2] ?? '';
    else if (!line.startsWith('#'))
      expect([
        line,
        line.startsWith(family) && /^(_bucket|_sum|_count)?\{/.test(line.slice(family.length)),
      ]).toEqual([line, true]);
  }
  const samples = (text: string): string[] =>
    text.split('\n').filter((line) => line && !line.startsWith('#'));
  expect(samples(merged).sort()).toEqual(texts.flatMap(samples).sort());
});

it('takes a text that is empty, and families that only one has', () => {
  const one = '# HELP a First.\n# TYPE a gauge\na{process="1"} 1\n';

  expect(mergeExpositions([one, ''])).toBe(one);
  expect(mergeExpositions([one, '# HELP b Second.\n# TYPE b gauge\nb 2\n'])).toBe(
    `${one}\n# HELP b Second.\n# TYPE b gauge\nb 2\n`,
  );
});
