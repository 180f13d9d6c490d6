/** Writes docs/page: pictures of the live page, taken of a running demo. Needs chromium and pngquant. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { systemClock } from '../../src/time.ts';
import { launchBrowser } from '../support/browser.ts';
import { startDemo } from '../support/demo-page.ts';

const FOLDER = 'docs/page';
const DURATION_S = 60;
/** After the kill (35 %) and the split (60 %). Unit: ms. */
const TAKEN_AFTER_MS = 44_000;
const PICTURE_MAX_BYTES = 200_000;

interface Shot {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
  readonly scale: number;
  /** Searched for what it holds first, and shown from there. */
  readonly found?: boolean;
}

const SHOTS: readonly Shot[] = [
  { name: 'light', width: 1280, height: 1240, colorScheme: 'light', scale: 1 },
  { name: 'dark', width: 1280, height: 1240, colorScheme: 'dark', scale: 1 },
  { name: 'phone', width: 390, height: 1500, colorScheme: 'light', scale: 1.5 },
  { name: 'session', width: 1280, height: 1060, colorScheme: 'light', scale: 1, found: true },
];

/** 256 colours are enough for a page without photographs. */
function compress(path: string): void {
  const { status, error } = spawnSync('pngquant', [
    '--force',
    '--skip-if-larger',
    '--strip',
    '--output',
    path,
    '256',
    path,
  ]);
  if (error) throw new Error('pngquant is missing: apt-get install pngquant', { cause: error });
  const { size } = statSync(path);
  if ((status !== 0 && status !== 98) || size > PICTURE_MAX_BYTES)
    throw new Error(`${path}: ${size} bytes, pngquant ended with ${status}`);
  process.stdout.write(`${path} ${size} bytes\n`);
}

/** A page that has looked at the demo for a while, so that its charts are full. */
async function open(
  browser: Browser,
  url: string,
  { width, height, colorScheme, scale }: Shot,
): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: scale,
    reducedMotion: 'reduce',
  });
  await page.goto(url);
  return page;
}

async function take(page: Page, { name, found = false }: Shot): Promise<void> {
  if (found) {
    // The first of the SIMs that used most.
    await page.locator('#talkers button').first().click();
    await page.locator('#usage-chart canvas').waitFor();
    await page.locator('#sim-session-table button').first().click();
    await page.locator('#found-title', { hasText: 'Session' }).waitFor();
    await page.evaluate("document.getElementById('sessions').scrollIntoView()");
    await systemClock.sleep(500);
  }
  const path = `${FOLDER}/${name}.png`;
  await page.screenshot({ path });
  compress(path);
}

mkdirSync(FOLDER, { recursive: true });
const { demo, url } = await startDemo(['--duration', String(DURATION_S)]);
const browser = await launchBrowser();
try {
  const pages: { readonly shot: Shot; readonly page: Page }[] = [];
  for (const shot of SHOTS) pages.push({ shot, page: await open(browser, url, shot) });
  await systemClock.sleep(TAKEN_AFTER_MS);
  for (const { shot, page } of pages) await take(page, shot);
} finally {
  await browser.close();
  demo.child.kill('SIGTERM');
}
