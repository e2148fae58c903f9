-- What changes with every step of a document no longer stands in an index of the wide row, so that steps are heap-only
-- updates: no index is written, and the old version goes without a vacuum.

--------------------------------------------------------------------------------------------------------- schedule

-- When somebody looks after a document next, or since when it is kept: one narrow row for each document that waits for a
-- machine or may be retired. It is what an index on the document's row would be. Only the trigger writes it, and
-- documents are never deleted, so it needs no foreign key.
CREATE TABLE document_schedule (
    document_id  uuid PRIMARY KEY,
    task         text NOT NULL,
    at           timestamptz NOT NULL, -- next_enqueue_at; for the tasks that retire, processed_at
    queue        text,
    held_until   timestamptz, -- lease_until
    since        timestamptz NOT NULL, -- updated_at of the last step
    CONSTRAINT document_schedule_task_known CHECK (
        task IN ('enqueue', 'score', 'discard', 'erase', 'retire_completed', 'retire_failed')
    )
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
-- The questions of the sweeper, each in the order in which it wants its answers.
CREATE INDEX document_schedule_due ON document_schedule (task, at);
-- What does not move, the oldest first. The condition is one that the planner takes for no other question.
CREATE INDEX document_schedule_waiting ON document_schedule (since) WHERE NOT starts_with(task, 'retire_');
GRANT SELECT ON document_schedule TO filot_app, filot_worker;

CREATE FUNCTION documents_schedule() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    next_task text;
    next_at   timestamptz := NEW.next_enqueue_at;
BEGIN
    IF NEW.status IN ('uploaded', 'processing') THEN
        next_task := 'enqueue';
    ELSIF NEW.status = 'ocr_completed' THEN
        next_task := 'score';
    ELSIF NEW.status = 'receiving' THEN
        next_task := 'discard';
    ELSIF NEW.status IN ('completed', 'failed') THEN
        next_task := 'retire_' || NEW.status;
        next_at := NEW.processed_at;
    ELSIF NEW.status = 'erased' AND OLD.status = 'receiving' THEN
        next_task := 'discard'; -- an upload that was given up; nothing else records that its object may be left
    ELSIF NEW.status = 'erased' AND OLD.status = 'erased' THEN
        SELECT s.task INTO next_task FROM public.document_schedule s WHERE s.document_id = NEW.id;
    ELSIF NEW.status = 'erased' THEN
        next_task := 'erase';
    END IF;
    IF next_task IS NULL OR next_at IS NULL THEN
        DELETE FROM public.document_schedule WHERE document_id = NEW.id;
        RETURN NULL;
    END IF;
    -- The document's row is locked: nobody else writes this one.
    UPDATE public.document_schedule
    SET task = next_task, at = next_at, queue = NEW.queue, held_until = NEW.lease_until, since = NEW.updated_at
    WHERE document_id = NEW.id;
    IF NOT FOUND THEN
        INSERT INTO public.document_schedule (document_id, task, at, queue, held_until, since)
        VALUES (NEW.id, next_task, next_at, NEW.queue, NEW.lease_until, NEW.updated_at);
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION documents_schedule() FROM PUBLIC;
CREATE TRIGGER documents_schedule_begun AFTER INSERT ON documents
    FOR EACH ROW EXECUTE FUNCTION documents_schedule();
CREATE TRIGGER documents_schedule AFTER UPDATE ON documents
    FOR EACH ROW
    WHEN ((NEW.status, NEW.next_enqueue_at, NEW.processed_at, NEW.queue, NEW.lease_until, NEW.updated_at)
          IS DISTINCT FROM
          (OLD.status, OLD.next_enqueue_at, OLD.processed_at, OLD.queue, OLD.lease_until, OLD.updated_at))
    EXECUTE FUNCTION documents_schedule();

----------------------------------------------------------------------------------------------------------- counts

-- The number of documents in each pair of states. A step adds its change to a list that nobody waits for; the sweeper folds
-- the list into the counts. The sum of both is exact at any moment.
CREATE TABLE document_counts (
    status               text NOT NULL,
    verification_status  text NOT NULL,
    documents            bigint NOT NULL,
    PRIMARY KEY (status, verification_status)
);
CREATE TABLE document_count_changes (
    status               text NOT NULL,
    verification_status  text NOT NULL,
    change               smallint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
GRANT SELECT ON document_counts, document_count_changes TO filot_app;

CREATE FUNCTION documents_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO public.document_count_changes (status, verification_status, change)
        VALUES (OLD.status, OLD.verification_status, -1), (NEW.status, NEW.verification_status, 1);
    ELSE
        INSERT INTO public.document_count_changes (status, verification_status, change)
        VALUES (NEW.status, NEW.verification_status, 1);
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION documents_count() FROM PUBLIC;
CREATE TRIGGER documents_count_begun AFTER INSERT ON documents
    FOR EACH ROW EXECUTE FUNCTION documents_count();
CREATE TRIGGER documents_count AFTER UPDATE ON documents
    FOR EACH ROW
    WHEN ((NEW.status, NEW.verification_status) IS DISTINCT FROM (OLD.status, OLD.verification_status))
    EXECUTE FUNCTION documents_count();

-- Folds at most `batch` changes and returns how many; none while another call folds, or before the first count was taken.
CREATE FUNCTION fold_document_counts(batch integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    folded bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('fold_document_counts'))
       OR NOT EXISTS (SELECT FROM public.document_counts) THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM public.document_count_changes
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.document_count_changes LIMIT batch))
        RETURNING status, verification_status, change),
    counted AS (
        INSERT INTO public.document_counts AS c (status, verification_status, documents)
        SELECT status, verification_status, sum(change) FROM taken GROUP BY 1, 2
        ON CONFLICT (status, verification_status) DO UPDATE SET documents = c.documents + EXCLUDED.documents)
    SELECT count(*) INTO folded FROM taken;
    RETURN folded;
END
$$;
REVOKE EXECUTE ON FUNCTION fold_document_counts(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fold_document_counts(integer) TO filot_app;

----------------------------------------------------------------------------------------------------------- storage

-- Room on the page for the versions that a document's life leaves there.
ALTER TABLE documents SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05);
-- Ciphertext does not compress.
ALTER TABLE documents ALTER COLUMN result SET STORAGE EXTERNAL, ALTER COLUMN ocr_text SET STORAGE EXTERNAL;
ALTER TABLE manual_reviews SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE sessions SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE refresh_tokens SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE idempotency_keys SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE erasures SET (autovacuum_vacuum_scale_factor = 0.05);

-- The storage has no heads to move: a row by its index costs little more than its neighbour.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET random_page_cost = 1.1', current_database());
END
$$;

-- Sessions that are over are forgotten after their time.
GRANT DELETE ON sessions TO filot_app;
