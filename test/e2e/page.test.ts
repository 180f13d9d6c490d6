/** The live page in a real browser: with the demo's fleet, and with a worker whose tables go away. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { findBrowser, launchBrowser } from '../support/browser.ts';
import { startDemo } from '../support/demo-page.ts';
import { type Engines, startEngines } from '../support/engines.ts';
import { FaultCounts, FaultProxy } from '../support/fault-proxy.ts';
import { until } from '../support/until.ts';
import { type CliProcess, startCli } from '../support/worker-process.ts';

const isCi = process.env['CI'] === 'true';
const hasBrowser = findBrowser() !== undefined;
if (!hasBrowser && !isCi)
  process.stderr.write('the page’s browser tests are skipped: no chromium here (apt-get install chromium)\n');
const withBrowser = hasBrowser || isCi ? describe : describe.skip;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SECONDS = 1_000;

interface AxeFinding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe finds that is serious or critical. Evaluated by the debugger, which no policy of the page forbids. */
async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: AxeFinding[] }>('axe.run(document)');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html)
          .join(' ')}`,
    );
}

/** Whatever the browser complains of. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}

const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).textContent()) ?? '';

/** Shard → owner, as the page's table says. */
async function ownersOn(page: Page): Promise<ReadonlyMap<string, string>> {
  const rows = await page.locator('#shard-table tbody tr').allInnerTexts();
  return new Map(
    rows.map((row) => {
      const [shard = '', , owner = ''] = row.split(/\s*\t\s*/);
      return [shard.trim(), owner.trim()] as const;
    }),
  );
}

withBrowser('the page of the demo', () => {
  let browser: Browser;
  let demo: CliProcess;
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    browser = await launchBrowser();
    const started = await startDemo(['--duration', '40']);
    demo = started.demo;
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
    complaints = complaintsOf(page);
    await page.goto(started.url);
  });
  afterAll(async () => {
    await browser?.close();
    demo?.child.kill('SIGTERM');
    await demo?.done;
  });

  it('tells on its first screen that the books balance, and how far behind whom', async () => {
    await until('events are shown', 20 * SECONDS, async () =>
      /[1-9]/.test(await textOf(page, '#books dd >> nth=1')),
    );

    const [read, ...parts] = (await page.locator('#books dd').allInnerTexts()).map((text) =>
      Number(text.replaceAll(',', '')),
    );
    expect(read).toBe(parts.reduce((sum, part) => sum + part, 0));
    expect(await textOf(page, '#books-note')).toContain('The books balance');
    expect(await textOf(page, '#tiles')).toContain('Slowest shard is behind');
    expect([...(await ownersOn(page)).keys()].sort()).toEqual(['0', '1', '2']);
  });

  it('shows a killed worker’s shards change owner', async () => {
    let before: ReadonlyMap<string, string> = new Map();
    await until('worker-2 owns a shard', 15 * SECONDS, async () => {
      before = await ownersOn(page);
      return [...before.values()].includes('worker-2');
    });
    const orphans = [...before].flatMap(([shard, owner]) => (owner === 'worker-2' ? [shard] : []));

    await until('others own its shards', 25 * SECONDS, async () => {
      const now = await ownersOn(page);
      return orphans.every((shard) => /^worker-[13]$/.test(now.get(shard) ?? ''));
    });

    expect(await textOf(page, '#happenings')).toContain('worker-2 killed with -9');
  });

  it('moves its charts', async () => {
    const picture = (): Promise<string> =>
      page.evaluate("[...document.querySelectorAll('.chart canvas')].map((one) => one.toDataURL()).join()");
    const before = await picture();

    await until('the charts have moved', 8 * SECONDS, async () => (await picture()) !== before);

    expect(await page.locator('#lag-chart').getAttribute('aria-label')).toMatch(/Now [\d.]+ (s|min)/);
  });

  it('finds a session by its SID, and its SIM’s usage by hour', async () => {
    const button = page.locator('#open-table tbody tr >> nth=0 >> button >> nth=0');
    const sid = (await button.getAttribute('title')) ?? '';
    await page.keyboard.press('/');
    await page.keyboard.type(sid);
    await page.keyboard.press('Enter');

    await page.locator('#found').waitFor({ state: 'visible', timeout: 8 * SECONDS });

    expect(await textOf(page, '#found-title')).toBe(`Session ${sid}`);
    expect(await textOf(page, '#found-facts')).toContain('Distinct events');
    expect(page.url()).toContain(`?q=${sid}`);
    await page.locator('#usage-chart canvas').waitFor({ timeout: 5 * SECONDS });
    await page.locator('#query').fill('HS00000000000000000000000000000000');
    await page.keyboard.press('Enter');
    await until('it says so', 8 * SECONDS, async () =>
      (await textOf(page, '#found-status')).startsWith('Nothing'),
    );
  });

  it.each(['light', 'dark'] as const)('has nothing that axe calls serious, in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // With what is shown only on demand.
    await page.locator('#talkers button').first().click();
    await page.locator('#found').waitFor({ state: 'visible', timeout: 8 * SECONDS });

    expect(await seriousFindings(page)).toEqual([]);
  });

  it('fits a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });

    // Charts follow the window's size with the next frame they are given.
    await page.waitForFunction('document.documentElement.scrollWidth === 390', undefined, {
      timeout: 8 * SECONDS,
    });
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('has brought no complaint of the browser, and runs no injected script', async () => {
    expect(complaints).toEqual([]);

    const inject = `const one = document.createElement('script'); one.textContent = 'window.injected = true';
      document.body.append(one); document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="window.injected = true">');
      window.injected ?? false`;
    expect(await page.evaluate(inject)).toBe(false);
    await until('the policy says so', 5 * SECONDS, () =>
      complaints.some((text) => /Content Security Policy/.test(text)),
    );
    expect(await page.evaluate('window.injected ?? false')).toBe(false);
  });

  it('says that nobody answers any more when the demo has ended, and keeps what it showed', async () => {
    demo.child.kill('SIGTERM');
    await demo.done;
    await page.locator('#away').waitFor({ state: 'visible', timeout: 10 * SECONDS });

    expect(await textOf(page, '#away')).toContain('No answer from 127.0.0.1');
    expect(await textOf(page, '#books dd >> nth=0')).toMatch(/[1-9]/);
  });
});

withBrowser('the page of a worker whose tables go away', () => {
  let engines: Engines;
  let proxy: FaultProxy;
  let worker: CliProcess;
  let browser: Browser;
  let isDown = false;
  afterAll(async () => {
    await browser?.close();
    worker?.child.kill('SIGTERM');
    await worker?.done;
    await proxy?.stop();
    await engines?.stop();
  });

  it('says why, and recovers by itself', async () => {
    engines = await startEngines();
    const world = await engines.world(2);
    proxy = await FaultProxy.open({
      name: 'page',
      service: 'dynamodb',
      upstream: engines.dynamodb.endpoint,
      plan: { next: () => undefined },
      counts: new FaultCounts(),
      isDown: () => isDown,
    });
    worker = startCli(['run'], {
      ...world.env,
      AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
      SUPERSIM_HTTP: '127.0.0.1:0',
      SUPERSIM_WORKER_ID: 'w',
    });
    const address = (): string | undefined =>
      /"event":"http.listening".*"address":"([^"]+)"/.exec(worker.output())?.[1];
    await until('the worker listens', 20 * SECONDS, () => address() !== undefined, worker.output);
    browser = await launchBrowser();
    const page = await browser.newPage();
    await page.goto(`http://${address()}/`);
    const level = (): Promise<string | null> => page.locator('#verdict').getAttribute('data-level');
    const isOwned = async () =>
      [...(await ownersOn(page)).values()].filter((owner) => owner === 'w').length === 2;
    await until('the worker owns both shards', 15 * SECONDS, isOwned);
    expect(await level()).toBe('good');

    isDown = true;
    await until('the page is alarmed', 20 * SECONDS, async () => (await level()) === 'bad');
    const headline = await textOf(page, '#headline');
    isDown = false;
    await until('all is well again', 20 * SECONDS, async () => (await level()) === 'good');

    expect(headline).toMatch(/lease table|DynamoDB/);
    expect(await page.locator('#shard-table tbody tr').count()).toBe(2);
  });
});
