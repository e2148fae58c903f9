//! What an owner does with their documents: list, download, another try, a human.

use std::time::Duration;

use chrono::TimeDelta;
use filot_app::document_dto::DocumentDto;
use filot_app::download::download;
use filot_app::error_code::ErrorCode;
use filot_app::escalate::escalate;
use filot_app::get_review::get_review;
use filot_app::list_documents::{ListQuery, list_documents};
use filot_app::process::process;
use filot_domain::breaker::BreakerPolicy;
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::{DocumentId, DocumentStatus, ReviewId, SessionId, VerificationStatus};
use filot_store::{Caller, UserLimits, seed};
use filot_testkit::Aws;
use uuid::Uuid;

use crate::dispatch::{Reviewer, dispatch, takes_it};
use crate::requests::{caller, of, service, user};
use crate::upload::{PNG, objects, queues, run_sweeper, uploaded};
use crate::{database, now};

const LINK: Duration = Duration::from_secs(300);

/// The demo user with a session that does not exist.
fn stranger() -> Caller {
    Caller { session_id: SessionId::from_uuid(Uuid::from_u128(9)), ..caller() }
}

#[tokio::test]
async fn inv_6_a_list_pages_by_cursor_for_a_live_session_alone() {
    let (_database, store) = database().await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let query = ListQuery { cursor, limit: Some(3), ..ListQuery::default() };
        let page = list_documents(&store, &user(now()), query).await.unwrap();
        assert!((1..=3).contains(&page.documents.len()));
        seen.extend(page.documents.iter().map(|document: &DocumentDto| document.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let whole = list_documents(&store, &user(now()), ListQuery::default()).await.unwrap();
    assert_eq!(seen, whole.documents.iter().map(|document| document.id).collect::<Vec<_>>());
    assert!(seen.len() >= 4 && whole.next_cursor.is_none());
    let json = serde_json::to_string(&whole).unwrap();
    assert!(!json.contains("SITI") && !json.contains("3174"), "INV-7: a list has no values of fields");
    let forged = ListQuery { cursor: Some("AAAA".to_owned()), ..ListQuery::default() };
    let refused = list_documents(&store, &user(now()), forged).await.unwrap_err();
    assert_eq!((refused.code, refused.errors[0].field), (ErrorCode::ValidationFailed, "cursor"));
    let refused = list_documents(&store, &of(stranger(), now()), ListQuery::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn inv_6_a_link_leads_to_the_file_and_only_its_owner_gets_one() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let document = uploaded(&store, &objects, &queues, None).await.id;
    let link = download(&store, &objects, &user(now()), document, LINK).await.unwrap();
    assert_eq!(link.expires_at, now() + TimeDelta::seconds(300));
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let file = client.get(&link.url).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(&file.bytes().await.unwrap()[..], PNG);

    let refused = async |caller, document| {
        let answer = download(&store, &objects, &of(caller, now()), document, LINK).await;
        answer.err().map(|error| error.code)
    };
    assert_eq!(refused(stranger(), document).await, Some(ErrorCode::Unauthenticated));
    let unknown = DocumentId::from_uuid(Uuid::from_u128(1));
    assert_eq!(refused(caller(), unknown).await, Some(ErrorCode::NotFound));
}

#[tokio::test]
async fn inv_1_another_try_is_queued_also_while_sqs_is_away() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let url = aws.queue().await.unwrap();
    let nowhere = queues(&aws, format!("{url}-that-is-not-there")).await;
    let there = queues(&aws, url).await;
    let id = seed::FAILED;
    let again = process(&store, &nowhere, &UserLimits::NONE, &user(now()), id).await.unwrap();
    assert_eq!((again.document.status, again.document.processed_at), (DocumentStatus::Uploaded, None));
    let report = run_sweeper(&store, &objects, &there, &aws, TimeDelta::minutes(1)).await;
    assert_eq!(report.requeued, 1);
    let received = async || {
        let messages = there.cpu.receive(10, 2, 30).await.unwrap();
        messages
            .into_iter()
            .filter_map(|message| message.hint)
            .map(|hint| hint.document_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(received().await, [id]);
    process(&store, &there, &UserLimits::NONE, &user(now()), id).await.unwrap();
    assert_eq!(received().await, [id], "at once");

    let refuse = async |caller, id| {
        let refused = process(&store, &there, &UserLimits::NONE, &of(caller, now()), id).await.unwrap_err();
        refused.code
    };
    for state in [seed::READ, seed::COMPLETED, seed::IN_REVIEW, seed::REJECTED] {
        assert_eq!(refuse(caller(), state).await, ErrorCode::DocumentNotProcessable);
    }
    assert_eq!(refuse(stranger(), id).await, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn inv_5_an_escalated_rejection_is_sent_once() {
    let (_database, store) = database().await;
    let request = user(now());
    let ask = || escalate(&store, &request, seed::REJECTED);
    let (one, two) = futures::join!(ask(), ask());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.review.id, two.review.id);
    assert!(one.queued != two.queued, "one of the two queued it");
    assert_eq!(one.document.verification_status, VerificationStatus::PendingManualReview);
    let waiting = get_review(&store, &service(now()), one.review.id).await.unwrap();
    assert_eq!((waiting.status, waiting.dispatch.state), (ReviewStatus::Pending, DispatchState::Queued));
    let reviewer = Reviewer::who_says([takes_it()]);
    let report = dispatch(&store, &reviewer, &BreakerPolicy::default(), now()).await;
    assert_eq!((report.acknowledged, reviewer.asked()), (1, 1));
    let sent = get_review(&store, &service(now()), one.review.id).await.unwrap();
    assert_eq!((sent.task_id.as_deref(), sent.dispatch.state), (Some("task-9"), DispatchState::Acknowledged));
    assert!(sent.cancellation.is_none() && sent.decision.is_none());

    let in_review = escalate(&store, &request, seed::IN_REVIEW).await.unwrap();
    assert_eq!((in_review.review.id, in_review.queued), (seed::REVIEW, false));
    for state in [seed::UPLOADED, seed::FAILED, seed::READ, seed::COMPLETED] {
        let refused = escalate(&store, &request, state).await.err().unwrap();
        assert_eq!(refused.code, ErrorCode::NotEscalatable);
    }
    let unknown = get_review(&store, &service(now()), ReviewId::from_uuid(Uuid::from_u128(1))).await;
    assert_eq!(unknown.err().unwrap().code, ErrorCode::NotFound);
}
