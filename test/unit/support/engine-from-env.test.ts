/** Suites that are to run on LocalStack fail without one: they are never skipped, and never run on something else. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { engineFromEnv, identify } from '../../support/engine-from-env.ts';

const HEALTHY = { version: '4.14.0', services: { kinesis: 'running', dynamodb: 'running' } };

/** Asks a server that answers so, and ends it. */
async function identifyAnswering(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await identify(`http://127.0.0.1:${port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const answering =
  (body: unknown): RequestListener =>
  (_, response) =>
    void response.end(typeof body === 'string' ? body : JSON.stringify(body));

describe('the engines of a suite', () => {
  it('are embedded, whatever endpoint the environment names, unless the suite asks for it', () => {
    expect(engineFromEnv({ AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' })).toEqual({ kind: 'embedded' });
  });

  it('are what the endpoint names, for a suite that asks for it', () => {
    expect(
      engineFromEnv({ TEST_ENGINE: 'endpoint', AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }),
    ).toMatchObject({ kind: 'endpoint', engine: { endpoint: 'http://127.0.0.1:4566' } });
  });

  it('cannot be an endpoint that nobody names, nor a word that nobody knows', () => {
    expect(() => engineFromEnv({ TEST_ENGINE: 'endpoint' })).toThrow('AWS_ENDPOINT_URL');
    expect(() => engineFromEnv({ TEST_ENGINE: 'localstack' })).toThrow('"localstack"');
  });
});

describe('LocalStack', () => {
  it('says its version and the state of what is needed', async () => {
    expect(await identifyAnswering(answering(HEALTHY))).toBe(
      'LocalStack 4.14.0 (kinesis running, dynamodb running)',
    );
  });

  it.each([
    ['something else', 'Not Found'],
    ['an engine of its own', {}],
    ['one whose DynamoDB did not start', { ...HEALTHY, services: { kinesis: 'running', dynamodb: 'error' } }],
    ['one without Kinesis', { ...HEALTHY, services: { kinesis: 'disabled', dynamodb: 'running' } }],
  ])('is not %s', async (_, body) => {
    await expect(identifyAnswering(answering(body))).rejects.toThrow('is not LocalStack, or not ready');
  });

  it('is not where nobody answers', async () => {
    await expect(identify('http://127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });
});
