import { describe, expect, it } from '@jest/globals';
import { PRICE_DEFAULTS, parsePrices } from '../../../src/estimate/prices.ts';

const problemsOf = (text: string): string => {
  try {
    parsePrices(text, 'prices.json');
  } catch (error) {
    expect(error).toMatchObject({ name: 'MeterError', code: 'file-invalid' });
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe('a file of prices', () => {
  it('replaces the prices that it names, and no other', () => {
    expect(parsePrices('{"region":"eu-west-1","kinesisPerShardHour":0.017}', 'prices.json')).toEqual({
      ...PRICE_DEFAULTS,
      region: 'eu-west-1',
      kinesisPerShardHour: 0.017,
    });
  });

  it('is what the defaults are printed as', () => {
    expect(parsePrices(JSON.stringify(PRICE_DEFAULTS), 'prices.json')).toEqual(PRICE_DEFAULTS);
  });

  it('with several problems gets a line for each, and says how to go on', () => {
    const message = problemsOf('{"fargatePerVcpuHour":-1,"currency":"dollars","kinesisShardHour":1}');

    expect(message).toContain('prices.json holds no prices as `supersim-meter estimate --print-prices`');
    expect(message.split('\n').slice(1)).toEqual([
      expect.stringContaining('- currency: must be three capital letters'),
      expect.stringContaining('- fargatePerVcpuHour: '),
      expect.stringContaining('- there is no price named kinesisShardHour'),
    ]);
  });

  it.each([
    ['', 'it is not JSON'],
    ['{', 'it is not JSON'],
    ['[]', 'the whole: '],
    ['null', 'the whole: '],
    ['{"dynamodbPerGbMonth":"0.25"}', 'dynamodbPerGbMonth: '],
    ['{"dynamodbPerGbMonth":null}', 'dynamodbPerGbMonth: '],
    ['{"dynamodbPerGbMonth":1e999}', 'dynamodbPerGbMonth: '],
    ['{"region":""}', 'region: '],
  ])('%s is refused', (text, problem) => {
    expect(problemsOf(text)).toContain(problem);
  });
});
