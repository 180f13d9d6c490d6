/** The lease table in memory. Passes the same contract suite as the DynamoDB one. */
import type { RecordPosition } from '../../../src/leases/checkpoint-position.ts';
import type { Lease, NewLease, WorkerId } from '../../../src/leases/lease.ts';
import {
  checkpointed,
  finished,
  judgeRefused,
  released,
  renewed,
  taken,
} from '../../../src/leases/lease-change.ts';
import type { LeaseListing, LeaseStore, LeaseWrite, UnreadableRow } from '../../../src/leases/lease-store.ts';

export class TableDown extends Error {
  override readonly name = 'TableDown';
}

export type StoreOperation =
  | 'list'
  | 'get'
  | 'create'
  | 'take'
  | 'renew'
  | 'checkpoint'
  | 'finish'
  | 'release';

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
    const empty = { owner: undefined, counter: 0, ownerSwitchesSinceCheckpoint: 0, childShardIds: [] };
    const parentShardIds = [...lease.parentShardIds].sort();
    this.rows.set(lease.leaseKey, { ...lease, ...empty, parentShardIds, readToTipCounter: undefined });
    return 'created';
  }

  async take(lease: Lease, by: WorkerId): Promise<LeaseWrite> {
    return this.#write('take', lease, (row) => row.counter === lease.counter, taken(lease, by));
  }

  async renew(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#writeOwn('renew', lease, renewed(lease, readToTip));
  }

  async checkpoint(lease: Lease, position: RecordPosition, readToTip: boolean): Promise<LeaseWrite> {
    return this.#writeOwn('checkpoint', lease, checkpointed(lease, position, readToTip));
  }

  async finish(lease: Lease, childShardIds: readonly string[]): Promise<LeaseWrite> {
    return this.#writeOwn('finish', lease, finished(lease, childShardIds));
  }

  async release(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#writeOwn('release', lease, released(lease, readToTip));
  }

  #writeOwn(operation: StoreOperation, lease: Lease, wanted: Lease): LeaseWrite {
    const isOwn = (row: Lease): boolean => row.counter === lease.counter && row.owner === lease.owner;
    return this.#write(operation, lease, isOwn, wanted);
  }

  #write(
    operation: StoreOperation,
    lease: Lease,
    isAllowed: (row: Lease) => boolean,
    wanted: Lease,
  ): LeaseWrite {
    this.calls.push({ operation, leaseKey: lease.leaseKey });
    const row = this.rows.get(lease.leaseKey);
    if (row === undefined || !isAllowed(row)) return judgeRefused(lease, wanted, row);
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
  /** A gate that operations wait at, if set: a call that hangs. */
  gate: Promise<void> | undefined;

  constructor(store: LeaseStore) {
    this.#store = store;
  }

  list = () => this.#send('list', () => this.#store.list());
  get = (key: string) => this.#send('get', () => this.#store.get(key));
  create = (lease: NewLease) => this.#send('create', () => this.#store.create(lease));
  take = (lease: Lease, by: WorkerId) => this.#send('take', () => this.#store.take(lease, by));
  renew = (lease: Lease, tip: boolean) => this.#send('renew', () => this.#store.renew(lease, tip));
  checkpoint = (lease: Lease, position: RecordPosition, tip: boolean) =>
    this.#send('checkpoint', () => this.#store.checkpoint(lease, position, tip));
  finish = (lease: Lease, children: readonly string[]) =>
    this.#send('finish', () => this.#store.finish(lease, children));
  release = (lease: Lease, tip: boolean) => this.#send('release', () => this.#store.release(lease, tip));

  async #send<T>(operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    if (this.gate !== undefined) await this.gate;
    if (this.isDown) throw new TableDown();
    const answer = await call();
    if (this.loseAnswerOf.delete(operation)) throw new TableDown();
    return answer;
  }
}
