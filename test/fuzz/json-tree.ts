/** JSON as a tree that can also hold what no value can: a key twice, `__proto__` as a key, any number's own text,
 *  half a surrogate pair, text that is itself JSON. */

export interface Entry {
  key: string;
  value: Tree;
}

export type Tree =
  | { readonly kind: 'object'; readonly entries: Entry[] }
  | { readonly kind: 'array'; readonly items: Tree[] }
  /** The JSON text of a string: `data` as Twilio's quickstart shows it. */
  | { readonly kind: 'text'; inner: Tree }
  /** Any text, as it is to stand in the record. */
  | { readonly kind: 'literal'; readonly text: string };

export const literal = (text: string): Tree => ({ kind: 'literal', text });

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) };
  if (typeof value === 'string' && value.startsWith('{"')) return { kind: 'text', inner: parsedOf(value) };
  if (typeof value !== 'object' || value === null) return literal(JSON.stringify(value) ?? 'null');
  return {
    kind: 'object',
    entries: Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .map(([key, entry]) => ({ key, value: treeOf(entry) })),
  };
}

function parsedOf(text: string): Tree {
  try {
    return treeOf(JSON.parse(text));
  } catch {
    return literal(JSON.stringify(text));
  }
}

export function copyOf(tree: Tree): Tree {
  switch (tree.kind) {
    case 'object':
      return {
        kind: 'object',
        entries: tree.entries.map(({ key, value }) => ({ key, value: copyOf(value) })),
      };
    case 'array':
      return { kind: 'array', items: tree.items.map(copyOf) };
    case 'text':
      return { kind: 'text', inner: copyOf(tree.inner) };
    default:
      return tree;
  }
}

export function textOf(tree: Tree): string {
  switch (tree.kind) {
    case 'object':
      return `{${tree.entries.map(({ key, value }) => `${JSON.stringify(key)}:${textOf(value)}`).join(',')}}`;
    case 'array':
      return `[${tree.items.map(textOf).join(',')}]`;
    case 'text':
      return JSON.stringify(textOf(tree.inner));
    default:
      return tree.text;
  }
}

/** A place in a tree whose value can be read and replaced. */
export interface Slot {
  readonly get: () => Tree;
  readonly set: (value: Tree) => void;
  /** Undefined in an array. */
  readonly entry: { readonly of: Entry[]; readonly at: number } | undefined;
}

/** All places, the root's too, outermost first. */
export function slotsOf(root: { tree: Tree }): Slot[] {
  const slots: Slot[] = [];
  const visit = (slot: Slot): void => {
    slots.push(slot);
    const tree = slot.get();
    if (tree.kind === 'object')
      for (const [at, entry] of tree.entries.entries())
        visit({
          get: () => entry.value,
          set: (value) => {
            entry.value = value;
          },
          entry: { of: tree.entries, at },
        });
    if (tree.kind === 'array')
      for (const at of tree.items.keys())
        visit({
          get: () => tree.items[at] as Tree,
          set: (value) => {
            tree.items[at] = value;
          },
          entry: undefined,
        });
    if (tree.kind === 'text')
      visit({
        get: () => tree.inner,
        set: (value) => {
          tree.inner = value;
        },
        entry: undefined,
      });
  };
  visit({
    get: () => root.tree,
    set: (value) => {
      root.tree = value;
    },
    entry: undefined,
  });
  return slots;
}
