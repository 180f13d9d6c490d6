/** Whether the stored sessions say what the load's truth says. A fast worker that counts wrongly is worth nothing. */

import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { compareWithTruth, type Difference, type GroundTruth } from '../../../src/local/ground-truth.ts';
import type { Item } from '../../simulation/dynamodb/values.ts';

export interface Judgement {
  readonly isExact: boolean;
  readonly sessionsCompared: number;
  readonly deadLetters: number;
  readonly differences: number;
  /** The first few. */
  readonly examples: readonly Difference[];
}

const EXAMPLES_MAX = 5;

const plain = (item: Item): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, value instanceof NumberValue ? value.value : value]),
  );

/** `attributes`: those that the design under test keeps; empty: all. A missing or extra session always counts. */
export function judge(
  items: readonly Item[],
  truth: GroundTruth,
  attributes: readonly string[],
  deadLetters: number,
): Judgement {
  const kept = new Set(['item', ...attributes]);
  const differences = compareWithTruth(items.map(plain), truth).filter(
    ({ attribute }) => attributes.length === 0 || kept.has(attribute),
  );
  return {
    isExact: differences.length === 0 && deadLetters === 0,
    sessionsCompared: Object.keys(truth.sessions).length,
    deadLetters,
    differences: differences.length,
    examples: differences.slice(0, EXAMPLES_MAX),
  };
}
