/** What the documents promise to be tested is tested by that name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { REASON_TEXTS } from '../../src/cli/reason-texts.ts';
import { POISON_REASONS } from '../../src/decode/decoded-item.ts';
import { CHECK_NAMES } from '../../src/doctor/check.ts';
import { REASONS } from '../../src/reconcile/reasons.ts';
import { STORE_REASONS } from '../../src/store/dead-letter-item.ts';
import { shownCalls } from '../support/doc-commands.ts';
import { parseCommand } from '../support/parse-command.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/kcl.md'), 'utf8');
const complaints = text.split('\n').filter((line) => /^\| \d+ \|/.test(line));

describe('docs/kcl.md', () => {
  it('answers 25 complaints', () => {
    expect(complaints.map((line) => Number(line.split('|')[1]))).toEqual(
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
    for (const line of complaints) expect(line.split('|').at(-2)?.trim().length).toBeGreaterThan(10);
  });

  it.each(
    [...text.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(([, file = '', title = '']) => [
      file,
      title,
    ]),
  )('%s has the test "%s"', (file, title) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(title);
  });

  it('links only to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(root, 'docs', link)))).toEqual([]);
  });
});

describe('docs/reconciliation.md', () => {
  const reconciliation = readFileSync(join(root, 'docs/reconciliation.md'), 'utf8');

  it.each(REASONS)('says of %s what to do', (reason) => {
    const row = reconciliation.split('\n').find((line) => line.startsWith(`| \`${reason}\` |`));
    const [, , when = '', todo = ''] = row?.split('|') ?? [];
    expect([when.trim().length > 5, todo.trim().length > 5]).toEqual([true, true]);
  });

  it('names the exit code', () => {
    expect(reconciliation).toContain(`**${EXIT.differences}**`);
  });
});

const docs = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('every document', () => {
  it.each(docs)('%s calls commands and flags that there are', async (file) => {
    for (const call of shownCalls(join(root, file)))
      await expect(parseCommand(call).then(() => call)).resolves.toBe(call);
  });

  it('shows calls of the program', () => {
    expect(docs.flatMap((file) => shownCalls(join(root, file))).length).toBeGreaterThan(50);
  });
});

describe('docs/cli.md', () => {
  it.each(CHECK_NAMES)('explains the doctor’s check %s', (name) => {
    expect(read('docs/cli.md')).toMatch(new RegExp(`^\\| .*\`${name}\``, 'm'));
  });
});

describe('docs/repair.md', () => {
  it.each([...POISON_REASONS, ...STORE_REASONS, 'gap'])(
    'says of the reason %s what the command says',
    (reason) => {
      const text = (REASON_TEXTS as Readonly<Record<string, string>>)[reason] ?? 'missing';
      expect(read('docs/repair.md')).toContain(`| \`${reason}\` | ${text} |`);
    },
  );
});

describe('docs/runbook.md', () => {
  const runbook = read('docs/runbook.md');
  const sections = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
  );
  /** The alerts' names. */
  const ALARMS = [
    'falling-behind',
    'data-loss-near',
    'nobody-reading',
    'shard-without-owner',
    'hash-range-hole',
    'shard-parked',
    'shard-stuck',
    'checkpoint-old',
    'records-lost',
    'dead-letters',
    'many-dead-letters',
    'bytes-missing',
    'aws-failing',
    'throttled',
    'stream-quiet',
    'leases-moving',
    'event-loop-blocked',
    'process-restarting',
  ];

  it.each(ALARMS.filter((alarm) => alarm !== 'many-dead-letters'))(
    '%s: confirm, assess, mitigate, explain',
    (alarm) => {
      const section = sections.get(alarm) ?? '';
      const steps = ['confirm', 'assess', 'mitigate', 'explain'].filter(
        (step) => !section.toLowerCase().includes(step),
      );
      expect([alarm, steps]).toEqual([alarm, []]);
    },
  );

  it('has a line in its table for every alarm', () => {
    for (const alarm of ALARMS) expect(runbook).toContain(`[${alarm}](#${alarm})`);
  });

  it('links only to sections and files that are there', () => {
    const anchors = new Set([...sections.keys()].map((title) => title.toLowerCase().replaceAll(' ', '-')));
    const links = [...runbook.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) =>
      link.startsWith('#')
        ? !anchors.has(link.slice(1))
        : !existsSync(join(root, 'docs', link.split('#')[0] ?? '')),
    );
    expect(broken).toEqual([]);
  });
});
