//! A loss is told from a backlog.

use filot_domain::{CorrelationId, DocumentId, DocumentStatus};
use uuid::Uuid;

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn lost(enqueued_ago: Option<TimeDelta>) -> LostDocument {
    LostDocument {
        id: DocumentId::from_uuid(Uuid::from_u128(1)),
        status: DocumentStatus::Uploaded,
        queue: QueueKind::Gpu,
        enqueues: 1,
        enqueued_at: enqueued_ago.map(|ago| now() - ago),
        waiting_since: now() - TimeDelta::hours(2),
        correlation_id: CorrelationId::from_uuid(Uuid::from_u128(2)),
    }
}

#[test]
fn a_document_that_was_never_sent_is_sent() {
    assert_eq!(verdict(&lost(None), Some(1_000), 1, now()), Verdict::Requeue);
    assert_eq!(verdict(&lost(None), None, 1, now()), Verdict::Requeue);
}

#[test]
fn a_queue_with_a_message_for_every_row_is_only_long() {
    let late = lost(Some(TimeDelta::minutes(10)));
    assert_eq!(verdict(&late, Some(40), 40, now()), Verdict::Wait);
    assert_eq!(verdict(&late, Some(41), 40, now()), Verdict::Wait);
    assert_eq!(verdict(&late, Some(39), 40, now()), Verdict::Requeue);
    assert_eq!(verdict(&late, Some(0), 1, now()), Verdict::Requeue);
    assert_eq!(verdict(&late, None, 1, now()), Verdict::Wait);
}

#[test]
fn nobody_waits_for_ever_behind_other_peoples_messages() {
    assert_eq!(verdict(&lost(Some(TimeDelta::hours(1))), Some(1_000), 1, now()), Verdict::Requeue);
}
