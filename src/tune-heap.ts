import { setFlagsFromString } from 'node:v8';

/** Tells V8 what kind of program this is. To be called before there is work.
 *
 *  Objects are never made old from birth: V8 does so with those that often survive a collection, and while sessions
 *  wait for their writes they do. They then die old, ten times as much waits for the slow collector.
 *  And what is old is collected when it has grown by 40 %, not to its fourfold: pages that V8 once had it keeps, so
 *  that the heap's greatest size stays in RSS, and 40 % held it below 200 MiB. And the young are collected by the
 *  thread that made them: on the one core that a worker has, helpers cost more than they save.
 *  Measured with Node 20.20 and 24.21: docs/performance.md. A Node that does not know a flag says so and goes on.
 *  Source: `node --v8-options`. */
export function tuneHeap(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--heap-growing-percent=40');
  setFlagsFromString('--no-parallel-scavenge');
}
