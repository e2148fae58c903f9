//! Demo data with fixed ids for the local stack, so that committed event files can refer to it.
//!
//! | What | Id | State |
//! |---|---|---|
//! | user | [`USER`] `00000000-0000-7000-8000-000000000001` | registered, `demo@filot.test`, [`STACK_USER_ID`] |
//! | session | [`SESSION`] `…000000000002` | valid for ten years |
//! | session | [`SESSION_TO_REFRESH`] `…000000000004` | its first refresh token is [`REFRESH_TOKEN`] |
//! | session | [`SESSION_TO_END`] `…000000000005` | may be logged out |
//! | document | [`UPLOADED`] `…000000000101` | uploaded, KTP, waits on the CPU queue |
//! | document | [`COMPLETED`] `…000000000102` | completed, auto_approved, KTP |
//! | document | [`IN_REVIEW`] `…000000000103` | ai_evaluated, pending_manual_review, KTP |
//! | document | [`READ`] `…000000000104` | ocr_completed, NPWP: `scoring` can decide it |
//! | document | [`FAILED`] `…000000000105` | failed, KTP: may be processed again |
//! | document | [`REJECTED`] `…000000000106` | completed, auto_rejected, KTP: may be escalated |
//! | document | [`DISPOSABLE`] `…000000000107` | uploaded, KTP: may be deleted |
//! | review | [`REVIEW`] `…000000000201` | pending, acknowledged as task [`TASK_ID`] |
//!
//! Objects are not stored here; their keys are `documents/{user}/{document}.png`. The people are invented. Everything
//! goes through the same calls as in real life, so that events and rows agree.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use filot_domain::retry::{AfterFailure, Backoff, QueueKind, RetryPolicy};
use filot_domain::scoring::{Thresholds, score};
use filot_domain::{
    CardKind, CardReading, CorrelationId, DocumentId, DocumentType, EvaluationId, FieldName, FieldReading,
    Quality, ReasonCode, ReviewId, SessionId, UserId,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::documents::{BeginUpload, NewDocument};
use crate::error::{Miss, Result, StoreError};
use crate::origin::{Actor, Caller, Origin};
use crate::quotas::UserLimits;
use crate::scoring::{LoadedForScoring, NewIds};
use crate::sessions::NewSession;
use crate::users::NewUser;
use crate::worker::{Claim, ClaimRequest, Lease};
use crate::{Store, db};

const fn id(last: u128) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 | last)
}

/// The demo user.
pub const USER: UserId = UserId::from_uuid(id(0x001));
/// The demo user's id at the identity provider.
pub const STACK_USER_ID: &str = "00000000-0000-7000-8000-000000000001";
/// The demo user's session.
pub const SESSION: SessionId = SessionId::from_uuid(id(0x002));
/// A session whose first refresh token is known.
pub const SESSION_TO_REFRESH: SessionId = SessionId::from_uuid(id(0x004));
/// The first refresh token of [`SESSION_TO_REFRESH`].
pub const REFRESH_TOKEN: &str = "filot-local-demo-refresh-token-for-one-mach";
/// A session that nobody misses.
pub const SESSION_TO_END: SessionId = SessionId::from_uuid(id(0x005));
/// A document that waits for a worker.
pub const UPLOADED: DocumentId = DocumentId::from_uuid(id(0x101));
/// An automatically approved document.
pub const COMPLETED: DocumentId = DocumentId::from_uuid(id(0x102));
/// A document that awaits a human.
pub const IN_REVIEW: DocumentId = DocumentId::from_uuid(id(0x103));
/// A document that waits for its score.
pub const READ: DocumentId = DocumentId::from_uuid(id(0x104));
/// A document that could not be read.
pub const FAILED: DocumentId = DocumentId::from_uuid(id(0x105));
/// An automatically rejected document.
pub const REJECTED: DocumentId = DocumentId::from_uuid(id(0x106));
/// A document that nobody misses.
pub const DISPOSABLE: DocumentId = DocumentId::from_uuid(id(0x107));
/// The review of [`IN_REVIEW`].
pub const REVIEW: ReviewId = ReviewId::from_uuid(id(0x201));
/// The reviewer's id of [`REVIEW`].
pub const TASK_ID: &str = "demo-task-1";

/// Creates the demo data. Refuses unless `environment` is `local`. Run again, it adds what is missing.
///
/// # Errors
/// `StoreError::Invariant` in any other environment.
pub async fn seed(store: &Store, environment: &str, now: DateTime<Utc>) -> Result<()> {
    if environment != "local" {
        return Err(StoreError::Invariant("demo data outside the local environment"));
    }
    let origin =
        Origin { actor: Actor::Function("seed"), correlation_id: CorrelationId::from_uuid(id(0x003)) };
    store
        .register_user(
            &NewUser {
                id: USER,
                stack_user_id: STACK_USER_ID.to_owned(),
                email: "demo@filot.test".to_owned(),
                full_name: Some("Siti Contoh".to_owned()),
                phone: None,
            },
            now,
        )
        .await?;
    let caller = Caller { user_id: USER, session_id: SESSION };
    for (id, token) in [
        (SESSION, "filot-local-demo-refresh-token-of-session-2"),
        (SESSION_TO_REFRESH, REFRESH_TOKEN),
        (SESSION_TO_END, "filot-local-demo-refresh-token-of-session-5"),
    ] {
        session(store, id, token, now).await?;
    }

    let ktp = DocumentType::Ktp;
    upload(store, &caller, UPLOADED, ktp, &origin, now).await?;
    if upload(store, &caller, COMPLETED, ktp, &origin, now).await? {
        read(store, COMPLETED, &ktp_reading("3174015708950001"), &origin, now).await?;
        decide(store, COMPLETED, id(0x301), id(0x202), &origin, now).await?;
    }
    if upload(store, &caller, IN_REVIEW, ktp, &origin, now).await? {
        // The NIK says another birth date than the card: a human decides.
        read(store, IN_REVIEW, &ktp_reading("3174010101900002"), &origin, now).await?;
        decide(store, IN_REVIEW, id(0x302), REVIEW.as_uuid(), &origin, now).await?;
        acknowledge(store, now).await?;
    }
    if upload(store, &caller, READ, DocumentType::Npwp, &origin, now).await? {
        read(store, READ, &npwp_reading(), &origin, now).await?;
    }
    if upload(store, &caller, FAILED, ktp, &origin, now).await? {
        fail(store, FAILED, &origin, now).await?;
    }
    if upload(store, &caller, REJECTED, ktp, &origin, now).await? {
        read(store, REJECTED, &card(CardKind::Unknown, &[]), &origin, now).await?;
        decide(store, REJECTED, id(0x303), id(0x203), &origin, now).await?;
    }
    upload(store, &caller, DISPOSABLE, ktp, &origin, now).await?;
    Ok(())
}

/// A session of the demo user; one that was there before stays as it is.
async fn session(store: &Store, id: SessionId, token: &str, now: DateTime<Utc>) -> Result<()> {
    use db::{Db, p};
    let key = id.as_uuid();
    let found = store.client().await?.fetch_opt("SELECT id FROM sessions WHERE id = $1", &[p(&key)]).await?;
    if found.is_some() {
        return Ok(());
    }
    let forever = now + TimeDelta::days(3650);
    let session = NewSession {
        id,
        user_id: USER,
        expires_at: forever,
        refresh_token_hash: Sha256::digest(token.as_bytes()).into(),
        refresh_expires_at: forever,
    };
    store.create_session(&session, now).await
}

/// `false` if the document is there already.
async fn upload(
    store: &Store,
    caller: &Caller,
    document: DocumentId,
    document_type: DocumentType,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<bool> {
    match store.get_document(caller, document, now).await {
        Ok(_) => return Ok(false),
        Err(StoreError::Miss(Miss::NotFound)) => {}
        Err(error) => return Err(error),
    }
    let new = NewDocument {
        id: document,
        document_type,
        object_key: format!("documents/{USER}/{document}.png"),
        content_sha256: Sha256::digest(document.as_uuid().as_bytes()).into(),
        mime: "image/png".to_owned(),
        bytes: 1024,
        idempotency: None,
    };
    let BeginUpload::Fresh { document, .. } =
        store.begin_upload(caller, &new, &UserLimits::NONE, origin, now).await?
    else {
        return Err(StoreError::Invariant("a demo upload that is none"));
    };
    store.finish_upload(document, QueueKind::Cpu, origin, now).await?;
    // Nobody was told: the sweeper must not start work on the demo data before it is asked about.
    store.mark_enqueued(document.id(), QueueKind::Cpu, now, now + TimeDelta::days(3650)).await?;
    Ok(true)
}

async fn claim(store: &Store, document: DocumentId, origin: &Origin, now: DateTime<Utc>) -> Result<Lease> {
    let second = TimeDelta::seconds(1);
    let policy =
        RetryPolicy { max_attempts: 3, cpu_fallback: true, backoff: Backoff { base: second, cap: second } };
    let request = ClaimRequest {
        document,
        worker: "seed",
        serves: QueueKind::Cpu,
        lease_s: 60,
        policy: &policy,
        random: 0.0,
    };
    match store.claim(request, origin, now).await? {
        Claim::Claimed(claimed) => Ok(claimed.lease),
        Claim::Not(_) => Err(StoreError::Invariant("a demo document that cannot be claimed")),
    }
}

async fn read(
    store: &Store,
    document: DocumentId,
    reading: &CardReading,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<()> {
    let lease = claim(store, document, origin, now).await?;
    let stages = BTreeMap::from([("recognise".to_owned(), 412.0), ("parse".to_owned(), 3.0)]);
    store.commit_reading(&lease, reading, &stages, origin, now).await
}

async fn fail(store: &Store, document: DocumentId, origin: &Origin, now: DateTime<Utc>) -> Result<()> {
    let lease = claim(store, document, origin, now).await?;
    store.record_failure(&lease, ReasonCode::FileUnreadable, AfterFailure::Fail, origin, now).await
}

async fn decide(
    store: &Store,
    document: DocumentId,
    evaluation: Uuid,
    review: Uuid,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<()> {
    let LoadedForScoring::Ready(scored) = store.load_for_scoring(document).await? else {
        return Err(StoreError::Invariant("a demo document that cannot be scored"));
    };
    let result = score(scored.document_type, &scored.reading, &Thresholds::default(), now.date_naive());
    let ids = NewIds { evaluation: EvaluationId::from_uuid(evaluation), review: ReviewId::from_uuid(review) };
    store.commit_evaluation_as(ids, &scored, &result, origin, now).await.map(|_| ())
}

/// Acknowledges the demo review without taking any other dispatch that may be due.
async fn acknowledge(store: &Store, now: DateTime<Utc>) -> Result<()> {
    use db::{Db, p};
    let (review, document) = (REVIEW.as_uuid(), IN_REVIEW.as_uuid());
    let client = store.client().await?;
    client
        .change(
            "UPDATE manual_reviews SET dispatch_state = 'acknowledged', buli2_task_id = $2, acknowledged_at = $3, \
             next_dispatch_at = NULL, updated_at = $3 WHERE id = $1 AND dispatch_state = 'queued'",
            &[p(&review), p(&TASK_ID), p(&now)],
        )
        .await?;
    let sql = "UPDATE documents SET buli2_ticket_id = $2 WHERE id = $1";
    client.change(sql, &[p(&document), p(&TASK_ID)]).await.map(|_| ())
}

fn card(kind: CardKind, fields: &[(FieldName, &str)]) -> CardReading {
    let reading = |value: &str| FieldReading { value: value.to_owned(), confidence: 0.97 };
    CardReading {
        kind,
        fields: fields.iter().map(|(field, value)| (*field, reading(value))).collect(),
        quality: Quality {
            card_found: true,
            card_width_px: 1011,
            sharpness: 0.95,
            exposure: 0.96,
            glare_free: 1.0,
            overall: 0.96,
            ..Quality::default()
        },
        reasons: Vec::<ReasonCode>::new(),
        text: fields.iter().map(|(_, value)| *value).collect::<Vec<_>>().join("\n"),
        picture_hash: None,
    }
}

fn ktp_reading(nik: &str) -> CardReading {
    use FieldName as F;
    let born = NaiveDate::from_ymd_opt(1995, 8, 17).map(|date| date.to_string()).unwrap_or_default();
    card(
        CardKind::Ktp,
        &[
            (F::Province, "DKI JAKARTA"),
            (F::Regency, "KOTA ADM. JAKARTA SELATAN"),
            (F::Nik, nik),
            (F::Name, "SITI CONTOH"),
            (F::BirthPlace, "JAKARTA"),
            (F::BirthDate, &born),
            (F::Gender, "PEREMPUAN"),
            (F::BloodType, "O"),
            (F::Address, "JL CONTOH NO 1"),
            (F::RtRw, "001/002"),
            (F::Village, "CONTOH"),
            (F::District, "TEBET"),
            (F::Religion, "ISLAM"),
            (F::MaritalStatus, "BELUM KAWIN"),
            (F::Occupation, "KARYAWAN SWASTA"),
            (F::Citizenship, "WNI"),
            (F::ValidUntil, "SEUMUR HIDUP"),
        ],
    )
}

fn npwp_reading() -> CardReading {
    use FieldName as F;
    card(
        CardKind::Npwp,
        &[(F::NpwpNumber, "714236502012000"), (F::Name, "SITI CONTOH"), (F::Address, "JL CONTOH NO 1")],
    )
}
