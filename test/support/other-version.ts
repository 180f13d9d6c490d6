/** Later versions of the program for tests of deploys: the built code, copied, with a few texts replaced. Each text must
 *  be there exactly once, so that a copy which is no other version fails. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mainPath } from './worker-process.ts';

export interface Patch {
  /** In `dist`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface OtherVersion {
  /** What `node` runs. */
  readonly main: string;
  remove(): void;
}

/** What a later version may add at any time: an attribute that this one does not know, and the number of the schema. */
export const ADDS_ATTRIBUTE: readonly Patch[] = [
  {
    file: 'store/session-attributes.js',
    from: 'export const SESSION_SCHEMA_VERSION = 1;',
    to: 'export const SESSION_SCHEMA_VERSION = 2;',
  },
  {
    file: 'store/session-attributes.js',
    from: "attribute('update_count', ({ updateCount }) => updateCount, asIs),",
    to: "attribute('update_count', ({ updateCount }) => updateCount, asIs),\n    attribute('events_seen_by_two', ({ eventCount }) => eventCount, asIs),",
  },
];

/** What it must announce: a private part in a layout that this one does not know, so that nobody folds without it. */
export const CHANGES_LAYOUT: readonly Patch[] = [
  {
    file: 'store/private-state.js',
    from: 'const LAYOUT_VERSION_MORE = 2;',
    to: 'const LAYOUT_VERSION_MORE = 3;',
  },
  {
    file: 'store/private-state.js',
    from: 'more === 0 ? LAYOUT_VERSION : LAYOUT_VERSION_MORE',
    to: 'LAYOUT_VERSION_MORE',
  },
  {
    file: 'store/private-state.js',
    from: 'if (more !== 0)\n        writer.uint8(more);',
    to: 'writer.uint8(more);',
  },
];

/** Beside the real build's dependencies, where the copy's imports find them. */
export function buildOtherVersion(version: string, patches: readonly Patch[]): OtherVersion {
  const dist = dirname(mainPath());
  const root = dirname(dist);
  const versions = join(root, 'node_modules/.cache/supersim-meter');
  mkdirSync(versions, { recursive: true });
  const folder = mkdtempSync(join(versions, `${version}-`));
  cpSync(dist, join(folder, 'dist'), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, version }));
  for (const patch of patches) apply(join(folder, 'dist', patch.file), patch);
  return {
    main: join(folder, 'dist/main.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function apply(path: string, { file, from, to }: Patch): void {
  const parts = readFileSync(path, 'utf8').split(from);
  if (parts.length !== 2)
    throw new Error(`dist/${file} has ${parts.length - 1} times, not once: ${from}. Adapt the patch`);
  writeFileSync(path, parts.join(to));
}
