/** Alarms, scaling, dashboard. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { EMF_DIMENSIONS, EMF_METRICS } from '../../src/ops/emf-lines.ts';
import { WORKER_METRICS } from '../lib/meter-metrics.ts';
import { type Json, type ReadTemplate, type Resource, synthesized } from './template.ts';

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: Json };
}

let template: ReadTemplate;
let alarms: readonly Resource[];
beforeAll(() => {
  template = synthesized();
  alarms = template.ofType('AWS::CloudWatch::Alarm');
});

const nameOf = ({ Properties }: Resource): string => String(Properties['AlarmName'] ?? '');
const named = (name: string): Resource => {
  const found = alarms.find((alarm) => nameOf(alarm) === `supersim-meter-${name}`);
  if (!found) throw new Error(`no alarm ${name}`);
  return found;
};
const metricsOf = ({ Properties }: Resource): readonly Json[] =>
  Properties['Metrics']
    ? (Properties['Metrics'] as MetricQuery[]).flatMap(({ MetricStat }) =>
        MetricStat ? [MetricStat.Metric] : [],
      )
    : [Properties];

it('the worker’s metrics are those that it writes, with the same dimension', () => {
  const written = EMF_METRICS.map(([name]) => name);

  expect(written).toEqual(expect.arrayContaining([...WORKER_METRICS]));
  expect(EMF_DIMENSIONS).toEqual(['StreamName']);
  const { Properties } = template.only('AWS::ECS::TaskDefinition');
  expect(JSON.stringify(Properties)).toContain('{"Name":"SUPERSIM_EMF","Value":"true"}');
});

describe('every alarm', () => {
  it('is of metrics with dimensions, says what silence means, and counts not more than ten metrics', () => {
    expect(alarms.length).toBeGreaterThanOrEqual(18);
    for (const alarm of alarms) {
      expect(metricsOf(alarm).length).toBeGreaterThan(0);
      expect(metricsOf(alarm).length).toBeLessThanOrEqual(10);
      for (const metric of metricsOf(alarm))
        expect([nameOf(alarm), metric['Dimensions']]).toEqual([
          nameOf(alarm),
          expect.arrayContaining([expect.anything()]),
        ]);
      expect([nameOf(alarm), alarm.Properties['TreatMissingData']]).toEqual([
        nameOf(alarm),
        expect.stringMatching(/^(breaching|notBreaching)$/),
      ]);
    }
  });

  it('for people tells them where to read what to do, and is told to somebody', () => {
    const runbook = join(import.meta.dirname, '../../docs/runbook.md');
    const headings = existsSync(runbook)
      ? [...readFileSync(runbook, 'utf8').matchAll(/^## (\S+)$/gm)].map(([, heading]) => heading)
      : undefined;
    for (const alarm of alarms.filter((one) => nameOf(one) !== '')) {
      const [, anchor] =
        /docs\/runbook\.md#([a-z-]+)$/.exec(String(alarm.Properties['AlarmDescription'])) ?? [];
      expect(nameOf(alarm).startsWith(`supersim-meter-${anchor}`)).toBe(true);
      expect(alarm.Properties['AlarmActions']).toHaveLength(1);
      if (headings) expect(headings).toContain(anchor);
    }
  });
});

describe('the lag', () => {
  it('alarms at a quarter and at half of the retention, whatever that is', () => {
    const hours = 3_600_000;
    expect(named('data-loss-near-25-percent').Properties['Threshold']).toBe(42 * hours);
    expect(named('data-loss-near').Properties['Threshold']).toBe(84 * hours);
    const shorter = synthesized({ retentionHours: '72' }).ofType('AWS::CloudWatch::Alarm');
    expect(
      shorter.find((alarm) => nameOf(alarm) === 'supersim-meter-data-loss-near')?.Properties['Threshold'],
    ).toBe(36 * hours);
  });

  it('is Kinesis’s own number, of the consumer where there is one', () => {
    const fanOut = synthesized({ settings: '{"fanOutConsumer":"meter"}' }).ofType('AWS::CloudWatch::Alarm');

    expect(named('data-loss-near').Properties['MetricName']).toBe('GetRecords.IteratorAgeMilliseconds');
    expect(
      fanOut.find((alarm) => nameOf(alarm) === 'supersim-meter-data-loss-near')?.Properties,
    ).toMatchObject({
      MetricName: 'SubscribeToShardEvent.MillisBehindLatest',
      Dimensions: expect.arrayContaining([{ Name: 'ConsumerName', Value: 'meter' }]),
    });
  });
});

it('silence is bad where something must always be said', () => {
  const breaching = alarms
    .filter(({ Properties }) => Properties['TreatMissingData'] === 'breaching')
    .map(nameOf);

  expect(breaching.sort()).toEqual(
    ['data-loss-near', 'falling-behind', 'nobody-reading', 'stream-quiet'].map(
      (name) => `supersim-meter-${name}`,
    ),
  );
});

it('throttling of every table is looked at', () => {
  const tables = (name: string) =>
    metricsOf(named(name)).flatMap(({ Dimensions }) =>
      (Dimensions as { Name: string; Value: string }[])
        .filter(({ Name }) => Name === 'TableName')
        .map(({ Value }) => Value),
    );

  expect(tables('throttled-writes')).toHaveLength(6);
  expect(tables('throttled-reads').sort()).toEqual(tables('throttled-writes').sort());
});

describe('scaling', () => {
  it('adds workers for lag and CPU only while there are shards without one', () => {
    const lag = alarms.find((alarm) => nameOf(alarm) === '');
    const cpu = template
      .ofType('AWS::ApplicationAutoScaling::ScalingPolicy')
      .find(({ Properties }) => Properties['PolicyType'] === 'TargetTrackingScaling');

    expect((lag?.Properties['Metrics'] as MetricQuery[] | undefined)?.[0]?.Expression).toBe(
      'IF(workers < shards, lag, 0)',
    );
    expect(JSON.stringify(cpu?.Properties)).toContain('IF(workers < shards, cpu, MIN([cpu, 60]))');
  });

  it('never goes beyond the shards that are known when it is set up', () => {
    const boundsOf = (other: ReadTemplate): unknown[] => {
      const { MinCapacity, MaxCapacity } = other.only(
        'AWS::ApplicationAutoScaling::ScalableTarget',
      ).Properties;
      return [MinCapacity, MaxCapacity];
    };

    expect(boundsOf(template)).toEqual([2, 16]);
    expect(boundsOf(synthesized({ shards: '3' }))).toEqual([2, 3]);
    expect(boundsOf(synthesized({ shards: '1' }))).toEqual([1, 1]);
    expect(boundsOf(synthesized({ workersMin: '3', workersMax: '5' }))).toEqual([3, 5]);
  });
});

it('the dashboard shows all alarms', () => {
  const body = JSON.stringify(template.only('AWS::CloudWatch::Dashboard').Properties['DashboardBody']);

  for (const alarm of alarms.filter((one) => nameOf(one) !== '')) expect(body).toContain(alarm.id);
});
