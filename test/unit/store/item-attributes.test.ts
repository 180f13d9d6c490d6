import { describe, expect, it } from '@jest/globals';
import { bytes, instant, integer, map, text } from '../../../src/store/item-attributes.ts';

describe('an attribute of another type is refused by name, its value untold', () => {
  it.each<[string, (attributes: Record<string, unknown>, name: string) => unknown, unknown, string]>([
    ['a number', integer, true, 'attribute it is not a number'],
    ['a string', text, 7, 'attribute it is not a string'],
    ['a time', instant, 'yesterday', 'attribute it is not a time'],
    ['a map', map, '89883070', 'attribute it is not a map'],
    ['binary', bytes, '89883070', 'attribute it is not binary'],
  ])('%s', (_, read, value, message) => {
    expect(() => read({ it: value }, 'it')).toThrow(new RangeError(message));
  });
});

it('an attribute that must be there is refused when it is not, one that may be absent is absent', () => {
  expect(() => integer({}, 'it')).toThrow(RangeError);
  expect(() => bytes({}, 'it')).toThrow(RangeError);
  expect([text({}, 'it'), instant({}, 'it'), map({}, 'it')]).toEqual([undefined, undefined, undefined]);
});
