import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { expect, it } from '@jest/globals';
import { toJson, toPlain } from '../../src/json.ts';

it('integers of any size are written as their digits', () => {
  expect(toJson({ a: 9_007_199_254_740_993n, b: [-1n], c: '1n' })).toBe(
    '{"a":9007199254740993,"b":[-1],"c":"1n"}',
  );
});

it('an item is plain, exact and in order', () => {
  const item = {
    b: NumberValue.from('9007199254740993'),
    a: { z: new Set(['x']), y: new Uint8Array([1, 2]) },
  };

  expect(toJson(toPlain(item))).toBe('{"a":{"y":"AQI=","z":["x"]},"b":9007199254740993}');
});
