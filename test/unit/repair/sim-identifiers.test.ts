import { describe, expect, it } from '@jest/globals';
import { SimIdentifiers } from '../../../src/repair/sim-identifiers.ts';
import { sid } from '../../support/events.ts';

const [SIM, OTHER, SESSION] = [sid('HS', 'sim'), sid('HS', 'other'), sid('PI', 'session')];
const ICCID = '89883070000005381783';

function given(): SimIdentifiers {
  const known = new SimIdentifiers([SIM]);
  known.addSession(SESSION);
  known.addSession('a-session-of-odd-form');
  known.addIccid(ICCID);
  known.addIccid(undefined);
  known.addIccid('8');
  return known;
}

describe('the identifiers of SIMs to erase', () => {
  it.each([
    [`session#${SESSION}`, true],
    [`session#${sid('PI', 'of another')}`, false],
    [`sim#${SIM}`, true],
    [`sim#${OTHER}`, false],
    [`usage#${SIM}#2026-11-24#${sid('HF', 'fleet')}`, true],
    [`usage#${OTHER}#2026-11-24#-`, false],
    [`erased#${SIM}`, false],
  ])('own the page %s: %s', (itemKey, isOwned) => {
    expect(given().ownsPage(itemKey)).toBe(isOwned);
  });

  it.each([
    [`"sim_sid":"${SIM}"`, true],
    [`"data_session_sid":"${SESSION}"`, true],
    [`"data_session_sid":"a-session-of-odd-form"`, true],
    [`"sim_iccid":"${ICCID}"`, true],
    [`"sim_sid":"${OTHER}","rate":8`, false],
    ['', false],
  ])('are in %s: %s', (text, areIn) => {
    expect(given().areIn({ texts: ['', text], isWhole: true })).toBe(areIn);
  });
});
