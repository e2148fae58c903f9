-- What the numbers about all documents and reviews are counted from, without reading the rows themselves.

CREATE INDEX documents_state ON documents (status, verification_status);
CREATE INDEX manual_reviews_pending ON manual_reviews (created_at) WHERE status = 'pending';
