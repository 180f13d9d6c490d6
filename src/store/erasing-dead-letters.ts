/** Dead letters without the bytes of erased SIMs. What a letter holds could not be decoded, so whose it is can only be
 *  searched for: SIM sids found in its bytes are looked up among the tombstones. If one is erased, the letter is kept
 *  without bytes: position, reason and count stay, for the books to balance, and nothing personal does. */
import type { DeadLetter, DeadLetterStore } from './dead-letters.ts';
import type { ErasedSims } from './erased-sims.ts';
import { simSidsIn } from './sim-sids.ts';

const NOTHING = new Uint8Array();

export interface ErasingDeadLettersDeps {
  readonly letters: DeadLetterStore;
  readonly erased: Pick<ErasedSims, 'isErased'>;
  /** Told of each letter whose bytes are not kept. */
  readonly onWithheld?: (letter: DeadLetter) => void;
}

export class ErasingDeadLetters implements DeadLetterStore {
  private readonly deps: ErasingDeadLettersDeps;

  constructor(deps: ErasingDeadLettersDeps) {
    this.deps = deps;
  }

  async put(letters: readonly DeadLetter[], signal: AbortSignal): Promise<void> {
    const kept = await Promise.all(letters.map((letter) => this.withoutErased(letter)));
    await this.deps.letters.put(kept, signal);
  }

  private async withoutErased(letter: DeadLetter): Promise<DeadLetter> {
    const sids = simSidsIn(letter.raw);
    const verdicts = await Promise.all(sids.map((sid) => this.deps.erased.isErased(sid)));
    if (!verdicts.includes(true)) return letter;
    this.deps.onWithheld?.(letter);
    return { ...letter, raw: NOTHING };
  }
}
