/** What identifies people and places in records, looked for in what workers print. */

const PERSONAL = /"(?:imsi|imei|ip_address|sim_iccid|sim_unique_name|cell_id)":"([^"]{6,})"/g;

/** Finds the first personal text of these records in another text. Numbers only as whole words: a sequence number has
 *  56 digits, and any 8 of them may be somebody's cell. */
export function personalTexts(records: readonly string[]): (text: string) => string | undefined {
  const [numbers, names] = [new Set<string>(), new Set<string>()];
  for (const record of records)
    for (const [, text = ''] of record.replaceAll('\\"', '"').matchAll(PERSONAL))
      (/^\d+$/.test(text) ? numbers : names).add(text);
  return (text) =>
    text.match(/\b\d{6,}\b/g)?.find((word) => numbers.has(word)) ??
    [...names].find((name) => text.includes(name));
}
