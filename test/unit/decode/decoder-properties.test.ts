import { describe, expect, it } from '@jest/globals';
import { checkDecoder, INPUTS } from '../../support/decoder-properties.ts';

describe('the decoder never throws, answers with at least one item, and is never at a loss', () => {
  it.each(Object.entries(INPUTS))('on %s', (_name, input) => {
    expect(checkDecoder(input, 2_000).size).toBeGreaterThan(3);
  });
});
