/** The fleet's own books of a SIM's state, from all of its events at once: sorted, then looked through. Written apart
 *  from the product's fold. */
import { fromIso, toIso } from '../time.ts';
import type { Happening } from './fleet-session.ts';

/** Attributes as the SIM item has them. */
export interface SimTruth {
  readonly account_sid: string;
  readonly connection_state: string;
  readonly last_attachment?: string;
  readonly last_attachment_at?: string;
  readonly last_session_at?: string;
  readonly accepted_count: number;
  readonly rejected_count: number;
  readonly failed_count: number;
  readonly session_started_count: number;
  readonly session_ended_count: number;
  readonly session_failed_count: number;
  readonly session_start_failed_count: number;
  readonly rejections?: Readonly<Record<string, number>>;
  readonly rejections_in_a_row: number;
  readonly attachments_without_session: number;
  readonly open_session_count: number;
  readonly super_session_sid?: string;
  readonly ota_session_sid?: string;
  readonly ota_check_count?: number;
  readonly ota_last_check_bytes?: number;
  readonly ota_blocks_in_a_row?: number;
  readonly imsi_count: number;
  readonly flags: readonly string[];
}

interface Fact {
  readonly what: string;
  readonly atMs: number;
  readonly data: Happening['data'];
}

/** Within one second. */
const ORDER = [
  'attachment.failed',
  'attachment.rejected',
  'attachment.accepted',
  'data-session.started',
  'data-session.updated',
  'data-session.failed',
  'data-session.ended',
  'never-started',
];
const MINUTE_MS = 60_000;
const RECENT = 16;
const USER_KEPT = 4;
const OTA_KEPT = 6;

const isOta = ({ data }: Fact): boolean => data['apn'] === 'ota.super';
const sidOf = ({ data }: Fact): string => String(data['data_session_sid']);
const inOrder = (a: Fact, b: Fact): number =>
  a.atMs - b.atMs || ORDER.indexOf(a.what) - ORDER.indexOf(b.what);

const factOf = ({ suffix, data }: Happening): Fact => ({
  what: suffix === 'data-session.failed' && data['data_session_sid'] === undefined ? 'never-started' : suffix,
  atMs: fromIso(String(data['timestamp'])),
  data,
});

interface SessionBook {
  readonly sid: string;
  readonly startMs: number;
  readonly endMs: number | undefined;
}

/** The latest few to start, of one kind of APN. */
function sessionsOf(facts: readonly Fact[], kept: number): SessionBook[] {
  const bySid = new Map<string, Fact[]>();
  for (const fact of facts) bySid.set(sidOf(fact), [...(bySid.get(sidOf(fact)) ?? []), fact]);
  const books = [...bySid].map(([sid, ofSession]): SessionBook => {
    const starts = ofSession.map(({ data }) => fromIso(String(data['data_session_start_time'])));
    const ends = ofSession
      .filter(({ what }) => what !== 'data-session.started')
      .map(({ data, atMs }) =>
        data['data_session_end_time'] ? fromIso(String(data['data_session_end_time'])) : atMs,
      );
    return { sid, startMs: Math.min(...starts), endMs: ends.length > 0 ? Math.max(...ends) : undefined };
  });
  return books.sort((a, b) => a.startMs - b.startMs || (a.sid < b.sid ? -1 : 1)).slice(-kept);
}

/** From the end of the latest transitions backwards, up to one of those that end it. */
function trailing(recent: readonly Fact[], what: string, endedBy: readonly string[]): Fact[] {
  const from = recent.findLastIndex((fact) => endedBy.includes(fact.what)) + 1;
  return recent.slice(from).filter((fact) => fact.what === what);
}

function blocksInARow(ota: readonly SessionBook[]): number {
  let count = 1;
  while (count < ota.length) {
    const [before, after] = [ota.at(-count - 1), ota.at(-count)] as [SessionBook, SessionBook];
    if (before.endMs === undefined || after.startMs - before.endMs > MINUTE_MS) break;
    count += 1;
  }
  return Math.min(count, ota.length);
}

/** The last word about blocking: transitions say it, and all events of sessions of which one says blocked. */
function isBlocked(all: readonly Fact[]): boolean {
  const blocked = new Set(all.filter(({ data }) => data['data_modifier']).map(sidOf));
  const words = all.filter((fact) => fact.what !== 'data-session.updated' || blocked.has(sidOf(fact)));
  const last = words.sort(inOrder).at(-1) as Fact;
  const sameInstant = words.filter((fact) => inOrder(fact, last) === 0);
  return sameInstant.some(({ data }) => data['data_modifier'] === 'blocked');
}

function flagsOf(view: {
  readonly blocked: boolean;
  readonly blocks: number;
  readonly attached: readonly Fact[];
  readonly rejected: readonly Fact[];
  readonly open: number;
}): string[] {
  const { attached, rejected } = view;
  const [a, b, c] = attached.slice(-3);
  const isReattaching =
    a !== undefined && b !== undefined && c !== undefined
      ? b.atMs - a.atMs <= 10 * MINUTE_MS && c.atMs - b.atMs <= 10 * MINUTE_MS
      : false;
  const eighth = rejected.at(-8);
  const isStorm = eighth !== undefined && (rejected.at(-1) as Fact).atMs - eighth.atMs <= 10 * MINUTE_MS;
  return [
    ...(view.blocked ? ['data-limit-reached'] : []),
    ...(view.blocks >= 2 ? ['ota-in-blocks'] : []),
    ...(isReattaching ? ['reattaching'] : []),
    ...(isStorm ? ['rejection-storm'] : []),
    ...(view.open >= 2 ? ['several-sessions'] : []),
  ];
}

function countRejections(facts: readonly Fact[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { what, data } of facts) {
    if (what !== 'attachment.rejected') continue;
    const network = (data['network'] ?? {}) as Record<string, unknown>;
    const error = (data['error'] ?? {}) as Record<string, unknown>;
    const cause = `${network['mcc'] ?? ''}-${network['mnc'] ?? ''}|${error['code'] ?? ''}`;
    counts[cause] = (counts[cause] ?? 0) + 1;
  }
  return counts;
}

function otaTruth(ota: readonly Fact[], books: readonly SessionBook[]): Partial<SimTruth> {
  if (ota.length === 0) return {};
  const ended = ota
    .filter(
      ({ what, data }) => what === 'data-session.ended' && data['data_session_data_total'] !== undefined,
    )
    .sort(
      (a, b) =>
        a.atMs - b.atMs ||
        Number(a.data['data_session_data_total']) - Number(b.data['data_session_data_total']),
    )
    .at(-1);
  return {
    ota_check_count: ota.filter(({ what }) => what === 'data-session.started').length,
    ...(ended ? { ota_last_check_bytes: Number(ended.data['data_session_data_total']) } : {}),
    ota_blocks_in_a_row: blocksInARow(books),
  };
}

function countsOf(facts: readonly Fact[]) {
  const count = (what: string): number => facts.filter((fact) => fact.what === what).length;
  const rejections = countRejections(facts);
  return {
    accepted_count: count('attachment.accepted'),
    rejected_count: count('attachment.rejected'),
    failed_count: count('attachment.failed'),
    session_started_count: count('data-session.started'),
    session_ended_count: count('data-session.ended'),
    session_failed_count: count('data-session.failed'),
    session_start_failed_count: count('never-started'),
    ...(Object.keys(rejections).length > 0 ? { rejections } : {}),
    imsi_count: new Set(facts.flatMap(({ data }) => (data['imsi'] ? [data['imsi']] : []))).size,
  };
}

function latestOf(facts: readonly Fact[]) {
  const attachment = facts.findLast(({ what }) => what.startsWith('attachment.'));
  const session = facts.findLast(({ what }) => !what.startsWith('attachment.'));
  return {
    ...(attachment
      ? {
          last_attachment: attachment.what.slice('attachment.'.length),
          last_attachment_at: toIso(attachment.atMs),
        }
      : {}),
    ...(session ? { last_session_at: toIso(session.atMs) } : {}),
  };
}

/** Sessions by kind of APN, and those of them that are open. */
function booksOf(facts: readonly Fact[]) {
  const all = facts.filter(({ what }) => what.startsWith('data-session.'));
  const otaFacts = all.filter(isOta);
  const userFacts = all.filter((fact) => !isOta(fact));
  const [user, ota] = [sessionsOf(userFacts, USER_KEPT), sessionsOf(otaFacts, OTA_KEPT)];
  const isOpen = ({ endMs }: SessionBook): boolean => endMs === undefined;
  return { ota, otaFacts, openUser: user.filter(isOpen), openOta: ota.filter(isOpen) };
}

/** Undefined for a SIM whose state nothing has changed. */
export function simTruthOf(happenings: readonly Happening[]): SimTruth | undefined {
  const all = happenings.map(factOf);
  const facts = all.filter(({ what }) => what !== 'data-session.updated').sort(inOrder);
  if (facts.length === 0 && !all.some(({ data }) => data['data_modifier'])) return undefined;
  const { ota, otaFacts, openUser, openOta } = booksOf(facts);
  const open = openUser.length + openOta.length;
  const recent = facts.filter((fact) => !isOta(fact) || fact.what === 'never-started').slice(-RECENT);
  const rejected = trailing(recent, 'attachment.rejected', ['attachment.accepted', 'data-session.started']);
  const attached = trailing(recent, 'attachment.accepted', ['data-session.started']);
  const blocked = isBlocked(all);
  const isAttached = recent.at(-1)?.what === 'attachment.accepted';
  const [superSid, otaSid] = [openUser.at(-1)?.sid, openOta.at(-1)?.sid];
  return {
    account_sid: String((all[0] as Fact).data['account_sid']),
    connection_state: blocked ? 'blocked' : open > 0 ? 'online' : isAttached ? 'attached' : 'offline',
    ...latestOf(facts),
    ...countsOf(facts),
    rejections_in_a_row: rejected.length,
    attachments_without_session: attached.length,
    open_session_count: open,
    ...(superSid ? { super_session_sid: superSid } : {}),
    ...(otaSid ? { ota_session_sid: otaSid } : {}),
    ...otaTruth(otaFacts, ota),
    flags: flagsOf({ blocked, blocks: blocksInARow(ota), attached, rejected, open }),
  };
}
