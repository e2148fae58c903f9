//! Decides what happens to a message: pure functions of the claim's or the attempt's outcome, the time and a random number.
//!
//! The document's row is the truth and a message only a hint, so every decision here is about the message: delete it, hide
//! it for a while, or move it to the other queue. What happens to the row is decided in the store and the domain.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::retry::{AfterFailure, Backoff, QueueKind};
use filot_store::NotClaimable;

/// Deliveries after which a message that names a document is deleted. The sweeper, which knows the row, goes on.
///
/// The queues' `maxReceiveCount` must be larger: dead letters are for messages that nothing could parse or place, and
/// an outage of storage or scoring must not fill them.
pub const DELIVERIES_MAX: u32 = 20;
/// Longest time SQS hides a message.
const HIDE_MAX: TimeDelta = TimeDelta::hours(12);
/// Pause before a message is tried again whose document is not stored yet.
const NOT_STORED_YET: TimeDelta = TimeDelta::seconds(30);
/// Pause before a message is tried again after an outage or a failed scoring.
const OUTAGE: Backoff = Backoff { base: TimeDelta::seconds(10), cap: TimeDelta::minutes(5) };

/// Pause before a message is tried again whose document was put off for others. It grows with the deliveries, so that they
/// last for longer than anybody is put off.
const PUT_OFF: Backoff = Backoff { base: TimeDelta::seconds(2), cap: TimeDelta::minutes(1) };

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Removed from the queue for good.
    Delete,
    /// Delivered again after this time. After enough deliveries the queue moves it to the dead letters.
    Hide(TimeDelta),
}

/// What follows for a message whose document could not be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclaimed {
    /// The card is read: only the scoring is missing.
    Score,
    /// The document waits for the other kind of worker: send it there, then delete the message.
    Move(QueueKind),
    /// The document just failed for good: tell those who listen, then delete the message.
    Failed,
    /// Nothing to do for the document: delete or hide the message.
    Resolve(Disposition),
}

/// What a refused claim means for its message, on its `deliveries`-th delivery.
pub fn unclaimed(refusal: &NotClaimable, deliveries: u32, now: DateTime<Utc>, random: f64) -> Unclaimed {
    match refusal {
        NotClaimable::AlreadyRead => Unclaimed::Score,
        NotClaimable::Rerouted(queue) => Unclaimed::Move(*queue),
        NotClaimable::GaveUp => Unclaimed::Failed,
        NotClaimable::Final | NotClaimable::NotFound | NotClaimable::Erased => {
            Unclaimed::Resolve(Disposition::Delete)
        }
        NotClaimable::HeldUntil(until) | NotClaimable::NotYet(until) => {
            Unclaimed::Resolve(hide_until(*until, now, random))
        }
        NotClaimable::PutOff => {
            Unclaimed::Resolve(Disposition::Hide(PUT_OFF.delay(deliveries.max(1), random, None)))
        }
        NotClaimable::NotUploaded => Unclaimed::Resolve(Disposition::Hide(NOT_STORED_YET)),
    }
}

/// What to do with the message of a document whose attempt was recorded as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAttempt {
    /// The same message tries again.
    Resolve(Disposition),
    /// The next try is on the other queue: send it there, then delete the message. A worker that gets it too early
    /// hides it until it is due.
    Move(QueueKind),
    /// No more tries: tell those who listen, then delete the message.
    Failed,
}

/// What a recorded failure on `queue` means for its message.
pub fn after_attempt(next: AfterFailure, queue: QueueKind, now: DateTime<Utc>, random: f64) -> AfterAttempt {
    match next {
        AfterFailure::Fail => AfterAttempt::Failed,
        AfterFailure::Retry { queue: other, .. } if other != queue => AfterAttempt::Move(other),
        AfterFailure::Retry { not_before, .. } => AfterAttempt::Resolve(hide_until(not_before, now, random)),
    }
}

/// How long a message is hidden after an outage or a failed scoring, on its `deliveries`-th delivery.
pub fn after_outage(deliveries: u32, random: f64) -> Disposition {
    Disposition::Hide(OUTAGE.delay(deliveries.max(1), random, None))
}

/// Bounds the deliveries of a message that names a document: such a message never reaches the dead letters.
pub fn cap_deliveries(disposition: Disposition, deliveries: u32) -> Disposition {
    match disposition {
        Disposition::Hide(_) if deliveries >= DELIVERIES_MAX => Disposition::Delete,
        disposition => disposition,
    }
}

/// Until shortly after `until`, so that the next delivery does not come a moment too early.
fn hide_until(until: DateTime<Utc>, now: DateTime<Utc>, random: f64) -> Disposition {
    #[expect(clippy::cast_possible_truncation, reason = "0 to 1000")]
    let jitter = TimeDelta::milliseconds((random.clamp(0.0, 1.0) * 1000.0) as i64);
    Disposition::Hide((until - now + jitter).clamp(TimeDelta::zero(), HIDE_MAX))
}

/// Seconds as SQS wants them: whole, rounded up, never negative.
pub fn whole_seconds(time: TimeDelta) -> u32 {
    let seconds = time.num_milliseconds().max(0).saturating_add(999) / 1000;
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_message_of_a_final_or_missing_document_is_deleted() {
        for refusal in [NotClaimable::Final, NotClaimable::NotFound, NotClaimable::Erased] {
            assert_eq!(
                unclaimed(&refusal, 1, at(0), 0.5),
                Unclaimed::Resolve(Disposition::Delete),
                "{refusal:?}"
            );
        }
    }

    #[test]
    fn a_read_document_is_only_scored() {
        assert_eq!(unclaimed(&NotClaimable::AlreadyRead, 1, at(0), 0.5), Unclaimed::Score);
    }

    #[test]
    fn a_held_document_hides_its_message_until_the_lease_ends() {
        let refusal = NotClaimable::HeldUntil(at(42));
        assert_eq!(
            unclaimed(&refusal, 1, at(0), 0.0),
            Unclaimed::Resolve(Disposition::Hide(TimeDelta::seconds(42)))
        );
        // A lease that is over by now: at once.
        assert_eq!(
            unclaimed(&refusal, 1, at(60), 0.0),
            Unclaimed::Resolve(Disposition::Hide(TimeDelta::zero()))
        );
    }

    #[test]
    fn a_message_outlasts_the_time_that_a_document_is_put_off() {
        let waited: i64 = (1..DELIVERIES_MAX)
            .map(|deliveries| match unclaimed(&NotClaimable::PutOff, deliveries, at(0), 0.0) {
                Unclaimed::Resolve(Disposition::Hide(time)) => time.num_seconds(),
                other => panic!("{other:?}"),
            })
            .sum();
        assert!(waited > 5 * 60, "{waited}");
    }

    #[test]
    fn a_lost_lease_that_used_up_the_tries_moves_or_fails() {
        let refusal = NotClaimable::Rerouted(QueueKind::Cpu);
        assert_eq!(unclaimed(&refusal, 1, at(0), 0.5), Unclaimed::Move(QueueKind::Cpu));
        assert_eq!(unclaimed(&NotClaimable::GaveUp, 1, at(0), 0.5), Unclaimed::Failed);
    }

    #[test]
    fn a_failed_attempt_waits_moves_or_ends() {
        let same = AfterFailure::Retry { queue: QueueKind::Gpu, not_before: at(3) };
        assert_eq!(
            after_attempt(same, QueueKind::Gpu, at(0), 0.0),
            AfterAttempt::Resolve(Disposition::Hide(TimeDelta::seconds(3)))
        );
        let other = AfterFailure::Retry { queue: QueueKind::Cpu, not_before: at(3600) };
        assert_eq!(after_attempt(other, QueueKind::Gpu, at(0), 0.0), AfterAttempt::Move(QueueKind::Cpu));
        assert_eq!(after_attempt(AfterFailure::Fail, QueueKind::Cpu, at(0), 0.0), AfterAttempt::Failed);
    }

    #[test]
    fn a_parsed_message_never_reaches_the_dead_letters() {
        let hide = Disposition::Hide(TimeDelta::seconds(5));
        assert_eq!(cap_deliveries(hide, DELIVERIES_MAX - 1), hide);
        assert_eq!(cap_deliveries(hide, DELIVERIES_MAX), Disposition::Delete);
    }

    proptest! {
        #[test]
        fn a_message_is_never_hidden_longer_than_the_queue_can(
            until in -1_000_000_i64..1_000_000, random in 0.0..1.0_f64, deliveries in any::<u32>(),
        ) {
            for refusal in [NotClaimable::HeldUntil(at(until)), NotClaimable::NotYet(at(until))] {
                let Unclaimed::Resolve(Disposition::Hide(time)) = unclaimed(&refusal, 1, at(0), random) else {
                    panic!("not hidden");
                };
                prop_assert!(whole_seconds(time) <= 43_200);
                // Never earlier than asked, unless the queue cannot wait that long.
                prop_assert!(time >= TimeDelta::seconds(until.min(43_200)) || until < 0);
            }
            let Disposition::Hide(time) = after_outage(deliveries, random) else { panic!("not hidden") };
            prop_assert!((5..=300).contains(&whole_seconds(time)));
        }
    }
}
