/** The results as pictures, by ECharts. */
import { type EChartsOption, init } from 'echarts';
import type { Results } from '../results.ts';
import type { RunResult } from '../run-worker.ts';

interface Bars {
  readonly title: string;
  readonly names: readonly string[];
  readonly values: readonly number[];
  readonly goal?: number;
}

const WIDTH_PX = 1_000;
const HEIGHT_PX = 640;
const COLUMNS = 2;
const BLUE = '#2563eb';
const ORANGE = '#c2410c';
const INK = '#1f2937';
const FONT = 'system-ui, sans-serif';

interface Picture {
  readonly title: string;
  readonly width: number;
  readonly height: number;
}

/** What reacts to a mouse, in a picture that does not. */
const STYLE = /<style[\s\S]*?<\/style>\n?/g;

/** `option` as SVG text. Sizes in pixels. */
export function svgOf(option: EChartsOption, { title, width, height }: Picture): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const textStyle = { fontFamily: FONT, color: INK };
  chart.setOption({ animation: false, backgroundColor: '#ffffff', textStyle, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replace(STYLE, '').replace('>', `><title>${title}</title>`);
}

function barsOf({ B = {}, C, D, E }: Results): readonly Bars[] {
  const others = Object.entries(C?.oneByOne.others ?? {});
  const streams: readonly (readonly [string, RunResult | undefined])[] = [
    ['steady', E?.steady],
    ['with SIMs and usage', E?.everything],
    ['catching up', E?.catchUp],
    ['a third twice', E?.duplicates],
    ['a third late', E?.disorder],
  ];
  return [
    {
      title: 'C: CPU per event, µs, one by one',
      names: ['ours', ...others.map(([name]) => name)],
      values: [C?.oneByOne.ours.cpuUsPerEvent ?? 0, ...others.map(([, { run }]) => run.cpuUsPerEvent)],
    },
    {
      title: 'B: events a second on one core, by shards',
      names: Object.keys(B),
      values: Object.values(B).map(({ backlog }) => backlog.eventsPerCoreSecond),
      goal: 10_000,
    },
    {
      title: 'E: write units per event, by stream',
      names: streams.map(([name]) => name),
      values: streams.map(([, run]) => run?.writeUnitsPerEvent ?? 0),
    },
    {
      title: 'D: CPU per event, µs, by shards',
      names: [...Object.keys(D?.byShards ?? {}), '16, 2 processes'],
      values: [...Object.values(D?.byShards ?? {}), D?.twoProcesses].map((run) => run?.cpuUsPerEvent ?? 0),
    },
  ];
}

/** Where the chart of that number stands. Unit: per cent. */
const placeOf = (at: number) => ({ left: 6 + (at % COLUMNS) * 50, top: 10 + Math.floor(at / COLUMNS) * 50 });

export function resultsSvg(results: Results): string {
  const all = barsOf(results);
  return svgOf(
    {
      title: all.map(({ title }, at) => ({
        text: title,
        left: `${placeOf(at).left}%`,
        top: `${placeOf(at).top - 8}%`,
        textStyle: { fontSize: 15, color: INK },
      })),
      grid: all.map((_, at) => ({
        left: `${placeOf(at).left}%`,
        top: `${placeOf(at).top}%`,
        width: '40%',
        height: '32%',
      })),
      xAxis: all.map(({ names }, gridIndex) => ({
        type: 'category',
        gridIndex,
        data: [...names],
        axisLabel: { color: INK, interval: 0 },
      })),
      yAxis: all.map((_, gridIndex) => ({ type: 'value', gridIndex, axisLabel: { color: INK } })),
      series: all.map(({ values, goal }, at) => ({
        type: 'bar',
        xAxisIndex: at,
        yAxisIndex: at,
        data: [...values],
        barMaxWidth: 46,
        itemStyle: { color: BLUE },
        label: {
          show: true,
          position: 'top',
          color: INK,
          formatter: ({ value }) => Number(value).toLocaleString('en-US'),
        },
        ...(goal === undefined
          ? {}
          : {
              markLine: {
                symbol: 'none',
                data: [{ yAxis: goal }],
                lineStyle: { color: ORANGE },
                label: { formatter: 'goal' },
              },
            }),
      })),
    },
    { title: 'Benchmark results', width: WIDTH_PX, height: HEIGHT_PX },
  );
}
