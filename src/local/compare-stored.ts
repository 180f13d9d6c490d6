/** All that is stored against the fleet's own books. */
import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { toPlain } from '../json.ts';
import { openUsageOf } from '../store/open-usage.ts';
import type { tableNames } from '../store/tables.ts';
import { hoursOf } from '../store/usage-item.ts';
import { compareSims } from './compare-sims.ts';
import { compareWithTruth, type GroundTruth } from './ground-truth.ts';
import { compareUsage, type UsageEntry } from './usage-truth.ts';

/** As they are read, with their private attributes. */
type Items = readonly Readonly<Record<string, unknown>>[];

export interface StoredItems {
  readonly sessions: Items;
  readonly sims: Items;
  readonly usage: Items;
}

/** The whole tables, consistently. */
export async function readStored(
  client: DynamoDBDocumentClient,
  names: ReturnType<typeof tableNames>,
): Promise<StoredItems> {
  const scan = async (TableName: string): Promise<Items> => {
    const items: Record<string, unknown>[] = [];
    for await (const page of paginateScan({ client }, { TableName, ConsistentRead: true }))
      items.push(...(page.Items ?? []));
    return items;
  };
  const [sessions, sims, usage] = await Promise.all([names.sessions, names.sims, names.usage].map(scan));
  return { sessions, sims, usage } as StoredItems;
}

/** Usage by hour, as readers add it up: what is in the usage table, and what open sessions still hold. */
export function* storedUsage({
  sessions,
  usage,
}: Pick<StoredItems, 'sessions' | 'usage'>): Generator<UsageEntry> {
  for (const item of usage) {
    const fleetSid = item['fleet_sid'] as string | undefined;
    for (const entry of hoursOf(item, fleetSid)) yield { simSid: String(item['sim_sid']), ...entry };
  }
  for (const item of sessions.filter(({ status }) => status === 'open'))
    for (const { hourMs, downloadBytes, uploadBytes, ...line } of openUsageOf(item))
      yield { simSid: String(item['sim_sid']), hourMs, line, downloadBytes, uploadBytes };
}

const plain = (items: Items) => items.map((item) => toPlain(item) as Record<string, unknown>);

/** Each difference as a sentence; empty when all sessions are exact. */
export const compareSessions = (sessions: Items, truth: GroundTruth): string[] =>
  compareWithTruth(plain(sessions), truth).map(
    ({ dataSessionSid, attribute, expected, got }) =>
      `session ${dataSessionSid}: ${attribute} is ${got}, not ${expected}`,
  );

/** Each difference as a sentence; empty when all of it is exact. */
export function compareStored(stored: StoredItems, truth: GroundTruth): string[] {
  return [
    ...compareSessions(stored.sessions, truth),
    ...compareSims(plain(stored.sims), truth.sims),
    ...compareUsage(storedUsage(stored), truth.usage),
  ];
}
