//! Every call of the store on a filled database: a round of each, in the order of a document's life.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::breaker::BreakerPolicy;
use filot_domain::retry::{AfterFailure, Backoff, QueueKind, RetryPolicy};
use filot_domain::review::ReviewDecision;
use filot_domain::{
    CardKind, CardReading, CorrelationId, Decision, DocumentId, DocumentType, Evaluation, FieldName,
    FieldReading, PictureHash, ReasonCode, SessionId, UserId,
};
use filot_store::{
    Actor, BeginIdempotent, BeginUpload, Callback, Caller, Claim, ClaimRequest, FraudPolicy, IdempotencyKey,
    IdentityHashKey, Lease, ListFilter, LoadedForScoring, NewDocument, NewSession, NewUser, NextToken,
    Origin, Profile, SealingKeys, Store, StoreConfig, StoredResponse, TooOld, UserLimits,
};
use uuid::Uuid;

const POLICY: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    cpu_fallback: true,
    backoff: Backoff { base: TimeDelta::seconds(1), cap: TimeDelta::seconds(60) },
};

/// High enough for every round, and looked at.
const LIMITS: UserLimits = UserLimits { in_flight: 1_000, per_day: 1_000_000, storage_bytes: u64::MAX };

/// What a round works with.
pub struct Calls {
    pub store: Store,
    /// The same for users who may try once.
    strict: Store,
    origin: Origin,
}

impl Calls {
    pub fn new(url: &str) -> Self {
        let connect = |fraud| {
            Store::connect(StoreConfig {
                url: url.to_owned(),
                max_connections: 4,
                sealing: SealingKeys::new("k1", [("k1".to_owned(), [1; 32])]).unwrap(),
                identity_hash: IdentityHashKey::new(&[2; 32]).unwrap(),
                fraud,
            })
            .unwrap()
        };
        let store = connect(FraudPolicy::default());
        let strict = connect(FraudPolicy { attempts_per_user: 1, ..FraudPolicy::default() });
        let origin =
            Origin { actor: Actor::Function("calls"), correlation_id: CorrelationId::from_uuid(Uuid::nil()) };
        Self { store, strict, origin }
    }

    /// One round; `number` tells it from the others.
    pub async fn round(&self, number: u32) {
        let now = Utc::now();
        self.store.ping().await.unwrap();
        self.store.database_time().await.unwrap();
        let caller = self.sign_in(number, now).await;
        let (approved, decided) = self.human_approves(&caller, number, now).await;
        self.look(&caller, approved, now).await;
        let other = self.sign_in(number + 100, now).await;
        self.two_users_show_one_number(&other, &caller, number, now).await;
        self.fails_and_goes_again(&caller, now).await;
        self.rejected_and_escalated(&caller, now).await;
        // The identity passes to the other document first, and goes with that.
        for document in [approved, decided] {
            self.store.erase_document(&caller, document, &self.origin, now).await.unwrap();
        }
        self.watch(now).await;
        self.sweep(&caller, now).await;
        self.refuses(&caller, now).await;
        self.store.end_session(&caller, now).await.unwrap();
    }

    async fn sign_in(&self, number: u32, now: DateTime<Utc>) -> Caller {
        let store = &self.store;
        let id = UserId::from_uuid(Uuid::now_v7());
        let new = NewUser {
            id,
            stack_user_id: id.to_string(),
            email: format!("{id}@filot.test"),
            full_name: Some("SITI CONTOH".to_owned()),
            phone: None,
        };
        store.register_user(&new, now).await.unwrap();
        store.register_user(&new, now).await.unwrap();
        store.find_user_by_stack_id(&new.stack_user_id).await.unwrap().unwrap();
        let caller = Caller { user_id: id, session_id: SessionId::from_uuid(Uuid::now_v7()) };
        let hash = |last: u8| {
            let mut hash = [last; 32];
            hash[..16].copy_from_slice(caller.session_id.as_uuid().as_bytes());
            hash
        };
        let expires_at = now + TimeDelta::days(30);
        let session = NewSession {
            id: caller.session_id,
            user_id: id,
            expires_at,
            refresh_token_hash: hash(0),
            refresh_expires_at: expires_at,
        };
        store.create_session(&session, now).await.unwrap();
        for (presented, next) in [(0, 1), (0, 1), (1, 2)] {
            let next = NextToken { token: "token", hash: hash(next), expires_at };
            store.rotate_refresh_token(&hash(presented), &next, now).await.unwrap();
        }
        // A token that was replaced long ago ends its session: that of another user.
        let other = NewSession {
            id: SessionId::from_uuid(Uuid::now_v7()),
            refresh_token_hash: [u8::try_from(number % 200).unwrap(); 32],
            ..session
        };
        store.create_session(&other, now).await.unwrap();
        let presented = other.refresh_token_hash;
        let mut fresh = hash(7);
        for at in [now, now + TimeDelta::hours(1)] {
            let next = NextToken { token: "token", hash: fresh, expires_at };
            store.rotate_refresh_token(&presented, &next, at).await.unwrap();
            fresh[31] = fresh[31].wrapping_add(1);
        }
        let profile = Profile { full_name: Some("SITI".to_owned()), phone: None };
        store.put_profile(&caller, &profile, now).await.unwrap();
        store.profile(&caller, now).await.unwrap();
        for key in ["finished", "released"] {
            let key = IdempotencyKey { key: key.to_owned(), request_hash: [3; 32] };
            let begun = store.begin_idempotent(&caller, "process", &key, now).await.unwrap();
            let BeginIdempotent::Fresh(lock) = begun else { panic!("{begun:?}") };
            if key.key == "finished" {
                let response = StoredResponse { status: 200, body: "{}".to_owned() };
                store.finish_idempotent(&lock, &response).await.unwrap();
                store.begin_idempotent(&caller, "process", &key, now).await.unwrap();
            } else {
                store.release_idempotent(&lock).await.unwrap();
            }
        }
        caller
    }

    async fn uploaded(&self, caller: &Caller, kind: DocumentType, now: DateTime<Utc>) -> DocumentId {
        let id = DocumentId::from_uuid(Uuid::now_v7());
        let new = NewDocument {
            id,
            document_type: kind,
            object_key: format!("documents/{id}"),
            content_sha256: content_of(id),
            mime: "image/png".to_owned(),
            bytes: 4096,
            idempotency: Some(IdempotencyKey { key: id.to_string(), request_hash: [4; 32] }),
        };
        let mut begun = self
            .store
            .begin_upload(caller, &new, &LIMITS, &self.origin, now - TimeDelta::minutes(2))
            .await
            .unwrap();
        if kind == DocumentType::Npwp {
            // The first request died: a retry takes it over.
            begun = self.store.begin_upload(caller, &new, &LIMITS, &self.origin, now).await.unwrap();
        }
        let BeginUpload::Fresh { document, .. } = begun else { panic!("{begun:?}") };
        self.store.finish_upload(document, QueueKind::Gpu, &self.origin, now).await.unwrap();
        self.store.begin_upload(caller, &new, &LIMITS, &self.origin, now).await.unwrap();
        let another = NewDocument { id: DocumentId::from_uuid(Uuid::now_v7()), idempotency: None, ..new };
        let refused = self.strict.begin_upload(caller, &another, &LIMITS, &self.origin, now).await.unwrap();
        assert!(matches!(refused, BeginUpload::TooManyAttempts { .. }), "{refused:?}");
        let later = now + TimeDelta::minutes(10);
        self.store.mark_enqueued(id, QueueKind::Gpu, now, later).await.unwrap();
        id
    }

    async fn claimed(&self, document: DocumentId, now: DateTime<Utc>) -> Lease {
        let request = ClaimRequest {
            document,
            worker: "w",
            serves: QueueKind::Gpu,
            lease_s: 60,
            policy: &POLICY,
            random: 0.5,
        };
        match self.store.claim(request, &self.origin, now).await.unwrap() {
            Claim::Claimed(claimed) => claimed.lease,
            Claim::Not(why) => panic!("{why:?}"),
        }
    }

    async fn read(
        &self,
        caller: &Caller,
        (kind, reading): (DocumentType, &CardReading),
        now: DateTime<Utc>,
    ) -> DocumentId {
        let document = self.uploaded(caller, kind, now).await;
        // Given back once, and once lost by its worker.
        let lease = self.claimed(document, now).await;
        self.store.give_back(&lease, None, &self.origin, now).await.unwrap();
        self.claimed(document, now).await;
        let lease = self.claimed(document, now + TimeDelta::hours(1)).await;
        self.store.heartbeat(&lease, 60, now).await.unwrap();
        let stages = BTreeMap::from([("recognise".to_owned(), 12.5)]);
        self.store.commit_reading(&lease, reading, &stages, &self.origin, now).await.unwrap();
        document
    }

    async fn evaluated(
        &self,
        caller: &Caller,
        nik: &str,
        decision: Decision,
        now: DateTime<Utc>,
    ) -> DocumentId {
        self.evaluated_as(caller, (DocumentType::Ktp, &ktp(nik)), decision, now).await
    }

    async fn evaluated_as(
        &self,
        caller: &Caller,
        card: (DocumentType, &CardReading),
        decision: Decision,
        now: DateTime<Utc>,
    ) -> DocumentId {
        let document = self.read(caller, card, now).await;
        for _ in 0..2 {
            match self.store.load_for_scoring(document).await.unwrap() {
                LoadedForScoring::Ready(scored) => {
                    let score = if decision == Decision::AutoReject { 10 } else { 60 };
                    let last = Evaluation { score, parts: Vec::new(), reasons: Vec::new(), decision };
                    self.store.commit_evaluation(&scored, &last, &self.origin, now).await.unwrap();
                }
                LoadedForScoring::Decided(_) => {}
                other @ LoadedForScoring::NotReady { .. } => panic!("{other:?}"),
            }
        }
        document
    }

    /// Of two users with one tax number the second claims nothing when a human approves, not even what nobody else shows.
    async fn two_users_show_one_number(&self, one: &Caller, two: &Caller, number: u32, now: DateTime<Utc>) {
        let tax_number = format!("7142365020{:05}", number % 90_000);
        let card = |nik: &str| {
            let mut card = ktp(nik);
            let value = FieldReading { value: tax_number.clone(), confidence: 0.99 };
            card.fields.insert(FieldName::NpwpNumber, value);
            card
        };
        let first = card(&format!("31740157080{:05}", number + 1));
        self.evaluated_as(one, (DocumentType::Npwp, &first), Decision::AutoApprove, now).await;
        let second = card(&format!("31740157070{:05}", number + 1));
        let document =
            self.evaluated_as(two, (DocumentType::Npwp, &second), Decision::NeedsReview, now).await;
        let review = self.store.verification_status(two, document, now).await.unwrap().review.unwrap();
        let approved = Callback {
            review: Some(review.id),
            task_id: None,
            document: None,
            user_id: None,
            decision: ReviewDecision::Approved,
            notes: None,
        };
        self.store.apply_callback(&approved, &self.origin, now).await.unwrap();
    }

    async fn human_approves(
        &self,
        caller: &Caller,
        number: u32,
        now: DateTime<Utc>,
    ) -> (DocumentId, DocumentId) {
        let store = &self.store;
        let nik = format!("31740157089{:05}", number % 90_000 + 1);
        let approved = self.evaluated(caller, &nik, Decision::AutoApprove, now).await;
        let document = self.evaluated(caller, &nik, Decision::NeedsReview, now).await;
        store.resend_noticed(100, now).await.unwrap();
        let due = store.take_due_dispatches("d", 5, 60, now).await.unwrap();
        for (position, dispatch) in due.iter().enumerate() {
            match position {
                // What the filling sealed cannot be opened.
                0 => drop(store.load_dispatch(&dispatch.lease, now).await),
                1 => {
                    let until = now + TimeDelta::hours(1);
                    store.defer_dispatch(&dispatch.lease, until, Some("http_503"), now).await.unwrap();
                }
                2 => store.refuse_dispatch(&dispatch.lease, "http_422", now).await.unwrap(),
                _ => {
                    let task = format!("task-of-{}", dispatch.lease.review());
                    store.acknowledge_dispatch(&dispatch.lease, &task, now).await.unwrap();
                    store.acknowledge_dispatch(&dispatch.lease, &task, now).await.unwrap();
                }
            }
        }
        let review = store.verification_status(caller, document, now).await.unwrap().review.unwrap();
        let callback = |review, task_id: Option<&str>, document| Callback {
            review,
            task_id: task_id.map(str::to_owned),
            document,
            user_id: None,
            decision: ReviewDecision::Approved,
            notes: Some("clear".to_owned()),
        };
        // A task nobody knows, with and without its document, and then the review by our id.
        store.apply_callback(&callback(None, Some("no-task"), None), &self.origin, now).await.unwrap();
        let named = callback(None, Some("no-task"), Some(document));
        store.apply_callback(&named, &self.origin, now).await.unwrap();
        let task = format!("task-of-{}", review.id);
        let ours = callback(Some(review.id), Some(&task), None);
        store.apply_callback(&ours, &self.origin, now).await.unwrap();
        store.review(review.id).await.unwrap();
        store.review_file(review.id).await.unwrap();
        (approved, document)
    }

    async fn look(&self, caller: &Caller, document: DocumentId, now: DateTime<Utc>) {
        let store = &self.store;
        store.me(caller, now).await.unwrap();
        store.get_document(caller, document, now).await.unwrap();
        store.document_file(caller, document, now).await.unwrap();
        let all = ListFilter { status: None, document_type: None, after: None, limit: 1 };
        let first = store.list_documents(caller, &all, now).await.unwrap();
        store.list_documents(caller, &ListFilter { after: first.next, limit: 20, ..all }, now).await.unwrap();
    }

    async fn fails_and_goes_again(&self, caller: &Caller, now: DateTime<Utc>) {
        let store = &self.store;
        let document = self.uploaded(caller, DocumentType::Ktp, now).await;
        let retry = AfterFailure::Retry { queue: QueueKind::Gpu, not_before: now };
        for next in [retry, AfterFailure::Fail] {
            let lease = self.claimed(document, now).await;
            let reason = ReasonCode::FileUnreadable;
            store.record_failure(&lease, reason, next, &self.origin, now).await.unwrap();
        }
        store.exhaustions(caller.user_id, &content_of(document)).await.unwrap();
        store.requeue(caller, document, QueueKind::Gpu, &LIMITS, &self.origin, now).await.unwrap();
    }

    async fn rejected_and_escalated(&self, caller: &Caller, now: DateTime<Utc>) {
        let rejected = self.evaluated(caller, "3174015708950009", Decision::AutoReject, now).await;
        for _ in 0..2 {
            self.store.escalate(caller, rejected, &self.origin, now).await.unwrap();
        }
        self.store.erase_document(caller, rejected, &self.origin, now).await.unwrap();
    }

    async fn watch(&self, now: DateTime<Utc>) {
        let store = &self.store;
        store.queue_loads(now).await.unwrap();
        store.stuck_documents(20, now - TimeDelta::minutes(20), now).await.unwrap();
        store.dispatch_backlog(now).await.unwrap();
        store.documents_by_state().await.unwrap();
        store.waiting_on(QueueKind::Gpu).await.unwrap();
        store.breaker_load("buli2").await.unwrap();
        let policy = BreakerPolicy::default();
        store.breaker_admit("buli2", &policy, now).await.unwrap();
        store.breaker_record("buli2", &policy, false, now).await.unwrap();
    }

    async fn sweep(&self, caller: &Caller, now: DateTime<Utc>) {
        let (store, origin) = (&self.store, &self.origin);
        store.lost_documents(100, now).await.unwrap();
        store.stale_ocr_completed(100, now).await.unwrap();
        let id = DocumentId::from_uuid(Uuid::now_v7());
        let new = NewDocument {
            id,
            document_type: DocumentType::Npwp,
            object_key: format!("documents/{id}"),
            content_sha256: content_of(id),
            mime: "image/png".to_owned(),
            bytes: 4096,
            idempotency: None,
        };
        let begun = store.begin_upload(caller, &new, &LIMITS, origin, now).await.unwrap();
        let BeginUpload::Fresh { document, .. } = begun else { panic!("{begun:?}") };
        store.release_upload(document, now).await.unwrap();
        store.half_received(100, now - TimeDelta::minutes(15), now).await.unwrap();
        store.discard_upload(id, origin, now).await.unwrap();
        store.object_deleted(id, now + TimeDelta::hours(1)).await.unwrap();
        let before = now - TimeDelta::days(190);
        let than = TooOld { completed_before: Some(before), failed_before: Some(before) };
        for old in store.too_old(100, &than).await.unwrap().into_iter().take(2) {
            store.erase_too_old(old, &than, origin, now).await.unwrap();
        }
        for erasure in store.take_due_erasures(100, now).await.unwrap().into_iter().take(2) {
            store.object_deleted(erasure.document, now + TimeDelta::hours(1)).await.unwrap();
        }
        store.forget_expired(1000, now).await.unwrap();
        store.fold_counts(1000).await.unwrap();
    }

    /// Reviews that are cancelled at the reviewer: their documents are erased while they wait.
    async fn refuses(&self, caller: &Caller, now: DateTime<Utc>) {
        let store = &self.store;
        // Older than all that wait, so that they are the next to be sent.
        let past = now - TimeDelta::days(300);
        for _ in 0..3 {
            let document = self.evaluated(caller, "3174015708950007", Decision::NeedsReview, past).await;
            let review = store.verification_status(caller, document, now).await.unwrap().review.unwrap().id;
            let task = format!("task-of-{review}");
            let due = store.take_due_dispatches("d", 5, 60, now).await.unwrap();
            for dispatch in due.iter().filter(|dispatch| dispatch.lease.review() == review) {
                store.acknowledge_dispatch(&dispatch.lease, &task, now).await.unwrap();
            }
            store.erase_document(caller, document, &self.origin, now).await.unwrap();
        }
        let later = now + TimeDelta::hours(3);
        for (position, cancel) in store.take_due_cancels(10, 60, later).await.unwrap().into_iter().enumerate()
        {
            match position % 3 {
                0 => store.cancel_deferred(cancel.review, later, Some("http_503"), now).await.unwrap(),
                1 => {
                    let task = format!("task-of-{}", cancel.review);
                    store.cancel_learned(cancel.review, &task, now).await.unwrap();
                }
                _ => drop(store.cancel_done(cancel.review, cancel.task_id.as_deref(), now).await.unwrap()),
            }
        }
    }
}

/// A file that no other document has.
fn content_of(document: DocumentId) -> [u8; 32] {
    let half = *document.as_uuid().as_bytes();
    std::array::from_fn(|at| half[at % half.len()])
}

/// A card of somebody who shares nothing with another NIK's holder but the name.
fn ktp(nik: &str) -> CardReading {
    let field = |value: &str| FieldReading { value: value.to_owned(), confidence: 0.99 };
    let number: u64 = nik.parse().unwrap();
    let born = format!("{}-{:02}-{:02}", 1950 + number % 50, 1 + number % 12, 1 + number % 28);
    let mixed = |salt: u64| {
        (number ^ salt)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    CardReading {
        kind: CardKind::Ktp,
        fields: BTreeMap::from([
            (FieldName::Nik, field(nik)),
            (FieldName::Name, field("SITI CONTOH")),
            (FieldName::BirthDate, field(&born)),
            (FieldName::Address, field("JL CONTOH NO 1")),
        ]),
        text: format!("NIK : {nik}\nNama : SITI CONTOH"),
        picture_hash: Some(PictureHash([mixed(1), mixed(2)])),
        ..CardReading::default()
    }
}
