import { until } from './until.ts';
import { type CliProcess, startCli } from './worker-process.ts';

/** Starts the demo as a user would, and finds its page. */
export async function startDemo(
  args: readonly string[],
): Promise<{ readonly demo: CliProcess; readonly url: string }> {
  const demo = startCli(['demo', ...args], {});
  const find = (): string | undefined => /live page: (http:\S+)/.exec(demo.output())?.[1];
  await until(
    'the demo says where its page is',
    30_000,
    () => find() !== undefined,
    () => demo.output(),
  );
  return { demo, url: find() ?? '' };
}
