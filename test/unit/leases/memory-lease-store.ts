/** The lease table in memory. Passes the same contract suite as the DynamoDB one. */
import type { RecordPosition } from '../../../src/leases/checkpoint-position.ts';
import type { Lease, NewLease, WorkerId } from '../../../src/leases/lease.ts';
import {
  checkpointed,
  declined,
  finished,
  handedOver,
  judgeRefused,
  released,
  renewed,
  taken,
} from '../../../src/leases/lease-change.ts';
import type {
  AskOutcome,
  LeaseListing,
  LeaseStore,
  LeaseWrite,
  ReleaseOptions,
  TakeStamp,
  UnreadableRow,
} from '../../../src/leases/lease-store.ts';

export class TableDown extends Error {
  override readonly name = 'TableDown';
}

export type StoreOperation =
  | 'list'
  | 'get'
  | 'create'
  | 'take'
  | 'renew'
  | 'decline'
  | 'checkpoint'
  | 'finish'
  | 'release'
  | 'handOver'
  | 'ask'
  | 'withdraw'
  | 'remove';

export class MemoryLeaseStore implements LeaseStore {
  readonly rows = new Map<string, Lease>();
  readonly unreadable: UnreadableRow[] = [];
  /** Every operation that reached the table, for counting. */
  readonly calls: { readonly operation: StoreOperation; readonly leaseKey: string }[] = [];

  row(leaseKey: string): Lease {
    const lease = this.rows.get(leaseKey);
    if (lease === undefined) throw new Error(`no lease ${leaseKey}`);
    return lease;
  }

  async list(): Promise<LeaseListing> {
    this.calls.push({ operation: 'list', leaseKey: '' });
    return { leases: [...this.rows.values()], unreadable: this.unreadable };
  }

  async get(leaseKey: string): Promise<Lease | undefined> {
    this.calls.push({ operation: 'get', leaseKey });
    return this.rows.get(leaseKey);
  }

  async create(lease: NewLease): Promise<'created' | 'exists'> {
    this.calls.push({ operation: 'create', leaseKey: lease.leaseKey });
    if (this.rows.has(lease.leaseKey)) return 'exists';
    const { startTimestampMs, streamCreatedAtMs, ...row } = lease;
    this.rows.set(lease.leaseKey, {
      ...row,
      owner: undefined,
      counter: 0,
      ownerSwitchesSinceCheckpoint: 0,
      childShardIds: [],
      parentShardIds: [...lease.parentShardIds].sort(),
      ours: { startTimestampMs, streamCreatedAtMs },
      hasKcl3Marks: false,
    });
    return 'created';
  }

  async take(lease: Lease, by: WorkerId, stamp: TakeStamp): Promise<LeaseWrite> {
    return this.#write('take', lease, (row) => taken(row, by, stamp), by);
  }

  async renew(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#write('renew', lease, (row) => renewed(row, readToTip));
  }

  async decline(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#write('decline', lease, (row) => declined(row, readToTip));
  }

  async checkpoint(lease: Lease, position: RecordPosition, readToTip: boolean): Promise<LeaseWrite> {
    return this.#write('checkpoint', lease, (row) => checkpointed(row, position, readToTip));
  }

  async finish(lease: Lease, childShardIds: readonly string[]): Promise<LeaseWrite> {
    return this.#write('finish', lease, (row) => finished(row, childShardIds));
  }

  async release(lease: Lease, options: ReleaseOptions): Promise<LeaseWrite> {
    return this.#write('release', lease, (row) => released(row, options));
  }

  async handOver(lease: Lease, to: WorkerId): Promise<LeaseWrite> {
    const row = this.rows.get(lease.leaseKey);
    const isOurs = row?.owner === lease.owner && row?.counter === lease.counter;
    if (isOurs && row?.ours.handOffTo !== to) return { kind: 'stale', lease: row as Lease };
    return this.#write('handOver', lease, (asked) => handedOver(asked, to));
  }

  async ask(lease: Lease, by: WorkerId): Promise<AskOutcome> {
    this.calls.push({ operation: 'ask', leaseKey: lease.leaseKey });
    const row = this.rows.get(lease.leaseKey);
    if (row === undefined || row.owner !== lease.owner || row.ours.handOffTo !== undefined)
      return { kind: 'refused' };
    this.rows.set(lease.leaseKey, { ...row, ours: { ...row.ours, handOffTo: by } });
    return { kind: 'asked' };
  }

  async withdraw(leaseKey: string, by: WorkerId): Promise<void> {
    this.calls.push({ operation: 'withdraw', leaseKey });
    const row = this.rows.get(leaseKey);
    if (row?.ours.handOffTo !== by) return;
    this.rows.set(leaseKey, { ...row, ours: { ...row.ours, handOffTo: undefined } });
  }

  async remove(lease: Lease): Promise<'removed' | 'refused'> {
    this.calls.push({ operation: 'remove', leaseKey: lease.leaseKey });
    const row = this.rows.get(lease.leaseKey);
    if (row?.counter !== lease.counter || row.checkpoint !== 'SHARD_END') return 'refused';
    this.rows.delete(lease.leaseKey);
    return 'removed';
  }

  /** The change is made of the row itself: what was asked since `lease` was seen stays in it. */
  #write(
    operation: StoreOperation,
    lease: Lease,
    change: (row: Lease) => Lease,
    us: WorkerId | undefined = lease.owner,
  ): LeaseWrite {
    this.calls.push({ operation, leaseKey: lease.leaseKey });
    const row = this.rows.get(lease.leaseKey);
    const isOwned = us !== lease.owner || row?.owner === us;
    if (row === undefined || row.counter !== lease.counter || !isOwned)
      return judgeRefused(lease, change(lease), row, us);
    const wanted = change(row);
    this.rows.set(lease.leaseKey, wanted);
    return { kind: 'written', lease: wanted, recovered: false };
  }
}

/** One worker's way to the table: it can be down, and it can swallow answers. */
export class FaultyLink implements LeaseStore {
  readonly #store: LeaseStore;
  isDown = false;
  /** Operations whose next answer gets lost after the table has done them. */
  readonly loseAnswerOf = new Set<StoreOperation>();
  /** Operations that fail in their own way. */
  readonly errorOf = new Map<StoreOperation, unknown>();
  /** A gate that operations wait at, if set: a call that hangs. */
  gate: Promise<void> | undefined;

  constructor(store: LeaseStore) {
    this.#store = store;
  }

  list = () => this.#send('list', () => this.#store.list());
  get = (key: string) => this.#send('get', () => this.#store.get(key));
  create = (lease: NewLease) => this.#send('create', () => this.#store.create(lease));
  take = (lease: Lease, by: WorkerId, stamp: TakeStamp) =>
    this.#send('take', () => this.#store.take(lease, by, stamp));
  renew = (lease: Lease, tip: boolean) => this.#send('renew', () => this.#store.renew(lease, tip));
  decline = (lease: Lease, tip: boolean) => this.#send('decline', () => this.#store.decline(lease, tip));
  checkpoint = (lease: Lease, position: RecordPosition, tip: boolean) =>
    this.#send('checkpoint', () => this.#store.checkpoint(lease, position, tip));
  finish = (lease: Lease, children: readonly string[]) =>
    this.#send('finish', () => this.#store.finish(lease, children));
  release = (lease: Lease, options: ReleaseOptions) =>
    this.#send('release', () => this.#store.release(lease, options));
  handOver = (lease: Lease, to: WorkerId) => this.#send('handOver', () => this.#store.handOver(lease, to));
  ask = (lease: Lease, by: WorkerId) => this.#send('ask', () => this.#store.ask(lease, by));
  withdraw = (key: string, by: WorkerId) => this.#send('withdraw', () => this.#store.withdraw(key, by));
  remove = (lease: Lease) => this.#send('remove', () => this.#store.remove(lease));

  async #send<T>(operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    if (this.gate !== undefined) await this.gate;
    if (this.isDown) throw new TableDown();
    if (this.errorOf.has(operation)) throw this.errorOf.get(operation);
    const answer = await call();
    if (this.loseAnswerOf.delete(operation)) throw new TableDown();
    return answer;
  }
}
