const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** `0.4 s`, `3.2 min`, `5.0 h`, `2.1 d`. */
export function shortDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms >= unitMs) ?? ['s', 1_000];
  return `${(ms / size).toFixed(1)} ${unit}`;
}
