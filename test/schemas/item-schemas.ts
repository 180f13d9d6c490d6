/** The JSON Schemas of stored items, from the reader's own schemas: docs/schemas. */
import { z } from 'zod';
import { deadLetterSchema, sessionSchema, simSchema, usageSchema } from '../../src/reader/index.ts';

/** Where the files are, from the root. */
export const SCHEMA_FOLDER = 'docs/schemas';

const ITEM_SCHEMAS = {
  session: sessionSchema,
  sim: simSchema,
  usage: usageSchema,
  'dead-letter': deadLetterSchema,
};

/** Each file's name and text. Of what is stored, not of what is parsed: integers are digits, bytes are base64. */
export const schemaFiles = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(ITEM_SCHEMAS).map(([name, schema]) => {
      const { $schema, title, description, ...rest } = z.toJSONSchema(schema, {
        io: 'input',
        unrepresentable: 'any',
      });
      return [
        `${name}.schema.json`,
        `${JSON.stringify({ $schema, title, description, ...rest }, null, 2)}\n`,
      ];
    }),
  );
