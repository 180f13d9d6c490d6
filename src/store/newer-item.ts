/** The private parts of items begin with the version of their layout. Versions above ours, up to this one, are ones that
 *  are yet to come; anything else is damage. */
const LAYOUT_VERSION_MAX = 31;

/** An item as a later version of this program writes it: nothing is wrong with it, and we must not write it. */
export class NewerItemError extends RangeError {
  override readonly name = 'NewerItemError';
}

/** What to throw about a layout that is none of ours. */
export const unknownLayout = (what: string, version: number, newestKnown: number): RangeError =>
  version > newestKnown && version <= LAYOUT_VERSION_MAX
    ? new NewerItemError(`${what} of a newer layout: ${version}`)
    : new RangeError(`${what} of an unknown layout`);
