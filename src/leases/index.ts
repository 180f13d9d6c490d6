/** The one door of the lease library. */
export {
  type CheckpointPosition,
  comparePositions,
  formatPosition,
  parsePosition,
  type RecordPosition,
  type Sentinel,
  toStored,
} from './checkpoint-position.ts';
export { type CoordinatorDependencies, type CoordinatorEnd, LeaseCoordinator } from './coordinator.ts';
export {
  type CoordinatorOptions,
  DEFAULT_FAILOVER_TIME_MS,
  DEFAULT_SHARD_SYNC_EVERY_MS,
} from './coordinator-options.ts';
export type {
  Classify,
  Clock,
  ErrorKind,
  LeaseLog,
  LeaseLogFields,
  Random,
  StreamListing,
} from './dependencies.ts';
export { DynamoLeaseStore } from './dynamo-lease-store.ts';
export type { FleetCounts, FleetLeaseState } from './fleet-counts.ts';
export { coveredRanges, findHoles } from './hash-coverage.ts';
export type {
  CheckpointOutcome,
  FinishOutcome,
  HeldLease,
  LeaseLost,
  ShardHandler,
  ShardRunOutcome,
} from './held-lease.ts';
export {
  type ChildShardDescription,
  type HashRange,
  hasReadToTip,
  type InitialPosition,
  isFinished,
  type Lease,
  leaseKeyOf,
  type NewLease,
  type ShardDescription,
  type StreamIdentity,
  type WorkerId,
} from './lease.ts';
export {
  type AdminWrite,
  type CheckpointMove,
  LeaseAdmin,
  leaseIn,
  replacementOf,
  type TableRow,
  understand,
} from './lease-admin.ts';
export type { LeaseEvent, LeaseEventName } from './lease-events.ts';
export { OTHER_ENTITY } from './lease-item.ts';
export { type EarlierLook, type LeaseReport, type LeaseState, reportLeases } from './lease-report.ts';
export { formatRow, type ParsedRows, parseRows, type TableItem } from './lease-rows.ts';
export type { LeaseListing, LeaseStore, LeaseWrite, UnreadableRow } from './lease-store.ts';
export type { HeldLeaseSnapshot } from './shard-runs.ts';
export {
  LeaseTableError,
  type LeaseTableProblem,
  refuseForeignTable,
  refuseLiveKcl3,
} from './table-check.ts';
