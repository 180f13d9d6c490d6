/** docs/logs.md is held equal to the code: every event with its level, every field. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../../src/ops/limit-repeats.ts';
import { LOG_FIELDS } from '../../../src/ops/log.ts';

const ROOT = join(import.meta.dirname, '../../..');
const text = readFileSync(join(ROOT, 'docs/logs.md'), 'utf8');
const LEVELS = ['debug', 'info', 'warn', 'error'];

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'));

/** `log.warn('lease.retry', …)`, wherever the line breaks. */
const CALL = /\b(?:log|#?deps\.log)\.(debug|info|warn|error)\(\s*(['`])([^'`]+)\2/g;
/** A table of events, as the leases have it: `'lease.taken': ['info', '…']`. */
const ENTRY = /'([a-z-]+\.[a-z-]+)': \['(debug|info|warn|error)', '/g;
/** Names that are made: of a shard that needs a person. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  'shard.${error.code}': ['shard.position-refused', 'shard.item-unreadable'],
};

function eventsInCode(): string[] {
  const found = new Set<string>();
  for (const source of sources) {
    for (const [, level, , name = ''] of source.matchAll(CALL))
      for (const event of MADE[name] ?? [name]) found.add(`${event} ${level}`);
    for (const [, event, level] of source.matchAll(ENTRY)) found.add(`${event} ${level}`);
  }
  return [...found].sort();
}

const rows = text.split('\n').flatMap((line) => {
  const [, event, level, meaning = ''] = /^\| `([a-z.-]+)` \| (\w+) \| (.+) \|$/.exec(line) ?? [];
  return event && level && LEVELS.includes(level) ? [{ event, level, meaning }] : [];
});

describe('docs/logs.md', () => {
  it('lists every event with its level, in alphabetical order, and no other', () => {
    expect(rows.map(({ event, level }) => `${event} ${level}`)).toEqual(eventsInCode());
  });

  it('finds what it looks for: the code logs some dozen events', () => {
    expect(eventsInCode().length).toBeGreaterThan(40);
    expect(eventsInCode()).toContain('shard.parked error');
    expect(eventsInCode()).toContain('lease.retry warn');
  });

  it('marks those that are limited', () => {
    const marked = rows.filter(({ meaning }) => meaning.startsWith('↻')).map(({ event }) => event);

    expect(marked).toEqual(Object.keys(LIMITS).sort());
  });

  it('lists every field, and no other', () => {
    const fields = [...text.slice(text.indexOf('## Fields')).matchAll(/^\| `(\w+)` \|/gm)].map(
      ([, field]) => field,
    );

    expect(new Set(fields)).toEqual(new Set(LOG_FIELDS.filter((field) => field !== 'version')));
  });
});
