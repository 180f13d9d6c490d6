import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from '@jest/globals';
import {
  parseDeadLetter,
  parseSession,
  parseSim,
  parseUsage,
  ReaderError,
  type Session,
  sessionSchema,
} from '../../../src/reader/index.ts';
import { emptySession, foldEvent } from '../../../src/reduce/session.ts';
import { KNOWN_ATTRIBUTES, sessionToItem } from '../../../src/store/session-attributes.ts';
import { sessionEvent, sid } from '../../support/events.ts';
import { deadLetterItem, HUGE, sessionItem, simItem, usageItem } from '../../support/reader-items.ts';

/** An error of the reader, as what a program decides by. */
const refusal = (task: () => unknown) => {
  try {
    task();
  } catch (error) {
    if (error instanceof ReaderError) return { code: error.code, message: error.message };
    throw error;
  }
  return undefined;
};

describe('a session item', () => {
  it.each<[string, (value: bigint) => unknown]>([
    ['bigint', (value) => value],
    ['text', String],
    ['a wrapped number', (value) => ({ value: String(value) })],
    [
      'the SDK’s wrapped number',
      (value) => unmarshall({ n: { N: String(value) } }, { wrapNumbers: true })['n'],
    ],
  ])('has exact bytes and plain counts when numbers arrive as %s', (_, as) => {
    const session = parseSession(
      sessionItem(1, {
        download_bytes: as(HUGE),
        event_count: as(4n),
        version: as(3n),
        schema_version: as(1n),
      }),
    );

    expect(session).toMatchObject({ download_bytes: HUGE, event_count: 4, version: 3, schema_version: 1 });
  });

  it('is read from ordinary numbers as long as they are exact', () => {
    expect(parseSession(sessionItem(1, { download_bytes: 5 })).download_bytes).toBe(5n);

    expect(refusal(() => parseSession(sessionItem(1, { download_bytes: Number(HUGE) })))).toEqual({
      code: 'item-invalid',
      message: expect.stringMatching(/^not a session item: download_bytes: is over 2\^53.*wrapNumbers/),
    });
  });

  it('loses what is private and what is not known, so that newer writers don’t break older readers', () => {
    const session = parseSession(sessionItem(1, { invented_later: 'x', network: { mcc: '310', later: 1 } }));

    expect(session).not.toHaveProperty('dedup');
    expect(session).not.toHaveProperty('invented_later');
    expect(session.network).toEqual({ mcc: '310' });
  });

  it('of a newer schema is refused by name, whatever else has changed', () => {
    expect(refusal(() => parseSession(sessionItem(1, { schema_version: 2n, status: 'paused' })))).toEqual({
      code: 'item-newer',
      message: 'session item: schema_version: is 2, and this reader knows up to 1: update supersim-meter',
    });
  });

  it('that is damaged is refused with its attributes, never with their values', () => {
    const { total_bytes: _, ...item } = sessionItem(1, { status: 'secret', sim_iccid: 4711 });

    const { code, message = '' } = refusal(() => parseSession(item)) ?? {};

    expect(code).toBe('item-invalid');
    for (const name of ['status', 'sim_iccid', 'total_bytes: is missing']) expect(message).toContain(name);
    expect(message).not.toMatch(/secret|4711/);
    expect(refusal(() => parseSession(undefined))?.code).toBe('item-invalid');
  });

  it('as the worker writes it is read whole: no attribute is unknown to the reader', () => {
    const event = sessionEvent(1);
    const item = sessionToItem(
      {
        session: foldEvent(emptySession(sid('PI', 'session')), event, new Set()),
        memory: { ring: [], hasPages: false },
        version: 1,
        unknown: {},
      } as never,
      { updatedAtMs: 0 },
    );
    const { dedup: _, ...visible } = item;

    expect(Object.keys(parseSession(item)).sort()).toEqual(Object.keys(visible).sort());
    const unknown = [...KNOWN_ATTRIBUTES].filter(
      (name) => name !== 'dedup' && !(name in sessionSchema.shape),
    );
    expect(unknown).toEqual([]);
  });
});

it('a SIM item has exact bytes; counters that are absent are 0', () => {
  expect(parseSim(simItem())).toMatchObject({
    ota: { last_check_bytes: HUGE, check_count: 1 },
    rejections: { '310-260|83702': 2 },
    last_attachment_error: { code: 83702 },
    flags: ['reattaching'],
  });

  const bare = { sim_sid: 'HS1', version: 1, updated_at: 't', schema_version: 1 };
  expect(parseSim(bare)).toMatchObject({ rejected_count: 0, rejections: {}, flags: [] });
});

it('a SIM’s flag that is not known yet is handed on', () => {
  expect(parseSim(simItem({ flags: ['invented-later'] })).flags).toEqual(['invented-later']);
});

it('a usage item has exact bytes in every line', () => {
  const item = usageItem('2026-11-24', { '05': { 'super|310-260|US': { down: HUGE, up: 1n } } });

  expect(parseUsage(item)).toMatchObject({
    download_bytes: HUGE,
    hours: { '05': { 'super|310-260|US': { down: HUGE, up: 1n } } },
  });
});

it('a dead letter keeps its bytes, or their base64', () => {
  expect(parseDeadLetter(deadLetterItem())).toMatchObject({ index: 0, raw: new Uint8Array([123, 125, 125]) });
  expect(parseDeadLetter({ ...deadLetterItem(), raw: 'e319' }).raw).toBe('e319');
});

it('the types say what is always there', () => {
  const session: Session = parseSession(sessionItem(1));
  const total: bigint = session.total_bytes;
  const events: number = session.event_count;
  expect([total, events]).toEqual([110n, 4]);
});
