//! The messages that FiLot's programs send each other, as JSON: over a queue, and in the call of a function.
//!
//! They name a document and carry no identity data. Both ends use these types, so that a field cannot be renamed on one
//! side alone.

use chrono::{DateTime, Utc};
use filot_domain::{CorrelationId, Decision, DocumentId};
use serde::{Deserialize, Serialize};

/// "Read this document", sent over a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OcrMessage {
    /// The document.
    pub document_id: DocumentId,
    /// Follows it through every component.
    pub correlation_id: CorrelationId,
    /// When the message was sent.
    pub enqueued_at: DateTime<Utc>,
}

/// "Score this document", the payload of a call of the scoring function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoringRequest {
    /// The document, which was read.
    pub document_id: DocumentId,
    /// Follows it through every component.
    pub correlation_id: CorrelationId,
}

/// The scoring function's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoringResponse {
    /// The document that was asked for.
    pub document_id: DocumentId,
    /// Approved, rejected, or left to a human.
    pub decision: Decision,
    /// 0 to 100.
    pub score: u8,
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    fn keeps_its_form<T: Serialize + DeserializeOwned>(json: &str) {
        let message: T = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
    }

    #[test]
    fn messages_keep_their_form() {
        let document = r#""documentId":"00000000-0000-7000-8000-000000000104""#;
        let correlation = r#""correlationId":"demo-correlation""#;
        keeps_its_form::<OcrMessage>(&format!(
            r#"{{{document},{correlation},"enqueuedAt":"2026-01-01T00:00:00Z"}}"#
        ));
        keeps_its_form::<ScoringRequest>(&format!("{{{document},{correlation}}}"));
        keeps_its_form::<ScoringResponse>(&format!(r#"{{{document},"decision":"needs_review","score":50}}"#));
    }
}
