-- What is remembered of refused documents, and what a reviewer is to be told after the review was sent. Only adds: the code
-- of V6 runs on it.

-- What identifies a scored document, keyed: its numbers, its holder, its file, its picture. The marks of a document that was
-- rejected, or erased while a human was awaited, stay until they expire, without anything that could be read from them.
CREATE TABLE document_marks (
    document_id   uuid NOT NULL REFERENCES documents (id),
    kind          text NOT NULL,
    hash          bytea NOT NULL, -- HMAC-SHA256; of a picture its 16 bytes, permuted and masked under the same key
    picture_high  bigint, -- the halves of a picture's hash, for counting the bits in which two differ
    picture_low   bigint,
    bands         integer[], -- its eight 16-bit bands, each with its place: two within 7 bits share one
    scored_at     timestamptz NOT NULL,
    expires_at    timestamptz, -- NULL: as long as the document is what it is
    PRIMARY KEY (document_id, kind, hash),
    CONSTRAINT document_marks_kind_known CHECK (kind IN ('nik', 'npwp', 'person', 'file', 'picture')),
    CONSTRAINT document_marks_hash_length CHECK (octet_length(hash) = CASE kind WHEN 'picture' THEN 16 ELSE 32 END),
    CONSTRAINT document_marks_picture_parts CHECK (
        (picture_high IS NOT NULL) = (kind = 'picture')
        AND (picture_low IS NOT NULL) = (kind = 'picture')
        AND (bands IS NOT NULL) = (kind = 'picture')
        AND (bands IS NULL OR cardinality(bands) = 8)
    )
);
CREATE INDEX document_marks_hash ON document_marks (kind, hash);
CREATE INDEX document_marks_bands ON document_marks USING gin (bands) WHERE kind = 'picture';
CREATE INDEX document_marks_expiry ON document_marks (expires_at) WHERE expires_at IS NOT NULL;

-- News for the reviewer of a review that was sent. It does not refer to the review by a key: whoever writes it must not
-- wait for a transaction that is deciding that review, which may be waiting for the writer.
CREATE TABLE review_notices (
    review_id  uuid NOT NULL,
    reason     text NOT NULL,
    noted_at   timestamptz NOT NULL,
    told_at    timestamptz, -- when a dispatcher took it up
    PRIMARY KEY (review_id, reason)
);
CREATE INDEX review_notices_untold ON review_notices (noted_at) WHERE told_at IS NULL;

INSERT INTO dispatch_edges (event, from_status, to_status) VALUES ('resent', 'acknowledged', 'queued');

-- INV-4: a human's approval holds every identity that the document shows, as an automatic one does.
CREATE FUNCTION documents_human_approval_holds_identity() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.document_identities i
               LEFT JOIN public.identity_claims c USING (kind, number_hash)
               WHERE i.document_id = NEW.id AND c.user_id IS DISTINCT FROM NEW.user_id) THEN
        RAISE EXCEPTION 'INV-4: an approval by a human holds its identity'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_human_approval_holds_identity';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER documents_human_approval_holds_identity AFTER UPDATE OF verification_status ON documents
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.verification_status = 'manually_approved'
                       AND OLD.verification_status <> 'manually_approved')
    EXECUTE FUNCTION documents_human_approval_holds_identity();
REVOKE EXECUTE ON FUNCTION documents_human_approval_holds_identity() FROM PUBLIC;

GRANT SELECT, INSERT, DELETE ON document_marks TO filot_app;
GRANT UPDATE (expires_at) ON document_marks TO filot_app;
GRANT SELECT, INSERT, DELETE ON review_notices TO filot_app;
GRANT UPDATE (told_at) ON review_notices TO filot_app;
