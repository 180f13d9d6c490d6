/** The map of the hash range and the table of shards. */
import type { Now, ShapedShard } from '../shapes.ts';
import {
  byId,
  type Cell,
  type Keyed,
  make,
  type Row,
  renderKeyed,
  renderRows,
  setAttribute,
  setText,
  show,
} from './dom.ts';
import { duration, plural, shardName, shortSequence } from './format.ts';
import { colourOf } from './owner-colours.ts';
import { layOut, type Placed } from './shard-layout.ts';
import { LATE_FROM_MS } from './verdict-view.ts';

/** Unit: px. */
const ROW_PX = 46;
const TINY_PX = 54;
/** So many shards are found at a glance. */
const FILTER_FROM = 13;

const STATES: Readonly<Record<string, readonly [className: string, text: string, title: string]>> = {
  running: ['good', 'reading', 'its owner shows signs of life'],
  held: ['', 'owned', 'not watched long enough to tell whether its owner is alive'],
  'expired?': ['warn', 'silent', 'its owner has shown no sign of life for a while'],
  expired: ['warn', 'silent', 'its owner has shown no sign of life for the failover time: others take it'],
  free: ['warn', 'no owner', 'the next worker that looks takes it'],
  waiting: ['', 'waits', 'for its parents to be read to their end'],
  finished: ['', 'finished', 'read to its end'],
  unreadable: ['bad', 'unreadable', 'the row of the lease table is damaged'],
  parked: ['bad', 'needs you', 'it waits for a person: the log says why'],
};

const CELL_CLASS: Readonly<Record<string, string>> = {
  'expired?': 'still',
  expired: 'still',
  free: 'free',
  waiting: 'waiting',
  finished: 'finished',
  parked: 'parked',
};

const isLate = ({ lagMs }: ShapedShard): boolean => (lagMs ?? 0) >= LATE_FROM_MS;

const pill =
  (className: string, text: string): (() => Node) =>
  () =>
    make('span', { className: `pill ${className}`, text });

const ownerMark = (owner: string): Node => {
  const swatch = make('i', { className: 'swatch' });
  swatch.style.setProperty('--tone', colourOf(owner));
  return make('span', { className: 'owner' }, swatch, make('span', { text: owner }));
};

function lagCell({ state, lagMs, lagUnknown }: ShapedShard): Cell {
  if (lagMs !== null) return { text: duration(lagMs), className: lagMs >= LATE_FROM_MS ? 'late' : '' };
  if (lagUnknown === null) return { text: '–', className: 'soft', title: state };
  return { text: 'not known', className: 'soft', title: lagUnknown };
}

const shareOf = ({ hashFrom, hashTo }: ShapedShard): string =>
  hashFrom === null || hashTo === null ? '–' : `${Number(((hashTo - hashFrom) * 100).toFixed(1))} %`;

function rowOf(shard: ShapedShard): Row {
  const [tone, text, title] = STATES[shard.state] ?? ['', shard.state, ''];
  const still = shard.stillForMs === null ? '' : ` ${duration(shard.stillForMs)}`;
  const { owner, checkpoint, reason } = shard;
  const says = shard.state === 'parked' || shard.state === 'unreadable' ? (reason ?? title) : title;
  return {
    key: shard.leaseKey,
    cells: [
      { text: shardName(shard.leaseKey), title: shard.leaseKey },
      { text: `${text}${still}`, className: tone, title: says, make: pill(tone, `${text}${still}`) },
      owner === null
        ? { text: '–', className: 'soft' }
        : { text: `${owner} ${colourOf(owner)}`, make: () => ownerMark(owner) },
      lagCell(shard),
      shard.checkpointAgeMs === null
        ? {
            text: shard.state === 'finished' ? '–' : 'fresh',
            className: 'soft',
            title: 'nothing waits for a checkpoint',
          }
        : {
            text: duration(shard.checkpointAgeMs),
            className: shard.checkpointAgeMs >= LATE_FROM_MS ? 'late' : '',
          },
      shareOf(shard),
      { text: shard.parentShardIds.map(shardName).join(' + ') || '–', className: 'soft' },
      { text: shortSequence(checkpoint ?? '–'), title: checkpoint ?? '', className: 'mono soft' },
    ],
  };
}

export class ShardsView {
  private readonly filter = byId<HTMLInputElement>('shard-filter');
  private readonly finished = byId<HTMLInputElement>('show-finished');
  private readonly map = byId('shard-map');
  private now: Now | undefined;

  constructor() {
    for (const [element, event] of [
      [this.filter, 'input'],
      [this.finished, 'change'],
    ] as const)
      element.addEventListener(event, () => this.now && this.render(this.now));
    new ResizeObserver(() => this.now && this.renderMap(this.now)).observe(this.map);
  }

  render(now: Now): void {
    this.now = now;
    const { shards } = now;
    const open = shards.filter(({ state }) => state !== 'finished');
    const hasFilter = open.length >= FILTER_FROM;
    show(this.filter, hasFilter);
    show(byId('shard-filter-label'), hasFilter);
    const listed = (this.finished.checked ? shards : open).filter((shard) => this.isWanted(shard));
    renderRows(byId<HTMLTableElement>('shard-table'), listed.map(rowOf));
    show(byId('shards-empty'), listed.length === 0);
    setText(
      byId('shards-empty'),
      now.fleetProblem ?? (shards.length === 0 ? 'The lease table holds no shard yet.' : 'No shard matches.'),
    );
    const finished = shards.length - open.length;
    const stale = now.fleetProblem ? ', as last read' : '';
    setText(
      byId('shards-note'),
      `${plural(open.length, 'open shard')}${finished > 0 ? `, ${finished} finished` : ''}${stale}`,
    );
    this.renderOwners(now);
    this.renderMap(now);
  }

  private isWanted({ leaseKey, owner }: ShapedShard): boolean {
    const wanted = this.filter.hidden ? '' : this.filter.value.trim().toLowerCase();
    return wanted === '' || shardName(leaseKey) === wanted || (owner ?? '').toLowerCase().includes(wanted);
  }

  private renderOwners({ workers }: Now): void {
    renderKeyed(
      byId('owners'),
      workers
        .filter(({ shards }) => shards > 0)
        .map(({ workerId, shards }) => ({
          key: workerId,
          state: `${shards} ${colourOf(workerId)}`,
          make: () => make('li', {}, ownerMark(workerId), make('span', { text: plural(shards, 'shard') })),
        })),
    );
  }

  private renderMap({ shards }: Now): void {
    const placed = layOut(shards, this.finished.checked);
    const rows = Math.max(0, ...placed.map(({ row }) => row + 1));
    show(this.map, rows > 0);
    this.map.style.height = `${rows * ROW_PX - 6}px`;
    const width = this.map.clientWidth;
    renderKeyed(
      this.map,
      placed.map((one) => this.cell(one, width)),
    );
    setAttribute(
      this.map,
      'aria-label',
      `Map of the hash range: ${plural(placed.length, 'shard')} in ${plural(rows, 'generation')}. The table below says the same.`,
    );
  }

  private cell({ shard, row, from, to }: Placed, mapWidth: number): Keyed {
    const { state, owner, leaseKey, lagMs } = shard;
    const width = (to - from) * mapWidth;
    const isTiny = width < TINY_PX;
    const classes = ['cell', CELL_CLASS[state] ?? '', isTiny ? 'tiny' : '', isLate(shard) ? 'late' : ''].join(
      ' ',
    );
    const [, word = state] = STATES[state] ?? [];
    const behind = lagMs === null ? word : state === 'finished' ? word : duration(lagMs);
    const place = `${row} ${from} ${to}`;
    return {
      key: leaseKey,
      state: `${classes} ${behind} ${owner} ${place} ${Math.round(width)}`,
      make: () => {
        const title = `shard ${shardName(leaseKey)}, ${word}${owner ? `, ${owner}` : ''}${lagMs === null ? '' : `, ${duration(lagMs)} behind`}`;
        const cell = make('div', { className: classes, title }, make('b', { text: shardName(leaseKey) }));
        cell.append(
          document.createTextNode(isTiny ? '' : ` · ${behind}`),
          make('span', { text: state === 'finished' ? 'its children are read' : (owner ?? word) }),
        );
        cell.style.setProperty('--tone', colourOf(state === 'finished' ? null : owner));
        cell.style.left = `${from * 100}%`;
        cell.style.width = `calc(${(to - from) * 100}% - ${isTiny ? 1 : 4}px)`;
        cell.style.top = `${row * ROW_PX}px`;
        cell.addEventListener('click', () => this.light(leaseKey));
        return cell;
      },
    };
  }

  /** Shows a cell's row. */
  private light(leaseKey: string): void {
    for (const row of byId<HTMLTableElement>('shard-table').tBodies[0]?.rows ?? []) {
      const isIt = row.dataset['key'] === leaseKey;
      row.classList.toggle('lit', isIt);
      if (isIt) row.scrollIntoView({ block: 'nearest' });
    }
  }
}
