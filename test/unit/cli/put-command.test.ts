import { expect, it } from '@jest/globals';
import { byteLines } from '../../../src/cli/put-command.ts';

async function* chunks(...parts: (string | number[])[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part);
}
const linesOf = async (input: AsyncIterable<Uint8Array>): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of byteLines(input)) lines.push(Buffer.from(line).toString('latin1'));
  return lines;
};

it('lines are bytes as they are, whatever the chunks, the line ends and the encoding', async () => {
  expect(await linesOf(chunks('{"a":', '1}\r\n\n', [0xff, 0xfe, 0x0a], 'last'))).toEqual([
    '{"a":1}',
    '\u00ff\u00fe',
    'last',
  ]);
  expect(await linesOf(chunks())).toEqual([]);
});
