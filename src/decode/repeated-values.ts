/** Values that most events repeat, as one object each: events wait in memory, and these would be a third of them.
 *  Only which of two equal objects is used depends on what came before. */
import type { Network } from './event.ts';

const NETWORKS_MAX = 8;

type RepeatedText = 'accountSid' | 'fleetSid' | 'apn' | 'ratType';

const isSameNetwork = (a: Network, b: Network): boolean =>
  a.sid === b.sid && a.mcc === b.mcc && a.mnc === b.mnc && a.name === b.name && a.isoCountry === b.isoCountry;

export class RepeatedValues {
  private readonly texts: Partial<Record<RepeatedText, string>> = {};
  private readonly networks: Network[] = [];
  private oldest = 0;

  /** The text of that name that came last, if it is equal. */
  text(name: RepeatedText, value: string): string {
    const last = this.texts[name];
    if (last === value) return last;
    this.texts[name] = value;
    return value;
  }

  /** One of the networks that came last, if it is equal. */
  network(network: Network): Network {
    for (const known of this.networks) if (isSameNetwork(known, network)) return known;
    this.networks[this.oldest] = network;
    this.oldest = (this.oldest + 1) % NETWORKS_MAX;
    return network;
  }
}
