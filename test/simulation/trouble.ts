/** What happens to processes and to the stream in the troubled phase. */
import type { SimWorker } from './sim-worker.ts';
import type { World } from './world.ts';

const OPEN_SHARDS_MAX = 8;

export class Trouble {
  private readonly world: World;
  private isOver = false;

  constructor(world: World) {
    this.world = world;
  }

  /** Plans the whole phase. */
  plan(): void {
    const { plan, chance, queue } = this.world;
    const { trouble } = plan;
    for (let count = 0; count < plan.workers; count += 1)
      queue.at(chance.is(0.5) ? 0 : chance.whole(0, 10_000 * plan.scale), () => this.world.startWorker());
    this.times(trouble.kills, 'kill -9', () => this.kill());
    this.times(trouble.terminations, 'SIGTERM', () => this.terminate());
    this.times(trouble.pauses, 'pause', () => this.pause());
    this.times(trouble.stalls, 'event-loop stall', () =>
      this.any()?.process.pause(this.atMost(chance.whole(50, 1_000))),
    );
    this.times(trouble.allPauses, 'pause of all', () => this.pauseAll());
    this.times(trouble.splits, 'split', () => this.split());
    this.times(trouble.merges, 'merge', () => this.merge());
    this.times(trouble.clockSteps, 'clock step', () => this.stepClock());
    this.times(trouble.trims, 'trim', () => this.trim());
  }

  /** From now on nothing more happens; what stands still goes on by itself. */
  end(): void {
    this.isOver = true;
  }

  private times(count: number, kind: string, happen: () => void): void {
    const { chance, queue, plan, faults } = this.world;
    for (let left = count; left > 0; left -= 1)
      queue.at(chance.whole(0, plan.troubledMs), () => {
        if (this.isOver) return;
        faults.count(kind);
        happen();
      });
  }

  private any(): SimWorker | undefined {
    const alive = this.world.workers.filter(({ isAlive }) => isAlive);
    return alive.length === 0 ? undefined : this.world.chance.pick(alive);
  }

  private kill(): void {
    const { chance, plan } = this.world;
    const worker = this.any();
    if (!worker) return;
    worker.process.kill();
    this.world.replaceWorker(chance.whole(10, 5_000) * plan.scale);
  }

  /** A rolling deployment: the new one may come before the old one has gone. */
  private terminate(): void {
    const worker = this.any();
    if (worker && !worker.isStopping) worker.stop();
  }

  private pause(): void {
    const { chance, config } = this.world;
    this.any()?.process.pause(
      this.atMost(chance.whole(100, Math.round(config.failoverTimeMs * chance.pick([0.2, 1, 3])))),
    );
  }

  private pauseAll(): void {
    const { chance, config, workers } = this.world;
    const ms = this.atMost(chance.whole(100, 3 * config.failoverTimeMs));
    for (const { process } of workers) process.pause(ms);
  }

  /** Nothing lasts longer than the phase. */
  private atMost(ms: number): number {
    return Math.min(ms, this.world.plan.troubledMs - this.world.queue.nowMs);
  }

  private open() {
    return this.world.kinesis.shards().filter(({ endsAt }) => endsAt === undefined);
  }

  private split(): void {
    const open = this.open();
    if (open.length < OPEN_SHARDS_MAX) this.world.kinesis.split(this.world.chance.pick(open).id);
  }

  private merge(): void {
    const open = this.open().sort((a, b) => (a.range[0] < b.range[0] ? -1 : 1));
    if (open.length < 2) return;
    const at = this.world.chance.whole(0, open.length - 2);
    this.world.kinesis.merge((open[at] as { id: string }).id, (open[at + 1] as { id: string }).id);
  }

  private stepClock(): void {
    const { chance } = this.world;
    this.any()?.process.stepWall(chance.pick([-1, 1]) * chance.whole(1_000, 3_600_000));
  }

  /** A closed shard may go altogether. */
  private trim(): void {
    const { chance, kinesis, store } = this.world;
    const shard = chance.pick(kinesis.shards());
    const count = shard.records.length;
    if (shard.endsAt !== undefined && chance.is(0.5)) {
      store.trim(kinesis, shard.id, count);
      kinesis.expireShard(shard.id);
    } else if (count > 0) store.trim(kinesis, shard.id, chance.whole(1, count));
  }
}
