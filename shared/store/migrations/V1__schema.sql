-- The whole schema of FiLot. Runs as the owner, on the direct (unpooled) URL, under an advisory lock.
-- Statuses are text with named CHECKs: an edge table and a trigger hold the rules, the domain crate holds the same
-- tables, and a test compares the two.

-- The role the functions and workers connect as. A deployment may have made it before, with LOGIN.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'filot_app') THEN
        CREATE ROLE filot_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server was being migrated at the same moment
END
$$;

-- Bounds that hold even for a client that went away: pooled connections cannot set them at start-up.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''15s''', current_database());
    EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''5s''', current_database());
    EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = ''20s''', current_database());
END
$$;

------------------------------------------------------------------------------------------------------------ users

CREATE TABLE users (
    id             uuid PRIMARY KEY,
    stack_user_id  text NOT NULL,
    email          text NOT NULL,
    role           text NOT NULL DEFAULT 'user',
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    deleted_at     timestamptz,
    CONSTRAINT users_stack_user_id_unique UNIQUE (stack_user_id),
    CONSTRAINT users_email_unique UNIQUE (email),
    CONSTRAINT users_email_lower CHECK (email = lower(email)),
    CONSTRAINT users_role_known CHECK (role IN ('user', 'admin'))
);
COMMENT ON TABLE users IS 'A user''s own verification state is derived on read from their documents, never stored.';

CREATE TABLE profiles (
    user_id     uuid PRIMARY KEY REFERENCES users (id),
    full_name   bytea, -- sealed
    phone       bytea, -- sealed
    updated_at  timestamptz NOT NULL
);

CREATE TABLE sessions (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    end_reason  text,
    CONSTRAINT sessions_end_pair CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT sessions_end_reason_known CHECK (end_reason IN ('logout', 'token_reuse', 'erased'))
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE refresh_tokens (
    token_hash      bytea PRIMARY KEY,
    session_id      uuid NOT NULL REFERENCES sessions (id),
    issued_at       timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    successor_hash  bytea,
    successor       bytea, -- sealed: the immediate predecessor yields the same successor for a minute
    replaced_at     timestamptz,
    CONSTRAINT refresh_tokens_hash_length CHECK (octet_length(token_hash) = 32),
    CONSTRAINT refresh_tokens_replaced_pair CHECK ((replaced_at IS NULL) = (successor_hash IS NULL))
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE idempotency_keys (
    user_id          uuid NOT NULL REFERENCES users (id),
    operation        text NOT NULL,
    key              text NOT NULL,
    request_hash     bytea NOT NULL,
    response_status  smallint,
    response         bytea, -- sealed
    locked_until     timestamptz,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    PRIMARY KEY (user_id, operation, key),
    CONSTRAINT idempotency_keys_key_length CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_response_pair CHECK ((response_status IS NULL) = (response IS NULL)),
    CONSTRAINT idempotency_keys_locked_or_answered CHECK ((locked_until IS NULL) = (response_status IS NOT NULL))
);
COMMENT ON TABLE idempotency_keys IS
    'Answers by key, for operations without a row of their own. An upload''s key stands on its document.';

-------------------------------------------------------------------------------------------------------- documents

CREATE TABLE document_edges (
    event        text NOT NULL,
    from_status  text NOT NULL,
    to_status    text NOT NULL,
    PRIMARY KEY (event, from_status, to_status)
);
INSERT INTO document_edges (event, from_status, to_status) VALUES
    ('stored', 'receiving', 'uploaded'),
    ('claimed', 'uploaded', 'processing'),
    ('reclaimed', 'processing', 'processing'),
    ('attempt_failed', 'processing', 'processing'),
    ('given_back', 'processing', 'processing'),
    ('read', 'processing', 'ocr_completed'),
    ('gave_up', 'processing', 'failed'),
    ('requeued', 'failed', 'uploaded'),
    ('scored', 'ocr_completed', 'ai_evaluated'),
    ('decided', 'ai_evaluated', 'completed'),
    ('escalated', 'completed', 'ai_evaluated'),
    ('erased', 'receiving', 'erased'),
    ('erased', 'uploaded', 'erased'),
    ('erased', 'processing', 'erased'),
    ('erased', 'ocr_completed', 'erased'),
    ('erased', 'ai_evaluated', 'erased'),
    ('erased', 'completed', 'erased'),
    ('erased', 'failed', 'erased');

CREATE TABLE verification_edges (
    event        text NOT NULL,
    from_status  text NOT NULL,
    to_status    text NOT NULL,
    PRIMARY KEY (event, from_status, to_status)
);
INSERT INTO verification_edges (event, from_status, to_status) VALUES
    ('scored', 'pending', 'auto_approved'),
    ('scored', 'pending', 'auto_rejected'),
    ('scored', 'pending', 'pending_manual_review'),
    ('escalated', 'auto_rejected', 'pending_manual_review'),
    ('decided', 'pending_manual_review', 'manually_approved'),
    ('decided', 'pending_manual_review', 'manually_rejected');

CREATE TABLE documents (
    id                   uuid PRIMARY KEY,
    user_id              uuid NOT NULL REFERENCES users (id),
    type                 text NOT NULL,
    object_key           text, -- NULL only once erased and the object is known to be gone
    content_sha256       bytea NOT NULL,
    mime                 text NOT NULL,
    bytes                bigint NOT NULL,

    status               text NOT NULL,
    verification_status  text NOT NULL,
    version              bigint NOT NULL,
    attempts             integer NOT NULL DEFAULT 0,

    lease_owner          text,
    lease_epoch          bigint NOT NULL DEFAULT 0,
    lease_until          timestamptz,
    lease_renewed_at     timestamptz,

    queue                text, -- which kind of worker it waits for, or was read by
    enqueued_at          timestamptz,
    enqueues             integer NOT NULL DEFAULT 0,
    next_enqueue_at      timestamptz, -- when the sweeper looks after it next
    not_before           timestamptz, -- earliest next claim

    ai_score             smallint,
    ai_decision          text,
    result               bytea, -- sealed
    ocr_text             bytea, -- sealed
    stage_ms             jsonb,
    reasons              text[] NOT NULL DEFAULT '{}',
    buli2_ticket_id      text,

    idempotency_key      text,
    idempotency_hash     bytea,
    correlation_id       text NOT NULL,

    last_event           text NOT NULL,
    last_actor           text NOT NULL,
    last_correlation_id  text NOT NULL,
    last_reason          text,

    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    read_at              timestamptz,
    processed_at         timestamptz,
    deleted_at           timestamptz,

    CONSTRAINT documents_type_known CHECK (type IN ('KTP', 'NPWP')),
    CONSTRAINT documents_mime_known CHECK (mime IN ('image/jpeg', 'image/png', 'application/pdf')),
    CONSTRAINT documents_bytes_positive CHECK (bytes > 0),
    CONSTRAINT documents_sha256_length CHECK (octet_length(content_sha256) = 32),
    CONSTRAINT documents_status_pair CHECK (
        CASE status
            WHEN 'receiving' THEN verification_status = 'pending'
            WHEN 'uploaded' THEN verification_status = 'pending'
            WHEN 'processing' THEN verification_status = 'pending'
            WHEN 'ocr_completed' THEN verification_status = 'pending'
            WHEN 'failed' THEN verification_status = 'pending'
            WHEN 'ai_evaluated' THEN
                verification_status IN ('auto_approved', 'auto_rejected', 'pending_manual_review')
            WHEN 'completed' THEN
                verification_status IN ('auto_approved', 'auto_rejected', 'manually_approved', 'manually_rejected')
            WHEN 'erased' THEN
                verification_status IN ('pending', 'auto_approved', 'auto_rejected', 'pending_manual_review',
                                        'manually_approved', 'manually_rejected')
            ELSE false
        END
    ),
    CONSTRAINT documents_attempts_counted CHECK (attempts >= 0),
    CONSTRAINT documents_version_counted CHECK (version >= 1 AND lease_epoch >= 0),
    CONSTRAINT documents_lease_pair CHECK (
        (lease_owner IS NULL) = (lease_until IS NULL) AND (lease_owner IS NULL) = (lease_renewed_at IS NULL)
    ),
    CONSTRAINT documents_lease_while_processing CHECK (lease_owner IS NULL OR status = 'processing'),
    CONSTRAINT documents_queue_known CHECK (queue IN ('gpu', 'cpu')),
    CONSTRAINT documents_queue_once_stored CHECK (
        queue IS NOT NULL OR status IN ('receiving', 'erased')
    ),
    -- INV-1: whatever waits for a machine has a time at which the sweeper looks after it.
    CONSTRAINT documents_waiting_is_watched CHECK (
        (next_enqueue_at IS NOT NULL)
        = (status IN ('receiving', 'uploaded', 'processing', 'ocr_completed')
           OR (status = 'erased' AND object_key IS NOT NULL))
    ),
    CONSTRAINT documents_object_until_erased CHECK (object_key IS NOT NULL OR status = 'erased'),
    CONSTRAINT documents_score_pair CHECK ((ai_score IS NULL) = (ai_decision IS NULL)),
    CONSTRAINT documents_score_range CHECK (ai_score BETWEEN 0 AND 100),
    CONSTRAINT documents_decision_known CHECK (ai_decision IN ('auto_approve', 'auto_reject', 'needs_review')),
    CONSTRAINT documents_evaluated_has_decision CHECK (
        status NOT IN ('ai_evaluated', 'completed') OR ai_decision IS NOT NULL
    ),
    CONSTRAINT documents_read_has_result CHECK (
        status NOT IN ('ocr_completed', 'ai_evaluated', 'completed')
        OR (result IS NOT NULL AND ocr_text IS NOT NULL AND read_at IS NOT NULL)
    ),
    CONSTRAINT documents_erased_is_empty CHECK (
        status <> 'erased' OR (result IS NULL AND ocr_text IS NULL AND deleted_at IS NOT NULL)
    ),
    CONSTRAINT documents_processed_pair CHECK (
        (processed_at IS NOT NULL) = (status IN ('completed', 'failed')) OR status = 'erased'
    ),
    CONSTRAINT documents_failed_has_reason CHECK (status <> 'failed' OR cardinality(reasons) > 0),
    CONSTRAINT documents_idempotency_pair CHECK ((idempotency_key IS NULL) = (idempotency_hash IS NULL)),
    CONSTRAINT documents_idempotency_length CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    CONSTRAINT documents_object_key_unique UNIQUE (object_key),
    CONSTRAINT documents_idempotency_unique UNIQUE (user_id, idempotency_key)
);
-- Own documents, newest first, for the list and for the user's derived verification state.
CREATE INDEX documents_user ON documents (user_id, created_at DESC, id DESC);
-- The sweeper's questions: few rows, found without a scan.
CREATE INDEX documents_watched ON documents (status, next_enqueue_at) WHERE next_enqueue_at IS NOT NULL;

CREATE TABLE document_events (
    document_id        uuid NOT NULL REFERENCES documents (id),
    version            bigint NOT NULL,
    event              text NOT NULL,
    from_status        text,
    to_status          text NOT NULL,
    verification_from  text,
    verification_to    text NOT NULL,
    attempts           integer NOT NULL,
    lease_epoch        bigint NOT NULL,
    actor              text NOT NULL,
    correlation_id     text NOT NULL,
    reason             text,
    at                 timestamptz NOT NULL,
    recorded_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (document_id, version),
    CONSTRAINT document_events_created_from_nothing CHECK (
        (event = 'created') = (from_status IS NULL) AND (from_status IS NULL) = (verification_from IS NULL)
    )
);

-- Every change of a document's state is one edge, one version and one event, whoever makes it.
-- SECURITY DEFINER: the roles that change documents may not write events themselves.
CREATE FUNCTION documents_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'receiving' OR NEW.version <> 1 OR NEW.attempts <> 0 OR NEW.lease_epoch <> 0
           OR NEW.last_event <> 'created' THEN
            RAISE EXCEPTION 'a document is created in state receiving at version 1'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_creation';
        END IF;
        INSERT INTO public.document_events (document_id, version, event, from_status, to_status, verification_from,
            verification_to, attempts, lease_epoch, actor, correlation_id, reason, at)
        VALUES (NEW.id, NEW.version, NEW.last_event, NULL, NEW.status, NULL, NEW.verification_status, NEW.attempts,
            NEW.lease_epoch, NEW.last_actor, NEW.last_correlation_id, NEW.last_reason, NEW.created_at);
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
    IF NOT EXISTS (SELECT FROM public.document_edges e
                   WHERE (e.event, e.from_status, e.to_status) = (NEW.last_event, OLD.status, NEW.status)) THEN
        RAISE EXCEPTION 'no edge % leads from % to %', NEW.last_event, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_edge';
    END IF;
    IF NEW.verification_status <> OLD.verification_status
       AND NOT EXISTS (SELECT FROM public.verification_edges e
                       WHERE (e.event, e.from_status, e.to_status)
                             = (NEW.last_event, OLD.verification_status, NEW.verification_status)) THEN
        RAISE EXCEPTION 'no edge % leads from % to %', NEW.last_event, OLD.verification_status,
            NEW.verification_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_step_verification_edge';
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

    INSERT INTO public.document_events (document_id, version, event, from_status, to_status, verification_from,
        verification_to, attempts, lease_epoch, actor, correlation_id, reason, at)
    VALUES (NEW.id, NEW.version, NEW.last_event, OLD.status, NEW.status, OLD.verification_status,
        NEW.verification_status, NEW.attempts, NEW.lease_epoch, NEW.last_actor, NEW.last_correlation_id,
        NEW.last_reason, NEW.updated_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER documents_step AFTER INSERT OR UPDATE ON documents
    FOR EACH ROW EXECUTE FUNCTION documents_step();

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER document_events_append_only BEFORE UPDATE OR DELETE ON document_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_events_not_truncated BEFORE TRUNCATE ON document_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- An audit stub remains of everything.
CREATE TRIGGER documents_not_deleted BEFORE DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER documents_not_truncated BEFORE TRUNCATE ON documents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

------------------------------------------------------------------------------------------------------ evaluations

CREATE TABLE verification_results (
    id                uuid PRIMARY KEY,
    document_id       uuid NOT NULL REFERENCES documents (id),
    document_version  bigint NOT NULL, -- of the reading that was scored
    score             smallint NOT NULL,
    decision          text NOT NULL,
    parts             jsonb NOT NULL,
    reasons           text[] NOT NULL,
    created_at        timestamptz NOT NULL,
    -- INV-2: one decision per evaluated reading.
    CONSTRAINT verification_results_once UNIQUE (document_id, document_version),
    CONSTRAINT verification_results_score_range CHECK (score BETWEEN 0 AND 100),
    CONSTRAINT verification_results_decision_known CHECK (
        decision IN ('auto_approve', 'auto_reject', 'needs_review')
    )
);
CREATE TRIGGER verification_results_append_only BEFORE UPDATE OR DELETE ON verification_results
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The keyed hashes of the numbers a document shows, claimed or not: duplicates are found without being readable.
CREATE TABLE document_identities (
    document_id  uuid NOT NULL REFERENCES documents (id),
    kind         text NOT NULL,
    number_hash  bytea NOT NULL,
    PRIMARY KEY (document_id, kind, number_hash),
    CONSTRAINT document_identities_kind_known CHECK (kind IN ('nik', 'npwp')),
    CONSTRAINT document_identities_hash_length CHECK (octet_length(number_hash) = 32)
);
CREATE INDEX document_identities_number ON document_identities (kind, number_hash);

-- INV-4: an identity has one holder. Claimed inside the approving transaction.
CREATE TABLE identity_claims (
    kind         text NOT NULL,
    number_hash  bytea NOT NULL,
    user_id      uuid NOT NULL REFERENCES users (id),
    document_id  uuid NOT NULL REFERENCES documents (id),
    claimed_at   timestamptz NOT NULL,
    CONSTRAINT identity_claims_one_holder UNIQUE (kind, number_hash),
    CONSTRAINT identity_claims_kind_known CHECK (kind IN ('nik', 'npwp')),
    CONSTRAINT identity_claims_hash_length CHECK (octet_length(number_hash) = 32)
);
CREATE INDEX identity_claims_user ON identity_claims (user_id);

---------------------------------------------------------------------------------------------------------- reviews

CREATE TABLE review_edges (
    event        text NOT NULL,
    from_status  text NOT NULL,
    to_status    text NOT NULL,
    PRIMARY KEY (event, from_status, to_status)
);
INSERT INTO review_edges (event, from_status, to_status) VALUES
    ('approved', 'pending', 'approved'),
    ('rejected', 'pending', 'rejected'),
    ('cancelled', 'pending', 'cancelled');

CREATE TABLE dispatch_edges (
    event        text NOT NULL,
    from_status  text NOT NULL,
    to_status    text NOT NULL,
    PRIMARY KEY (event, from_status, to_status)
);
INSERT INTO dispatch_edges (event, from_status, to_status) VALUES
    ('taken', 'queued', 'sending'),
    ('taken', 'sending', 'sending'),
    ('deferred', 'sending', 'queued'),
    ('acknowledged', 'sending', 'acknowledged'),
    ('acknowledged', 'queued', 'acknowledged'),
    ('refused', 'sending', 'refused'),
    ('withdrawn', 'queued', 'withdrawn'),
    ('withdrawn', 'sending', 'withdrawn'),
    ('withdrawn', 'acknowledged', 'withdrawn'),
    ('withdrawn', 'refused', 'withdrawn'),
    ('resent', 'refused', 'queued');

-- A human review, and in the same row its dispatch to the reviewer: written with the decision that needs it.
CREATE TABLE manual_reviews (
    id                 uuid PRIMARY KEY,
    document_id        uuid NOT NULL REFERENCES documents (id),
    evaluation_id      uuid NOT NULL REFERENCES verification_results (id),
    status             text NOT NULL DEFAULT 'pending',
    decision           text,
    notes              bytea, -- sealed
    decided_at         timestamptz,
    buli2_task_id      text,
    dispatch_state     text NOT NULL DEFAULT 'queued',
    dispatch_owner     text,
    dispatch_epoch     bigint NOT NULL DEFAULT 0,
    dispatch_until     timestamptz,
    dispatch_attempts  integer NOT NULL DEFAULT 0,
    next_dispatch_at   timestamptz,
    dispatch_error     text,
    acknowledged_at    timestamptz,
    correlation_id     text NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    -- INV-5: one review per document.
    CONSTRAINT manual_reviews_one_per_document UNIQUE (document_id),
    CONSTRAINT manual_reviews_task_unique UNIQUE (buli2_task_id),
    CONSTRAINT manual_reviews_status_known CHECK (status IN ('pending', 'approved', 'rejected', 'cancelled')),
    CONSTRAINT manual_reviews_decision_pair CHECK (
        CASE status
            WHEN 'approved' THEN decision IS NOT NULL AND decision = 'approved'
            WHEN 'rejected' THEN decision IS NOT NULL AND decision = 'rejected'
            ELSE decision IS NULL
        END
    ),
    CONSTRAINT manual_reviews_decided_pair CHECK ((decided_at IS NULL) = (status = 'pending')),
    CONSTRAINT manual_reviews_dispatch_known CHECK (
        dispatch_state IN ('queued', 'sending', 'acknowledged', 'refused', 'withdrawn')
    ),
    CONSTRAINT manual_reviews_lease_pair CHECK (
        (dispatch_owner IS NOT NULL) = (dispatch_state = 'sending')
        AND (dispatch_owner IS NULL) = (dispatch_until IS NULL)
    ),
    CONSTRAINT manual_reviews_due_pair CHECK ((next_dispatch_at IS NOT NULL) = (dispatch_state = 'queued')),
    CONSTRAINT manual_reviews_acknowledged_pair CHECK (
        dispatch_state <> 'acknowledged' OR (buli2_task_id IS NOT NULL AND acknowledged_at IS NOT NULL)
    ),
    CONSTRAINT manual_reviews_refused_has_error CHECK (dispatch_state <> 'refused' OR dispatch_error IS NOT NULL),
    -- INV-5: as long as a human is awaited, the dispatch is on its way, arrived, or visibly refused.
    CONSTRAINT manual_reviews_pending_is_dispatched CHECK (status <> 'pending' OR dispatch_state <> 'withdrawn'),
    -- A decided review is sent to nobody.
    CONSTRAINT manual_reviews_decided_is_settled CHECK (
        status = 'pending' OR dispatch_state NOT IN ('queued', 'sending')
    ),
    CONSTRAINT manual_reviews_attempts_counted CHECK (dispatch_attempts >= 0 AND dispatch_epoch >= 0)
);
CREATE INDEX manual_reviews_due ON manual_reviews (next_dispatch_at) WHERE dispatch_state = 'queued';
CREATE INDEX manual_reviews_sending ON manual_reviews (dispatch_until) WHERE dispatch_state = 'sending';

CREATE FUNCTION manual_reviews_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.document_id, NEW.evaluation_id, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.document_id, OLD.evaluation_id, OLD.created_at) THEN
        RAISE EXCEPTION 'a review stays with its document'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'manual_reviews_step_immutable';
    END IF;
    IF NEW.status <> OLD.status
       AND NOT EXISTS (SELECT FROM public.review_edges e
                       WHERE (e.from_status, e.to_status) = (OLD.status, NEW.status)) THEN
        RAISE EXCEPTION 'no edge leads from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'manual_reviews_step_edge';
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
CREATE TRIGGER manual_reviews_step AFTER UPDATE ON manual_reviews
    FOR EACH ROW EXECUTE FUNCTION manual_reviews_step();

-- What must hold between tables when a deciding transaction commits.
CREATE FUNCTION documents_decision_is_backed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.verification_status = 'pending_manual_review' AND NEW.status = 'ai_evaluated'
       AND NOT EXISTS (SELECT FROM public.manual_reviews r WHERE r.document_id = NEW.id) THEN
        RAISE EXCEPTION 'INV-5: a document awaits a human but has no review'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_review_exists';
    END IF;
    IF NEW.verification_status = 'auto_approved' AND NEW.last_event = 'scored'
       AND (NOT EXISTS (SELECT FROM public.document_identities i WHERE i.document_id = NEW.id)
            OR EXISTS (SELECT FROM public.document_identities i
                       LEFT JOIN public.identity_claims c USING (kind, number_hash)
                       WHERE i.document_id = NEW.id AND c.user_id IS DISTINCT FROM NEW.user_id)) THEN
        RAISE EXCEPTION 'INV-4: an automatic approval holds its identity'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_approval_holds_identity';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER documents_decision_is_backed AFTER UPDATE OF verification_status ON documents
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.verification_status IN ('auto_approved', 'pending_manual_review'))
    EXECUTE FUNCTION documents_decision_is_backed();

-- Shared by all instances; read and written under a row lock.
CREATE TABLE breakers (
    name                  text PRIMARY KEY,
    consecutive_failures  integer NOT NULL,
    opened_at             timestamptz,
    probe_started_at      timestamptz,
    updated_at            timestamptz NOT NULL,
    CONSTRAINT breakers_failures_counted CHECK (consecutive_failures >= 0),
    CONSTRAINT breakers_probe_while_open CHECK (probe_started_at IS NULL OR opened_at IS NOT NULL)
);

--------------------------------------------------------------------------------------------------------- erasures

CREATE TABLE erasures (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users (id),
    document_id      uuid REFERENCES documents (id), -- NULL: everything of the user
    cause            text NOT NULL,
    state            text NOT NULL DEFAULT 'requested',
    attempts         integer NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz,
    requested_at     timestamptz NOT NULL,
    done_at          timestamptz,
    CONSTRAINT erasures_cause_known CHECK (cause IN ('request', 'withdrawn_consent', 'retention')),
    CONSTRAINT erasures_state_known CHECK (state IN ('requested', 'done')),
    CONSTRAINT erasures_done_pair CHECK ((done_at IS NOT NULL) = (state = 'done')),
    CONSTRAINT erasures_next_pair CHECK ((next_attempt_at IS NOT NULL) = (state = 'requested'))
);
CREATE INDEX erasures_due ON erasures (next_attempt_at) WHERE state = 'requested';

----------------------------------------------------------------------------------------------------------- grants

GRANT USAGE ON SCHEMA public TO filot_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION documents_step(), manual_reviews_step(), documents_decision_is_backed(), refuse_change()
    FROM PUBLIC;
GRANT SELECT ON document_edges, verification_edges, review_edges, dispatch_edges, document_events TO filot_app;
GRANT SELECT, INSERT, UPDATE ON users, profiles, sessions, documents, manual_reviews, breakers, erasures
    TO filot_app;
GRANT SELECT, INSERT ON verification_results TO filot_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens, idempotency_keys TO filot_app;
GRANT SELECT, INSERT, DELETE ON document_identities, identity_claims TO filot_app;
