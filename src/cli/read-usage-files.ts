/** Files of Usage Records, read one after the other. */
import { createReadStream } from 'node:fs';
import { MeterError } from '../errors.ts';
import { parseUsageRecords } from '../reconcile/parse-usage-records.ts';
import { VendorUsage } from '../reconcile/vendor-usage.ts';

const PROBLEMS_SHOWN_MAX = 20;

async function* utf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

async function readFile(file: string, usage: VendorUsage, problems: string[]): Promise<void> {
  const name = file === '-' ? 'standard input' : file;
  const bytes = file === '-' ? process.stdin : createReadStream(file);
  try {
    for await (const parsed of parseUsageRecords(utf8(bytes))) {
      const problem =
        parsed.kind === 'record'
          ? usage.add(parsed.record, `${name}, ${parsed.at}`)
          : `${name}, ${parsed.text}`;
      if (problem !== undefined) problems.push(problem);
      if (problems.length >= PROBLEMS_SHOWN_MAX) return;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    problems.push(`${name}: is not UTF-8`);
  }
}

/** What the files hold. `-` is standard input.
 *  @throws MeterError `file-invalid`, with a line for each of the first 20 problems. */
export async function readUsageFiles(files: readonly string[]): Promise<VendorUsage> {
  const usage = new VendorUsage();
  const problems: string[] = [];
  for (const file of files) if (problems.length < PROBLEMS_SHOWN_MAX) await readFile(file, usage, problems);
  if (problems.length === 0) return usage;
  const more = problems.length < PROBLEMS_SHOWN_MAX ? '' : '\n  … and perhaps more';
  throw new MeterError(
    'file-invalid',
    `The files are not the vendor’s Usage Records; nothing was compared:\n${problems.map((problem) => `  - ${problem}`).join('\n')}${more}`,
  );
}
