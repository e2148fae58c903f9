//! What is remembered of a document so that a refused one does not come back until it passes.
//!
//! A rejected or withdrawn document may be altered and sent again. Whatever identifies it, its number, its holder, its file
//! and its picture, is therefore remembered as keyed hashes for a while, and a document that shares one of them goes to a
//! human (INV-4). `docs/security.md` says what this finds, what it does not, and why the law allows it.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::card::{CardReading, DocumentType, FieldName};
use crate::names;
use crate::nik::Nik;
use crate::npwp::Npwp;
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

/// A card that was read, and what its user says that it is.
#[derive(Clone, Copy)]
pub struct UsersCard<'a> {
    /// As the user claimed it at upload.
    pub claimed: DocumentType,
    /// What was read.
    pub reading: &'a CardReading,
}

impl UsersCard<'_> {
    /// The NIK of the holder: a KTP's, or the one that an NPWP card has as its number or beside it.
    fn nik(&self) -> Option<Nik> {
        let line = self.reading.value(FieldName::Nik).and_then(|text| text.parse().ok());
        line.or_else(|| match self.claimed {
            DocumentType::Ktp => None,
            DocumentType::Npwp => self.reading.value(FieldName::NpwpNumber)?.parse::<Npwp>().ok()?.as_nik(),
        })
    }
}

/// What speaks against a card being its user's own: the name in their profile, and their other cards. A name or a number
/// that is not known contradicts nothing.
pub fn whose_card(
    card: UsersCard<'_>,
    profile_name: Option<&str>,
    others: &[UsersCard<'_>],
) -> Vec<ReasonCode> {
    let name = card.reading.value(FieldName::Name);
    let contradicts =
        |other: Option<&str>| name.zip(other).is_some_and(|(name, other)| names::contradict(name, other));
    let mut reasons = Vec::new();
    if contradicts(profile_name) {
        reasons.push(ReasonCode::ProfileNameMismatch);
    }
    if others.iter().any(|other| contradicts(other.reading.value(FieldName::Name))) {
        reasons.push(ReasonCode::CardsNameMismatch);
    }
    let nik = card.nik();
    if others.iter().any(|other| nik.zip(other.nik()).is_some_and(|(nik, other)| nik != other)) {
        reasons.push(ReasonCode::CardsNikMismatch);
    }
    reasons
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

    #[test]
    fn inv_4_a_card_of_somebody_else_is_noticed() {
        let card = |name: &str, nik: Option<&str>, number: Option<&str>| {
            let field = |value: &str| FieldReading { value: value.to_owned(), confidence: 0.9 };
            let nik = nik.map(|nik| (FieldName::Nik, field(nik)));
            let number = number.map(|number| (FieldName::NpwpNumber, field(number)));
            let fields = [(FieldName::Name, field(name))].into_iter().chain(nik).chain(number).collect();
            CardReading { fields, ..CardReading::default() }
        };
        let ktp = card("MUHAMMAD RIZKI CONTOH", Some("3273011203830002"), None);
        let ktp = UsersCard { claimed: DocumentType::Ktp, reading: &ktp };
        assert_eq!(whose_card(ktp, None, &[]), []);
        assert_eq!(whose_card(ktp, Some("Muh. Rizki"), &[ktp]), []);
        assert_eq!(whose_card(ktp, Some("Siti Contoh"), &[]), [ReasonCode::ProfileNameMismatch]);
        let tax_cards = [
            (card("M RIZKI CONTOH, S.KOM", None, Some("714236502123000")), vec![]),
            (card("RIZKI CONTOH", None, Some("3273011203830002")), vec![]),
            (card("RIZKI CONTOH", None, Some("3273011203830003")), vec![ReasonCode::CardsNikMismatch]),
            (
                card("RIZKI CONTOH", Some("3273011203830003"), Some("714236502123000")),
                vec![ReasonCode::CardsNikMismatch],
            ),
            (card("SITI CONTOH", None, Some("714236502123000")), vec![ReasonCode::CardsNameMismatch]),
        ];
        for (reading, expected) in &tax_cards {
            let tax_card = UsersCard { claimed: DocumentType::Npwp, reading };
            assert_eq!(&whose_card(ktp, None, &[tax_card]), expected, "{:?}", reading.fields);
            assert_eq!(&whose_card(tax_card, None, &[ktp]), expected, "{:?}", reading.fields);
        }
    }
}
