//! From a reading to a score and a decision.
//!
//! Score 0–100 = completeness (35) + format (20) + consistency (20) + recognition confidence (15) + picture quality (10).
//! Every lost point has a reason. What blocks an automatic approval is separate from the score: see [`blocks_approval`].
//!
//! Covering a field never helps. A field that was not read, or not understood, loses at least as many points as it would
//! with any value, and what is blocked with it shown is blocked without it (`shared/domain/tests/covered_fields.rs`). For
//! that reason a field that a genuine card may lack counts in no part, and what only a shown value can tell (the holder's
//! age, a card that expired) blocks and costs no points.
//!
//! A citizen's card does not expire, whatever date it carries. Since Law 24/2013 (in force 24 December 2013), which amends
//! Law 23/2006, an electronic KTP of a citizen is valid for life (article 64 (7) a), and so are those issued before (article
//! 101 c). The circular 470/296/SJ of the Minister of Home Affairs of 29 January 2016 confirms it: cards issued from 2011
//! on need not be renewed even where their printed date is past. A foreign resident's card is valid as long as the residence
//! permit (article 64 (7) b): its date counts.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::card::{CardKind, CardReading, DocumentType, FieldName};
use crate::lifecycle::VerificationStatus;
use crate::nik::{Gender, Nik, age_on};
use crate::npwp::Npwp;
use crate::reason::ReasonCode;
use crate::vocabulary::{
    BLOOD_GROUPS, BLOOD_UNKNOWN, CITIZENSHIPS, COUNTRIES, GENDERS_ENGLISH, MARITAL, MARITAL_ENGLISH,
    RELIGIONS, RELIGIONS_ENGLISH,
};

/// The scores that divide the decisions, and the confidence that fields must have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// At or above: approved without a human (`AI_SCORE_THRESHOLD_AUTO_APPROVE`).
    pub auto_approve: u8,
    /// Below: rejected without a human (`AI_SCORE_THRESHOLD_AUTO_REJECT`).
    pub auto_reject: u8,
    /// A critical field read with less confidence than this stops an automatic approval.
    pub confidence_floor: f32,
    /// A field that identifies the holder, read with less confidence than this, counts as not read. Below the floor of
    /// critical fields, because these are confirmed: by each other, by their lists, by the table of places.
    pub identifying_floor: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { auto_approve: 85, auto_reject: 35, confidence_floor: 0.85, identifying_floor: 0.3 }
    }
}

/// The decision that follows from a score.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    /// Approved without a human.
    AutoApprove,
    /// Rejected without a human; the user may escalate.
    AutoReject,
    /// A human decides.
    NeedsReview,
}

impl Decision {
    /// The document's verification state after this decision.
    pub const fn verification_status(self) -> VerificationStatus {
        match self {
            Self::AutoApprove => VerificationStatus::AutoApproved,
            Self::AutoReject => VerificationStatus::AutoRejected,
            Self::NeedsReview => VerificationStatus::PendingManualReview,
        }
    }
}

/// One of the five parts of a score.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// Completeness of the fields.
    Completeness,
    /// Whether their values have the right form.
    Format,
    /// Whether they agree with each other.
    Consistency,
    /// Confidence of the reader.
    Confidence,
    /// Quality of the picture, 0 to 1.
    Quality,
}

/// One part of a score, with the reasons for what it lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScorePart {
    /// The part.
    pub part: Part,
    /// Points given, 0 to `max`.
    pub points: u8,
    /// Points there were.
    pub max: u8,
    /// Why points are missing.
    pub reasons: Vec<ReasonCode>,
}

/// The result of scoring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// 0 to 100.
    pub score: u8,
    /// The parts it is the sum of (unless the kind of card caps it).
    pub parts: Vec<ScorePart>,
    /// Every reason, of the reader and of the scorer, once, in order of the codes.
    pub reasons: Vec<ReasonCode>,
    /// The decision that follows from score and reasons.
    pub decision: Decision,
}

impl Evaluation {
    /// The same evaluation with reasons that the reading alone does not show. It is not approved without a human any more
    /// if one of them blocks that; a rejection stays one.
    #[must_use]
    pub fn with_reasons(mut self, more: impl IntoIterator<Item = ReasonCode>) -> Self {
        for reason in more {
            insert_reason(&mut self.reasons, reason);
            if blocks_approval(reason) && self.decision == Decision::AutoApprove {
                self.decision = Decision::NeedsReview;
            }
        }
        self
    }
}

/// A kind of number that identifies a person.
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
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IdentityKind {
    /// The population number.
    Nik,
    /// The tax number, in its 16-digit form.
    Npwp,
}

/// A number that only one user may hold. Identity data: its `Debug` form is masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Kind of number.
    pub kind: IdentityKind,
    /// Canonical digits.
    pub number: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({}, ***)", self.kind)
    }
}

/// The identities that an approval of this reading claims, sorted so that two transactions lock them in one order.
pub fn identities(claimed: DocumentType, reading: &CardReading) -> Vec<Identity> {
    let mut found = Vec::with_capacity(2);
    if let Some(nik) = reading.value(FieldName::Nik).and_then(|text| text.parse::<Nik>().ok()) {
        found.push(Identity { kind: IdentityKind::Nik, number: nik.as_str().to_owned() });
    }
    if claimed == DocumentType::Npwp
        && let Some(npwp) = reading.value(FieldName::NpwpNumber).and_then(|text| text.parse::<Npwp>().ok())
    {
        if let Some(nik) = npwp.as_nik() {
            found.push(Identity { kind: IdentityKind::Nik, number: nik.as_str().to_owned() });
        }
        found.push(Identity { kind: IdentityKind::Npwp, number: npwp.canonical() });
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a reason stops an automatic approval, whatever the score: the whole list, see INV-4 in `docs/reliability.md`.
///
/// A picture of which a better one would help was not seen well enough: whatever calls for another blocks as well.
pub const fn blocks_approval(reason: ReasonCode) -> bool {
    use ReasonCode as R;
    calls_for_retake(reason)
        || matches!(
            reason,
            R::Retake
                // Another document than the one claimed, or a copy of it.
                | R::WrongKind
                | R::Grayscale
                // Signs of a picture that is not of a card, or not as it was made: a human judges them.
                | R::DrawingSuspected
                | R::ScreenSuspected
                | R::CopySuspected
                | R::EditSuspected
                // Not all of what identifies the holder was seen, or not with certainty.
                | R::CriticalFieldMissing
                | R::LowConfidence
                | R::ValueCutOff
                | R::NikMalformed
                | R::NpwpMalformed
                | R::DateMalformed
                | R::ClosedValueUnknown
                // What was seen contradicts itself.
                | R::NikBirthDateMismatch
                | R::NikGenderMismatch
                | R::NpwpNikMismatch
                // Likelier a misread digit than an odd number.
                | R::NpwpCheckDigit
                // A person has to look at the holder's case.
                | R::HolderTooYoung
                | R::Expired
                | R::ForeignResident
                // It may not be the user's own card.
                | R::ProfileNameMismatch
                | R::CardsNameMismatch
                | R::CardsNikMismatch
                | R::IdentityHeldByAnother
                | R::IdentityConflict
                // It was tried before, and did not pass.
                | R::NumberSeenBefore
                | R::PersonSeenBefore
                | R::FileSeenBefore
                | R::PictureSeenBefore
                | R::ErasedWhilePending
                | R::TooManyAttempts
        )
}

/// Whether a new photograph would help against a reason.
pub const fn calls_for_retake(reason: ReasonCode) -> bool {
    use ReasonCode as R;
    matches!(
        reason,
        R::Blurred
            | R::TooDark
            | R::Glare
            | R::LowResolution
            | R::CutOff
            | R::PictureIncomplete
            | R::CardNotFound
            | R::NotACard
    )
}

const COMPLETENESS: u8 = 35;
const FORMAT: u8 = 20;
const CONSISTENCY: u8 = 20;
const CONFIDENCE: u8 = 15;
const QUALITY: u8 = 10;

/// Scores a reading of a document claimed to be `claimed`, on the day `today`.
pub fn score(
    claimed: DocumentType,
    reading: &CardReading,
    thresholds: &Thresholds,
    today: NaiveDate,
) -> Evaluation {
    let parts = vec![
        completeness(claimed, reading, thresholds),
        format(claimed, reading),
        consistency(claimed, reading, today),
        confidence(claimed, reading, thresholds),
        quality(reading),
    ];
    let mut reasons = Vec::new();
    for reason in reading.reasons.iter().chain(parts.iter().flat_map(|part| &part.reasons)) {
        insert_reason(&mut reasons, *reason);
    }
    let mut total: u8 = parts.iter().map(|part| part.points).sum();

    let kind_reason = match reading.kind {
        CardKind::Unknown => Some(ReasonCode::NotACard),
        kind if kind != claimed.expected_kind() => Some(ReasonCode::WrongKind),
        _ => None,
    };
    if let Some(reason) = kind_reason {
        insert_reason(&mut reasons, reason);
        // However legible, it is not what it is said to be: below the line for a rejection.
        total = total.min(thresholds.auto_reject.saturating_sub(1));
    }

    let decision = if total < thresholds.auto_reject {
        Decision::AutoReject
    } else if total >= thresholds.auto_approve && !reasons.iter().any(|reason| blocks_approval(*reason)) {
        Decision::AutoApprove
    } else {
        Decision::NeedsReview
    };
    if decision != Decision::AutoApprove && reasons.iter().any(|reason| calls_for_retake(*reason)) {
        insert_reason(&mut reasons, ReasonCode::Retake);
    }
    Evaluation { score: total, parts, reasons, decision }
}

/// Keeps `reasons` sorted and without repetition.
fn insert_reason(reasons: &mut Vec<ReasonCode>, reason: ReasonCode) {
    if let Err(at) = reasons.binary_search(&reason) {
        reasons.insert(at, reason);
    }
}

/// `share` of `max`, rounded down so that only a full share gives full points.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ share ≤ 1 and max is a u8")]
fn points(share: f32, max: u8) -> u8 {
    // The small constant keeps sums such as 16 × 1/16 from falling a point short.
    (share.clamp(0.0, 1.0) * f32::from(max) + 1e-3).floor() as u8
}

fn part(part: Part, share: f32, max: u8, mut reasons: Vec<ReasonCode>) -> ScorePart {
    reasons.sort_unstable();
    reasons.dedup();
    ScorePart { part, points: points(share, max), max, reasons }
}

/// Critical fields weigh four times as much as the others.
fn weight(claimed: DocumentType, field: FieldName) -> f32 {
    if claimed.critical_fields().contains(&field) { 4.0 } else { 1.0 }
}

/// Fields that a genuine card may lack: the NIK line of an old NPWP card, the blood group.
fn is_optional(claimed: DocumentType, field: FieldName) -> bool {
    match claimed {
        DocumentType::Ktp => field == FieldName::BloodType,
        DocumentType::Npwp => field == FieldName::Nik,
    }
}

fn completeness(claimed: DocumentType, reading: &CardReading, thresholds: &Thresholds) -> ScorePart {
    let mut reasons = Vec::new();
    let (mut got, mut all) = (0.0, 0.0);
    for field in claimed.fields().iter().copied().filter(|field| !is_optional(claimed, *field)) {
        let w = weight(claimed, field);
        all += w;
        let identifies = claimed.identifying_fields().contains(&field);
        let found = reading.fields.get(&field).filter(|found| !found.value.is_empty());
        if found.is_some() {
            got += w;
        }
        // Asked this way round, a confidence that is not a number is none.
        let seen = found.is_some_and(|found| !identifies || found.confidence >= thresholds.identifying_floor);
        if !seen && identifies {
            reasons.push(ReasonCode::CriticalFieldMissing);
        } else if !seen {
            reasons.push(ReasonCode::FieldMissing);
        }
    }
    part(Part::Completeness, got / all, COMPLETENESS, reasons)
}

/// The reason why a value does not have its field's form, if it does not.
fn format_fault(field: FieldName, value: &str) -> Option<ReasonCode> {
    use FieldName as F;
    let is_date = |text: &str| text.parse::<NaiveDate>().is_ok();
    let one_of = |lists: &[&[&str]]| lists.iter().any(|words| words.contains(&value));
    let (fine, fault) = match field {
        F::Nik => (value.parse::<Nik>().is_ok(), ReasonCode::NikMalformed),
        F::NpwpNumber => (value.parse::<Npwp>().is_ok(), ReasonCode::NpwpMalformed),
        F::BirthDate => (is_date(value), ReasonCode::DateMalformed),
        F::ValidUntil => (value == "SEUMUR HIDUP" || is_date(value), ReasonCode::DateMalformed),
        F::Gender => (Gender::from_printed(value).is_some(), ReasonCode::ClosedValueUnknown),
        // Which blood group somebody has identifies nobody, and many cards have none: an unknown one does not block.
        F::BloodType => (one_of(&[BLOOD_GROUPS, BLOOD_UNKNOWN]), ReasonCode::ValueUnknown),
        F::Religion => {
            // A dash: a holder of a faith outside the list.
            let other = value == "-" || value.starts_with("KEPERCAYAAN");
            (other || one_of(&[RELIGIONS, RELIGIONS_ENGLISH]), ReasonCode::ClosedValueUnknown)
        }
        F::MaritalStatus => (one_of(&[MARITAL, MARITAL_ENGLISH]), ReasonCode::ClosedValueUnknown),
        F::Citizenship => (one_of(&[CITIZENSHIPS, COUNTRIES]), ReasonCode::ClosedValueUnknown),
        F::RtRw => {
            let number =
                |part: &str| part == "-" || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()));
            let fine = value == "-" || value.split_once('/').is_some_and(|(rt, rw)| number(rt) && number(rw));
            (fine, ReasonCode::ValueUnknown)
        }
        F::Name
        | F::BirthPlace
        | F::Address
        | F::Village
        | F::District
        | F::Occupation
        | F::Province
        | F::Regency => (value.chars().any(char::is_alphabetic), ReasonCode::ValueUnknown),
    };
    (!fine).then_some(fault)
}

fn format(claimed: DocumentType, reading: &CardReading) -> ScorePart {
    let mut reasons = Vec::new();
    let (mut good, mut all) = (0.0, 0.0);
    for field in claimed.fields().iter().copied() {
        let w = if is_optional(claimed, field) { 0.0 } else { weight(claimed, field) };
        all += w;
        let Some(value) = reading.value(field) else { continue };
        match format_fault(field, value) {
            None => good += w,
            Some(reason) => reasons.push(reason),
        }
    }
    if let Some(nik) = reading.value(FieldName::Nik).and_then(|text| text.parse::<Nik>().ok())
        && !crate::areas::is_known(nik.area())
    {
        // Soft: codes are abolished and founded.
        good -= if is_optional(claimed, FieldName::Nik) { 0.0 } else { 1.0 };
        reasons.push(ReasonCode::NikAreaUnknown);
    }
    if let Some(npwp) = reading.value(FieldName::NpwpNumber).and_then(|text| text.parse::<Npwp>().ok())
        && npwp.check_digit_matches() == Some(false)
    {
        good -= 1.0;
        reasons.push(ReasonCode::NpwpCheckDigit);
    }
    part(Part::Format, good / all, FORMAT, reasons)
}

fn consistency(claimed: DocumentType, reading: &CardReading, today: NaiveDate) -> ScorePart {
    let mut reasons = Vec::new();
    let nik = reading.value(FieldName::Nik).and_then(|text| text.parse::<Nik>().ok());
    let share = match claimed {
        DocumentType::Ktp => ktp_consistency(reading, nik, today, &mut reasons),
        DocumentType::Npwp => {
            let npwp = reading.value(FieldName::NpwpNumber).and_then(|text| text.parse::<Npwp>().ok());
            match (npwp.as_ref().map(Npwp::as_nik), nik) {
                // A number that is no NIK has nothing on the card to compare it with.
                (Some(None), _) => 1.0,
                (Some(Some(number)), Some(line)) if number == line => 1.0,
                (Some(Some(_)), Some(_)) => {
                    reasons.push(ReasonCode::NpwpNikMismatch);
                    0.0
                }
                // A card whose number is a NIK has a line that says it again: covered, it contradicts nothing.
                (Some(Some(_)), None) => {
                    reasons.push(ReasonCode::CriticalFieldMissing);
                    0.0
                }
                (None, _) => 0.0,
            }
        }
    };
    part(Part::Consistency, share, CONSISTENCY, reasons)
}

/// Share of the consistency points that a KTP gets.
fn ktp_consistency(
    reading: &CardReading,
    nik: Option<Nik>,
    today: NaiveDate,
    reasons: &mut Vec<ReasonCode>,
) -> f32 {
    let foreign = is_of_foreign_resident(reading);
    if foreign {
        reasons.push(ReasonCode::ForeignResident);
    }
    let Some(nik) = nik else { return 0.0 };
    let mut share: f32 = 1.0;
    let born = reading.value(FieldName::BirthDate).and_then(|text| text.parse::<NaiveDate>().ok());
    match born {
        Some(born) if nik.encodes_birth_date(born) => {}
        Some(_) => {
            reasons.push(ReasonCode::NikBirthDateMismatch);
            share -= 0.5;
        }
        None => share -= 0.5,
    }
    match reading.value(FieldName::Gender).and_then(Gender::from_printed) {
        Some(gender) if gender == nik.gender() => {}
        Some(_) => {
            reasons.push(ReasonCode::NikGenderMismatch);
            share -= 0.5;
        }
        None => share -= 0.5,
    }
    if let Some(coded) = crate::areas::province_name(nik.province()) {
        match reading.value(FieldName::Province) {
            Some(printed) if crate::areas::is_province_or_part(coded, printed) => {}
            // Soft: people move, provinces split, the NIK stays.
            Some(_) => {
                reasons.push(ReasonCode::NikProvinceMismatch);
                share -= 0.1;
            }
            None => share -= 0.1,
        }
    }
    // Married or not: of `BELUM KAWIN` only `KAWIN` need be left.
    if born.is_some_and(|born| age_on(born, today).is_none_or(|age| age < 17)) {
        reasons.push(ReasonCode::HolderTooYoung);
    }
    let until = reading.value(FieldName::ValidUntil).and_then(|text| text.parse::<NaiveDate>().ok());
    if foreign && until.is_some_and(|until| until < today) {
        reasons.push(ReasonCode::Expired);
    }
    share
}

/// Whether a KTP is a foreign resident's: by its citizenship, or because a closed field has an English word.
fn is_of_foreign_resident(reading: &CardReading) -> bool {
    let has =
        |field: FieldName, words: &[&str]| reading.value(field).is_some_and(|value| words.contains(&value));
    has(FieldName::Citizenship, &["WNA"])
        || has(FieldName::Citizenship, COUNTRIES)
        || has(FieldName::Gender, GENDERS_ENGLISH)
        || has(FieldName::Religion, RELIGIONS_ENGLISH)
        || has(FieldName::MaritalStatus, MARITAL_ENGLISH)
}

fn confidence(claimed: DocumentType, reading: &CardReading, thresholds: &Thresholds) -> ScorePart {
    let mut reasons = Vec::new();
    let (mut sum, mut all) = (0.0, 0.0);
    for field in claimed.fields() {
        let w = if is_optional(claimed, *field) { 0.0 } else { weight(claimed, *field) };
        all += w;
        let Some(reading) = reading.fields.get(field) else { continue };
        sum += w * reading.confidence.clamp(0.0, 1.0);
        // Asked this way round, a confidence that is not a number is not sure.
        let sure = reading.confidence >= thresholds.confidence_floor;
        if claimed.critical_fields().contains(field) && !sure {
            reasons.push(ReasonCode::LowConfidence);
        }
    }
    part(Part::Confidence, sum / all, CONFIDENCE, reasons)
}

fn quality(reading: &CardReading) -> ScorePart {
    let reasons = reading.reasons.iter().copied().filter(|reason| calls_for_retake(*reason)).collect();
    part(Part::Quality, reading.quality.overall, QUALITY, reasons)
}
