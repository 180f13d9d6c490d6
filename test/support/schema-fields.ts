/** The documented names inside `data`: the only ones that a dead letter may name. */
import { v2Data } from './realistic-event.ts';

export const DATA_FIELDS = [...Object.keys(v2Data()), 'error', 'data_modifier'];
export const NESTED_FIELDS = ['mcc', 'mnc', 'friendly_name', 'lat', 'lon', 'cell_id', 'code', 'message'];

const FIELD = /^(?:[a-z_]+)(?:\.[a-z_]+)?$/;
const KNOWN_FIELDS = new Set([
  ...DATA_FIELDS,
  ...NESTED_FIELDS,
  'lac',
  'iso_country',
  'sid',
  'data_session_end_time',
]);

export const isSchemaField = (field: string): boolean =>
  FIELD.test(field) && field.split('.').every((name) => KNOWN_FIELDS.has(name));
