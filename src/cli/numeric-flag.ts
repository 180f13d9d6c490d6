import { MeterError } from '../errors.ts';

/** @throws MeterError `usage` when the flag's text is no number within its bounds. */
export function numeric(text: string, flag: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new MeterError('usage', `--${flag} must be a number from ${min} to ${max}, not "${text}".`);
}

/** @throws MeterError `usage` when the flag's text is no whole number within its bounds. */
export function whole(text: string, flag: string, min: number, max: number): number {
  const value = numeric(text, flag, min, max);
  if (Number.isInteger(value)) return value;
  throw new MeterError('usage', `--${flag} must be a whole number, not "${text}".`);
}
