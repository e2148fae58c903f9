//! A migrated database, a registered user, and documents brought to the state a test needs.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use filot_domain::retry::{Backoff, QueueKind, RetryPolicy};
use filot_domain::{
    CardKind, CardReading, CorrelationId, Decision, DocumentId, DocumentType, Evaluation, FieldName,
    FieldReading, SessionId, UserId,
};
use filot_store::{
    Actor, BeginUpload, Caller, Claim, ClaimRequest, Claimed, Decided, DispatchLease, ForScoring,
    FraudPolicy, IdentityHashKey, LoadedForScoring, NewDocument, NewSession, NewUser, Origin, SealingKeys,
    Store, StoreConfig, UserLimits,
};
use filot_testkit::{Postgres, TestDb};
use tokio_postgres::Client;
use uuid::Uuid;

pub const NIK: &str = "3174015708950001";
pub const OTHER_NIK: &str = "3174015708950002";

pub struct World {
    pub store: Store,
    pub db: TestDb,
    pub now: DateTime<Utc>,
}

pub const POLICY: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    cpu_fallback: true,
    backoff: Backoff { base: TimeDelta::seconds(1), cap: TimeDelta::seconds(60) },
};

pub fn config(url: String) -> StoreConfig {
    StoreConfig {
        url,
        max_connections: 8,
        sealing: SealingKeys::new("k1", [("k1".to_owned(), [1; 32])]).unwrap(),
        identity_hash: IdentityHashKey::new(&[2; 32]).unwrap(),
        fraud: FraudPolicy::default(),
    }
}

pub fn origin() -> Origin {
    Origin { actor: Actor::Function("test"), correlation_id: CorrelationId::from_uuid(Uuid::nil()) }
}

pub fn new_document(document_type: DocumentType) -> NewDocument {
    let id = DocumentId::from_uuid(Uuid::now_v7());
    NewDocument {
        id,
        document_type,
        object_key: format!("documents/{id}.png"),
        content_sha256: {
            // Another file for each document: one that was refused is remembered.
            let mut sha256 = [9; 32];
            sha256[..16].copy_from_slice(id.as_uuid().as_bytes());
            sha256
        },
        mime: "image/png".to_owned(),
        bytes: 4096,
        idempotency: None,
    }
}

/// A reading whose identity is `nik`. People with other numbers were born on other days.
pub fn ktp(nik: &str) -> CardReading {
    let serial: u32 = nik.chars().rev().take(2).filter_map(|digit| digit.to_digit(10)).sum();
    let born = format!("1995-08-{:02}", 16 + serial % 15);
    let field = |value: &str| FieldReading { value: value.to_owned(), confidence: 0.99 };
    CardReading {
        kind: CardKind::Ktp,
        fields: BTreeMap::from([
            (FieldName::Nik, field(nik)),
            (FieldName::Name, field("SITI CONTOH")),
            (FieldName::BirthDate, field(&born)),
        ]),
        text: format!("NIK : {nik}\nNama : SITI CONTOH"),
        ..CardReading::default()
    }
}

pub fn evaluation(decision: Decision) -> Evaluation {
    let score = match decision {
        Decision::AutoApprove => 95,
        Decision::NeedsReview => 60,
        Decision::AutoReject => 10,
    };
    Evaluation { score, parts: Vec::new(), reasons: Vec::new(), decision }
}

impl World {
    pub async fn new() -> Self {
        let db = Postgres::shared().await.unwrap().database().await.unwrap();
        Store::migrate(&db.owner_url()).await.unwrap();
        let store = Store::connect(config(db.app_url())).unwrap();
        // As Postgres stores it, so that times compare equal.
        Self { store, db, now: Utc::now().trunc_subsecs(3) }
    }

    pub fn after(&self, seconds: i64) -> DateTime<Utc> {
        self.now + TimeDelta::seconds(seconds)
    }

    /// A connection behind the store's back, with all rights.
    pub async fn owner(&self) -> Client {
        self.db.owner().await.unwrap()
    }

    /// Returns once a connection of this database waits for a lock that another one holds.
    pub async fn wait_for_a_lock(&self) {
        let client = self.owner().await;
        let sql = "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                   WHERE NOT l.granted AND a.datname = current_database())";
        while !client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::task::yield_now().await;
        }
    }

    pub async fn user(&self) -> Caller {
        let user_id = UserId::from_uuid(Uuid::now_v7());
        let session_id = SessionId::from_uuid(Uuid::now_v7());
        let new = NewUser {
            id: user_id,
            stack_user_id: user_id.to_string(),
            email: format!("{user_id}@Example.test"),
            full_name: Some("SITI CONTOH".to_owned()),
            phone: Some("081200000001".to_owned()),
        };
        assert!(self.store.register_user(&new, self.now).await.unwrap().created);
        let mut refresh_token_hash = [0; 32];
        refresh_token_hash[..16].copy_from_slice(session_id.as_uuid().as_bytes());
        let session = NewSession {
            id: session_id,
            user_id,
            expires_at: self.after(86_400),
            refresh_token_hash,
            refresh_expires_at: self.after(86_400),
        };
        self.store.create_session(&session, self.now).await.unwrap();
        Caller { user_id, session_id }
    }

    pub async fn uploaded(&self, caller: &Caller) -> DocumentId {
        self.uploaded_as(caller, new_document(DocumentType::Ktp)).await
    }

    pub async fn uploaded_as(&self, caller: &Caller, new: NewDocument) -> DocumentId {
        match self.store.begin_upload(caller, &new, &UserLimits::NONE, &origin(), self.now).await.unwrap() {
            BeginUpload::Fresh { document, .. } => {
                self.store.finish_upload(document, QueueKind::Gpu, &origin(), self.now).await.unwrap().id
            }
            other => panic!("{other:?}"),
        }
    }

    pub async fn try_claim(
        &self,
        document: DocumentId,
        worker: &str,
        serves: QueueKind,
        now: DateTime<Utc>,
    ) -> Claim {
        let request = ClaimRequest { document, worker, serves, lease_s: 30, policy: &POLICY, random: 0.5 };
        self.store.claim(request, &origin(), now).await.unwrap()
    }

    pub async fn claimed(&self, document: DocumentId, worker: &str, now: DateTime<Utc>) -> Box<Claimed> {
        match self.try_claim(document, worker, QueueKind::Gpu, now).await {
            Claim::Claimed(claimed) => claimed,
            Claim::Not(why) => panic!("{why:?}"),
        }
    }

    pub async fn read(&self, caller: &Caller, nik: &str) -> DocumentId {
        self.read_as(caller, new_document(DocumentType::Ktp), &ktp(nik)).await
    }

    pub async fn read_as(&self, caller: &Caller, new: NewDocument, reading: &CardReading) -> DocumentId {
        let document = self.uploaded_as(caller, new).await;
        let claimed = self.claimed(document, "w", self.now).await;
        let stages = BTreeMap::from([("recognise".to_owned(), 12.5)]);
        self.store.commit_reading(&claimed.lease, reading, &stages, &origin(), self.now).await.unwrap();
        document
    }

    pub async fn for_scoring(&self, document: DocumentId) -> Box<ForScoring> {
        match self.store.load_for_scoring(document).await.unwrap() {
            LoadedForScoring::Ready(scored) => scored,
            other => panic!("{other:?}"),
        }
    }

    pub async fn decided(&self, caller: &Caller, nik: &str, decision: Decision) -> Decided {
        let document = self.read(caller, nik).await;
        let scored = self.for_scoring(document).await;
        self.store.commit_evaluation(&scored, &evaluation(decision), &origin(), self.now).await.unwrap()
    }

    /// The lease of the one review that is due.
    pub async fn taken(&self, owner: &str) -> DispatchLease {
        let mut due = self.store.take_due_dispatches(owner, 10, 30, self.now).await.unwrap();
        assert_eq!(due.len(), 1);
        due.remove(0).lease
    }

    /// Whether the newest event of each document says what its row says, all events form one chain (INV-2), and the
    /// schedule and the counts, which triggers keep, follow from the rows.
    pub async fn assert_events_fold_to_rows(&self) {
        let client = self.owner().await;
        let broken = client
            .query(
                "WITH chain AS (SELECT e.*, \
                   lag(to_status) OVER w AS before, lag(verification_to) OVER w AS verification_before, \
                   lag(version) OVER w AS version_before, \
                   row_number() OVER (PARTITION BY document_id ORDER BY version DESC) AS back \
                   FROM document_events e WINDOW w AS (PARTITION BY document_id ORDER BY version)) \
                 SELECT c.document_id::text, c.event FROM chain c JOIN documents d ON d.id = c.document_id \
                 WHERE c.from_status IS DISTINCT FROM c.before OR c.version <> coalesce(c.version_before, 0) + 1 \
                   OR c.verification_from IS DISTINCT FROM c.verification_before \
                   OR (c.back = 1 AND (c.to_status, c.verification_to, c.version, c.attempts, c.lease_epoch) \
                       IS DISTINCT FROM (d.status, d.verification_status, d.version, d.attempts, d.lease_epoch))",
                &[],
            )
            .await
            .unwrap();
        assert!(broken.is_empty(), "{broken:?}");
        let silent = client
            .query("SELECT FROM documents d WHERE NOT EXISTS (SELECT FROM document_events e WHERE e.document_id = d.id)", &[])
            .await
            .unwrap();
        assert!(silent.is_empty());
        let expected = "SELECT id, CASE WHEN status IN ('uploaded', 'processing') THEN 'enqueue' \
               WHEN status = 'ocr_completed' THEN 'score' WHEN status = 'receiving' THEN 'discard' \
               WHEN status <> 'erased' THEN 'retire_' || status \
               WHEN EXISTS (SELECT FROM erasures e WHERE e.document_id = d.id) THEN 'erase' ELSE 'discard' END, \
             coalesce(next_enqueue_at, processed_at), queue, lease_until, updated_at FROM documents d \
             WHERE next_enqueue_at IS NOT NULL OR status IN ('completed', 'failed')";
        let schedule = "SELECT document_id, task, at, queue, held_until, since FROM document_schedule";
        let states = "SELECT status, verification_status, count(*) FROM documents GROUP BY 1, 2";
        let counts = "SELECT status, verification_status, sum(documents)::bigint FROM (TABLE document_counts \
             UNION ALL TABLE document_count_changes) counted GROUP BY 1, 2 HAVING sum(documents) <> 0";
        for (left, right) in [(expected, schedule), (states, counts)] {
            let sql = format!(
                "SELECT x::text FROM (({left}) EXCEPT ({right})) x \
                               UNION ALL SELECT y::text FROM (({right}) EXCEPT ({left})) y"
            );
            let differing = client.query(&sql, &[]).await.unwrap();
            let differing: Vec<String> = differing.iter().map(|row| row.get(0)).collect();
            assert!(differing.is_empty(), "{differing:#?}");
        }
    }

    pub async fn events(&self, document: DocumentId) -> Vec<String> {
        let sql = "SELECT event FROM document_events WHERE document_id = $1 ORDER BY version";
        let rows = self.owner().await.query(sql, &[&document.as_uuid()]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// One value of a row, as text.
    pub async fn value(&self, sql: &str, document: DocumentId) -> Option<String> {
        self.owner().await.query_one(sql, &[&document.as_uuid()]).await.unwrap().get(0)
    }
}
