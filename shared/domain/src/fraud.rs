//! What is remembered of a document so that a refused one does not come back until it passes.
//!
//! A rejected or withdrawn document may be altered and sent again. Whatever identifies it, its number, its holder, its file
//! and its picture, is therefore remembered as keyed hashes for a while, and a document that shares one of them goes to a
//! human (INV-4). `docs/security.md` says what this finds, what it does not, and why the law allows it.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::card::{CardReading, FieldName};
use crate::names;
use crate::reason::ReasonCode;

/// How long refusals are remembered, and how often may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FraudPolicy {
    /// How long a rejection, or an erasure while a human was awaited, is remembered (`REJECTION_MEMORY_DAYS`).
    pub memory: TimeDelta,
    /// Documents that were not approved which one user may send within `attempts_window` (`ATTEMPTS_PER_USER`).
    pub attempts_per_user: u32,
    /// Documents of one number, of all users, within `attempts_window`: more go to a human (`ATTEMPTS_PER_IDENTITY`).
    pub attempts_per_identity: u32,
    /// How far back attempts count (`ATTEMPTS_WINDOW_DAYS`).
    pub attempts_window: TimeDelta,
}

impl Default for FraudPolicy {
    fn default() -> Self {
        Self {
            memory: TimeDelta::days(180),
            attempts_per_user: 10,
            attempts_per_identity: 10,
            attempts_window: TimeDelta::days(7),
        }
    }
}

/// What two documents may have in common.
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
pub enum MarkKind {
    /// The population number.
    Nik,
    /// The tax number, in its 16-digit form.
    Npwp,
    /// Name and date of birth together.
    Person,
    /// The bytes of the file.
    File,
    /// The picture of the card, nearly.
    Picture,
}

impl MarkKind {
    /// The reason for a document that has it in common with one that was refused.
    pub const fn reason(self) -> ReasonCode {
        match self {
            Self::Nik | Self::Npwp => ReasonCode::NumberSeenBefore,
            Self::Person => ReasonCode::PersonSeenBefore,
            Self::File => ReasonCode::FileSeenBefore,
            Self::Picture => ReasonCode::PictureSeenBefore,
        }
    }
}

/// Name and date of birth in one text, the same with and without titles, degrees and initials. `None` unless both were
/// read. Identity data: only to be hashed.
pub fn person(reading: &CardReading) -> Option<String> {
    let mut words = names::words(reading.value(FieldName::Name)?);
    if words.iter().any(|word| !names::is_initial(word)) {
        words.retain(|word| !names::is_initial(word));
    }
    let born = reading.value(FieldName::BirthDate).filter(|date| !date.is_empty())?;
    (!words.is_empty()).then(|| format!("{} {born}", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::FieldReading;
    use crate::scoring::blocks_approval;
    use strum::IntoEnumIterator;

    #[test]
    fn inv_4_what_was_refused_before_blocks_an_approval() {
        assert!(MarkKind::iter().all(|kind| blocks_approval(kind.reason())));
    }

    #[test]
    fn a_person_is_the_same_with_and_without_titles() {
        let reading = |name: &str, born: Option<&str>| {
            let field = |value: &str| FieldReading { value: value.to_owned(), confidence: 0.9 };
            let born = born.map(|born| (FieldName::BirthDate, field(born)));
            let fields = [(FieldName::Name, field(name))].into_iter().chain(born).collect();
            CardReading { fields, ..CardReading::default() }
        };
        let plain = person(&reading("MUHAMMAD CONTOH", Some("1990-01-02")));
        assert!(plain.is_some());
        assert_eq!(plain, person(&reading("H. MUH. CONTOH, S.KOM", Some("1990-01-02"))));
        assert_ne!(plain, person(&reading("MUHAMMAD CONTOH", Some("1990-01-03"))));
        assert_eq!(person(&reading("MUHAMMAD CONTOH", None)), None);
        assert_eq!(person(&reading("--", Some("1990-01-02"))), None);
    }
}
