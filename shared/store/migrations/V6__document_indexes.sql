-- Erasing a document asks which identity it holds.
CREATE INDEX identity_claims_document ON identity_claims (document_id);

-- Uploads whose idempotency key is over.
CREATE INDEX documents_keyed ON documents (created_at) WHERE idempotency_key IS NOT NULL;
