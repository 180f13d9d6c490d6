/** Which of two text formats a scraper gets. Our series are written in Prometheus's; OpenMetrics differs in what stands
 *  around the samples. Not by prom-client, which would rename its counters for good at the first such scrape.
 *  Source: prometheus.io, "Exposition formats"; OpenMetrics 1.0. Pure. */

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

const OPEN_METRICS = 'application/openmetrics-text';
export const OPEN_METRICS_TYPE = `${OPEN_METRICS}; version=1.0.0; charset=utf-8`;

/** How much a header wants a media type, from 0 to 1; 0 when it does not name it. */
function wish(accept: string, mediaType: string): number {
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== mediaType) continue;
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const q = quality === undefined ? 1 : Number(quality.slice(2));
    return Number.isNaN(q) ? 0 : q;
  }
  return 0;
}

/** OpenMetrics for who names it and wants it at least as much as plain text, as Prometheus does; a browser and curl
 *  get plain text. */
export function negotiated(exposition: Exposition, accept = ''): Exposition {
  const open = wish(accept, OPEN_METRICS);
  if (open === 0 || open < wish(accept, 'text/plain')) return exposition;
  return { contentType: OPEN_METRICS_TYPE, body: toOpenMetrics(exposition.body) };
}

/** A counter's family has no `_total`, no line is empty, and the end is marked. */
function toOpenMetrics(text: string): string {
  const counters = new Set(
    [...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map(([, family]) => `${family}_total`),
  );
  const lines = text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const [mark, word, name = ''] = line.split(' ', 3);
    const isFamily = mark === '#' && (word === 'HELP' || word === 'TYPE') && counters.has(name);
    return isFamily ? [line.replace(name, name.slice(0, -'_total'.length))] : [line];
  });
  return `${[...lines, '# EOF'].join('\n')}\n`;
}
