-- Who may take which step. Functions share tables, so rights on tables and columns cannot tell an upload from an approval;
-- the trigger that guards the edges asks which role is logged in. Group roles have a login of their own each:
--
--   filot_app      functions with a route, sweeper, review-dispatch: everything but what follows
--   filot_worker   the worker: claims and readings; sees no user, session, review or identity
--   filot_scoring  scoring: evaluations and automatic decisions
--   filot_reviews  review-callback: decisions of a human
--
-- The last two may also do what filot_app may. shared/store/roles.sql makes the roles before the first migration; an owner
-- with CREATEROLE may leave that to this file.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['filot_worker', 'filot_scoring', 'filot_reviews'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN
                    NULL; -- another database of this server was being migrated at the same moment
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the role % is missing: shared/store/roles.sql makes it', role
                        USING ERRCODE = 'insufficient_privilege';
            END;
        END IF;
        IF role <> 'filot_worker' AND NOT pg_has_role(role, 'filot_app', 'USAGE') THEN
            BEGIN
                EXECUTE format('GRANT filot_app TO %I', role);
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE EXCEPTION '% is no member of filot_app: shared/store/roles.sql makes it one', role
                    USING ERRCODE = 'insufficient_privilege';
            END;
        END IF;
    END LOOP;
END
$$;

-- The client gives up after 10 s. A statement must have ended by then, so that its outcome is known; one whose client is
-- gone ends within seconds.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''8s''', current_database());
    EXECUTE format('ALTER DATABASE %I SET client_connection_check_interval = ''2s''', current_database());
END
$$;

---------------------------------------------------------------------------------------------------------- writers

ALTER TABLE document_edges ADD COLUMN writers text[] NOT NULL DEFAULT '{filot_app}';
UPDATE document_edges SET writers = '{filot_worker}'
WHERE event IN ('claimed', 'reclaimed', 'attempt_failed', 'given_back', 'read', 'gave_up');
UPDATE document_edges SET writers = '{filot_scoring}' WHERE event = 'scored';
UPDATE document_edges SET writers = '{filot_scoring,filot_reviews}' WHERE event = 'decided';
COMMENT ON COLUMN document_edges.writers IS 'The roles that may take it; the owner of the schema may take every one.';

ALTER TABLE verification_edges ADD COLUMN writers text[] NOT NULL DEFAULT '{filot_app}';
UPDATE verification_edges SET writers = '{filot_scoring}' WHERE event = 'scored';
UPDATE verification_edges SET writers = '{filot_reviews}' WHERE event = 'decided';

ALTER TABLE review_edges ADD COLUMN writers text[] NOT NULL DEFAULT '{filot_app}';
UPDATE review_edges SET writers = '{filot_reviews}' WHERE event IN ('approved', 'rejected');

-- Whether the role that is logged in may write for one of `writers`. Inside a trigger with its owner's rights,
-- current_user is that owner and session_user who is logged in.
CREATE FUNCTION may_write(writers text[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT session_user = current_user
        OR EXISTS (SELECT FROM unnest(writers) AS writer WHERE pg_has_role(session_user, writer, 'USAGE'))
$$;
REVOKE EXECUTE ON FUNCTION may_write(text[]) FROM PUBLIC;

-- As in V1, and: an edge has its writers; what was read comes with a reading, what was scored with a score; the time of an
-- event is the database's.
CREATE OR REPLACE FUNCTION documents_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    writers text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'receiving' OR NEW.version <> 1 OR NEW.attempts <> 0 OR NEW.lease_epoch <> 0
           OR NEW.last_event <> 'created' OR NEW.result IS NOT NULL OR NEW.ai_score IS NOT NULL THEN
            RAISE EXCEPTION 'a document is created in state receiving at version 1'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_creation';
        END IF;
        INSERT INTO public.document_events (document_id, version, event, from_status, to_status, verification_from,
            verification_to, attempts, lease_epoch, actor, correlation_id, reason, at)
        VALUES (NEW.id, NEW.version, NEW.last_event, NULL, NEW.status, NULL, NEW.verification_status, NEW.attempts,
            NEW.lease_epoch, NEW.last_actor, NEW.last_correlation_id, NEW.last_reason, clock_timestamp());
        RETURN NULL;
    END IF;

    IF (NEW.id, NEW.user_id, NEW.type, NEW.content_sha256, NEW.mime, NEW.bytes, NEW.created_at, NEW.correlation_id)
       IS DISTINCT FROM
       (OLD.id, OLD.user_id, OLD.type, OLD.content_sha256, OLD.mime, OLD.bytes, OLD.created_at, OLD.correlation_id)
       OR (NEW.object_key IS DISTINCT FROM OLD.object_key AND NEW.object_key IS NOT NULL) THEN
        RAISE EXCEPTION 'what was uploaded does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_immutable';
    END IF;

    -- Without a new version only bookkeeping may change: heartbeats, queue times, ticket.
    IF NEW.version = OLD.version THEN
        IF (NEW.status, NEW.verification_status, NEW.attempts, NEW.lease_epoch, NEW.lease_owner, NEW.ai_score,
            NEW.ai_decision, NEW.result, NEW.ocr_text, NEW.reasons, NEW.last_event, NEW.last_actor,
            NEW.last_correlation_id, NEW.last_reason, NEW.read_at, NEW.processed_at, NEW.deleted_at)
           IS DISTINCT FROM
           (OLD.status, OLD.verification_status, OLD.attempts, OLD.lease_epoch, OLD.lease_owner, OLD.ai_score,
            OLD.ai_decision, OLD.result, OLD.ocr_text, OLD.reasons, OLD.last_event, OLD.last_actor,
            OLD.last_correlation_id, OLD.last_reason, OLD.read_at, OLD.processed_at, OLD.deleted_at) THEN
            RAISE EXCEPTION 'a change of state needs a new version and an event'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_silent';
        END IF;
        RETURN NULL;
    END IF;

    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'versions rise one by one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_version';
    END IF;
    SELECT e.writers INTO writers FROM public.document_edges e
    WHERE (e.event, e.from_status, e.to_status) = (NEW.last_event, OLD.status, NEW.status);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no edge % leads from % to %', NEW.last_event, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_edge';
    END IF;
    IF NOT public.may_write(writers) THEN
        RAISE EXCEPTION '% may not take the step %', session_user, NEW.last_event
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'documents_step_writer';
    END IF;
    IF NEW.verification_status <> OLD.verification_status THEN
        SELECT e.writers INTO writers FROM public.verification_edges e
        WHERE (e.event, e.from_status, e.to_status)
              = (NEW.last_event, OLD.verification_status, NEW.verification_status);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no edge % leads from % to %', NEW.last_event, OLD.verification_status,
                NEW.verification_status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_verification_edge';
        END IF;
        IF NOT public.may_write(writers) THEN
            RAISE EXCEPTION '% may not take the step % to %', session_user, NEW.last_event, NEW.verification_status
                USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'documents_step_writer';
        END IF;
    END IF;
    -- Attempts rise only on a recorded failure; a new try starts them over.
    IF NEW.attempts <> (CASE WHEN NEW.last_event IN ('attempt_failed', 'gave_up') THEN OLD.attempts + 1
                             WHEN NEW.last_event = 'requeued' THEN 0
                             ELSE OLD.attempts END) THEN
        RAISE EXCEPTION 'attempts rise on a recorded failure only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_attempts';
    END IF;
    -- The epoch is the fencing token: every claim has its own.
    IF NEW.lease_epoch <> OLD.lease_epoch
                          + (CASE WHEN NEW.last_event IN ('claimed', 'reclaimed') THEN 1 ELSE 0 END) THEN
        RAISE EXCEPTION 'the lease epoch rises with every claim and with nothing else'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_epoch';
    END IF;
    -- Whoever may take one step may not slip the outcome of another into it.
    IF (NEW.result, NEW.ocr_text) IS DISTINCT FROM (OLD.result, OLD.ocr_text)
       AND NOT (NEW.last_event = 'read' OR (NEW.result IS NULL AND NEW.ocr_text IS NULL)) THEN
        RAISE EXCEPTION 'a reading comes with the step that reads'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_reading';
    END IF;
    IF (NEW.ai_score, NEW.ai_decision) IS DISTINCT FROM (OLD.ai_score, OLD.ai_decision)
       AND NEW.last_event <> 'scored' THEN
        RAISE EXCEPTION 'a score comes with the step that scores'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_score';
    END IF;

    INSERT INTO public.document_events (document_id, version, event, from_status, to_status, verification_from,
        verification_to, attempts, lease_epoch, actor, correlation_id, reason, at)
    VALUES (NEW.id, NEW.version, NEW.last_event, OLD.status, NEW.status, OLD.verification_status,
        NEW.verification_status, NEW.attempts, NEW.lease_epoch, NEW.last_actor, NEW.last_correlation_id,
        NEW.last_reason, clock_timestamp());
    RETURN NULL;
END
$$;

-- As in V1, and: an edge has its writers; a decision is what its edge says, and stays.
CREATE OR REPLACE FUNCTION manual_reviews_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    writers text[];
BEGIN
    IF (NEW.id, NEW.document_id, NEW.evaluation_id, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.document_id, OLD.evaluation_id, OLD.created_at) THEN
        RAISE EXCEPTION 'a review stays with its document'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'manual_reviews_step_immutable';
    END IF;
    IF NEW.status <> OLD.status THEN
        SELECT e.writers INTO writers FROM public.review_edges e
        WHERE (e.from_status, e.to_status) = (OLD.status, NEW.status);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no edge leads from % to %', OLD.status, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'manual_reviews_step_edge';
        END IF;
        IF NOT public.may_write(writers) THEN
            RAISE EXCEPTION '% may not make a review %', session_user, NEW.status
                USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'manual_reviews_step_writer';
        END IF;
    END IF;
    IF NEW.dispatch_state <> OLD.dispatch_state
       AND NOT EXISTS (SELECT FROM public.dispatch_edges e
                       WHERE (e.from_status, e.to_status) = (OLD.dispatch_state, NEW.dispatch_state)) THEN
        RAISE EXCEPTION 'no edge leads from % to %', OLD.dispatch_state, NEW.dispatch_state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'manual_reviews_step_dispatch_edge';
    END IF;
    RETURN NULL;
END
$$;

-- A review begins undecided: what a human decided is never inserted.
CREATE FUNCTION manual_reviews_begin() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status <> 'pending' OR NEW.dispatch_state <> 'queued' THEN
        RAISE EXCEPTION 'a review begins undecided and unsent'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'manual_reviews_step_creation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER manual_reviews_begin AFTER INSERT ON manual_reviews
    FOR EACH ROW EXECUTE FUNCTION manual_reviews_begin();
REVOKE EXECUTE ON FUNCTION manual_reviews_begin() FROM PUBLIC;

-- A human's decision on a document is the one on its review.
CREATE FUNCTION documents_human_decided() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.last_event = 'decided'
       AND NOT EXISTS (SELECT FROM public.manual_reviews r
                       WHERE r.document_id = NEW.id AND 'manually_' || r.status = NEW.verification_status) THEN
        RAISE EXCEPTION 'a human''s decision stands on the review'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_decision_is_reviewed';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER documents_human_decided AFTER UPDATE OF verification_status ON documents
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.verification_status IN ('manually_approved', 'manually_rejected'))
    EXECUTE FUNCTION documents_human_decided();
REVOKE EXECUTE ON FUNCTION documents_human_decided() FROM PUBLIC;

----------------------------------------------------------------------------------------------------------- grants

-- Nobody becomes an admin, another account, or the holder of another user's session. The rows of documents and reviews are
-- guarded by their triggers, which know more than columns.
REVOKE INSERT, UPDATE ON users, sessions, refresh_tokens FROM filot_app;
GRANT INSERT (id, stack_user_id, email, created_at, updated_at), UPDATE (email, updated_at, deleted_at)
    ON users TO filot_app;
GRANT INSERT (id, user_id, created_at, expires_at), UPDATE (expires_at, ended_at, end_reason) ON sessions TO filot_app;
GRANT INSERT (token_hash, session_id, issued_at, expires_at), UPDATE (successor_hash, successor, replaced_at)
    ON refresh_tokens TO filot_app;

-- Evaluations and identities are scoring's; a human's approval claims as well. Erasing gives them up.
REVOKE INSERT ON verification_results, document_identities, identity_claims FROM filot_app;
GRANT INSERT ON verification_results, document_identities TO filot_scoring;
GRANT INSERT ON identity_claims TO filot_scoring, filot_reviews;

GRANT USAGE ON SCHEMA public TO filot_worker;
GRANT SELECT, UPDATE ON documents TO filot_worker;
