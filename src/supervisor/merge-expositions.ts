/** Several Prometheus texts as one. Pure. */

interface Family {
  readonly headers: readonly string[];
  readonly samples: string[];
}

/** Joins texts whose samples differ in a label. Nothing is added up: a sum of lags or ages would mean nothing, and a
 *  counter that starts anew with its process must stay a series of its own. The format wants the samples of one name
 *  in one place, under one HELP and TYPE.
 *  Source: prometheus.io, "Exposition formats". */
export function mergeExpositions(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) {
    let headers: string[] = [];
    let family: Family | undefined;
    for (const line of text.split('\n')) {
      const [mark, word, name = ''] = line.split(' ', 3);
      if (mark === '#' && word === 'HELP') headers = [line];
      else if (mark === '#' && word === 'TYPE') {
        family = families.get(name) ?? { headers: [...headers, line], samples: [] };
        families.set(name, family);
      } else if (line !== '') family?.samples.push(line);
    }
  }
  return [...families.values()]
    .map(({ headers, samples }) => `${[...headers, ...samples].join('\n')}\n`)
    .join('\n');
}
