/** What the engine has done for all workers, as their proxies saw it: writes to lease rows, and what made events and
 *  dead letters durable. Small enough for a long run: bodies are read and dropped. */
import { unpackPrivateState } from '../../src/store/private-state.ts';
import { parseStatement } from '../simulation/dynamodb/partiql.ts';
import { attributeOf, type RecordedCall } from './recorded-call.ts';

/** What a log needs of a call that the engine has answered. */
export type AppliedCall = Pick<
  RecordedCall,
  'caller' | 'operation' | 'sentAtMs' | 'appliedByMs' | 'status' | 'request' | 'response'
>;

/** A lease row after a write. */
export interface LeaseRowState {
  readonly owner: string | undefined;
  readonly counter: number;
  readonly checkpoint: string;
  readonly subSequenceNumber: number;
}

/** One accepted write to the lease table. It took effect at some moment from `sentAtMs` to `appliedByMs`. */
export interface AppliedLeaseWrite {
  readonly kind: 'created' | 'updated' | 'removed' | 'asked';
  readonly leaseKey: string;
  readonly caller: string;
  readonly sentAtMs: number;
  readonly appliedByMs: number;
  /** Undefined when removed, or only asked for. */
  readonly row: LeaseRowState | undefined;
}

export const eventKey = (dataSessionSid: string, eventId: string): string =>
  `event ${dataSessionSid} ${eventId}`;
export const letterKey = (shardId: string, recordId: string): string => `letter ${shardId} ${recordId}`;

const rowOf = (attributes: unknown): LeaseRowState => ({
  owner: attributeOf(attributes, 'leaseOwner') as string | undefined,
  counter: Number(attributeOf(attributes, 'leaseCounter')),
  checkpoint: String(attributeOf(attributes, 'checkpoint')),
  subSequenceNumber: Number(attributeOf(attributes, 'checkpointSubSequenceNumber') ?? 0),
});

/** Requests for a lease, and their withdrawal: by others than the owner, and of no effect on who owns it. */
const isAsking = (expression: unknown): boolean =>
  /^(?:SET handOffTo = :\w+|REMOVE handOffTo)$/.test(String(expression));

const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'DescribeTable']);

export class ApplyLog {
  readonly leaseWrites: AppliedLeaseWrite[] = [];
  /** Event or dead letter → the earliest moment at which it may have become durable. Monotonic ms. */
  readonly effects = new Map<string, number>();
  /** Writes that this log does not understand: it would be blind to what they do. */
  readonly unknown: string[] = [];
  private readonly tables: {
    readonly leases: string;
    readonly sessions: string;
    readonly deadLetters: string;
  };

  constructor(tables: { readonly leases: string; readonly sessions: string; readonly deadLetters: string }) {
    this.tables = tables;
  }

  /** To be told of every call, in the order of the engine's answers. */
  append(call: AppliedCall): void {
    if (call.status !== 200 || READS.has(call.operation)) return;
    const { request, operation } = call;
    const table = request['TableName'];
    if (operation === 'BatchExecuteStatement') this.appendBatch(call);
    else if (table === this.tables.leases) this.appendLeaseWrite(call);
    else if (table === undefined) this.unknown.push(operation);
    else if (operation !== 'PutItem') this.unknown.push(`${operation} on ${table}`);
    else if (table === this.tables.sessions) this.appendSession(request['Item'], call.sentAtMs);
    else if (table === this.tables.deadLetters) this.appendLetter(call);
  }

  private appendLeaseWrite({
    caller,
    operation,
    sentAtMs,
    appliedByMs,
    request,
    response,
  }: AppliedCall): void {
    const times = { caller, sentAtMs, appliedByMs };
    const push = (kind: AppliedLeaseWrite['kind'], key: unknown, row?: LeaseRowState): void => {
      this.leaseWrites.push({ kind, leaseKey: String(attributeOf(key, 'leaseKey')), row, ...times });
    };
    if (operation === 'PutItem') push('created', request['Item'], rowOf(request['Item']));
    else if (operation === 'DeleteItem') push('removed', request['Key']);
    else if (operation !== 'UpdateItem') this.unknown.push(`${operation} of a lease`);
    else if (response['Attributes']) push('updated', request['Key'], rowOf(response['Attributes']));
    else if (isAsking(request['UpdateExpression'])) push('asked', request['Key']);
    else this.unknown.push(`UpdateItem of a lease: ${request['UpdateExpression']}`);
  }

  /** Statements that failed had no effect. */
  private appendBatch({ request, response, sentAtMs }: AppliedCall): void {
    const responses = response['Responses'] as readonly { Error?: unknown }[] | undefined;
    const statements = request['Statements'] as readonly { Statement: string; Parameters: unknown[] }[];
    for (const [at, { Statement, Parameters }] of statements.entries()) {
      const parsed = parseStatement(Statement);
      if (responses?.[at]?.Error !== undefined || parsed.tableName !== this.tables.sessions) continue;
      const names = parsed.kind === 'insert' ? parsed.names : [...parsed.sets, ...parsed.where];
      this.appendSession(Object.fromEntries(names.map((name, place) => [name, Parameters[place]])), sentAtMs);
    }
  }

  /** An event's id enters an item's ring in the very write that counts it. */
  private appendSession(item: unknown, sentAtMs: number): void {
    const sid = String(attributeOf(item, 'data_session_sid'));
    const { ring } = unpackPrivateState(Buffer.from(String(attributeOf(item, 'dedup')), 'base64')).memory;
    for (const id of ring) this.happened(eventKey(sid, id), sentAtMs);
  }

  private appendLetter({ request, sentAtMs }: AppliedCall): void {
    const item = request['Item'];
    this.happened(
      letterKey(String(attributeOf(item, 'shard_id')), String(attributeOf(item, 'record_id'))),
      sentAtMs,
    );
  }

  private happened(key: string, atMs: number): void {
    const before = this.effects.get(key);
    if (before === undefined || atMs < before) this.effects.set(key, atMs);
  }
}
