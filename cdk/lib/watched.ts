/** A worker's service as alarms and dashboard know it: names only, so that they need not import the stack that creates it. */
import type { QueueKind } from './task';

export interface WatchedService {
  readonly kind: QueueKind;
  readonly serviceName: string;
  /** The queues that it serves: its own, and those of workers that do not exist in this environment. */
  readonly serves: readonly QueueKind[];
}
