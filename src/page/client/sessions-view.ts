/** Searching sessions and SIMs, and the open sessions. The search is in the address, so that it can be shared. */
import type { Found, Now, ShapedSession } from '../shapes.ts';
import { byId, type Row, renderRows, setText, show } from './dom.ts';
import { bytes, count, exactBytes, shortTime } from './format.ts';
import { FoundView } from './found-view.ts';
import { ask } from './poller.ts';
import { sidButton } from './workers-view.ts';

export class SessionsView {
  private readonly query = byId<HTMLInputElement>('query');
  private readonly status = byId('found-status');
  private readonly found: FoundView;
  private searches = 0;

  constructor() {
    this.found = new FoundView((sid) => this.find(sid));
    byId<HTMLFormElement>('search').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.search(this.query.value.trim(), 'keep');
    });
    byId('found-close').addEventListener('click', () => this.close());
    document.addEventListener('keydown', (event) => this.key(event));
    const asked = new URLSearchParams(location.search).get('q');
    if (asked) this.find(asked);
  }

  /** Shows a session or a SIM and takes the reader there. */
  readonly find = (sid: string): void => {
    this.query.value = sid;
    void this.search(sid, 'go');
  };

  render({ openSessions }: Now): void {
    const { value, problem } = openSessions;
    const sessions = value?.sessions ?? [];
    renderRows(
      byId<HTMLTableElement>('open-table'),
      sessions.map((session) => this.openRow(session)),
    );
    show(byId('open-empty'), sessions.length === 0);
    setText(byId('open-empty'), value ? 'No session is open.' : (problem ?? 'Looking…'));
    const shown = value && value.count > sessions.length ? `, ${sessions.length} of them below` : '';
    const stale = value && problem ? ', as last read' : '';
    setText(
      byId('sessions-note'),
      value ? `${count(value.count)}${value.isPartial ? '+' : ''} open${shown}${stale}` : '',
    );
  }

  private openRow(session: ShapedSession): Row {
    const { sessionSid, simSid, network, totalBytes, usageThrough, startedAt, apn, eventCount } = session;
    return {
      key: sessionSid,
      cells: [
        { text: sessionSid, make: () => sidButton(sessionSid, this.find) },
        { text: simSid, make: () => sidButton(simSid, this.find) },
        { text: network ?? '–', className: 'soft' },
        { text: apn ?? '–', className: 'soft' },
        count(eventCount),
        { text: bytes(Number(totalBytes)), title: exactBytes(totalBytes) },
        startedAt ? { text: shortTime(startedAt), title: startedAt } : '–',
        usageThrough ? { text: shortTime(usageThrough), title: usageThrough } : '–',
      ],
    };
  }

  private async search(text: string, focus: 'keep' | 'go'): Promise<void> {
    this.searches += 1;
    const turn = this.searches;
    if (text === '') return this.close();
    setText(this.status, 'Looking…');
    history.replaceState(null, '', `?q=${encodeURIComponent(text)}#sessions`);
    try {
      const found = await ask<Found>(`/api/find?q=${encodeURIComponent(text)}`);
      // A later search overtook this one.
      if (turn === this.searches) this.renderFound(found, focus);
    } catch (error) {
      if (turn === this.searches) setText(this.status, `The search failed: ${(error as Error).message}.`);
    }
  }

  private renderFound(found: Found, focus: 'keep' | 'go'): void {
    if (found.kind === 'nothing') {
      show(byId('found'), false);
      setText(this.status, found.hint);
      return;
    }
    this.found.render(found);
    const { session, simSid, sessions } = found;
    const what = session ? 'Found the session' : 'Found the SIM';
    setText(
      this.status,
      `${what}${session ? '' : ` ${simSid} with ${count(sessions.length)} latest sessions`}.`,
    );
    if (focus === 'go') byId('found').focus({ preventScroll: true });
    byId('found').scrollIntoView({ block: 'nearest' });
  }

  private close(): void {
    this.searches += 1;
    show(byId('found'), false);
    setText(this.status, '');
    history.replaceState(null, '', location.pathname);
    this.query.focus();
  }

  private key(event: KeyboardEvent): void {
    const isTyping =
      event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.query.focus();
      this.query.select();
    }
    if (event.key === 'Escape' && !byId('found').hidden) this.close();
  }
}
