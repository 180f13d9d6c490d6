import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SCHEMA_FOLDER, schemaFiles } from '../../schemas/item-schemas.ts';

const FOLDER = join(import.meta.dirname, '../../..', SCHEMA_FOLDER);

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node;
  readonly [name: string]: unknown;
}

/** Path of each property of a schema, however deep. */
function* propertiesOf(node: Node, path = ''): Generator<[string, Node]> {
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    yield [`${path}${name}`, property];
    yield* propertiesOf(property, `${path}${name}.`);
  }
  if (node.additionalProperties) yield* propertiesOf(node.additionalProperties, `${path}*.`);
}

it('docs/schemas is what `npm run schemas` writes', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...schemaFiles().keys()].sort());
  for (const [name, text] of schemaFiles())
    expect([name, readFileSync(join(FOLDER, name), 'utf8')]).toEqual([name, text]);
});

describe.each([...schemaFiles()])('%s', (_, text) => {
  const schema = JSON.parse(text) as Node;

  it('has a title, and a description of every property', () => {
    expect(schema).toMatchObject({
      title: expect.any(String),
      description: expect.any(String),
      type: 'object',
    });
    const silent = [...propertiesOf(schema)]
      .filter(([, { description }]) => !description)
      .map(([path]) => path);
    expect(silent).toEqual([]);
  });

  it('says the type of every property, and the unit of every amount of bytes', () => {
    const properties = [...propertiesOf(schema)];
    expect(properties.filter(([, { type }]) => !type).map(([path]) => path)).toEqual([]);
    const amounts = properties.filter(([path]) => /_bytes$|\.(down|up)$/.test(path));
    expect(amounts.filter(([, { description }]) => !/Unit: bytes/.test(description ?? ''))).toEqual([]);
  });

  it('lets attributes come that newer writers add', () => {
    expect(schema).not.toHaveProperty('additionalProperties');
  });
});
