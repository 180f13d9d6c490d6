/** The maps inside a session item. */
import type { EventError, Location, Network } from '../decode/event.ts';
import type { ItemMap, ItemValue } from './item-size.ts';

/** An item while it is being made. */
export type Draft = Record<string, ItemValue>;

/** Sets what is there: DynamoDB has no undefined, and null would take room. Attribute by attribute: one spread more
 *  per event costs as much as its JSON. */
export function set(item: Draft, name: string, value: ItemValue | undefined): void {
  if (value !== undefined && value !== null) item[name] = value;
}

export function networkItem({ mcc, mnc, name, isoCountry, sid }: Network): ItemMap {
  const item: Draft = {};
  set(item, 'mcc', mcc);
  set(item, 'mnc', mnc);
  set(item, 'name', name);
  set(item, 'iso_country', isoCountry);
  set(item, 'sid', sid);
  return item;
}

export function errorItem({ code, message }: EventError): ItemMap {
  const item: Draft = {};
  set(item, 'code', code);
  set(item, 'message', message);
  return item;
}

export function locationItem({ cellId, lac, lat, lon }: Location): ItemMap {
  const item: Draft = {};
  set(item, 'cell_id', cellId);
  set(item, 'lac', lac);
  set(item, 'lat', lat === undefined ? undefined : String(lat));
  set(item, 'lon', lon === undefined ? undefined : String(lon));
  return item;
}
