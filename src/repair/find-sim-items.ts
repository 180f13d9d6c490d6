/** Finds all that is stored of some SIMs. Whole tables are scanned, because no index is complete: `by-sim` lacks
 *  sessions without `started_at` and is behind the table, the dedup table and the dead letters have none.
 *
 *    sessions, SIM, usage ──► session sids and ICCIDs ──► pages of the dedup table, dead letters */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { errorName } from '../errors.ts';
import { untilDone } from '../retry.ts';
import type { ReadItem, StoreDeps } from '../store/item-writer.ts';
import { textsIn } from '../store/sim-sids.ts';
import type { tableNames } from '../store/tables.ts';
import { scanTable } from './scan-table.ts';
import type { SimIdentifiers } from './sim-identifiers.ts';

export type ErasedTable = 'deadLetters' | 'dedup' | 'sessions' | 'usage' | 'sims';

/** In the order of deletion: see `eraseSims`. */
export const ERASED_TABLES: readonly ErasedTable[] = ['deadLetters', 'dedup', 'sessions', 'usage', 'sims'];
/** Their items are not made when a projection is switched off, and then their tables need not be there. */
const OPTIONAL_TABLES: readonly ErasedTable[] = ['usage', 'sims'];

/** Most operands of IN. DynamoDB's limit. */
export const SIMS_MAX = 100;

const KEYS_OF: Readonly<Record<ErasedTable, readonly string[]>> = {
  deadLetters: ['shard_id', 'record_id'],
  dedup: ['item_key', 'page_id'],
  sessions: ['data_session_sid'],
  usage: ['sim_sid', 'day_fleet'],
  sims: ['sim_sid'],
};

export interface FindDeps extends StoreDeps {
  readonly names: ReturnType<typeof tableNames>;
  readonly onProgress?: (what: string) => void;
}

export interface FoundItems {
  readonly keys: Readonly<Record<ErasedTable, readonly ReadItem[]>>;
  /** Tables of projections that are not there. */
  readonly absentTables: readonly string[];
  /** Dead letters with gzip that cannot be unzipped, and with none of these SIMs' identifiers in what can be read. */
  readonly unsearchableLetters: number;
}

export class SimItemFinder {
  private readonly deps: FindDeps;
  /** Grows with each pass: what was deleted is still known. */
  private readonly known: SimIdentifiers;

  constructor(deps: FindDeps, known: SimIdentifiers) {
    this.deps = deps;
    this.known = known;
  }

  async find(): Promise<FoundItems> {
    const { onProgress } = this.deps;
    onProgress?.('reading the sessions table');
    const sessions = await this.findSessions();
    const absentTables: string[] = [];
    const [usage, sims] = await Promise.all([
      this.findOfEachSim('usage', absentTables),
      this.findOfEachSim('sims', absentTables),
    ]);
    onProgress?.('reading the dedup table');
    const dedup = await this.findPages();
    onProgress?.('reading the dead letters');
    const { deadLetters, unsearchableLetters } = await this.findLetters();
    return { keys: { deadLetters, dedup, sessions, usage, sims }, absentTables, unsearchableLetters };
  }

  private async findSessions(): Promise<ReadItem[]> {
    const sids = [...this.known.simSids];
    const found: ReadItem[] = [];
    const input = {
      TableName: this.deps.names.sessions,
      FilterExpression: `sim_sid IN (${sids.map((_, at) => `:sim${at}`).join(', ')})`,
      ExpressionAttributeValues: Object.fromEntries(sids.map((sid, at) => [`:sim${at}`, sid])),
      ProjectionExpression: 'data_session_sid, sim_sid, sim_iccid',
    };
    await scanTable(this.deps, input, (item) => {
      this.known.addSession(String(item['data_session_sid']));
      this.known.addIccid(item['sim_iccid']);
      found.push(keyOf('sessions', item));
    });
    return found;
  }

  private async findPages(): Promise<ReadItem[]> {
    const found: ReadItem[] = [];
    const input = { TableName: this.deps.names.dedup, ProjectionExpression: 'item_key, page_id' };
    await scanTable(this.deps, input, (item) => {
      if (this.known.ownsPage(String(item['item_key']))) found.push(keyOf('dedup', item));
    });
    return found;
  }

  private async findLetters() {
    const deadLetters: ReadItem[] = [];
    let unsearchableLetters = 0;
    const input = {
      TableName: this.deps.names.deadLetters,
      ProjectionExpression: 'shard_id, record_id, #raw',
      ExpressionAttributeNames: { '#raw': 'raw' },
    };
    await scanTable(this.deps, input, (item) => {
      const { raw } = item;
      if (!(raw instanceof Uint8Array)) return;
      const texts = textsIn(raw);
      if (this.known.areIn(texts)) deadLetters.push(keyOf('deadLetters', item));
      else if (!texts.isWhole) unsearchableLetters += 1;
    });
    return { deadLetters, unsearchableLetters };
  }

  /** The items whose partition key is a SIM's sid. */
  private async findOfEachSim(table: ErasedTable, absentTables: string[]): Promise<ReadItem[]> {
    const TableName = this.deps.names[table];
    try {
      const items = await Promise.all([...this.known.simSids].map((sid) => this.query(TableName, sid)));
      for (const item of items.flat()) this.known.addIccid(item['sim_iccid']);
      return items.flat().map((item) => keyOf(table, item));
    } catch (error) {
      if (errorName(error) !== 'ResourceNotFoundException' || !OPTIONAL_TABLES.includes(table)) throw error;
      absentTables.push(TableName);
      return [];
    }
  }

  private async query(TableName: string, simSid: string): Promise<ReadItem[]> {
    const items: ReadItem[] = [];
    let startKey: Record<string, unknown> | undefined;
    do {
      const page = new QueryCommand({
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: 'sim_sid = :sim',
        ExpressionAttributeValues: { ':sim': simSid },
        ...(startKey ? { ExclusiveStartKey: startKey } : {}),
      });
      const answer = await untilDone(() => this.deps.client.send(page), this.deps.closing, this.deps);
      items.push(...(answer.Items ?? []));
      startKey = answer.LastEvaluatedKey;
    } while (startKey);
    return items;
  }
}

const keyOf = (table: ErasedTable, item: ReadItem): ReadItem =>
  Object.fromEntries(KEYS_OF[table].map((name) => [name, item[name]]));
