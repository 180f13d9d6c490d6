/** The page's files, read once: our own, and the chart library's from its package. Nothing comes from elsewhere. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface Asset {
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const FOLDER = import.meta.dirname;

export const etagOf = (body: string | Buffer): string =>
  `"${createHash('sha1').update(body).digest('base64url')}"`;

function load(path: string): Asset {
  const body = readFileSync(path);
  const contentType = TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  return { body, contentType, etag: etagOf(body) };
}

const namesIn = (folder: string, ...endings: readonly string[]): string[] =>
  readdirSync(folder).filter((name) => endings.some((ending) => name.endsWith(ending)));

/** URL path → file. */
export function loadAssets(folder: string = FOLDER): ReadonlyMap<string, Asset> {
  const chart = (name: string): string => createRequire(import.meta.url).resolve(`uplot/dist/${name}`);
  const [statics, client] = [join(folder, 'static'), join(folder, 'client')];
  const assets = new Map<string, Asset>([
    ['/page/uplot.js', load(chart('uPlot.iife.min.js'))],
    ['/page/uplot.css', load(chart('uPlot.min.css'))],
  ]);
  for (const name of namesIn(statics, '.html', '.css', '.svg'))
    assets.set(name === 'page.html' ? '/' : `/page/${name}`, load(join(statics, name)));
  for (const name of namesIn(client, '.js')) assets.set(`/page/${name}`, load(join(client, name)));
  return assets;
}
