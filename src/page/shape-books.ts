/** What several workers counted, as one set of books. Pure. */
import { sumTotals } from '../supervisor/sum-totals.ts';
import type { Counts } from './history.ts';
import type { Books } from './shapes.ts';
import type { WorkerReport } from './worker-report.ts';

export function shapeBooks(reports: readonly WorkerReport[]): Books {
  const totals = sumTotals(reports.map((report) => report.totals));
  const { read, applied, duplicate, ignored, deadLettered, records, gaps } = totals;
  return {
    sinceMs: reports.length > 0 ? Math.min(...reports.map(({ startedAtMs }) => startedAtMs)) : null,
    read,
    applied,
    duplicate,
    ignored,
    deadLettered,
    isBalanced: read === applied + duplicate + ignored + deadLettered,
    ignoredByReason: totals.ignoredByReason,
    deadLetteredByReason: totals.deadLetteredByReason,
    downloadBytes: String(totals.downloadBytes),
    uploadBytes: String(totals.uploadBytes),
    records,
    gaps,
  };
}

export const countsOf = ({ applied, duplicate, ignored, deadLettered, ...books }: Books): Counts => ({
  applied,
  duplicate,
  ignored,
  deadLettered,
  bytes: Number(books.downloadBytes) + Number(books.uploadBytes),
});
