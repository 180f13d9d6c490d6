/** Tells IMSIs apart without keeping any: 16 bits of a hash are shared by hundreds of thousands of IMSIs of one
 *  network, while of the handful that one SIM has no two are likely to share them.
 *  The hash is FNV-1a, 32 bits, folded. Source: draft-eastlake-fnv. */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

export function imsiTagOf(imsi: string): number {
  let hash = OFFSET_BASIS;
  for (let at = 0; at < imsi.length; at += 1) hash = Math.imul(hash ^ imsi.charCodeAt(at), PRIME);
  return ((hash >>> 16) ^ hash) & 0xffff;
}
