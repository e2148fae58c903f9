//! The database's time, as this machine can tell it.
//!
//! Leases are compared across machines. A worker whose clock is ahead would take the leases of others for over, and count
//! losses that nobody had; one whose clock is behind would hold leases that are over. So every time that goes to the
//! database is the machine's, corrected by how far that is off.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use filot_store::{Result, Store};

/// A clock that agrees with the database's to within half a round trip.
#[derive(Debug)]
pub struct Clock {
    machine: fn() -> DateTime<Utc>,
    offset_us: AtomicI64,
}

impl Clock {
    /// A clock that goes as the machine's does until it is measured.
    pub const fn new(machine: fn() -> DateTime<Utc>) -> Self {
        Self { machine, offset_us: AtomicI64::new(0) }
    }

    /// The database's time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.machine)() + TimeDelta::microseconds(self.offset_us.load(Ordering::Relaxed))
    }

    /// Measures how far the machine's clock is off, and corrects it from now on. Returns the correction.
    ///
    /// # Errors
    /// The database does not answer; the correction stays as it was.
    pub async fn measure(&self, store: &Store) -> Result<TimeDelta> {
        let asked = (self.machine)();
        let database = store.database_time().await?;
        let round_trip = (self.machine)() - asked;
        let offset = database - (asked + round_trip / 2);
        self.offset_us.store(offset.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
        Ok(offset)
    }
}
