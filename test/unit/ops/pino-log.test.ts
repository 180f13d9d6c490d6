import { describe, expect, it } from '@jest/globals';
import { captureWarnings } from '../../../src/ops/capture-warnings.ts';
import { errorFields } from '../../../src/ops/error-fields.ts';
import type { LogFields } from '../../../src/ops/log.ts';
import { createLog, type LogOptions } from '../../../src/ops/pino-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const CANARY = '310170845466094';

function givenLog(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    version: '1.2.3',
    clock: new VirtualClock(),
    destination: { write: (line) => void lines.push(line) },
    ...options,
  });
  return { log, lines };
}

describe('a log line', () => {
  it('is JSON with level, timestamp, event, message, service and version', () => {
    const { log, lines } = givenLog({ context: { workerId: 'w-1' } });

    log.info('lease.taken', 'lease taken', { shardId: 'shardId-000000000000', count: 2 });

    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toEqual({
      level: 'info',
      timestamp: '2026-01-01T00:00:00.000Z',
      service: 'supersim-meter',
      version: '1.2.3',
      event: 'lease.taken',
      message: 'lease taken',
      workerId: 'w-1',
      shardId: 'shardId-000000000000',
      count: 2,
    });
  });

  it('holds nothing of a field that is not listed, nor of a listed one that is no plain value', () => {
    const { log, lines } = givenLog();
    const fields = { imsi: CANARY, err: new Error(CANARY), reason: { imsi: CANARY }, table: [{ CANARY }] };

    log.error('batch.failed', 'failed', fields as unknown as LogFields);

    expect(lines.join('')).not.toContain(CANARY);
    expect(lines).toHaveLength(1);
  });

  it('keeps its own keys: a field cannot take their place', () => {
    const { log, lines } = givenLog();

    log.info('start', 'starting', { version: '9.9.9' });

    expect(lines[0]?.match(/"version"/g)).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ version: '1.2.3' });
  });

  it('stays one line, whatever a field holds', () => {
    const { log, lines } = givenLog();

    log.info('event.test', 'arrived', { testId: 'x\n{"level":"error"}\u001b[2J' });

    expect(lines).toHaveLength(1);
    const line = (lines[0] as string).trimEnd();
    expect([line.includes('\n'), line.includes('\u001b')]).toEqual([false, false]);
  });

  it('is not written below the level', () => {
    const { log, lines } = givenLog({ level: 'warn' });

    log.info('a', 'b');
    log.warn('c', 'd');

    expect(lines).toHaveLength(1);
  });

  it('is readable on a terminal, without control characters from outside', () => {
    const { log, lines } = givenLog({ isPretty: true });

    log.warn('event.test', 'arrived', { testId: 'x\u001b[2Jy' });

    expect(lines[0]).toMatch(/^00:00:00\.000 .*WARN.* arrived {2}event\.test testId=x \[2Jy\n$/);
  });
});

it('a line of another kind goes among the log’s own as it is, whatever the level', async () => {
  const { log, lines } = givenLog({ level: 'silent' });

  log.line('{"_aws":{}}');
  await log.close();
  log.line('{"_aws":{}}');

  expect(lines).toEqual(['{"_aws":{}}\n']);
});

describe('an error', () => {
  it('is logged by class, code and status only', () => {
    const error = Object.assign(new Error(CANARY, { cause: CANARY }), {
      name: 'TimeoutError',
      code: 'ETIMEDOUT',
      $metadata: { httpStatusCode: 500 },
    });

    expect(errorFields(error)).toEqual({
      errorName: 'TimeoutError',
      errorCode: 'ETIMEDOUT',
      httpStatus: 500,
    });
    expect(errorFields(undefined)).toEqual({ errorName: 'undefined' });
  });
});

describe('Node’s warnings', () => {
  it('become one log line instead of raw text, until undone', () => {
    const { log, lines } = givenLog();
    const printed: string[] = [];
    const listeners: ((warning: Error) => void)[] = [(warning) => printed.push(warning.message)];
    const source = {
      listeners: () => [...listeners],
      on: (_: string, listener: (warning: Error) => void) => listeners.push(listener),
      off: (_: string, listener: (warning: Error) => void) =>
        listeners.splice(listeners.indexOf(listener), 1),
    };
    const undo = captureWarnings(log, source as unknown as NodeJS.Process);
    for (const listener of listeners) listener(Object.assign(new Error('old\nNode'), { name: 'SdkWarning' }));

    expect(printed).toEqual([]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', event: 'node.warning', message: 'old Node', errorName: 'SdkWarning' },
    ]);

    undo();
    for (const listener of listeners) listener(new Error('again'));
    expect(printed).toEqual(['again']);
  });
});
