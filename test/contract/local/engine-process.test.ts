import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startDynamoDb } from '../../../src/local/dynamodb-engine.ts';
import { type Engine, freePort, onPort, startEngine } from '../../../src/local/engine-process.ts';
import { type Clock, systemClock } from '../../../src/time.ts';

/** An engine that is the text of a Node program. */
const program = (name: string, text: string, port: number) => ({
  name,
  command: process.execPath,
  args: ['-e', text],
  port,
});
const answering = (port: number): string =>
  `require('http').createServer((_, answer) => answer.end()).listen(${port}, '127.0.0.1');`;

/** Each look at the time is 11 s later than the one before. */
const hurriedClock = (): Clock => {
  let nowMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => {
      nowMs += 11_000;
      return nowMs;
    },
  };
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('an engine process', () => {
  let engine: Engine | undefined;
  afterEach(async () => {
    await engine?.stop();
    engine = undefined;
  });

  it('is up when it answers, and gone when it is stopped; stopping it again does nothing', async () => {
    const port = await freePort();
    engine = await startEngine(program('quick', answering(port), port));
    expect(isAlive(engine.pid)).toBe(true);

    await engine.stop();
    await engine.stop();

    expect(isAlive(engine.pid)).toBe(false);
    expect(await freePort()).not.toBe(0);
  });

  it('that ignores SIGTERM is killed after a grace', async () => {
    const port = await freePort();
    const stubborn = `process.on('SIGTERM', () => {}); ${answering(port)}`;
    engine = await startEngine(program('stubborn', stubborn, port));

    await engine.stop();

    expect(isAlive(engine.pid)).toBe(false);
  });

  it('whose free port is taken in between starts on another', async () => {
    const ports: number[] = [];
    engine = await onPort(undefined, (port) => {
      ports.push(port);
      const late = `require('node:net').createServer().listen(${port}, '127.0.0.1').once('error', (e) => { throw e; })`;
      const taken = `${late}; require('node:net').createServer().listen(${port}, '127.0.0.1')`;
      return startEngine(program('unlucky', ports.length === 1 ? taken : answering(port), port));
    });

    expect(ports).toHaveLength(2);
    expect(new URL(engine.endpoint).port).toBe(String(ports[1]));
  });

  it('on a taken port is refused with what to do', async () => {
    engine = await startDynamoDb({ engine: 'dynalite' });
    const port = Number(new URL(engine.endpoint).port);

    await expect(startDynamoDb({ engine: 'auto', port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringContaining(`Port ${port} is taken`),
    });
  });

  it('that dies says what it said last', async () => {
    const dying = program('dying', 'console.error("no licence"); process.exit(3)', await freePort());

    await expect(startEngine(dying)).rejects.toMatchObject({
      code: 'engine-missing',
      message: 'dying did not start (exit 3). It said: no licence',
    });
  });

  it('that takes connections and never answers is given up', async () => {
    const port = await freePort();
    const mute = program('mute', `require('net').createServer(() => {}).listen(${port}, '127.0.0.1')`, port);

    await expect(startEngine(mute, hurriedClock())).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('no answer within 30 s'),
    });
  });

  it('that is dead is not taken for the one that answers on its port', async () => {
    const port = await freePort();
    const other = createServer((_, answer) => answer.end());
    const starting = startEngine(program('dead', 'process.exit(3)', port), {
      ...systemClock,
      // Between two probes: the child dies, and something else takes the port.
      sleep: async () => {
        await systemClock.sleep(500);
        if (!other.listening) await new Promise<void>((up) => other.listen(port, '127.0.0.1', up));
      },
    });

    await expect(starting).rejects.toMatchObject({ code: 'engine-missing' });
    await new Promise((closed) => other.close(closed));
  });

  it('whose program is not installed names it', async () => {
    const absent = { name: 'absent', command: 'no-such-program', args: [], port: await freePort() };

    await expect(startEngine(absent)).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('there is no program "no-such-program"'),
    });
  });
});
