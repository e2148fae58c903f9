-- What erasing a document needs beside the row itself: cancelling its review at the reviewer, one record per erasure, and
-- a check that nothing personal is left behind. Only adds: the code of V1 runs on it.

-- A withdrawn review that the reviewer has, or may have, is cancelled there: its own small outbox in the review's row.
ALTER TABLE manual_reviews
    ADD COLUMN cancel_state     text,
    ADD COLUMN next_cancel_at   timestamptz,
    ADD COLUMN cancel_attempts  integer NOT NULL DEFAULT 0,
    ADD COLUMN cancel_error     text,
    ADD COLUMN cancelled_at     timestamptz, -- when the reviewer was known to be told
    ADD CONSTRAINT manual_reviews_cancel_known CHECK (cancel_state IN ('due', 'done')),
    ADD CONSTRAINT manual_reviews_cancel_due_pair CHECK (
        (next_cancel_at IS NOT NULL) = (cancel_state IS NOT DISTINCT FROM 'due')
    ),
    ADD CONSTRAINT manual_reviews_cancel_done_pair CHECK (
        (cancelled_at IS NOT NULL) = (cancel_state IS NOT DISTINCT FROM 'done')
    ),
    ADD CONSTRAINT manual_reviews_cancel_counted CHECK (cancel_attempts >= 0),
    ADD CONSTRAINT manual_reviews_cancel_of_cancelled CHECK (cancel_state IS NULL OR status = 'cancelled'),
    -- A task that is known is never left at the reviewer.
    ADD CONSTRAINT manual_reviews_cancelled_task_is_told CHECK (
        status <> 'cancelled' OR buli2_task_id IS NULL OR cancel_state IS NOT NULL
    ),
    ADD CONSTRAINT manual_reviews_cancelled_is_empty CHECK (
        status <> 'cancelled' OR (notes IS NULL AND dispatch_state = 'withdrawn')
    );
CREATE INDEX manual_reviews_cancel_due ON manual_reviews (next_cancel_at) WHERE cancel_state = 'due';

-- A document is erased once.
CREATE UNIQUE INDEX erasures_one_per_document ON erasures (document_id) WHERE document_id IS NOT NULL;

-- What retention looks for.
CREATE INDEX documents_settled ON documents (status, processed_at) WHERE status IN ('completed', 'failed');

ALTER TABLE documents ADD CONSTRAINT documents_erased_forgets CHECK (
    status <> 'erased' OR (stage_ms IS NULL AND idempotency_key IS NULL AND not_before IS NULL)
);

-- When an erasing transaction commits, nothing personal is left in any table, and what is left elsewhere is on record.
CREATE FUNCTION documents_erasure_is_complete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.document_identities i WHERE i.document_id = NEW.id)
       OR EXISTS (SELECT FROM public.identity_claims c WHERE c.document_id = NEW.id)
       OR EXISTS (SELECT FROM public.manual_reviews r
                  WHERE r.document_id = NEW.id AND (r.status = 'pending' OR r.notes IS NOT NULL)) THEN
        RAISE EXCEPTION 'an erased document leaves nothing personal behind'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_erasure_leaves_nothing';
    END IF;
    -- An upload that never finished has nothing but its object, which the row itself keeps in sight.
    IF OLD.status <> 'receiving'
       AND NOT EXISTS (SELECT FROM public.erasures e WHERE e.document_id = NEW.id) THEN
        RAISE EXCEPTION 'an erasure is recorded'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_erasure_is_recorded';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER documents_erasure_is_complete AFTER UPDATE OF status ON documents
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'erased' AND OLD.status <> 'erased')
    EXECUTE FUNCTION documents_erasure_is_complete();
REVOKE EXECUTE ON FUNCTION documents_erasure_is_complete() FROM PUBLIC;

-- An identity that another approved document of the same user shows passes to that document, and a claim is locked while
-- an approval relies on it.
GRANT UPDATE (document_id) ON identity_claims TO filot_app;
