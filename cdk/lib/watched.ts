/** What alarms and dashboard know of a worker's service: names only, so that they need not import the stack that makes it. */
import type { QueueKind } from './task';

export interface WatchedService {
  readonly kind: QueueKind;
  readonly serviceName: string;
  /** The queues that it serves; more than its own where it also takes over another's work. */
  readonly serves: readonly QueueKind[];
}
