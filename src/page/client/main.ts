/** The page: asks the worker every two seconds and shows what it says. */
import type { History, Now } from '../shapes.ts';
import { every, wallMs } from './browser-time.ts';
import { byId, setAttribute, setText, show } from './dom.ts';
import { ago, clockTime } from './format.ts';
import { renderLetters } from './letters-view.ts';
import { ask, type Connection, Poller } from './poller.ts';
import { ProgressView } from './progress-view.ts';
import { SessionsView } from './sessions-view.ts';
import { ShardsView } from './shards-view.ts';
import { renderVerdict } from './verdict-view.ts';
import { renderHappenings, renderTalkers, renderWorkers } from './workers-view.ts';

const EVERY_MS = 2_000;

const PLACES: Readonly<Record<Now['place'], string>> = {
  worker: 'one worker',
  processes: 'several processes',
  demo: 'demo',
};

const progress = new ProgressView();
const shards = new ShardsView();
const sessions = new SessionsView();
const pace = byId<HTMLSelectElement>('pace');
let place: Now['place'] = 'worker';
let connection: Connection = { isOk: true, answeredAtMs: undefined, problem: '' };

function renderPlace({ stream, application, endpoints, version }: Now): void {
  setText(byId('place'), PLACES[place]);
  show(byId('place'), true);
  const at = endpoints.length > 0 ? ` · not AWS: ${endpoints.join(', ')}` : '';
  setText(byId('stream'), `stream ${stream} · application ${application}${at}`);
  setAttribute(byId('stream'), 'title', byId('stream').textContent ?? '');
  setText(byId('about'), `supersim-meter ${version}`);
  document.title = `${stream} – supersim-meter`;
}

function render(now: Now): void {
  place = now.place;
  renderPlace(now);
  renderVerdict(now);
  progress.render(now.happenings);
  shards.render(now);
  renderWorkers(now);
  renderHappenings(now);
  sessions.render(now);
  renderTalkers(now, sessions.find);
  renderLetters(now);
}

async function look(): Promise<void> {
  const [now, history] = await Promise.all([
    ask<Now>('/api/now'),
    ask<History>(`/api/history?after=${progress.after}`),
  ]);
  progress.add(history);
  render(now);
}

function renderConnection(): void {
  const { isOk, answeredAtMs, problem } = connection;
  const isPaused = pace.value === '0';
  setAttribute(byId('freshness'), 'data-state', isOk ? (isPaused ? 'paused' : 'live') : 'away');
  const age = answeredAtMs === undefined ? '' : `updated ${ago(wallMs() - answeredAtMs)}`;
  setText(byId('freshness'), age || (isOk ? 'connecting…' : 'no answer'));
  show(byId('away'), !isOk);
  if (isOk) return;
  const since = answeredAtMs === undefined ? '' : ` What you see is from ${clockTime(answeredAtMs)} UTC.`;
  setText(
    byId('away'),
    `No answer from ${location.host}: ${problem}.${since} The ${place === 'demo' ? 'demo' : 'worker'} may have ended; this page tries again by itself.`,
  );
}

const poller = new Poller(EVERY_MS, look, (seen) => {
  connection = seen;
  renderConnection();
});
pace.addEventListener('change', () => {
  poller.pace(Number(pace.value));
  renderConnection();
});
every(1_000, renderConnection);
void poller.go();
