/** One chart over time: uPlot, dressed in the page's colours, with a legend that tells the values under the pointer. */
import { byId, make, setAttribute, setText } from './dom.ts';
import { clockTime } from './format.ts';

export interface Line {
  readonly label: string;
  /** A name of the style sheet, such as `--accent`. */
  readonly colour: string;
  readonly isFilled?: boolean;
  readonly isBars?: boolean;
  readonly width?: number;
}

export interface ChartOptions {
  readonly chartId: string;
  readonly legendId: string;
  /** Where the time of the shown values stands. */
  readonly whenId?: string;
  readonly format: (value: number) => string;
  readonly axis: (value: number) => string;
  /** The least upper end of the axis. */
  readonly topMin: number;
  /** Unit: s since 1970. */
  readonly time?: (epochS: number) => string;
  readonly now?: string;
}

/** Something that happened, as a line across the chart. Unit: s since 1970. */
export interface Marker {
  readonly atS: number;
  readonly colour: string;
}

const styleOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const withAlpha = (colour: string, alpha: string): string =>
  /^#[0-9a-f]{6}$/i.test(colour) ? colour + alpha : colour;

/** Unit: s. */
const SECONDS_BELOW_S = 240;
const FONT = '11px Inter, system-ui, sans-serif';

export class TimeChart {
  private readonly options: ChartOptions;
  private readonly host: HTMLElement;
  private plot: uPlot | undefined;
  private lines: readonly Line[] = [];
  private data: uPlot.AlignedData = [[]];
  private markers: readonly Marker[] = [];

  constructor(options: ChartOptions) {
    this.options = options;
    this.host = byId(options.chartId);
    new ResizeObserver(() => this.fit()).observe(this.host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.rebuild());
  }

  /** `data`: the times in s since 1970, then the values of each line. */
  show(lines: readonly Line[], data: uPlot.AlignedData, markers: readonly Marker[], summary: string): void {
    const isSame = JSON.stringify(lines) === JSON.stringify(this.lines);
    this.lines = lines;
    this.data = data;
    this.markers = markers;
    setAttribute(this.host, 'aria-label', summary);
    if (this.plot && isSame) this.plot.setData(data);
    else this.rebuild();
    this.renderLegend(this.plot?.cursor.idx ?? undefined);
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (this.plot && width > 0 && (this.plot.width !== width || this.plot.height !== height))
      this.plot.setSize({ width, height });
    else if (!this.plot && width > 0 && this.lines.length > 0) this.rebuild();
  }

  private rebuild(): void {
    this.plot?.destroy();
    this.plot = undefined;
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === 0 || this.lines.length === 0) return;
    this.plot = new uPlot({ ...this.settings(), width, height }, this.data, this.host);
    this.host.dataset['lines'] = String(this.lines.length);
  }

  private settings(): Omit<uPlot.Options, 'width' | 'height'> {
    const { axis, topMin, time = (epochS: number) => this.clock(epochS) } = this.options;
    const [grid, soft] = [styleOf('--line'), styleOf('--soft')];
    const common = { stroke: soft, font: FONT, ticks: { show: false }, grid: { stroke: grid, width: 1 } };
    return {
      legend: { show: false },
      padding: [8, 36, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: true },
        y: { range: (_, __, max) => [0, Math.max(topMin, (max ?? 0) * 1.08)] },
      },
      axes: [
        { ...common, grid: { show: false }, size: 26, space: 70, values: (_, splits) => splits.map(time) },
        { ...common, size: 54, space: 34, values: (_, splits) => splits.map(axis) },
      ],
      series: [{}, ...this.lines.map((line) => this.series(line))],
      hooks: {
        draw: [(plot) => this.drawMarkers(plot)],
        setCursor: [(plot) => this.renderLegend(plot.cursor.idx ?? undefined)],
      },
    };
  }

  /** Seconds matter only while the chart is short. */
  private clock(epochS: number): string {
    const [times = []] = this.data;
    const spanS = (times.at(-1) ?? 0) - (times[0] ?? 0);
    return clockTime(epochS * 1000).slice(0, spanS < SECONDS_BELOW_S ? 8 : 5);
  }

  private series({ label, colour, isFilled = false, isBars = false, width = 1.5 }: Line): uPlot.Series {
    const stroke = styleOf(colour);
    const bars = isBars ? uPlot.paths.bars?.({ size: [0.8, 22], radius: 0.15 }) : undefined;
    return {
      label,
      stroke,
      width: isBars ? 0 : width,
      points: { show: false },
      ...(isFilled ? { fill: withAlpha(stroke, '24') } : {}),
      ...(bars ? { paths: bars, fill: stroke } : {}),
    };
  }

  private drawMarkers(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { min = 0, max = 0 } = plot.scales['x'] ?? {};
    for (const { atS, colour } of this.markers) {
      if (atS < (min ?? 0) || atS > (max ?? 0)) continue;
      const x = Math.round(plot.valToPos(atS, 'x', true));
      ctx.save();
      ctx.strokeStyle = withAlpha(styleOf(colour), '99');
      ctx.setLineDash([3, 3]);
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.restore();
    }
  }

  /** Where the first line has its latest value. */
  private latest(): number {
    const values = this.data[1] ?? [];
    for (let at = values.length - 1; at >= 0; at -= 1) if (typeof values[at] === 'number') return at;
    return values.length - 1;
  }

  /** The values at `at`, or the latest. */
  private renderLegend(at: number | undefined): void {
    const { legendId, whenId, format, now = '' } = this.options;
    const [times = []] = this.data;
    const place = at ?? this.latest();
    const legend = byId(legendId);
    const texts = this.lines.map((_, line) => {
      const value = this.data[line + 1]?.[place];
      return typeof value === 'number' ? format(value) : '–';
    });
    if (legend.children.length !== this.lines.length)
      legend.replaceChildren(...this.lines.map(({ label, isBars }) => legendItem(label, isBars ?? false)));
    for (const [line, item] of [...legend.children].entries()) {
      const { label = '', colour = '' } = this.lines[line] ?? {};
      (item as HTMLElement).style.setProperty('--tone', `var(${colour})`);
      setText(item.children[1] as Element, label);
      setText(item.children[2] as Element, texts[line] ?? '');
    }
    const time = times[place];
    if (whenId) setText(byId(whenId), at === undefined || time === undefined ? now : clockTime(time * 1000));
  }
}

const legendItem = (label: string, isBars: boolean): HTMLElement =>
  make(
    'li',
    {},
    make('i', { className: isBars ? 'swatch' : 'swatch line' }),
    make('span', { text: label }),
    make('b'),
  );
