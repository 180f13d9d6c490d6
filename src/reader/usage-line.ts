/** The name of a line in a usage item's hour: `apn|mcc-mnc|country`. */
import { ReaderError } from './reader-error.ts';

/** Where bytes were used: what the events told of it. */
export interface UsageLine {
  readonly apn?: string;
  readonly mcc?: string;
  readonly mnc?: string;
  readonly isoCountry?: string;
}

/** The APN of the SIM's own updates; every other is the user's. */
export const OTA_APN = 'ota.super';

export const isOta = ({ apn }: UsageLine): boolean => apn === OTA_APN;

/** `apn|mcc-mnc|country`, where `\` takes the next character as it is. */
const NAME = /^((?:[^\\|]|\\.)*)\|((?:[^\\|-]|\\.)*)-((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)$/s;

/** `super|310-260|US` → its parts; what is empty is absent.
 *  @throws ReaderError `item-invalid` when it is no line's name. */
export function parseLine(name: string): UsageLine {
  const found = NAME.exec(name);
  if (!found) throw new ReaderError('item-invalid', 'not the name of a line of usage');
  const [apn, mcc, mnc, isoCountry] = found.slice(1).map((part) => part.replace(/\\(.)/gs, '$1'));
  return {
    ...(apn ? { apn } : {}),
    ...(mcc ? { mcc } : {}),
    ...(mnc ? { mnc } : {}),
    ...(isoCountry ? { isoCountry } : {}),
  };
}
