/** A flame graph of V8's CPU profile: callers above, what they call below, width is time. */
import type { CustomSeriesRenderItem } from 'echarts';
import { svgOf } from './plots.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** Of `node --cpu-prof`. Times in µs. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly name: string;
  readonly place: string;
  us: number;
  readonly children: Map<string, Frame>;
}

const WIDTH_PX = 1_200;
const ROW_PX = 18;
/** Narrower ones tell nobody anything. */
const SHARE_MIN = 0.004;
const DEPTH_MAX = 16;
const LETTER_PX = 6.2;
const COLORS: readonly (readonly [RegExp, string])[] = [
  [/^src\/store|^src\/sdk-shortcuts\/statements/, '#93c5fd'],
  [/^src\/decode|^src\/reduce/, '#86efac'],
  [/^src/, '#bfdbfe'],
  [/^aws-sdk|^smithy/, '#fdba74'],
  [/^node/, '#e5e7eb'],
  [/^gc/, '#fca5a5'],
];

function placeOf(name: string, url: string): string {
  if (name === '(garbage collector)') return 'gc';
  const ours = /\.tools\/(src\/.*)\.js$/.exec(url)?.[1];
  if (ours) return ours;
  const vendor = /node_modules\/@?(aws-sdk|smithy)/.exec(url)?.[1];
  return vendor ?? (url === '' || url.startsWith('node:') ? 'node' : 'other');
}

/** Frames of one name below one caller are one; idle time is left out. */
export function framesOf({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const own = new Map<number, number>();
  for (const [at, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root: Frame = { name: 'all', place: 'node', us: 0, children: new Map() };
  const walk = (id: number, into: Frame): number => {
    const node = byId.get(id);
    if (!node || node.callFrame.functionName === '(idle)') return 0;
    const { functionName, url } = node.callFrame;
    const isRoot = functionName === '(root)';
    const key = `${functionName} ${url}`;
    let frame = isRoot ? into : into.children.get(key);
    if (!frame) {
      frame = {
        name: functionName || '(anonymous)',
        place: placeOf(functionName, url),
        us: 0,
        children: new Map(),
      };
      into.children.set(key, frame);
    }
    let us = own.get(id) ?? 0;
    for (const child of node.children ?? []) us += walk(child, frame);
    frame.us += us;
    return us;
  };
  walk(nodes[0]?.id ?? 0, root);
  return root;
}

/** [from, to, depth, text, color] of each frame that is wide enough. */
type Box = readonly [fromUs: number, toUs: number, depth: number, text: string, color: string];

function boxesOf(root: Frame): readonly Box[] {
  const boxes: Box[] = [];
  const place = (frame: Frame, fromUs: number, depth: number): void => {
    if (frame.us < root.us * SHARE_MIN || depth > DEPTH_MAX) return;
    const share = `${Math.round((1_000 * frame.us) / root.us) / 10} %`;
    const color = COLORS.find(([pattern]) => pattern.test(frame.place))?.[1] ?? '#f3f4f6';
    boxes.push([fromUs, fromUs + frame.us, depth, `${frame.name} · ${frame.place} · ${share}`, color]);
    let at = fromUs;
    for (const child of [...frame.children.values()].sort((a, b) => b.us - a.us)) {
      place(child, at, depth + 1);
      at += child.us;
    }
  };
  place(root, 0, 0);
  return boxes;
}

const drawBox =
  (boxes: readonly Box[]): CustomSeriesRenderItem =>
  ({ dataIndex }, api) => {
    const [fromUs, toUs, depth, text, color] = boxes[dataIndex] as Box;
    const [from, top] = api.coord([fromUs, depth]);
    const [to] = api.coord([toUs, depth]);
    const width = Math.max(0, (to ?? 0) - (from ?? 0) - 1);
    const letters = Math.floor((width - 6) / LETTER_PX);
    return {
      type: 'rect',
      shape: { x: from ?? 0, y: top ?? 0, width, height: ROW_PX - 1 },
      style: { fill: color },
      textConfig: { position: 'insideLeft' },
      textContent: {
        type: 'text',
        style: {
          text: letters < 3 ? '' : text.slice(0, letters),
          fill: '#111827',
          fontSize: 11,
          fontFamily: 'monospace',
        },
      },
    };
  };

export function flameSvg(profile: CpuProfile): string {
  const root = framesOf(profile);
  const boxes = boxesOf(root);
  const depth = Math.max(...boxes.map(([, , each]) => each)) + 1;
  return svgOf(
    {
      grid: { left: 4, right: 4, top: 4, bottom: 4 },
      xAxis: { type: 'value', show: false, min: 0, max: root.us },
      yAxis: { type: 'value', show: false, inverse: true, min: 0, max: depth },
      series: [
        {
          type: 'custom',
          renderItem: drawBox(boxes),
          encode: { x: [0, 1], y: 2 },
          data: boxes.map(([from, to, at]) => [from, to, at]),
        },
      ],
    },
    { title: 'CPU time of the worker', width: WIDTH_PX, height: depth * ROW_PX + 8 },
  );
}
