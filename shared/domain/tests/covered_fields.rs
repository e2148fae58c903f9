//! A forger who covers fields, or makes them unreadable: the outcome is never better than with them shown (INV-4).

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use filot_domain::scoring::{Decision, Evaluation, Thresholds, score};
use filot_domain::{CardKind, CardReading, DocumentType, FieldName, FieldReading, Quality, ReasonCode};
use proptest::prelude::*;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

fn scored(claimed: DocumentType, reading: &CardReading) -> Evaluation {
    score(claimed, reading, &Thresholds::default(), today())
}

/// How good an outcome is for whoever sent the document.
const fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::AutoReject => 0,
        Decision::NeedsReview => 1,
        Decision::AutoApprove => 2,
    }
}

fn card(kind: CardKind, values: &[(FieldName, &str)]) -> CardReading {
    let read = |value: &str| FieldReading { value: value.to_owned(), confidence: 0.99 };
    CardReading {
        kind,
        fields: values.iter().map(|(field, value)| (*field, read(value))).collect(),
        quality: Quality { card_found: true, overall: 1.0, ..Quality::default() },
        ..CardReading::default()
    }
}

/// A perfect KTP with some values in place of its own.
fn ktp(changed: &[(FieldName, &str)]) -> CardReading {
    use FieldName as F;
    let perfect = [
        (F::Province, "JAWA BARAT"),
        (F::Regency, "KOTA BANDUNG"),
        (F::Nik, "3273015203830002"),
        (F::Name, "SITI RAHAYU"),
        (F::BirthPlace, "BANDUNG"),
        (F::BirthDate, "1983-03-12"),
        (F::Gender, "PEREMPUAN"),
        (F::BloodType, "O"),
        (F::Address, "JL. CONTOH NO. 1"),
        (F::RtRw, "001/002"),
        (F::Village, "CITARUM"),
        (F::District, "BANDUNG WETAN"),
        (F::Religion, "ISLAM"),
        (F::MaritalStatus, "KAWIN"),
        (F::Occupation, "GURU"),
        (F::Citizenship, "WNI"),
        (F::ValidUntil, "SEUMUR HIDUP"),
    ];
    let mut values: BTreeMap<FieldName, &str> = perfect.into();
    values.extend(changed.iter().copied());
    card(CardKind::Ktp, &values.into_iter().collect::<Vec<_>>())
}

fn npwp(changed: &[(FieldName, &str)]) -> CardReading {
    use FieldName as F;
    let perfect = [
        (F::NpwpNumber, "3273015203830002"),
        (F::Name, "SITI RAHAYU"),
        (F::Nik, "3273015203830002"),
        (F::Address, "JL. CONTOH NO. 1"),
    ];
    let mut values: BTreeMap<FieldName, &str> = perfect.into();
    values.extend(changed.iter().copied());
    card(CardKind::Npwp, &values.into_iter().collect::<Vec<_>>())
}

/// Cards that a forger has: each with something that stands in the way of an approval, or nothing.
fn cards() -> Vec<(DocumentType, CardReading)> {
    use FieldName as F;
    let foreigner = [
        (F::Gender, "FEMALE"),
        (F::Religion, "CATHOLIC"),
        (F::MaritalStatus, "MARRIED"),
        (F::Citizenship, "JAPAN"),
        (F::ValidUntil, "2020-01-01"),
    ];
    let child =
        [(F::Nik, "3273015203110002"), (F::BirthDate, "2011-03-12"), (F::MaritalStatus, "BELUM KAWIN")];
    let cards = [
        ktp(&[]),
        ktp(&[(F::BirthDate, "1984-03-12")]),
        ktp(&[(F::Gender, "LAKI-LAKI"), (F::Province, "BALI")]),
        ktp(&child),
        ktp(&foreigner),
        ktp(&[(F::Nik, "9999995203830002"), (F::BirthDate, "1984-03-12"), (F::Gender, "LAKI-LAKI")]),
        ktp(&[(F::Gender, "I-LAKI"), (F::Religion, "AM"), (F::RtRw, "1/"), (F::BloodType, "C")]),
    ];
    let tax_cards = [
        npwp(&[]),
        npwp(&[(F::Nik, "3273015203830003")]),
        npwp(&[(F::NpwpNumber, "714236508123000"), (F::Nik, "9999995203830002")]),
    ];
    let of = |claimed, cards: Vec<CardReading>| cards.into_iter().map(move |card| (claimed, card));
    of(DocumentType::Ktp, cards.into()).chain(of(DocumentType::Npwp, tax_cards.into())).collect()
}

#[test]
fn inv_4_no_covered_fields_ever_help() {
    let mut tried = 0;
    for (claimed, shown) in cards() {
        let honest = scored(claimed, &shown);
        let fields = claimed.fields();
        for covered in 1_u32..1 << fields.len() {
            let mut reading = shown.clone();
            for (at, field) in fields.iter().enumerate() {
                if covered >> at & 1 == 1 {
                    reading.fields.remove(field);
                }
            }
            let outcome = scored(claimed, &reading);
            tried += 1;
            assert!(
                rank(outcome.decision) <= rank(honest.decision) && outcome.score <= honest.score,
                "{covered:b}: {} {:?} after {} {:?}",
                outcome.score,
                outcome.reasons,
                honest.score,
                honest.reasons
            );
        }
    }
    assert!(tried > 900_000, "{tried}");
}

/// What a reader makes of a smudged value: some of its characters are others, or it is short.
fn garbled(value: &str, at: usize, how: u8) -> String {
    let mut chars: Vec<char> = value.chars().collect();
    let at = at % chars.len().max(1);
    match how {
        0 => chars.truncate(at),
        1 => {
            chars.drain(..at);
        }
        _ => {
            if let Some(char) = chars.get_mut(at) {
                *char = if how == 2 { '#' } else { 'X' };
            }
        }
    }
    chars.into_iter().collect()
}

/// Whether a garbled value says something valid, and another thing than the card: that is no garbling but another card.
fn says_something_else(claimed: DocumentType, field: FieldName, value: &str) -> bool {
    let mut reading = if claimed == DocumentType::Ktp { ktp(&[]) } else { npwp(&[]) };
    reading.fields.insert(field, FieldReading { value: value.to_owned(), confidence: 0.99 });
    let reasons = scored(claimed, &reading).reasons;
    let is_malformed = |reason: &ReasonCode| {
        matches!(
            reason,
            ReasonCode::NikMalformed
                | ReasonCode::NpwpMalformed
                | ReasonCode::DateMalformed
                | ReasonCode::ValueUnknown
                | ReasonCode::ClosedValueUnknown
                | ReasonCode::CriticalFieldMissing
                | ReasonCode::FieldMissing
        )
    };
    // `KAWIN` of `BELUM KAWIN` is valid, and must not help all the same.
    field != FieldName::MaritalStatus && !reasons.iter().any(is_malformed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn inv_4_no_garbled_values_ever_help(
        which in 0..10_usize,
        attack in proptest::collection::vec((0..3_u8, 0..20_usize, 0..4_u8, 0.0..1.0_f32), 17),
    ) {
        let cards = cards();
        let (claimed, shown) = &cards[which];
        let honest = scored(*claimed, shown);
        let mut reading = shown.clone();
        for (field, (what, at, how, confidence)) in claimed.fields().iter().zip(attack) {
            let Some(value) = shown.value(*field) else { continue };
            let smudged = garbled(value, at, how);
            match what {
                0 => {
                    reading.fields.remove(field);
                }
                1 if !says_something_else(*claimed, *field, &smudged) => {
                    // The reader may be less sure of it, never more.
                    let confidence = confidence.min(0.99);
                    reading.fields.insert(*field, FieldReading { value: smudged, confidence });
                }
                _ => {}
            }
        }
        let outcome = scored(*claimed, &reading);
        prop_assert!(
            rank(outcome.decision) <= rank(honest.decision) && outcome.score <= honest.score,
            "{} {:?} after {} {:?}: {:?}", outcome.score, outcome.reasons, honest.score, honest.reasons, reading.fields
        );
    }
}
