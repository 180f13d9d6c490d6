/** Each worker keeps its colour for as long as the page is open. */
const COLOURS = 8;
const numbers = new Map<string, number>();

/** A CSS colour. */
export function colourOf(owner: string | null): string {
  if (owner === null) return 'var(--none)';
  const known = numbers.get(owner) ?? numbers.size;
  numbers.set(owner, known);
  return `var(--o${known % COLOURS})`;
}
