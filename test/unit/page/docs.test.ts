/** docs/page.md says what is there. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');
const text = readFileSync(join(ROOT, 'docs/page.md'), 'utf8');
const PICTURE_MAX_BYTES = 200_000;

describe('docs/page.md', () => {
  it('links only to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = '']) => link);

    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !existsSync(join(ROOT, 'docs', link)))).toEqual([]);
  });

  it('has pictures that are no burden', () => {
    const pictures = [...text.matchAll(/\((page\/[\w-]+\.png)\)/g)].map(([, picture = '']) => picture);

    expect(pictures).toHaveLength(4);
    for (const picture of pictures)
      expect([picture, statSync(join(ROOT, 'docs', picture)).size < PICTURE_MAX_BYTES]).toEqual([
        picture,
        true,
      ]);
  });

  it('names the paths that the page answers', () => {
    const routes = readFileSync(join(ROOT, 'src/page/page.ts'), 'utf8').matchAll(/'(\/api\/\w+)':/g);
    for (const [, route = ''] of routes) expect(text).toContain(`\`${route}`);
  });
});

describe('the page’s files', () => {
  const html = readFileSync(join(ROOT, 'src/page/static/page.html'), 'utf8');

  it('load nothing from elsewhere, and hold no inline script or style', () => {
    const addresses = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address = '']) => address);
    expect(addresses.filter((address) => !address.startsWith('/page/'))).toEqual([]);
    expect(html).not.toMatch(/<style|\sstyle=|<script(?![^>]*\bsrc=)|\son\w+=/);
    expect(readFileSync(join(ROOT, 'src/page/static/page.css'), 'utf8')).not.toMatch(/@import|url\(/);
  });

  it('have each element that the code asks for', () => {
    const code = [
      'main',
      'verdict-view',
      'shards-view',
      'workers-view',
      'sessions-view',
      'found-view',
      'letters-view',
      'progress-view',
    ]
      .map((name) => readFileSync(join(ROOT, `src/page/client/${name}.ts`), 'utf8'))
      .join('\n');
    const asked = [...code.matchAll(/(?:byId(?:<\w+>)?\(|(?:chart|legend|when)Id: )'([\w-]+)'/g)].map(
      ([, id = '']) => id,
    );
    expect(asked.length).toBeGreaterThan(40);
    expect(asked.filter((id) => !html.includes(`id="${id}"`))).toEqual([]);
  });
});
