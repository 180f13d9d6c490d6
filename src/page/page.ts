/** The live page: static files and JSON, read-only. It has no login: bind it to 127.0.0.1 or a private address. */
import { toJson } from '../json.ts';
import type { PageAnswer, PageRequest, ServedPage } from '../ops/page-port.ts';
import type { Clock } from '../time.ts';
import { SAMPLE_EVERY_MS, SampleHistory } from './history.ts';
import { type NowDeps, NowView } from './now-view.ts';
import { type Asset, etagOf } from './page-assets.ts';
import { problemOf } from './read-problem.ts';
import type { SessionFinder } from './session-finder.ts';

/** Scripts, styles, images and calls of our own only; nothing inline, no frames, no forms elsewhere. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export interface PageDeps extends NowDeps {
  readonly clock: Clock;
  readonly finder: SessionFinder;
  readonly assets: ReadonlyMap<string, Asset>;
  /** Frees what the page alone uses. */
  readonly close: () => void;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** Unchanged: the browser has it already. */
function answer(body: string | Buffer, contentType: string, etag: string, request: PageRequest): PageAnswer {
  const isKnown = request.ifNoneMatch === etag;
  return {
    status: isKnown ? 304 : 200,
    body: isKnown ? '' : body,
    contentType,
    headers: { ...HEADERS, etag },
  };
}

export class Page implements ServedPage {
  private readonly deps: PageDeps;
  private readonly history = new SampleHistory();
  private readonly now: NowView;
  private readonly stopping = new AbortController();
  private readonly sampling: Promise<void>;

  constructor(deps: PageDeps) {
    this.deps = deps;
    this.now = new NowView(deps, this.history);
    this.sampling = this.sample();
  }

  has(path: string): boolean {
    return this.deps.assets.has(path) || Object.hasOwn(this.routes, path);
  }

  async answer(request: PageRequest): Promise<PageAnswer | undefined> {
    const asset = this.deps.assets.get(request.path);
    if (asset) return answer(asset.body, asset.contentType, asset.etag, request);
    if (!Object.hasOwn(this.routes, request.path)) return undefined;
    const text = await this.routes[request.path]?.(request.query);
    return text === undefined ? undefined : answer(text, JSON_TYPE, etagOf(text), request);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.sampling;
    this.deps.close();
  }

  private readonly routes: Readonly<Record<string, (query: URLSearchParams) => Promise<string>>> = {
    '/api/now': () => this.now.text(),
    '/api/history': async (query) => toJson(this.history.after(Number(query.get('after') ?? 0) || 0)),
    '/api/find': (query) => this.find(query.get('q') ?? ''),
    '/api/workers': async () => toJson(await this.deps.reports()),
  };

  private async find(query: string): Promise<string> {
    try {
      return toJson(await this.deps.finder.find(query));
    } catch (error) {
      return toJson({ kind: 'nothing', hint: problemOf(error, 'looking for it') });
    }
  }

  private async sample(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.now.sample();
      await this.deps.clock.sleep(SAMPLE_EVERY_MS, this.stopping.signal);
    }
  }
}
