/** Changes of a record's JSON. Each takes one place of the tree, chosen by chance. */
import type { Chance } from '../../src/local/seeded-random.ts';
import { copyOf, literal, type Slot, slotsOf, type Tree, textOf } from './json-tree.ts';
import { ODD_KEYS, oddValue } from './odd-values.ts';

export interface MutationContext {
  readonly chance: Chance;
  /** The record's arrival. Unit: ms since 1970. */
  readonly nearMs: number;
  /** Another record's tree, to take parts from. */
  readonly other: Tree;
}

type Mutator = (root: { tree: Tree }, context: MutationContext) => void;

const somewhere = (root: { tree: Tree }, { chance }: MutationContext): Slot => chance.pick(slotsOf(root));

/** An entry of an object; the root itself when there is none. */
function someEntry(root: { tree: Tree }, { chance }: MutationContext): Slot {
  const entries = slotsOf(root).filter(({ entry }) => entry !== undefined);
  return entries.length > 0 ? chance.pick(entries) : (slotsOf(root)[0] as Slot);
}

/** A property of the record's own `data` more often than one of its envelope: there is more to break. */
const setOdd: Mutator = (root, context) =>
  someEntry(root, context).set(literal(oddValue(context.chance, context.nearMs)));

const nested = (depth: number, isObject: boolean): string =>
  isObject ? `${'{"network":'.repeat(depth)}1${'}'.repeat(depth)}` : '['.repeat(depth) + ']'.repeat(depth);

/** Every letter as its escape: the same text to a parser. */
const escaped = (text: string): string =>
  text.replace(/[A-Za-z]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const JSON_MUTATORS: Readonly<Record<string, Mutator>> = {
  'odd value': setOdd,
  'another odd value': setOdd,
  'key dropped': (root, context) => {
    const { entry } = someEntry(root, context);
    entry?.of.splice(entry.at, 1);
  },
  'key twice': (root, context) => {
    const { entry, get } = someEntry(root, context);
    if (!entry) return;
    const value = context.chance.is(0.5) ? literal(oddValue(context.chance, context.nearMs)) : copyOf(get());
    entry.of.splice(context.chance.whole(0, entry.of.length), 0, {
      key: entry.of[entry.at]?.key ?? '',
      value,
    });
  },
  'key renamed': (root, context) => {
    const { entry } = someEntry(root, context);
    const found = entry?.of[entry.at];
    if (found) found.key = context.chance.is(0.8) ? context.chance.pick(ODD_KEYS) : found.key.toUpperCase();
  },
  'odd key added': (root, context) => {
    const { entry } = someEntry(root, context);
    const value =
      context.chance.is(0.5) && entry
        ? { kind: 'object' as const, entries: [{ key: 'isPolluted', value: literal('true') }] }
        : literal(oddValue(context.chance, context.nearMs));
    entry?.of.splice(context.chance.whole(0, entry.of.length), 0, {
      key: context.chance.pick(ODD_KEYS),
      value,
    });
  },
  'values swapped': (root, context) => {
    const [a, b] = [someEntry(root, context), someEntry(root, context)];
    const [left, right] = [copyOf(a.get()), copyOf(b.get())];
    a.set(right);
    b.set(left);
  },
  'value of another record': (root, context) => {
    const part = context.chance.pick(slotsOf({ tree: context.other })).get();
    somewhere(root, context).set(copyOf(part));
  },
  'type changed': (root, context) => {
    const slot = somewhere(root, context);
    const text = textOf(slot.get());
    slot.set(
      context.chance.pick<() => Tree>([
        () => ({ kind: 'array', items: [literal(text)] }),
        () => ({ kind: 'object', entries: [{ key: context.chance.pick(ODD_KEYS), value: literal(text) }] }),
        () => literal(JSON.stringify(text)),
        () => literal(text.startsWith('"') ? text.slice(1, -1) || '""' : `"${text}"`),
      ])(),
    );
  },
  'deep nesting': (root, context) => {
    const depth = context.chance.pick([5, 50, 1_000, 20_000]);
    somewhere(root, context).set(literal(nested(depth, context.chance.is(0.5))));
  },
  'huge array': (root, context) => {
    const slot = context.chance.is(0.5) ? (slotsOf(root)[0] as Slot) : somewhere(root, context);
    const text = textOf(slot.get());
    const count = Math.min(
      context.chance.pick([2, 50, 1_000, 1_001, 40_000]),
      Math.ceil(400_000 / text.length),
    );
    slot.set(literal(`[${Array.from({ length: count }, () => text).join(',')}]`));
  },
  'many keys': (root, context) => {
    const { entry } = someEntry(root, context);
    const count = context.chance.pick([10, 1_000, 5_000]);
    entry?.of.push(
      ...Array.from({ length: count }, (_, at) => ({ key: `key${at}`, value: literal(String(at)) })),
    );
  },
  'huge text': (root, context) =>
    someEntry(root, context).set(literal(`"${'y'.repeat(context.chance.pick([2_000, 70_000, 300_000]))}"`)),
  'unicode escapes': (root, context) => {
    const slot = someEntry(root, context);
    const value = slot.get();
    if (value.kind === 'literal') slot.set(literal(escaped(value.text)));
  },
};
