//! The span of a request, whose fields are on each of its log lines. Routes record which document and which review a request is
//! about, so that an audit can find every access to a card.

use filot_domain::{CorrelationId, DocumentId, ReviewId};
use tracing::Span;
use tracing::field::{Empty, display};

/// A span with the ids that are recorded later left empty.
pub(crate) fn of(correlation_id: &CorrelationId) -> Span {
    tracing::error_span!("request", %correlation_id, document_id = Empty, review_id = Empty)
}

/// Records the document that the current request is about.
pub(crate) fn record_document(id: DocumentId) {
    Span::current().record("document_id", display(id));
}

/// Records the review that the current request is about.
pub(crate) fn record_review(id: ReviewId) {
    Span::current().record("review_id", display(id));
}
