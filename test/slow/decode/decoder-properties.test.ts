import { describe, expect, it } from '@jest/globals';
import { checkDecoder, INPUTS } from '../../support/decoder-properties.ts';

describe('the decoder never throws, answers with at least one item, and is never at a loss', () => {
  it.each(Object.entries(INPUTS))('on 100,000 × %s', (_name, input) => {
    expect(checkDecoder(input, 100_000).size).toBeGreaterThan(3);
  });
});
