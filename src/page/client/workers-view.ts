/** The workers, what happened, and who uses most. */
import type { Now, ShapedWorker } from '../shapes.ts';
import { wallMs } from './browser-time.ts';
import { byId, type Cell, make, type Row, renderKeyed, renderRows, show } from './dom.ts';
import { bytes, clockTime, count, duration } from './format.ts';
import { colourOf } from './owner-colours.ts';

function signOfLife({ isAlive, phase }: ShapedWorker): Cell {
  const tone = isAlive === false ? 'warn' : isAlive === null ? '' : 'good';
  const word =
    phase === 'draining'
      ? 'stopping'
      : phase === 'starting'
        ? 'starting'
        : isAlive === null
          ? 'watching'
          : 'alive';
  const text = isAlive === false ? 'silent' : word;
  const title =
    isAlive === false
      ? 'none of its counters in the lease table moves'
      : isAlive === null
        ? 'not watched long enough to tell'
        : 'its counters in the lease table move';
  return { text, title, className: tone, make: () => make('span', { className: `pill ${tone}`, text }) };
}

function nameOf({ workerId, shards }: ShapedWorker): Cell {
  const swatch = (): Node => {
    const element = make('i', { className: 'swatch' });
    element.style.setProperty('--tone', colourOf(shards > 0 ? workerId : null));
    return element;
  };
  return {
    text: `${workerId} ${shards > 0}`,
    make: () => make('span', { className: 'owner' }, swatch(), make('span', { text: workerId })),
  };
}

const ELSEWHERE = 'known only to that worker: ask its own page';

function rowOf(worker: ShapedWorker): Row {
  const { workerId, shards, lagMs, read, startedAtMs } = worker;
  const upMs = startedAtMs === null ? null : Math.max(0, wallMs() - startedAtMs);
  return {
    key: workerId,
    cells: [
      nameOf(worker),
      signOfLife(worker),
      count(shards),
      lagMs === null ? { text: '–', className: 'soft' } : duration(lagMs),
      read === null ? { text: '–', title: ELSEWHERE, className: 'soft' } : count(read),
      upMs === null
        ? { text: '–', title: ELSEWHERE, className: 'soft' }
        : duration(upMs < 60_000 ? Math.floor(upMs / 10_000) * 10_000 : Math.floor(upMs / 60_000) * 60_000),
    ],
  };
}

export function renderWorkers({ workers }: Now): void {
  renderRows(byId<HTMLTableElement>('worker-table'), workers.map(rowOf));
  show(byId('workers-empty'), workers.length === 0);
}

export function renderHappenings({ happenings }: Now): void {
  const seen = new Map<string, number>();
  renderKeyed(
    byId('happenings'),
    happenings.map(({ atMs, kind, text }) => {
      const same = `${atMs} ${text}`;
      const nth = seen.get(same) ?? 0;
      seen.set(same, nth + 1);
      return {
        key: `${same} ${nth}`,
        state: kind,
        make: () =>
          make(
            'li',
            { className: kind },
            make('time', { text: clockTime(atMs) }),
            make('span', { className: 'dot' }),
            make('span', { text }),
          ),
      };
    }),
  );
  show(byId('happenings-empty'), happenings.length === 0);
}

export function renderTalkers({ talkers }: Now, find: (sid: string) => void): void {
  const most = talkers[0]?.bytes ?? 1;
  renderKeyed(
    byId('talkers'),
    talkers.map(({ simSid, bytes: used }) => ({
      key: simSid,
      state: `${used} ${most}`,
      make: () => {
        const bar = make('span', { className: 'bar' });
        bar.style.width = `calc((100% - 84px) * ${(used / most).toFixed(4)})`;
        return make('li', {}, bar, sidButton(simSid, find), make('b', { text: bytes(used) }));
      },
    })),
  );
  show(byId('talkers-empty'), talkers.length === 0);
}

/** A SID that one can choose. */
export function sidButton(sid: string, find: (sid: string) => void): HTMLButtonElement {
  const short = sid.length > 16 ? `${sid.slice(0, 8)}…${sid.slice(-4)}` : sid;
  const button = make('button', { className: 'link', text: short, title: sid });
  button.type = 'button';
  button.addEventListener('click', () => find(sid));
  return button;
}
