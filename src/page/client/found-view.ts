/** What was found: a session or a SIM, and what the SIM used. */
import type { Found, ShapedSession, UsagePart } from '../shapes.ts';
import { epochMsOf, isoOf } from './browser-time.ts';
import { byId, make, type Row, renderRows, setText, show } from './dom.ts';
import { bytes, count, dayOf, exactBytes, shortTime } from './format.ts';
import { TimeChart } from './time-chart.ts';
import { sidButton } from './workers-view.ts';

const HOUR_MS = 3_600_000;

const STATUS: Readonly<Record<string, string>> = { open: 'busy', ended: 'good', failed: 'bad' };

export const statusPill = (status: string): Node =>
  make('span', { className: `pill ${STATUS[status] ?? ''}`, text: status });

type Fact = readonly [label: string, value: string | null, title?: string];

function sessionFacts(session: ShapedSession): readonly Fact[] {
  const { missingBytes } = session;
  return [
    ['Used', bytes(Number(session.totalBytes)), exactBytes(session.totalBytes)],
    ['Down', bytes(Number(session.downloadBytes)), exactBytes(session.downloadBytes)],
    ['Up', bytes(Number(session.uploadBytes)), exactBytes(session.uploadBytes)],
    ['Status', session.status],
    ['Started', session.startedAt && shortTime(session.startedAt)],
    ['Ended', session.endedAt && shortTime(session.endedAt)],
    ['Counted through', session.usageThrough && shortTime(session.usageThrough)],
    [
      'Missing',
      missingBytes === '0' ? 'nothing' : bytes(Number(missingBytes)),
      'bytes that the vendor counted in events that never arrived',
    ],
    ['Distinct events', count(session.eventCount)],
    ['APN', session.apn],
    ['Network', session.network],
    ['Radio', session.ratType],
  ];
}

function simFacts({ sim }: Exclude<Found, { kind: 'nothing' }>): readonly Fact[] {
  return [
    ['ICCID', sim?.iccidEnd ? `…${sim.iccidEnd}` : null],
    ['SIM is', sim?.state ?? null],
    ['Last attachment', sim?.lastAttachment ?? null],
    ['SIM’s network', sim?.network ?? null],
    ['Flags', sim && sim.flags.length > 0 ? sim.flags.join(', ') : null],
  ];
}

function renderFacts(facts: readonly Fact[]): void {
  byId('found-facts').replaceChildren(
    ...facts.flatMap(([label, value, title]) =>
      value === null
        ? []
        : [make('div', title ? { title } : {}, make('dt', { text: label }), make('dd', { text: value }))],
    ),
  );
}

const dayRows = ({ hours }: UsagePart): readonly Row[] => {
  const days = new Map<string, { down: number; up: number }>();
  for (const { atMs, downloadBytes, uploadBytes } of hours) {
    const day = isoOf(atMs).slice(0, 10);
    const sum = days.get(day) ?? { down: 0, up: 0 };
    days.set(day, { down: sum.down + downloadBytes, up: sum.up + uploadBytes });
  }
  return [...days].reverse().map(([day, { down, up }]) => ({
    key: day,
    cells: [
      dayOf(`${day}T00:00`),
      bytes(down),
      bytes(up),
      { text: bytes(down + up), title: exactBytes(String(down + up)) },
    ],
  }));
};

export class FoundView {
  private readonly find: (sid: string) => void;
  private readonly chart = new TimeChart({
    chartId: 'usage-chart',
    legendId: 'usage-legend',
    format: bytes,
    axis: bytes,
    topMin: 1_000,
    time: (epochS) => shortTime(isoOf(epochS * 1000)),
  });

  constructor(find: (sid: string) => void) {
    this.find = find;
  }

  render(found: Exclude<Found, { kind: 'nothing' }>): void {
    const { session, sessions, simSid, usage, sim } = found;
    const name = sim?.name ? ` (${sim.name})` : '';
    setText(byId('found-title'), session ? `Session ${session.sessionSid}` : `SIM ${simSid}${name}`);
    const of = session ? ['of SIM ', sidButton(simSid, this.find), name] : [];
    byId('found-of').replaceChildren(...of);
    renderFacts([...(session ? sessionFacts(session) : []), ...simFacts(found)]);
    show(byId('found'), true);
    this.renderUsage(usage.value, usage.problem, session);
    renderRows(
      byId<HTMLTableElement>('sim-session-table'),
      sessions.map((one) => this.sessionRow(one, session)),
    );
  }

  private sessionRow(one: ShapedSession, session: ShapedSession | null): Row {
    return {
      key: one.sessionSid,
      className: one.sessionSid === session?.sessionSid ? 'chosen' : '',
      cells: [
        { text: one.sessionSid, make: () => sidButton(one.sessionSid, this.find) },
        { text: one.status, make: () => statusPill(one.status) },
        one.startedAt ? { text: shortTime(one.startedAt), title: one.startedAt } : '–',
        { text: bytes(Number(one.totalBytes)), title: exactBytes(one.totalBytes) },
      ],
    };
  }

  private renderUsage(usage: UsagePart | null, problem: string | null, session: ShapedSession | null): void {
    const hasUsage = (usage?.hours.length ?? 0) > 0;
    for (const id of ['usage-chart', 'usage-legend']) show(byId(id), hasUsage);
    show(byId('usage-empty'), !hasUsage);
    setText(byId('usage-empty'), problem ?? 'No usage in the 7 days before its last sign of life.');
    const range = usage ? `, ${shortTime(isoOf(usage.fromMs))} to ${shortTime(isoOf(usage.toMs))} UTC` : '';
    setText(byId('usage-title'), `${session ? 'Usage of its SIM' : 'Usage'} by hour${range}`);
    renderRows(byId<HTMLTableElement>('day-table'), usage ? dayRows(usage) : []);
    if (usage && hasUsage) this.draw(usage, session);
  }

  /** Down stands before the whole: what is seen above it is up. */
  private draw({ fromMs, toMs, hours }: UsagePart, session: ShapedSession | null): void {
    const byHour = new Map(hours.map((hour) => [hour.atMs, hour]));
    const first = Math.max(fromMs, (hours[0]?.atMs ?? fromMs) - 2 * HOUR_MS);
    const times: number[] = [];
    // One hour more, so that the last bar is whole.
    for (let atMs = first; atMs <= toMs; atMs += HOUR_MS) times.push(atMs);
    const of = (atMs: number) => byHour.get(atMs);
    const total = (atMs: number): number | null =>
      atMs === toMs ? null : (of(atMs)?.downloadBytes ?? 0) + (of(atMs)?.uploadBytes ?? 0);
    const all = hours.reduce((sum, hour) => sum + hour.downloadBytes + hour.uploadBytes, 0);
    const bounds = [session?.startedAt, session?.endedAt ?? session?.usageThrough].flatMap(
      (iso) => iso ?? [],
    );
    this.chart.show(
      [
        { label: 'down and up', colour: '--o1', isBars: true },
        { label: 'down', colour: '--accent', isBars: true },
      ],
      [
        times.map((ms) => ms / 1000),
        times.map(total),
        times.map((ms) => (ms === toMs ? null : (of(ms)?.downloadBytes ?? 0))),
      ],
      bounds.map((iso) => ({ atS: epochMsOf(iso) / 1000, colour: '--soft' })),
      `Usage by hour: ${bytes(all)} in ${count(hours.length)} hours with usage. The table below has it by day.`,
    );
  }
}
