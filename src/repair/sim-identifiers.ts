/** What tells whose an item or a dead letter is: the sids of the SIMs to erase, and what is learnt of them on the way.
 *  Pure. */
import { type RecordTexts, sidsIn } from '../store/sim-sids.ts';

/** A sid as `sidsIn` finds it. */
const SID = /^(?:HS|PI)[0-9a-fA-F]{32}$/;
/** Shorter texts are no ICCIDs, and would be found everywhere. */
const ODD_MIN_CHARS = 8;

export class SimIdentifiers {
  readonly simSids: ReadonlySet<string>;
  readonly sessionSids = new Set<string>();
  /** ICCIDs, and sids of no usual form: searched for one by one. */
  private readonly odd = new Set<string>();

  constructor(simSids: readonly string[]) {
    this.simSids = new Set(simSids);
  }

  addSession(sid: string): void {
    this.sessionSids.add(sid);
    if (!SID.test(sid)) this.addOdd(sid);
  }

  addIccid(iccid: unknown): void {
    if (typeof iccid === 'string') this.addOdd(iccid);
  }

  private addOdd(text: string): void {
    if (text.length >= ODD_MIN_CHARS) this.odd.add(text);
  }

  /** Whether a page of the dedup table is of one of these SIMs, its sessions or its usage, by its `item_key`. */
  ownsPage(itemKey: string): boolean {
    const [kind = '', simSid = ''] = itemKey.split('#', 2);
    if (kind === 'session') return this.sessionSids.has(itemKey.slice('session#'.length));
    return (kind === 'sim' || kind === 'usage') && this.simSids.has(simSid);
  }

  /** Whether a record names one of these SIMs, by its sid, its ICCID or one of its sessions. */
  areIn({ texts }: RecordTexts): boolean {
    return texts.some((text) => {
      for (const sid of sidsIn(text)) if (this.simSids.has(sid) || this.sessionSids.has(sid)) return true;
      for (const odd of this.odd) if (text.includes(odd)) return true;
      return false;
    });
  }
}
