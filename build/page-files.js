/** The page's files that are not compiled go beside those that are. */
import { cpSync } from 'node:fs';

cpSync('src/page/static', 'dist/page/static', { recursive: true });
