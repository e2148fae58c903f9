-- without a transaction
-- The schedule of documents that were there before it, in batches. A batch locks its rows, so that a step at the same
-- moment comes before or after it. Rows that the trigger has written stay.
DO $$
DECLARE
    after uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    LOOP
        WITH batch AS (
            SELECT d.id, d.status, d.next_enqueue_at, d.processed_at, d.queue, d.lease_until, d.updated_at,
                EXISTS (SELECT FROM erasures e WHERE e.document_id = d.id) AS is_recorded
            FROM documents d WHERE d.id > after ORDER BY d.id LIMIT 5000 FOR SHARE OF d),
        written AS (
            INSERT INTO document_schedule (document_id, task, at, queue, held_until, since)
            SELECT id,
                CASE status
                    WHEN 'uploaded' THEN 'enqueue'
                    WHEN 'processing' THEN 'enqueue'
                    WHEN 'ocr_completed' THEN 'score'
                    WHEN 'receiving' THEN 'discard'
                    WHEN 'erased' THEN CASE WHEN is_recorded THEN 'erase' ELSE 'discard' END
                    ELSE 'retire_' || status
                END,
                CASE WHEN status IN ('completed', 'failed') THEN processed_at ELSE next_enqueue_at END,
                queue, lease_until, updated_at
            FROM batch
            WHERE CASE WHEN status IN ('completed', 'failed') THEN processed_at ELSE next_enqueue_at END IS NOT NULL
            ON CONFLICT (document_id) DO NOTHING)
        SELECT id FROM batch ORDER BY id DESC LIMIT 1 INTO after;
        EXIT WHEN after IS NULL;
        COMMIT;
    END LOOP;
END
$$;
-- step: the first count. One snapshot sees the documents and the changes that are not folded yet.
INSERT INTO document_counts (status, verification_status, documents)
SELECT status, verification_status, sum(documents) FROM (
    SELECT status, verification_status, count(*) AS documents FROM documents GROUP BY 1, 2
    UNION ALL SELECT status, verification_status, -sum(change) FROM document_count_changes GROUP BY 1, 2
    UNION ALL SELECT 'receiving', 'pending', 0) AS counted
WHERE NOT EXISTS (SELECT FROM document_counts)
GROUP BY 1, 2;
-- step: since when the reviewer has what it has not decided
CREATE INDEX CONCURRENTLY IF NOT EXISTS manual_reviews_undecided ON manual_reviews (acknowledged_at)
    WHERE status = 'pending';
-- step: what the reviewer may have although we do not know its task
CREATE INDEX CONCURRENTLY IF NOT EXISTS manual_reviews_unanswered ON manual_reviews (document_id)
    WHERE buli2_task_id IS NULL AND dispatch_epoch > 0 AND dispatch_state IN ('queued', 'sending');
-- step: sessions by age
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_age ON sessions (created_at);
-- step: indexes that the schedule and the counts replace. Code that runs without them is only slower.
DROP INDEX CONCURRENTLY IF EXISTS documents_watched;
-- step
DROP INDEX CONCURRENTLY IF EXISTS documents_settled;
-- step
DROP INDEX CONCURRENTLY IF EXISTS documents_state;
-- step: statistics for the tables that are new
ANALYZE document_schedule, document_counts;
