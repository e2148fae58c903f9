//! A database as it is after a while: made with SQL, because the product would need hours.
//!
//! Of a hundred documents five wait for a worker, one is with a worker, one is read and not scored, five are with a human
//! (three of them not sent yet), three are erased, one failed, ten were rejected, eight were approved by a human, the
//! others automatically. Every document has seven events; every tenth has a user of its own with sessions and tokens.

use filot_testkit::TestDb;

/// Fills a migrated database with `documents` and everything around them.
pub async fn fill(db: &TestDb, documents: u32) {
    let owner = db.owner().await.unwrap();
    owner.batch_execute("SET statement_timeout = 0; SET client_min_messages = error").await.unwrap();
    let statements = SQL.replace(":documents", &documents.to_string());
    for statement in statements.split(";\n") {
        if let Err(error) = owner.batch_execute(statement).await {
            panic!("{error:?}: {statement}");
        }
    }
    // The schedule and the counts are filled as in a database that was there before them.
    let filled = include_str!("../../migrations/V20__schedule_filled.sql");
    for step in filled.split("-- step").filter(|step| !step.contains(" CONCURRENTLY ")) {
        let (_, step) = step.split_once('\n').unwrap();
        owner.batch_execute(step).await.unwrap();
    }
    owner.batch_execute("VACUUM ANALYZE").await.unwrap();
}

/// Everything but what triggers would do.
const SQL: &str = r"
CREATE FUNCTION pg_temp.v7(at timestamptz, n bigint, salt text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(salt || n), 1, 3)
           || '8' || substr(md5(salt || n), 4, 15))::uuid $$;
CREATE FUNCTION pg_temp.bytes(n bigint, blocks int) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT decode(string_agg(md5(n || '-' || b), ''), 'hex') FROM generate_series(1, blocks) b $$;
CREATE TEMPORARY TABLE u AS SELECT n, now() - interval '200 days' * (1 - n::float / (:documents / 10)) AS at
    FROM generate_series(1, :documents / 10) n;
ALTER TABLE u ADD COLUMN id uuid;
UPDATE u SET id = pg_temp.v7(at, n, 'u');
CREATE INDEX ON u (n);
INSERT INTO users (id, stack_user_id, email, created_at, updated_at)
    SELECT id, id::text, id || '@filot.test', at, at FROM u;
INSERT INTO profiles (user_id, full_name, phone, updated_at) SELECT id, '\x01', '\x01', at FROM u;
INSERT INTO sessions (id, user_id, created_at, expires_at)
    SELECT pg_temp.v7(at, n * 2 + s, 's'), id, at, at + interval '40 days' FROM u, generate_series(0, 1) s;
INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at)
    SELECT sha256((s.id || '-' || t)::text::bytea), s.id, s.created_at, s.expires_at FROM sessions s, generate_series(1, 5) t;
INSERT INTO idempotency_keys (user_id, operation, key, request_hash, response_status, response, created_at, expires_at)
    SELECT id, 'escalate', 'k', '\x00', 200, '\x01', at, now() + interval '1 day' FROM u;
CREATE TEMPORARY TABLE d AS SELECT n, n % 100 AS kind,
        now() - interval '200 days' * (1 - n::float / :documents) - interval '2 hours' AS at
    FROM generate_series(1, :documents) n;
ALTER TABLE d ADD COLUMN id uuid, ADD COLUMN user_id uuid, ADD COLUMN status text, ADD COLUMN verification text;
UPDATE d SET id = pg_temp.v7(at, n, 'd'), user_id = (SELECT id FROM u WHERE u.n = 1 + d.n % (:documents / 10)),
    status = CASE WHEN kind < 5 THEN 'uploaded' WHEN kind = 5 THEN 'processing' WHEN kind = 6 THEN 'ocr_completed'
        WHEN kind < 12 THEN 'ai_evaluated' WHEN kind < 15 THEN 'erased' WHEN kind = 15 THEN 'failed'
        WHEN n % 1000 = 16 THEN 'receiving' ELSE 'completed' END,
    verification = CASE WHEN kind < 7 OR kind = 15 OR n % 1000 = 16 THEN 'pending'
        WHEN kind < 12 THEN 'pending_manual_review' WHEN kind < 15 THEN 'auto_approved' WHEN kind < 26 THEN 'auto_rejected'
        WHEN kind < 34 THEN 'manually_approved' ELSE 'auto_approved' END;
ALTER TABLE documents DISABLE TRIGGER USER;
ALTER TABLE document_events DISABLE TRIGGER USER;
ALTER TABLE manual_reviews DISABLE TRIGGER USER;
INSERT INTO documents (id, user_id, type, object_key, content_sha256, mime, bytes, status, verification_status, version,
    lease_owner, lease_until, lease_renewed_at, queue, enqueued_at, enqueues, next_enqueue_at, ai_score, ai_decision,
    result, ocr_text, reasons, idempotency_key, idempotency_hash, correlation_id, last_event, last_actor,
    last_correlation_id, created_at, updated_at, read_at, processed_at, deleted_at)
    SELECT id, user_id, 'KTP', CASE WHEN kind NOT IN (12, 13) THEN 'documents/' || id END, sha256(n::text::bytea),
        'image/jpeg', 300000, status, verification, 7,
        CASE WHEN kind = 5 THEN 'w' END, CASE WHEN kind = 5 THEN now() + interval '1 hour' END,
        CASE WHEN kind = 5 THEN now() END, CASE WHEN status <> 'receiving' THEN 'gpu' END, at, 1,
        CASE WHEN status IN ('uploaded', 'processing', 'ocr_completed', 'receiving') OR kind = 14
             THEN now() - interval '1 hour' + interval '1 second' * (n % 3000) END,
        CASE WHEN status IN ('ai_evaluated', 'completed', 'erased') THEN 60 END,
        CASE WHEN status IN ('ai_evaluated', 'completed', 'erased') THEN 'needs_review' END,
        CASE WHEN status IN ('ocr_completed', 'ai_evaluated', 'completed') THEN pg_temp.bytes(n, 60) END,
        CASE WHEN status IN ('ocr_completed', 'ai_evaluated', 'completed') THEN pg_temp.bytes(n, 25) END,
        CASE WHEN status = 'failed' THEN '{file_unreadable}'::text[] ELSE '{}' END,
        CASE WHEN n % 400 = 1 AND status = 'completed' THEN 'key-' || n END,
        CASE WHEN n % 400 = 1 AND status = 'completed' THEN '\x00'::bytea END,
        'filled-before', 'created', 'user', 'filled-before', at, at + interval '1 minute',
        CASE WHEN status IN ('ocr_completed', 'ai_evaluated', 'completed') THEN at END,
        CASE WHEN status IN ('completed', 'failed') THEN at + interval '1 minute' END,
        CASE WHEN status = 'erased' THEN at + interval '1 hour' END
    FROM d ORDER BY n;
INSERT INTO document_events (document_id, version, event, from_status, to_status, verification_from, verification_to,
    attempts, lease_epoch, actor, correlation_id, at)
    SELECT id, v, CASE v WHEN 1 THEN 'created' ELSE 'stored' END, CASE v WHEN 1 THEN NULL ELSE 'receiving' END, 'uploaded',
        CASE v WHEN 1 THEN NULL ELSE 'pending' END, 'pending', 0, 0, 'user', 'filled-before', at
    FROM d, generate_series(1, 7) v;
INSERT INTO verification_results (id, document_id, document_version, score, decision, parts, reasons, created_at)
    SELECT pg_temp.v7(at, n, 'v'), id, 5, 60, 'needs_review', '[]', '{}', at FROM d
    WHERE status IN ('ai_evaluated', 'completed', 'erased');
INSERT INTO manual_reviews (id, document_id, evaluation_id, status, decision, decided_at, buli2_task_id, dispatch_state,
    dispatch_epoch, next_dispatch_at, acknowledged_at, correlation_id, created_at, updated_at)
    SELECT pg_temp.v7(at, n, 'r'), id, pg_temp.v7(at, n, 'v'), CASE WHEN kind < 12 THEN 'pending' ELSE 'approved' END,
        CASE WHEN kind >= 12 THEN 'approved' END, CASE WHEN kind >= 12 THEN at END,
        CASE WHEN kind > 9 THEN 'task-' || n END, CASE WHEN kind > 9 THEN 'acknowledged' ELSE 'queued' END, kind % 2,
        CASE WHEN kind <= 9 THEN now() - interval '1 hour' + interval '1 second' * (n % 3000) END,
        CASE WHEN kind > 9 THEN at END, 'filled-before', at, at
    FROM d WHERE status = 'ai_evaluated' OR verification = 'manually_approved';
INSERT INTO document_identities SELECT id, 'nik', sha256(n::text::bytea) FROM d WHERE status IN ('completed', 'ai_evaluated');
INSERT INTO document_marks (document_id, kind, hash, scored_at, expires_at)
    SELECT id, mark, sha256((mark || n)::bytea), at, CASE WHEN kind BETWEEN 15 AND 25 THEN at + interval '300 days' END
    FROM d, unnest(ARRAY['nik', 'person', 'file']) AS mark WHERE status IN ('completed', 'ai_evaluated');
INSERT INTO document_marks (document_id, kind, hash, picture_high, picture_low, bands, scored_at)
    SELECT id, 'picture', substring(sha256(n::text::bytea) FOR 16), hashtextextended(n::text, 1), hashtextextended(n::text, 2),
        ARRAY(SELECT band * 65536 + (hashtextextended(n::text, band) & 65535)::integer FROM generate_series(0, 7) AS band), at
    FROM d WHERE status IN ('completed', 'ai_evaluated');
INSERT INTO review_notices (review_id, reason, noted_at, told_at)
    SELECT id, 'identity_held_by_another', updated_at, updated_at FROM manual_reviews;
INSERT INTO identity_claims SELECT 'nik', sha256(n::text::bytea), user_id, id, at FROM d
    WHERE status = 'completed' AND verification <> 'auto_rejected';
INSERT INTO erasures (id, user_id, document_id, cause, state, next_attempt_at, requested_at, done_at)
    SELECT pg_temp.v7(at, n, 'e'), user_id, id, 'request', CASE kind WHEN 14 THEN 'requested' ELSE 'done' END,
        CASE kind WHEN 14 THEN now() - interval '1 hour' + interval '1 second' * (n % 3000) END, at,
        CASE kind WHEN 14 THEN NULL ELSE at END
    FROM d WHERE status = 'erased';
ALTER TABLE documents ENABLE TRIGGER USER;
ALTER TABLE document_events ENABLE TRIGGER USER;
ALTER TABLE manual_reviews ENABLE TRIGGER USER;
DELETE FROM document_counts
";
