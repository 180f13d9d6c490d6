/** One event for each shard, again and again: a fleet's light load. */
import { PutRecordsCommand, type Shard } from '@aws-sdk/client-kinesis';
import { systemClock } from '../../src/time.ts';
import type { Engines } from './engines.ts';
import { sessionData, twilio } from './stream-records.ts';

const bytesOf = (line: string): Uint8Array => new TextEncoder().encode(line);

export class SteadyTraffic {
  /** Events put into each shard: 1 to `rounds` of the session `name <shard id>`. */
  rounds = 0;
  private readonly stopping = new AbortController();
  private readonly done: Promise<void>;

  constructor(
    { clients }: Engines,
    options: { stream: string; shards: readonly Shard[]; name: string; everyMs: number },
  ) {
    this.done = this.run(clients.kinesis, options);
    // Looked at in `stop`; until then a failure must not end the test process.
    this.done.catch(() => undefined);
  }

  /** @throws what putting threw. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async run(
    kinesis: Engines['clients']['kinesis'],
    { stream, shards, name, everyMs }: ConstructorParameters<typeof SteadyTraffic>[1],
  ): Promise<void> {
    for (let nextAtMs = systemClock.monotonicMs(); !this.stopping.signal.aborted; nextAtMs += everyMs) {
      const round = this.rounds + 1;
      const answer = await kinesis.send(
        new PutRecordsCommand({
          StreamName: stream,
          Records: shards.map(({ ShardId: id, HashKeyRange: range }) => ({
            PartitionKey: id,
            ExplicitHashKey: range?.StartingHashKey,
            Data: bytesOf(twilio(sessionData(`${name} ${id}`, round))),
          })),
        }),
      );
      if (answer.FailedRecordCount) throw new Error(`${answer.FailedRecordCount} records were refused`);
      this.rounds = round;
      await systemClock.sleep(nextAtMs + everyMs - systemClock.monotonicMs(), this.stopping.signal);
    }
  }
}
