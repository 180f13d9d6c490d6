/** A replay's progress on a terminal. */
import { createLogUpdate } from 'log-update';
import type { ReplayProgress } from '../repair/replay.ts';
import type { Clock } from '../time.ts';

const BAR_WIDTH = 24;
/** Unit: ms. */
const DRAW_EVERY_MS = 100;

const count = (value: number): string => value.toLocaleString('en-US');

/** `[████░░░░]  42 %  1/4 shards · 1,234 read · 3 applied · 1,231 duplicates`. Pure. */
export function progressLine({ share, shards, shardsDone, tally }: ReplayProgress): string {
  const full = Math.round(share * BAR_WIDTH);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
  const { applied, duplicate } = tally.outcomes;
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${bar}] ${percent} %  ${shardsDone}/${shards} shards · ${count(tally.read)} read · ${count(applied)} applied · ${count(duplicate)} duplicates`;
}

export interface ProgressView {
  show(progress: ReplayProgress): void;
  /** Takes the line away. */
  clear(): void;
}

/** Draws on stderr, which must be a terminal: elsewhere nothing is shown, since it would be thousands of lines. */
export function progressOn(stream: NodeJS.WriteStream, clock: Clock): ProgressView {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined };
  const draw = createLogUpdate(stream);
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  return {
    show: (progress) => {
      const nowMs = clock.monotonicMs();
      if (nowMs - drawnAtMs < DRAW_EVERY_MS) return;
      drawnAtMs = nowMs;
      draw(progressLine(progress));
    },
    clear: () => {
      draw.clear();
      draw.done();
    },
  };
}
