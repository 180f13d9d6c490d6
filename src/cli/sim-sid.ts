import { MeterError } from '../errors.ts';

const SIM_SID = /^HS[0-9a-fA-F]{32}$/;

/** A SIM's sid as given. What was given instead may be an ICCID, so it is not repeated.
 *  @throws MeterError `usage`. */
export function simSid(text: string): string {
  if (SIM_SID.test(text)) return text;
  throw new MeterError(
    'usage',
    'A SIM is named by its sid: HS and 32 hex digits, not by its ICCID or unique name. `supersim-meter sessions list` shows sids.',
  );
}
