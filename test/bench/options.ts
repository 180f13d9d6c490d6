/** What `npm run bench` is asked, read from its arguments. */
import { parseArgs } from 'node:util';
import { PROJECTIONS } from '../../src/store/projection-names.ts';

const PARTS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'S'] as const;

const HELP = `npm run bench -- [options]
  --only A,B,..  parts to run; default A to G
                 A  decode and fold alone          D  1 to 64 shards, 2 processes, reads at Kinesis's limit
                 B  the whole worker               E  units per event of four streams
                 C  other designs in our place     F  the lease table's cost
                 G  a scrape of the metrics, 256 shards
                 S  soak: memory at 16 shards' full load for --minutes; ends with 1 when RSS is above 200 MiB or grows
  --events N     records of a run, and of a cycle of S; default 40000. Runs of 200000 and more are not ruled by their
                 first seconds
  --rate N       records a second of paced runs; default 1000
  --p50 MS       latency of both services, median; default 5
  --p99 MS       and 99th percentile; default 25
  --minutes N    how long S reads; default 30
  --keep A,B     what S keeps, as SUPERSIM_PROJECTIONS; default sessions
  --json         results in one line
  --docs         also writes docs/performance.md and its pictures; from the project's root, with all parts but S
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'A,B,C,D,E,F,G' },
    events: { type: 'string', default: '40000' },
    rate: { type: 'string', default: '1000' },
    p50: { type: 'string', default: '5' },
    p99: { type: 'string', default: '25' },
    minutes: { type: 'string', default: '30' },
    keep: { type: 'string', default: 'sessions' },
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

function whole(name: 'events' | 'rate' | 'p50' | 'p99' | 'minutes', min: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= min) return value;
  process.stderr.write(`bench: --${name} must be a whole number of at least ${min}, not "${values[name]}"\n`);
  process.exit(2);
}

function listed<T extends string>(text: string, name: string, allowed: readonly T[]): ReadonlySet<T> {
  const asked = text.split(',');
  const unknown = asked.filter((each) => !allowed.some((one) => one === each));
  if (unknown.length === 0) return new Set(asked as T[]);
  process.stderr.write(`bench: --${name} takes ${allowed.join(', ')}, not "${unknown.join(',')}"\n`);
  process.exit(2);
}

export const wanted = listed(values.only.toUpperCase(), 'only', PARTS);
export const events = whole('events', 1_000);
export const rate = whole('rate', 1);
export const minutes = whole('minutes', 1);
export const latency = { p50Ms: whole('p50', 0), p99Ms: whole('p99', 0) };
export const keep = [...listed(`sessions,${values.keep}`, 'keep', PROJECTIONS)];
export const { json: isJson, docs: hasDocs } = values;
