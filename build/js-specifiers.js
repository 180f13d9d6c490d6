/** Declarations keep `./file.ts` as they import each other (TypeScript rewrites code only): made `./file.js` here,
 *  which every consumer's TypeScript resolves. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'dist';
const SPECIFIER = /((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g;

for (const file of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.d.ts')) continue;
  const path = join(FOLDER, file);
  const text = readFileSync(path, 'utf8');
  const rewritten = text.replace(SPECIFIER, '$1.js$2');
  if (rewritten !== text) writeFileSync(path, rewritten);
}
