/** Runs records of a seed through the checks, one by one and in pages; a failure says how to repeat it. */
import { readConfig } from '../../src/config.ts';
import { createDecoder } from '../../src/decode/decode-record.ts';
import { USER_RECORDS_MAX } from '../../src/decode/kpl.ts';
import { RECORD_ELEMENTS_MAX } from '../../src/decode/record-budget.ts';
import { gunzip, md5 } from '../../src/source/record-codec.ts';
import { systemClock } from '../../src/time.ts';
import { buildDecoder } from '../../src/worker-parts.ts';
import { BatchFlow, type Books } from './check-batch.ts';
import { checkRecord, type Decoders } from './check-record.ts';
import { type FuzzedRecord, makeRecord } from './make-record.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Index of the first record. */
  readonly from?: number;
  readonly records: number;
  readonly decoders?: Decoders;
  /** Told after every page. */
  readonly onProgress?: (done: number) => void;
}

export interface FuzzReport {
  readonly seed: number;
  readonly records: number;
  readonly bytes: number;
  /** Of the worker's own counters. */
  readonly books: Books;
  /** Events and other things by what became of them in the decoder. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How often each change was made. */
  readonly mutations: Readonly<Record<string, number>>;
  readonly sessionItemsReread: number;
  readonly elapsedMs: number;
  /** The record that took longest, all its checks included. */
  readonly slowest: { readonly index: number; readonly ms: number };
}

/** Longer ones are cut: the command makes them again. Unit: characters. */
const BASE64_MAX = 3_000;

function shownBase64(data: Uint8Array): string {
  const text = Buffer.from(data).toString('base64');
  return text.length <= BASE64_MAX ? text : `${text.slice(0, BASE64_MAX)}… (${data.length} bytes)`;
}

/** A record that broke a property. `message` says how to repeat it, and holds the record in base64. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
  constructor(seed: number, record: FuzzedRecord, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(
      `${what}\n  seed ${seed}, index ${record.index}: ${record.mutations.join(', ') || 'unchanged'}\n` +
        `  npm run fuzz -- --seed ${seed} --from ${record.index} --records 1\n` +
        `  ${shownBase64(record.data)}`,
      { cause },
    );
  }
}

/** As many as an aggregate may hold, as many elements of arrays, and the defect after them. */
const ITEMS_MAX = USER_RECORDS_MAX + RECORD_ELEMENTS_MAX + 1;
const UNZIPPED_MAX_BYTES = 16 * 1_024 * 1_024;

/** The worker's decoder with its default settings, and its double that counts. */
export function workerDecoders(): Decoders {
  const { config } = readConfig({});
  let unzippedBytes = 0;
  const measured = createDecoder({
    recordMaxBytes: config.recordMaxBytes,
    unzippedMaxBytes: config.unzippedMaxBytes,
    keepsSims: true,
    md5,
    gunzip: (bytes, maxBytes) => {
      const plain = gunzip(bytes, maxBytes);
      // One that failed may have been unzipped up to the bound, as far as its bytes reach.
      unzippedBytes += typeof plain === 'string' ? Math.min(maxBytes, bytes.length * 1_032) : plain.length;
      return plain;
    },
  });
  const takeUnzippedBytes = (): number => {
    const taken = unzippedBytes;
    unzippedBytes = 0;
    return taken;
  };
  const limits = { itemsMax: ITEMS_MAX, unzippedMax: UNZIPPED_MAX_BYTES };
  return { decode: buildDecoder(config), measured, takeUnzippedBytes, limits };
}

const RECORDS_A_PAGE = 200;
/** Stored sessions are checked and forgotten after so many pages. */
const PAGES_A_STORE = 25;

const increment = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

class FuzzRun {
  readonly outcomes: Record<string, number> = {};
  readonly mutations: Record<string, number> = {};
  bytes = 0;
  sessionItemsReread = 0;
  slowest = { index: -1, ms: 0 };
  readonly flow: BatchFlow;
  private readonly decoders: Decoders;
  private readonly seed: number;

  constructor(seed: number, decoders: Decoders) {
    this.seed = seed;
    this.decoders = decoders;
    this.flow = new BatchFlow(decoders.decode);
  }

  async page(from: number, count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, at) => makeRecord(this.seed, from + at));
    let items = 0;
    for (const record of records) items += await this.one(record);
    try {
      await this.flow.run(records, items);
    } catch (cause) {
      throw await this.culprit(records, cause);
    }
  }

  private async one(record: FuzzedRecord): Promise<number> {
    const startedAtMs = systemClock.monotonicMs();
    try {
      const outcomes = await checkRecord(record, this.decoders);
      for (const outcome of outcomes) increment(this.outcomes, outcome);
      for (const mutation of record.mutations) increment(this.mutations, mutation);
      this.bytes += record.data.length;
      return outcomes.length;
    } catch (cause) {
      throw new FuzzFailure(this.seed, record, cause);
    } finally {
      const ms = systemClock.monotonicMs() - startedAtMs;
      if (ms > this.slowest.ms) this.slowest = { index: record.index, ms: Math.round(ms) };
    }
  }

  /** The record of a failed page that fails alone; the first, when only all together fail. */
  private async culprit(records: readonly FuzzedRecord[], cause: unknown): Promise<FuzzFailure> {
    for (const record of records)
      try {
        const alone = new BatchFlow(this.decoders.decode);
        await alone.run([record], this.decoders.decode(record).items.length);
        alone.checkItems();
      } catch (alone) {
        return new FuzzFailure(this.seed, record, alone);
      }
    return new FuzzFailure(this.seed, records[0] as FuzzedRecord, cause);
  }

  checkItems(): void {
    this.sessionItemsReread += this.flow.checkItems();
    this.flow.forget();
  }
}

/** @throws FuzzFailure at the first record that breaks a property. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, from = 0, records, decoders = workerDecoders(), onProgress } = options;
  const startedAtMs = systemClock.monotonicMs();
  const run = new FuzzRun(seed, decoders);
  for (let done = 0, pages = 1; done < records; done += RECORDS_A_PAGE, pages += 1) {
    await run.page(from + done, Math.min(RECORDS_A_PAGE, records - done));
    if (pages % PAGES_A_STORE === 0) run.checkItems();
    // Else nothing that waits for the event loop is ever cleaned up, and a million records need 2 GB.
    await systemClock.sleep(0);
    onProgress?.(Math.min(records, done + RECORDS_A_PAGE));
  }
  run.checkItems();
  const { outcomes, mutations, bytes, sessionItemsReread, slowest, flow } = run;
  const elapsedMs = Math.round(systemClock.monotonicMs() - startedAtMs);
  return {
    seed,
    records,
    bytes,
    books: flow.books,
    outcomes,
    mutations,
    sessionItemsReread,
    elapsedMs,
    slowest,
  };
}
