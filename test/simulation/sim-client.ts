/** One worker's link to a service, in the place of the SDK's client: delays, faults, the SDK's timeouts and its
 *  repeats.
 *
 *    send ─► attempt ─► (on its way) ─► applied ─► (on its way back) ─► answer
 *              ▲  lost, cut, late, throttled, 500 …        │
 *              └───────── repeated by the SDK ◄────────────┘
 *
 *  A request that is on its way is applied even when its process dies meanwhile. The SDK repeats the very same
 *  request, so that a conditional write that was applied may come back as refused. */
import { BatchExecuteStatementCommand, type BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import type { ClientLimits, OnCallEnd } from '../../src/aws-clients.ts';
import type { Chance } from '../../src/local/seeded-random.ts';
import type { EventQueue } from './event-queue.ts';
import type { CallFault, FaultSource, Service } from './faults.ts';
import { awsError } from './sim-kinesis.ts';
import type { SimProcess } from './sim-process.ts';

/** Longest time after which a request that its caller has given up is still applied. Unit: ms. */
const APPLIED_LATE_MAX_MS = 20_000;

export interface LinkOptions {
  readonly service: Service;
  readonly process: SimProcess;
  readonly workerNumber: number;
  readonly limits: ClientLimits;
  readonly queue: EventQueue;
  readonly chance: Chance;
  readonly faults: FaultSource;
  /** Asks the engine, at once. */
  readonly apply: (command: unknown, options: { readonly isEmptyPage: boolean }) => unknown;
  /** Told of each attempt that brought no answer of the engine's. */
  readonly onFailure: () => void;
}

type Answer = { readonly value: unknown } | { readonly error: unknown };

const TRANSIENT = new Set(['TimeoutError', 'ECONNRESET', 'InternalServerError', 'InternalFailureException']);
const THROTTLES = new Set(['ProvisionedThroughputExceededException', 'ThrottlingException']);

const connectionReset = (): Error =>
  Object.assign(new Error('simulated ECONNRESET'), { name: 'Error', code: 'ECONNRESET' });

const nameOf = (error: unknown): string => {
  const { name, code } = error as { name?: string; code?: string };
  return code ?? name ?? '';
};

/** One call of the worker's, over all its attempts. */
class Call {
  isOver = false;
  /** Of the attempt's timeout, or of the pause before the next one. */
  cancelTimer: () => void = () => undefined;
  private readonly answer: (answer: Answer) => void;

  constructor(answer: (answer: Answer) => void) {
    this.answer = answer;
  }

  end(answer: Answer): void {
    if (this.isOver) return;
    this.isOver = true;
    this.cancelTimer();
    this.answer(answer);
  }
}

export class SimClient {
  /** Calls whose caller still waits. */
  waiting = 0;
  /** Told of each call, as the production clients tell it. */
  onCall: (() => OnCallEnd) | undefined;
  private readonly options: LinkOptions;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  /** @throws (rejects) as the SDK would. */
  send = (command: object, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (abortSignal?.aborted) {
        reject(awsError('AbortError'));
        return;
      }
      this.waiting += 1;
      const ended = this.onCall?.();
      const onAbort = (): void => call.end({ error: awsError('AbortError') });
      const call = new Call((answer) => {
        this.waiting -= 1;
        abortSignal?.removeEventListener('abort', onAbort);
        ended?.('error' in answer ? { error: answer.error } : {});
        if ('error' in answer) reject(answer.error);
        else resolve(answer.value);
      });
      abortSignal?.addEventListener('abort', onAbort, { once: true });
      this.attempt(command, 1, call);
    });

  destroy(): void {}

  private attempt(command: object, number: number, call: Call): void {
    const { limits, process, chance, onFailure } = this.options;
    let isAnswered = false;
    const settle = (answer: Answer): void => {
      if (isAnswered || call.isOver) return;
      isAnswered = true;
      call.cancelTimer();
      const error = 'error' in answer ? answer.error : undefined;
      const isFailure = error !== undefined && isRepeatedBySdk(error);
      if (isFailure) onFailure();
      if (!isFailure || number >= limits.attemptsMax) {
        call.end(answer);
        return;
      }
      const baseMs = THROTTLES.has(nameOf(error)) ? 1_000 : 50;
      const delayMs = chance.whole(0, baseMs * 2 ** (number - 1));
      call.cancelTimer = process.timer(delayMs, () => this.attempt(command, number + 1, call));
    };
    call.cancelTimer = process.timer(limits.requestTimeoutMs, () =>
      settle({ error: awsError('TimeoutError') }),
    );
    this.travel(command, settle);
  }

  private travel(command: object, settle: (answer: Answer) => void): void {
    const { service, process, workerNumber, limits, queue, chance, faults } = this.options;
    const fault = faults.pick(service, command.constructor.name, workerNumber, queue.nowMs);
    const thereMs = chance.whole(1, 5);
    const backMs =
      fault === 'slow-answer' ? chance.whole(100, limits.requestTimeoutMs - 100) : chance.whole(1, 5);
    if (fault === 'request-lost') return;
    const isApplied = arrives(fault, chance);
    const atMs =
      fault === 'applied-late' ? chance.whole(limits.requestTimeoutMs, APPLIED_LATE_MAX_MS) : thereMs;
    queue.after(atMs, () => {
      const answer = isApplied ? this.apply(command, fault) : undefined;
      const instead = errorOf(fault, service);
      if (instead === 'nothing') return;
      process.deliver(backMs, () => settle(instead ? { error: instead } : (answer as Answer)));
    });
  }

  private apply(command: object, fault: CallFault | undefined): Answer {
    try {
      if (fault === 'statements-throttled')
        return { value: this.applyButFirst(command as BatchExecuteStatementCommand) };
      const value = this.options.apply(command, { isEmptyPage: fault === 'empty-page' });
      return { value: spoil(value as Record<string, unknown>, command, fault) };
    } catch (error) {
      return { error };
    }
  }

  /** The first statement of the batch is throttled, the others are executed. */
  private applyButFirst({ input }: BatchExecuteStatementCommand): object {
    const rest = (input.Statements ?? []).slice(1);
    const command = new BatchExecuteStatementCommand({ ...input, Statements: rest });
    const answer =
      rest.length > 0
        ? (this.options.apply(command, { isEmptyPage: false }) as { Responses: object[] })
        : undefined;
    return { Responses: [{ Error: { Code: 'ThrottlingError' } }, ...(answer?.Responses ?? [])] };
  }
}

/** What some faults make of an answer. */
function spoil(
  answer: Record<string, unknown>,
  command: object,
  fault: CallFault | undefined,
): Record<string, unknown> {
  if (fault === 'no-iterator') return { ...answer, NextShardIterator: undefined, ChildShards: undefined };
  if (fault !== 'unprocessed-keys') return answer;
  const { RequestItems } = (command as BatchGetCommand).input;
  const [[table, request] = ['', undefined]] = Object.entries(RequestItems ?? {});
  const keys = request?.Keys ?? [];
  const items = (answer['Responses'] as Record<string, Record<string, unknown>[]>)[table] ?? [];
  const isLeft = (item: Record<string, unknown>): boolean =>
    Object.entries(keys[0] ?? {}).some(([name, value]) => item[name] !== value);
  return {
    ...answer,
    Responses: { [table]: items.filter(isLeft) },
    UnprocessedKeys: { [table]: { ...request, Keys: keys.slice(0, 1) } },
  };
}

const isRepeatedBySdk = (error: unknown): boolean =>
  TRANSIENT.has(nameOf(error)) || THROTTLES.has(nameOf(error));

function arrives(fault: CallFault | undefined, chance: Chance): boolean {
  if (fault === 'reset' || fault === 'throttled' || fault === 'expired-iterator') return false;
  return fault !== 'server-error' || chance.is(0.5);
}

/** What the caller gets instead of the engine's answer; 'nothing' when its timeout is all it gets. */
function errorOf(fault: CallFault | undefined, service: Service): Error | 'nothing' | undefined {
  switch (fault) {
    case 'reset':
    case 'answer-lost':
      return connectionReset();
    case 'applied-late':
      return 'nothing';
    case 'throttled':
      return service === 'data'
        ? awsError('ThrottlingException')
        : awsError('ProvisionedThroughputExceededException');
    case 'server-error':
      return Object.assign(
        awsError(service === 'kinesis' ? 'InternalFailureException' : 'InternalServerError'),
        { $fault: 'server', $metadata: { httpStatusCode: 500 } },
      );
    case 'truncated':
      return Object.assign(new SyntaxError('simulated cut'), { $metadata: { httpStatusCode: 200 } });
    case 'expired-iterator':
      return awsError('ExpiredIteratorException');
    default:
      return undefined;
  }
}
