//! The long-running worker that reads cards from the queue.
