/** The ready-made alerts and the dashboard know only series, labels and metrics that there are, and each alert has its
 *  section in the runbook. What fires when is tested with promtool (test/alerts). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { METRICS_SETTINGS } from '../../../src/metrics-settings.ts';
import { EMF_DIMENSIONS, EMF_METRICS } from '../../../src/ops/emf-lines.ts';
import { TROUBLE_KINDS } from '../../../src/ops/troubles.ts';
import { allSeries } from '../../support/all-series.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook', string>>;
}
const rules: readonly Rule[] = parse(read('docs/alerts/prometheus.yml')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
);

interface CloudWatchMetric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
}
interface Alarm extends Partial<CloudWatchMetric> {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Period?: number;
  readonly EvaluationPeriods: number;
  readonly TreatMissingData: string;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: CloudWatchMetric } }[];
}
const alarms: readonly Alarm[] = JSON.parse(read('docs/alerts/cloudwatch.json'));

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(read('docs/grafana/dashboard.json')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
};

/** `falling-behind` → `SupersimFallingBehind`. */
const alertOf = (anchor: string): string =>
  `Supersim${anchor.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())}`;
const anchorIn = (text: string): string => /docs\/runbook\.md#([a-z-]+)/.exec(text)?.[1] ?? '';
/** Only several processes of one machine can restart one by one, and only we see their event loops. */
const PROMETHEUS_ONLY = ['event-loop-blocked', 'process-restarting'];

/** What an expression asks for that is not there: series, or labels of them. */
async function unknownIn(expr: string): Promise<string[]> {
  const series = new Map((await allSeries()).map((one) => [one.name, one]));
  const unknown: string[] = [];
  for (const [, name = '', matchers = ''] of expr.matchAll(
    /\b((?:supersim|process|nodejs)_[a-z0-9_]+)\b(?:\{([^}]*)\})?/g,
  )) {
    const suffix = /_(bucket|sum|count)$/.exec(name)?.[0] ?? '';
    const whole = series.get(name) ?? series.get(name.slice(0, -suffix.length));
    if (!whole || (suffix !== '' && !series.has(name) && whole.type !== 'histogram')) unknown.push(name);
    const labels = [...matchers.matchAll(/([a-z_]+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => label);
    for (const label of labels)
      if (!['stream', ...(whole?.labels ?? [])].includes(label)) unknown.push(`${name}{${label}}`);
  }
  for (const [, list = ''] of expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g))
    for (const label of list.split(',').map((each) => each.trim()))
      if (!(await isLabel(label))) unknown.push(`by ${label}`);
  return unknown;
}

async function isLabel(label: string): Promise<boolean> {
  const fromScraping = ['stream', 'instance', 'process', 'le'];
  return fromScraping.includes(label) || (await allSeries()).some(({ labels }) => labels.includes(label));
}

describe('the check itself', () => {
  it('finds series and labels that there are not', async () => {
    expect(await unknownIn('sum by (sim) (rate(supersim_lag{sid="x"}[5m]))')).toEqual([
      'supersim_lag',
      'supersim_lag{sid}',
      'by sim',
    ]);
    expect(await unknownIn('supersim_leases_bucket + supersim_events_total{sim=~"x"}')).toEqual([
      'supersim_leases_bucket',
      'supersim_events_total{sim}',
    ]);
  });
});

describe('docs/alerts/prometheus.yml', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s asks for what there is', async (_, rule) => {
    expect(await unknownIn(rule.expr)).toEqual([]);
    expect(rule.expr).toMatch(/supersim_/);
    expect(rule.alert).toBe(alertOf(anchorIn(rule.annotations.runbook)));
    expect(['page', 'ticket']).toContain(rule.labels.severity);
    expect(Math.min(rule.annotations.summary.length, rule.annotations.description.length)).toBeGreaterThan(
      15,
    );
  });

  it('has each alert once, and one for each kind of trouble', () => {
    const anchors = rules.map(({ annotations }) => anchorIn(annotations.runbook));

    expect(new Set(anchors).size).toBe(rules.length);
    expect(TROUBLE_KINDS.filter((kind) => !anchors.includes(kind))).toEqual([]);
  });
});

describe('docs/alerts/cloudwatch.json', () => {
  const metricsOf = (alarm: Alarm): CloudWatchMetric[] =>
    alarm.Metrics === undefined
      ? [alarm as CloudWatchMetric]
      : alarm.Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []));

  it.each(alarms.map((alarm) => [alarm.AlarmName, alarm] as const))(
    '%s looks at what there is, with its dimension, and says what silence means',
    (name, alarm) => {
      for (const { Namespace, MetricName, Dimensions } of metricsOf(alarm)) {
        // An alarm without its metric's dimensions sees nothing, for ever.
        expect(Dimensions.map(({ Name }) => Name)).toEqual([...EMF_DIMENSIONS]);
        if (Namespace === 'AWS/Kinesis') continue;
        expect(Namespace).toBe(METRICS_SETTINGS.emfNamespace.default);
        expect(EMF_METRICS.map(([metric]) => metric)).toContain(MetricName);
      }
      expect(['breaching', 'notBreaching']).toContain(alarm.TreatMissingData);
      // CloudWatch looks back a day at most.
      expect((alarm.Period ?? 0) * alarm.EvaluationPeriods).toBeLessThanOrEqual(86_400);
      expect(anchorIn(alarm.AlarmDescription)).toBe(name);
    },
  );

  it('has the same alarms as Prometheus, but for what CloudWatch is not told', () => {
    const anchors = rules.map(({ annotations }) => anchorIn(annotations.runbook));

    expect(alarms.map(({ AlarmName }) => AlarmName)).toEqual(
      anchors.filter((anchor) => !PROMETHEUS_ONLY.includes(anchor)),
    );
  });
});

describe('docs/grafana/dashboard.json', () => {
  const asking = dashboard.panels.filter(({ type }) => type !== 'row');

  it.each(asking.map((panel) => [panel.title, panel] as const))(
    '%s asks for what there is',
    async (_, panel) => {
      expect(panel.targets?.length).toBeGreaterThan(0);
      for (const { expr } of panel.targets ?? []) {
        expect(await unknownIn(expr)).toEqual([]);
        expect(expr).toContain('stream="$stream"');
      }
    },
  );

  it('asks for its variables and annotations too', async () => {
    for (const { expr } of dashboard.annotations.list) expect(await unknownIn(expr)).toEqual([]);
    expect(await unknownIn(JSON.stringify(dashboard.templating.list))).toEqual([]);
  });

  it('shows every series of ours but those that it does not need', async () => {
    const text = JSON.stringify(dashboard);
    const missing = (await allSeries())
      .map(({ name }) => name)
      .filter((name) => name.startsWith('supersim_') && !text.includes(name));

    expect(missing).toEqual(['supersim_shard_seconds', 'supersim_lease_table_requests_per_shard_second']);
  });

  it('has panels that do not lie upon each other, each with an id of its own', () => {
    const cells = new Set<string>();
    for (const { title, gridPos } of dashboard.panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, x < 24, cells.has(`${x} ${y}`)]).toEqual([title, true, false]);
          cells.add(`${x} ${y}`);
        }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

describe('docs/runbook.md', () => {
  const anchors = rules.map(({ annotations }) => anchorIn(annotations.runbook));
  const runbook = read('docs/runbook.md');

  it.each(anchors)('has a section for %s', (anchor) => {
    expect(runbook).toMatch(new RegExp(`^## ${anchor}$`, 'm'));
  });

  it('names only series that there are', async () => {
    expect(await unknownIn(runbook)).toEqual([]);
  });
});
