import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Coloured on a terminal, unless the user wants none. Source: https://no-color.org */
export const paint = (
  style: Style,
  text: string,
  stream: { readonly isTTY?: boolean } = process.stdout,
): string =>
  stream.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb' ? styleText(style, text) : text;
