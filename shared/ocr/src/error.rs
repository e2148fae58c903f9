//! The one error of reading a file: a reason from the domain's vocabulary and a sentence for people.

use filot_domain::reason::ReasonCode;

/// Why a file could not be read at all. A card that was read badly is no error: it is a reading with reasons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// For the pipeline, the API and the audit trail.
    pub reason: ReasonCode,
    /// For people. Never holds anything from inside the file.
    pub message: String,
}

impl ReadError {
    /// An error with its reason and a sentence without file content.
    pub fn new(reason: ReasonCode, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// The reason's stable text, as every interface spells it.
    pub fn code(&self) -> &'static str {
        self.reason.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_reason_in_snake_case() {
        let error = ReadError::new(ReasonCode::PdfUnsupported, "the PDF has no page");
        assert_eq!(error.code(), "pdf_unsupported");
        assert_eq!(error.to_string(), "the PDF has no page");
    }
}
