/** The kinds of attribute that items are made of, as zod schemas: what is parsed is exact, and what is described
 *  in the JSON Schemas is the plain JSON that `export` writes. */
import { z } from 'zod';

const INTEGER = /^-?\d+$/;

/** Numbers arrive as number, bigint, text or lib-dynamodb's wrapped text, by client setting. Undefined when the
 *  value is no integer, or a number that may have been rounded. */
function exactInteger(value: unknown): bigint | undefined {
  const plain = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
  if (typeof plain === 'bigint') return plain;
  if (typeof plain === 'number') return Number.isSafeInteger(plain) ? BigInt(plain) : undefined;
  return typeof plain === 'string' && INTEGER.test(plain) ? BigInt(plain) : undefined;
}

const NOT_EXACT =
  'is over 2^53 and was read as a rounded number: set unmarshallOptions.wrapNumbers of the document client';

function problemOf(value: unknown): string {
  if (value === undefined) return 'is missing';
  return typeof value === 'number' && Number.isInteger(value) ? NOT_EXACT : 'is not an integer';
}

/** An amount that may exceed 2^53. Unit: bytes. */
export const bytes = (description: string) =>
  z
    .unknown()
    .transform((value, context): bigint => {
      const exact = exactInteger(value);
      if (exact !== undefined) return exact;
      context.addIssue({ code: 'custom', message: problemOf(value) });
      return z.NEVER;
    })
    .meta({ description: `${description} Unit: bytes; may exceed 2^53.`, type: 'integer', minimum: 0 });

const integer = () =>
  z.unknown().transform((value, context): number => {
    const exact = exactInteger(value);
    if (exact !== undefined && Number.isSafeInteger(Number(exact))) return Number(exact);
    context.addIssue({ code: 'custom', message: problemOf(value) });
    return z.NEVER;
  });

/** A number of things: never near 2^53. */
export const count = (description: string) => integer().meta({ description, type: 'integer', minimum: 0 });

/** An integer that is no amount, such as an error's code. */
export const code = (description: string) => integer().meta({ description, type: 'integer' });

/** By table's retention setting. */
export const expiry = () =>
  integer().meta({
    description: 'When DynamoDB may delete the item; absent when it is kept. Unit: seconds since 1970.',
    type: 'integer',
  });

export const text = (description: string) => z.string().meta({ description });

/** A time as the worker writes it. */
export const instant = (description: string) =>
  z
    .string()
    .meta({ description: `${description} ISO 8601 UTC with milliseconds and Z.`, format: 'date-time' });

/** Refuses what a newer writer wrote in a way that this reader would misread. New attributes alone don't raise the
 *  version: they are ignored. */
export const schemaVersion = (known: number) =>
  integer()
    .superRefine((version, context) => {
      if (version <= known) return;
      context.addIssue({
        code: 'custom',
        message: `is ${version}, and this reader knows up to ${known}: update supersim-meter`,
        params: { isNewer: true },
      });
    })
    .meta({
      description: 'Raised when older readers would misread the item; new attributes alone do not raise it.',
      type: 'integer',
      minimum: 1,
      maximum: known,
    });

export const networkSchema = z
  .object({
    mcc: text('Mobile country code.').optional(),
    mnc: text('Mobile network code.').optional(),
    name: text('The network’s name.').optional(),
    iso_country: text('ISO 3166-1 alpha-2.').optional(),
    sid: text('The network’s SID.').optional(),
  })
  .meta({ description: 'The visited network; last value by event time.' });

export const errorSchema = z
  .object({
    code: code('The error’s number in Twilio’s or KORE’s list.').optional(),
    message: text('The error in words.').optional(),
  })
  .meta({ description: 'The error that an event told of; last value by event time.' });
