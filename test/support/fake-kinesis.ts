/** The simulated Kinesis as the SDK's client, with faults on demand and a list of its calls. */
import { GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } from '@aws-sdk/client-kinesis';
import type { KinesisSender } from '../../src/source/kinesis-reader.ts';
import type { Clock } from '../../src/time.ts';
import { awsError, type KinesisHabits, SimKinesis } from '../simulation/sim-kinesis.ts';

export { awsError };

export type Operation = 'GetShardIterator' | 'GetRecords' | 'ListShards';

export interface Call {
  readonly operation: Operation;
  readonly input: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

type Fault = Error | 'hang' | 'empty-page' | 'no-iterator';

const OPERATIONS = [
  ['GetShardIterator', GetShardIteratorCommand],
  ['GetRecords', GetRecordsCommand],
  ['ListShards', ListShardsCommand],
] as const;

export class FakeKinesis extends SimKinesis {
  readonly calls: Call[] = [];
  private readonly fakeClock: Clock;
  private readonly faults: { operation: Operation; error: Fault }[] = [];

  constructor(clock: Clock, habits: Partial<KinesisHabits> = {}) {
    super(clock, habits);
    this.fakeClock = clock;
  }

  /** The client to hand to the code under test. */
  get client(): KinesisSender {
    return this as unknown as KinesisSender;
  }

  /** The next call of `operation` goes wrong in this way; faults queue up. */
  failNext(operation: Operation, ...errors: Fault[]): void {
    this.faults.push(...errors.map((error) => ({ operation, error })));
  }

  callsOf(operation: Operation): Call[] {
    return this.calls.filter((call) => call.operation === operation);
  }

  async send(
    command: { readonly input: object },
    { abortSignal }: { abortSignal?: AbortSignal } = {},
  ): Promise<unknown> {
    await Promise.resolve();
    if (abortSignal?.aborted) throw awsError('AbortError');
    const operation = OPERATIONS.find(([, Command]) => command instanceof Command)?.[0];
    if (operation === undefined) throw new Error('the fake knows no such command');
    this.calls.push({ operation, input: { ...command.input }, atMs: this.fakeClock.monotonicMs() });
    const at = this.faults.findIndex((fault) => fault.operation === operation);
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.error;
    if (fault === 'hang')
      return new Promise((_, reject) =>
        abortSignal?.addEventListener('abort', () => reject(awsError('AbortError')), { once: true }),
      );
    if (fault instanceof Error) throw fault;
    const answer = this.apply(command, { isEmptyPage: fault === 'empty-page' });
    return fault === 'no-iterator' ? withoutIterator(answer) : answer;
  }
}

function withoutIterator(answer: object): object {
  const { NextShardIterator, ChildShards, ...rest } = answer as Record<string, unknown>;
  return rest;
}
