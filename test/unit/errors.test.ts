import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes.ts';
import { classify, ERROR_CODES, errorName, isThrottle, MeterError } from '../../src/errors.ts';
import { explain } from '../../src/explain-error.ts';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const named = (name: string, more: object = {}): Error =>
  Object.assign(new Error('secret input'), { name, ...more });

it('an error whose class says nothing is named by its code; no other is', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED' });
  const both = Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' });

  expect([errorName(refused), errorName(both)]).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
  expect(errorName(Object.assign(new TypeError('x'), { code: 'ERR_X' }))).toBe('TypeError');
  expect([errorName(new Error('x')), errorName('x')]).toEqual(['Error', 'string']);
});

describe('classify', () => {
  it.each([
    [named('ProvisionedThroughputExceededException'), 'retryable'],
    [named('TimeoutError'), 'retryable'],
    [named('Error', { code: 'ECONNREFUSED' }), 'retryable'],
    [named('Whatever', { $fault: 'server' }), 'retryable'],
    [named('KMSAccessDeniedException'), 'retryable'],
    [named('CredentialsProviderError'), 'retryable'],
    [named('SyntaxError', { $metadata: { httpStatusCode: 200 } }), 'retryable'],
    [named('ExpiredIteratorException'), 'expired-iterator'],
    [named('AbortError'), 'aborted'],
    [named('SyntaxError'), 'fatal'],
    [named('AccessDeniedException', { $fault: 'client' }), 'fatal'],
    [named('ValidationException', { $fault: 'client', $metadata: { httpStatusCode: 400 } }), 'fatal'],
    [named('SomethingNew'), 'fatal'],
    ['a string', 'fatal'],
    [undefined, 'fatal'],
  ] as const)('%s is %s', (error, kind) => {
    expect(classify(error)).toBe(kind);
  });

  it('tells throttling from failing', () => {
    expect([isThrottle(named('ThrottlingException')), isThrottle(named('TimeoutError'))]).toEqual([
      true,
      false,
    ]);
  });
});

describe('explain', () => {
  it.each([
    [named('Error', { message: 'Region is missing' }), 'region-missing', EXIT.configuration],
    [named('CredentialsProviderError'), 'credentials-missing', EXIT.aws],
    [named('AccessDeniedException'), 'access-denied', EXIT.aws],
    [named('TimeoutError'), 'service-unreachable', EXIT.aws],
    [named('SomethingNew'), 'invariant-broken', EXIT.failed],
  ] as const)('%s says what to do', (error, code, exitCode) => {
    const explained = explain(error, 'reading the tables');

    expect([explained.code, exitCodeOf(explained)]).toEqual([code, exitCode]);
    expect(explained.message).toMatch(/reading the tables|AWS_REGION/);
  });

  it('leaves an error of ours as it is', () => {
    const error = new MeterError('usage', 'so');

    expect(explain(error, 'x')).toBe(error);
  });
});

it.each(ERROR_CODES)('the code %s stands in the README with its exit code', (code) => {
  expect(README).toContain(`| \`${code}\` | ${exitCodeOf(new MeterError(code, ''))} |`);
});
