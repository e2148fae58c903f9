//! What the owner of a document can do about its reasons.
//!
//! Reasons say what was found; advice says what helps. Neither is a number: a number tells a forger how near the last try was.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::lifecycle::VerificationStatus;
use crate::reason::ReasonCode;
use crate::scoring::calls_for_retake;

/// Something that the owner of a document can do, or need not do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Advice {
    /// Take another photograph of the card: sharp, without reflections, with all four edges, in colour.
    TakeAnotherPicture,
    /// Send the card that was named, or name the card that was sent.
    SendTheNamedCard,
    /// Compare the name in the profile with the one on the card.
    CheckProfileName,
    /// Wait: a human looks at it. Sending it again does not help.
    WaitForTheReviewer,
    /// Ask for a human, if the rejection is wrong.
    AskForAReviewer,
}

/// The advice that follows from a document's state and its reasons, each at most once.
pub fn advice(verification: VerificationStatus, reasons: &[ReasonCode]) -> Vec<Advice> {
    use VerificationStatus as V;
    if matches!(verification, V::AutoApproved | V::ManuallyApproved) {
        return Vec::new();
    }
    let has = |wanted: fn(ReasonCode) -> bool| reasons.iter().any(|reason| wanted(*reason));
    let retake =
        |reason| calls_for_retake(reason) || matches!(reason, ReasonCode::Retake | ReasonCode::Grayscale);
    // While a human looks at it, another picture is another attempt, and goes to a human as well.
    let is_awaited = verification == V::PendingManualReview;
    [
        (has(retake) && !is_awaited, Advice::TakeAnotherPicture),
        (has(|reason| reason == ReasonCode::WrongKind) && !is_awaited, Advice::SendTheNamedCard),
        (has(|reason| reason == ReasonCode::ProfileNameMismatch), Advice::CheckProfileName),
        (is_awaited, Advice::WaitForTheReviewer),
        (verification == V::AutoRejected, Advice::AskForAReviewer),
    ]
    .into_iter()
    .filter_map(|(applies, advice)| applies.then_some(advice))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_says_what_helps() {
        use ReasonCode as R;
        use VerificationStatus as V;
        assert_eq!(advice(V::AutoApproved, &[R::Blurred]), []);
        assert_eq!(
            advice(V::AutoRejected, &[R::NotACard, R::Retake]),
            [Advice::TakeAnotherPicture, Advice::AskForAReviewer]
        );
        assert_eq!(
            advice(V::PendingManualReview, &[R::Glare, R::Retake, R::ProfileNameMismatch]),
            [Advice::CheckProfileName, Advice::WaitForTheReviewer]
        );
        assert_eq!(advice(V::Pending, &[]), []);
        assert_eq!(advice(V::ManuallyRejected, &[R::WrongKind]), [Advice::SendTheNamedCard]);
    }
}
