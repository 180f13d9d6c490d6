/** What must be read after a month, counted from the raw events alone, all at once: nothing of the product is used. */
import type { RawEvent } from './month.ts';

const TENSES = ['accepted', 'rejected', 'failed', 'started', 'ended'] as const;

/** `period line` → bytes down and up. `chars`: how much of the ISO time makes the period, 13 for hours, 10 for days. */
export type Lines = Map<string, { down: number; up: number }>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** When a window ended: it says so, or its session's end does. */
const windowEnd = ({ data, suffix }: RawEvent): string =>
  textOf(data['data_session_update_end_time']) ||
  (suffix === 'data-session.ended' ? textOf(data['data_session_end_time']) : '') ||
  textOf(data['timestamp']);

/** By whatever `nameOf` says of an event. */
export function usageBy(
  events: Iterable<RawEvent>,
  nameOf: (event: RawEvent, until: string) => string,
): Lines {
  const lines: Lines = new Map();
  for (const event of events) {
    const [down, up] = [Number(event.data['data_download'] ?? 0), Number(event.data['data_upload'] ?? 0)];
    if (down + up === 0) continue;
    const name = nameOf(event, windowEnd(event));
    const line = lines.get(name) ?? { down: 0, up: 0 };
    lines.set(name, { down: line.down + down, up: line.up + up });
  }
  return lines;
}

export const networkOf = ({ data }: RawEvent): string => {
  const { mcc = '', mnc = '', iso_country: country = '' } = (data['network'] ?? {}) as Record<string, string>;
  return `${data['apn']}|${mcc}-${mnc}|${country}`;
};

/** Distinct ones: copies say the same. */
export const distinct = (events: Iterable<RawEvent>): RawEvent[] => [
  ...new Map([...events].map((event) => [event.data['event_sid'], event])).values(),
];

interface SimRecount {
  readonly counts: Readonly<Record<string, number>>;
  readonly openSids: readonly string[];
  readonly lastAttachment: string | undefined;
  readonly lastAttachmentAt: string | undefined;
  readonly imsis: number;
  readonly rejections: Readonly<Record<string, number>>;
}

/** The state of one SIM, from its distinct events in any order. */
export function recountSim(events: readonly RawEvent[]): SimRecount {
  const counts: Record<string, number> = {};
  for (const kind of ['attachment', 'data-session']) for (const verb of TENSES) counts[`${kind}.${verb}`] = 0;
  const rejections: Record<string, number> = {};
  const [started, over, imsis] = [new Map<string, string>(), new Set<string>(), new Set<unknown>()];
  let neverStarted = 0;
  for (const { suffix, data } of events) {
    const sid = textOf(data['data_session_sid']);
    if (suffix === 'data-session.failed' && sid === '') neverStarted += 1;
    else counts[suffix] = (counts[suffix] ?? 0) + 1;
    if (suffix === 'data-session.updated') continue;
    imsis.add(data['imsi']);
    if (sid !== '') started.set(sid, `${textOf(data['data_session_start_time'])} ${sid}`);
    if (sid !== '' && suffix !== 'data-session.started') over.add(sid);
    if (suffix !== 'attachment.rejected') continue;
    const { mcc, mnc } = data['network'] as Record<string, string>;
    const cause = `${mcc}-${mnc}|${(data['error'] as { code: number }).code}`;
    rejections[cause] = (rejections[cause] ?? 0) + 1;
  }
  counts['never-started'] = neverStarted;
  const attachments = events
    .filter(({ suffix }) => suffix.startsWith('attachment.'))
    .map(({ suffix, data }) => [textOf(data['timestamp']), suffix.slice('attachment.'.length)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const openSids = [...started]
    .filter(([sid]) => !over.has(sid))
    .sort(([, a], [, b]) => (a < b ? -1 : 1))
    .map(([sid]) => sid);
  return {
    counts,
    openSids,
    lastAttachment: attachments.at(-1)?.[1],
    lastAttachmentAt: attachments.at(-1)?.[0],
    imsis: imsis.size,
    rejections,
  };
}
