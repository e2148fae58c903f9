//! Properties of the rules, over all inputs that proptest can think of.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use filot_domain::breaker::{Admission, Breaker, BreakerPolicy, BreakerState};
use filot_domain::lifecycle::{DispatchState, DocumentStatus, EdgeRow, ReviewStatus, VerificationStatus};
use filot_domain::nik::{Gender, Nik};
use filot_domain::npwp::{Nitku, Npwp, NpwpForm};
use filot_domain::retry::{AfterFailure, Backoff, QueueKind, RetryPolicy, after_failure};
use filot_domain::review::{DecisionEffect, ReviewDecision, effect_of};
use filot_domain::scoring::{
    Decision, Evaluation, Thresholds, blocks_approval, calls_for_retake, identities, score,
};
use filot_domain::{
    CardKind, CardReading, CorrelationId, DocumentType, FieldName, FieldReading, Quality, ReasonCode,
};
use proptest::prelude::*;
use strum::IntoEnumIterator;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn any_date() -> impl Strategy<Value = NaiveDate> {
    (1900..2010_i32, 1..=366_u32).prop_filter_map("a day of that year", |(y, d)| NaiveDate::from_yo_opt(y, d))
}

/// A NIK made from its parts, as the register makes them.
fn nik_of(area: u32, born: NaiveDate, gender: Gender, serial: u32) -> String {
    let day = born.day() + if gender == Gender::Female { 40 } else { 0 };
    format!("{area:06}{day:02}{:02}{:02}{serial:04}", born.month(), born.year() % 100)
}

fn any_gender() -> impl Strategy<Value = Gender> {
    prop_oneof![Just(Gender::Male), Just(Gender::Female)]
}

/// Areas of the form that exists: province 11–94, regency 01–79, district 01–60.
fn any_area() -> impl Strategy<Value = u32> {
    (11..95_u32, 1..80_u32, 1..61_u32).prop_map(|(p, k, c)| p * 10_000 + k * 100 + c)
}

fn perfect_ktp(area: u32, born: NaiveDate, gender: Gender, serial: u32) -> CardReading {
    let values = [
        (FieldName::Nik, nik_of(area, born, gender, serial)),
        (FieldName::Name, "SITI RAHAYU".to_owned()),
        (FieldName::BirthPlace, "BANDUNG".to_owned()),
        (FieldName::BirthDate, born.to_string()),
        (FieldName::Gender, gender.as_printed().to_owned()),
        (FieldName::BloodType, "O".to_owned()),
        (FieldName::Address, "JL. MERDEKA NO. 1".to_owned()),
        (FieldName::RtRw, "001/002".to_owned()),
        (FieldName::Village, "CITARUM".to_owned()),
        (FieldName::District, "BANDUNG WETAN".to_owned()),
        (FieldName::Religion, "ISLAM".to_owned()),
        (FieldName::MaritalStatus, "KAWIN".to_owned()),
        (FieldName::Occupation, "GURU".to_owned()),
        (FieldName::Citizenship, "WNI".to_owned()),
        (FieldName::ValidUntil, "SEUMUR HIDUP".to_owned()),
        (FieldName::Province, "JAWA BARAT".to_owned()),
        (FieldName::Regency, "KOTA BANDUNG".to_owned()),
    ];
    CardReading {
        kind: CardKind::Ktp,
        fields: values.into_iter().map(|(f, value)| (f, FieldReading { value, confidence: 0.99 })).collect(),
        quality: Quality { card_found: true, overall: 1.0, ..Quality::default() },
        reasons: Vec::new(),
        ..CardReading::default()
    }
}

fn any_reading() -> impl Strategy<Value = CardReading> {
    let field = (
        proptest::sample::select(FieldName::iter().collect::<Vec<_>>()),
        prop_oneof!["[0-9]{14,17}", "[A-Z ]{0,12}", "19[0-9]{2}-[01][0-9]-[0-3][0-9]", "\\PC{0,12}"],
        prop_oneof![Just(f32::NAN), -1.0..2.0_f32],
    );
    (
        proptest::sample::select(CardKind::iter().collect::<Vec<_>>()),
        proptest::collection::vec(field, 0..20),
        prop_oneof![Just(f32::NAN), -1.0..2.0_f32],
        proptest::collection::vec(proptest::sample::select(ReasonCode::iter().collect::<Vec<_>>()), 0..4),
    )
        .prop_map(|(kind, fields, overall, reasons)| CardReading {
            kind,
            fields: fields
                .into_iter()
                .map(|(f, value, confidence)| (f, FieldReading { value, confidence }))
                .collect(),
            quality: Quality { overall, ..Quality::default() },
            reasons,
            ..CardReading::default()
        })
}

fn any_type() -> impl Strategy<Value = DocumentType> {
    proptest::sample::select(DocumentType::iter().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn a_nik_gives_back_what_it_was_made_of(
        area in any_area(), born in any_date(), gender in any_gender(), serial in 1..10_000_u32,
    ) {
        let text = nik_of(area, born, gender, serial);
        let nik: Nik = text.parse().unwrap();
        prop_assert_eq!(nik.as_str(), text.as_str());
        prop_assert_eq!(nik.area(), format!("{area:06}"));
        prop_assert_eq!(nik.gender(), gender);
        prop_assert!(nik.encodes_birth_date(born));
        let shown = format!("{nik:?}");
        prop_assert!(!shown.contains(&text), "INV-7: Debug shows the number");
    }

    #[test]
    fn no_text_breaks_the_number_parsers(text in "\\PC{0,40}") {
        let _ = text.parse::<Nik>();
        let _ = text.parse::<Npwp>();
        let _ = text.parse::<Nitku>();
        let _ = text.parse::<CorrelationId>();
    }

    #[test]
    fn one_wrong_digit_never_keeps_an_npwp_check_digit(
        number in 1..99_999_999_u32, rest in 0..999_999_u32, at in 0..8_usize, other in 1..10_u8,
    ) {
        let eight = format!("{number:08}");
        let check = (0..10)
            .find(|c| format!("{eight}{c}{rest:06}").parse::<Npwp>().unwrap().check_digit_matches() == Some(true))
            .unwrap();
        let mut wrong = format!("{eight}{check}{rest:06}").into_bytes();
        wrong[at] = b'0' + (wrong[at] - b'0' + other) % 10;
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assume!(wrong.bytes().any(|b| b != b'0'));
        prop_assert_eq!(wrong.parse::<Npwp>().unwrap().check_digit_matches(), Some(false));
    }

    #[test]
    fn backoff_grows_within_its_cap_and_never_retries_at_once(
        attempts in 0..100_u32, random in 0.0..1.0_f64, asked_s in 0..10_000_i64,
    ) {
        let backoff = Backoff { base: TimeDelta::seconds(2), cap: TimeDelta::seconds(300) };
        let delay = backoff.delay(attempts, random, None);
        prop_assert!(delay >= TimeDelta::seconds(1) && delay <= backoff.cap);
        prop_assert!(backoff.delay(attempts + 1, 0.0, None) >= backoff.delay(attempts, 0.0, None));
        let told = backoff.delay(attempts, random, Some(TimeDelta::seconds(asked_s)));
        prop_assert!(told >= delay && told <= backoff.cap);
        prop_assert!(told >= TimeDelta::seconds(asked_s).min(backoff.cap));
    }

    #[test]
    fn retrying_always_ends(max_attempts in 1..10_u32, cpu_fallback: bool, start_on_gpu: bool, random in 0.0..1.0_f64) {
        let backoff = Backoff { base: TimeDelta::seconds(1), cap: TimeDelta::seconds(60) };
        let policy = RetryPolicy { max_attempts, cpu_fallback, backoff };
        let mut queue = if start_on_gpu { QueueKind::Gpu } else { QueueKind::Cpu };
        let mut tries_on_cpu = u32::from(!start_on_gpu);
        let mut failures = 0;
        loop {
            failures += 1;
            prop_assert!(failures <= max_attempts + 1, "INV-1: a document that fails for ever");
            match after_failure(&policy, ReasonCode::ReaderCrashed, failures, queue, noon(), random) {
                AfterFailure::Retry { queue: next, not_before } => {
                    prop_assert!(not_before > noon());
                    prop_assert!(!(queue == QueueKind::Cpu && next == QueueKind::Gpu));
                    tries_on_cpu += u32::from(next == QueueKind::Cpu);
                    queue = next;
                }
                AfterFailure::Fail => break,
            }
        }
        let fallback = start_on_gpu && cpu_fallback;
        prop_assert_eq!(failures, max_attempts + u32::from(fallback));
        if fallback {
            prop_assert_eq!(tries_on_cpu, 1);
        }
    }

    #[test]
    fn a_breaker_opens_after_its_threshold_and_lets_one_probe_pass(calls in proptest::collection::vec(any::<bool>(), 0..60)) {
        let policy = BreakerPolicy::default();
        let mut breaker = Breaker::default();
        let mut now = noon();
        let mut failures_in_a_row = 0;
        for success in calls {
            match breaker.admit(&policy, now) {
                Admission::Refuse { until } => {
                    prop_assert!(until > now && until <= now + policy.cooldown);
                    prop_assert!(failures_in_a_row >= policy.failure_threshold);
                    now = until;
                    prop_assert_eq!(breaker.state(&policy, now), BreakerState::HalfOpen);
                    continue;
                }
                Admission::Probe(marked) => {
                    let second = marked.admit(&policy, now);
                    prop_assert!(matches!(second, Admission::Refuse { .. }), "a second probe passed: {second:?}");
                    breaker = marked;
                }
                Admission::Pass => prop_assert!(failures_in_a_row < policy.failure_threshold),
            }
            if success {
                failures_in_a_row = 0;
                breaker = breaker.succeeded();
            } else {
                failures_in_a_row += 1;
                breaker = breaker.failed(&policy, now);
            }
            now += TimeDelta::seconds(1);
        }
    }

    #[test]
    fn any_reading_scores_within_bounds_and_says_why(claimed in any_type(), reading in any_reading()) {
        let thresholds = Thresholds::default();
        let evaluation = score(claimed, &reading, &thresholds, today());
        prop_assert!(evaluation.score <= 100);
        for part in &evaluation.parts {
            prop_assert!(part.points <= part.max);
        }
        prop_assert_eq!(evaluation.parts.iter().map(|part| u32::from(part.max)).sum::<u32>(), 100);
        prop_assert!(evaluation.reasons.is_sorted_by(|a, b| a < b));
        // INV-4, the part of it that a reading can show.
        if evaluation.decision == Decision::AutoApprove {
            prop_assert_eq!(reading.kind, claimed.expected_kind());
            prop_assert!(evaluation.score >= thresholds.auto_approve);
            prop_assert!(!evaluation.reasons.iter().any(|reason| blocks_approval(*reason)));
            prop_assert!(!evaluation.reasons.iter().any(|reason| calls_for_retake(*reason)));
            prop_assert!(!evaluation.reasons.contains(&ReasonCode::Retake));
            for field in claimed.critical_fields() {
                prop_assert!(reading.confidence(*field) >= thresholds.confidence_floor);
            }
            for field in claimed.identifying_fields() {
                prop_assert!(reading.value(*field).is_some_and(|value| !value.is_empty()), "{}", field);
                prop_assert!(reading.confidence(*field) >= thresholds.identifying_floor);
            }
        }
        for reason in ReasonCode::iter().filter(|reason| blocks_approval(*reason)) {
            prop_assert_ne!(evaluation.clone().with_reasons([reason]).decision, Decision::AutoApprove);
        }
        let shown = format!("{:?}", identities(claimed, &reading));
        prop_assert!(!shown.bytes().any(|b| b.is_ascii_digit()), "INV-7: {}", shown);
    }

    #[test]
    fn inv_4_a_perfect_card_is_approved_and_a_contradiction_never(
        area in any_area(), born in any_date(), gender in any_gender(), serial in 1..10_000_u32, other in any_date(),
    ) {
        let thresholds = Thresholds::default();
        let mut reading = perfect_ktp(area, born, gender, serial);
        let evaluation = score(DocumentType::Ktp, &reading, &thresholds, today());
        if born.year() <= 2008 {
            prop_assert_eq!(evaluation.decision, Decision::AutoApprove, "{:?}", evaluation);
        }
        let wrong_kind = score(DocumentType::Npwp, &reading, &thresholds, today());
        prop_assert_eq!(wrong_kind.decision, Decision::AutoReject);
        prop_assert!(wrong_kind.reasons.contains(&ReasonCode::WrongKind));
        prop_assume!(!nik_of(area, born, gender, serial).parse::<Nik>().unwrap().encodes_birth_date(other));
        reading.fields.insert(FieldName::BirthDate, FieldReading { value: other.to_string(), confidence: 0.99 });
        let contradicted = score(DocumentType::Ktp, &reading, &thresholds, today());
        prop_assert!(contradicted.reasons.contains(&ReasonCode::NikBirthDateMismatch));
        prop_assert_ne!(contradicted.decision, Decision::AutoApprove);
        prop_assert!(contradicted.score < evaluation.score);
    }
}

/// Every state can be reached from the first, and every state but the last can be left.
fn check_table(rows: &[EdgeRow], states: &BTreeSet<&str>, first: &str) {
    let mut reached = BTreeSet::from([first]);
    while let Some(row) = rows.iter().find(|row| reached.contains(row.from) && !reached.contains(row.to)) {
        reached.insert(row.to);
    }
    assert_eq!(&reached, states);
    let distinct: BTreeSet<_> = rows.iter().collect();
    assert_eq!(distinct.len(), rows.len(), "an edge stands twice in its table");
}

#[test]
fn every_state_can_be_reached() {
    fn texts<S: IntoEnumIterator + Into<&'static str>>() -> BTreeSet<&'static str> {
        S::iter().map(Into::into).collect()
    }
    check_table(DocumentStatus::EDGES, &texts::<DocumentStatus>(), "receiving");
    check_table(VerificationStatus::EDGES, &texts::<VerificationStatus>(), "pending");
    check_table(ReviewStatus::EDGES, &texts::<ReviewStatus>(), "pending");
    check_table(DispatchState::EDGES, &texts::<DispatchState>(), "queued");
}

#[test]
fn inv_2_every_state_can_be_erased_and_erased_is_final() {
    for status in DocumentStatus::iter() {
        let leaves = DocumentStatus::iter()
            .any(|to| DocumentStatus::EDGES.iter().any(|row| status.allows(row.event, to)));
        assert_eq!(leaves, status != DocumentStatus::Erased, "{status}");
        assert_eq!(
            status.allows("erased", DocumentStatus::Erased),
            status != DocumentStatus::Erased,
            "{status}"
        );
    }
}

#[test]
fn a_decision_is_final_and_the_contrary_is_refused() {
    use ReviewDecision::{Approved, Rejected};
    let expected: BTreeMap<_, _> = [
        ((0, 0), DecisionEffect::Decide),
        ((0, 1), DecisionEffect::Decide),
        ((1, 0), DecisionEffect::Repeat),
        ((1, 1), DecisionEffect::Conflict),
        ((2, 0), DecisionEffect::Conflict),
        ((2, 1), DecisionEffect::Repeat),
        ((3, 0), DecisionEffect::Conflict),
        ((3, 1), DecisionEffect::Conflict),
    ]
    .into();
    for (i, status) in ReviewStatus::iter().enumerate() {
        for (j, decision) in [Approved, Rejected].into_iter().enumerate() {
            assert_eq!(Some(&effect_of(decision, status)), expected.get(&(i, j)), "{status} {decision}");
        }
    }
}

#[test]
fn the_worked_example_of_the_check_digit() {
    let npwp: Npwp = "71.423.650.2-123.000".parse().unwrap();
    assert_eq!(npwp.check_digit_matches(), Some(true));
    assert_eq!(npwp.form(), NpwpForm::Fifteen);
    assert_eq!(npwp.canonical(), "0714236502123000");
    let sixteen: Npwp = "0714.2365.0212.3000".parse().unwrap();
    assert_eq!(sixteen.canonical(), npwp.canonical());
    let nitku: Nitku = "0714236502123000000001".parse().unwrap();
    assert_eq!(nitku.place(), "000001");
}

#[test]
fn inv_4_two_printings_of_one_tax_number_are_one_identity() {
    let reading = |number: &str| CardReading {
        kind: CardKind::Npwp,
        fields: [(FieldName::NpwpNumber, FieldReading { value: number.to_owned(), confidence: 1.0 })].into(),
        ..CardReading::default()
    };
    assert!(
        identities(DocumentType::Npwp, &reading("714236502123000"))
            == identities(DocumentType::Npwp, &reading("0714236502123000"))
    );
}

#[test]
fn inv_4_a_wrong_check_digit_goes_to_a_human() {
    let decision = |number: &str| {
        let values = [
            (FieldName::NpwpNumber, number),
            (FieldName::Name, "SITI RAHAYU"),
            (FieldName::Address, "JL. A NO. 1"),
        ];
        let reading = CardReading {
            kind: CardKind::Npwp,
            fields: values
                .map(|(field, value)| (field, FieldReading { value: value.to_owned(), confidence: 0.99 }))
                .into(),
            quality: Quality { card_found: true, overall: 1.0, ..Quality::default() },
            ..CardReading::default()
        };
        score(DocumentType::Npwp, &reading, &Thresholds::default(), today()).decision
    };
    assert_eq!(decision("714236502123000"), Decision::AutoApprove);
    assert_eq!(decision("714236508123000"), Decision::NeedsReview);
}

/// A perfect KTP with these values in place of its own, scored.
fn ktp_with(values: &[(FieldName, &str)]) -> Evaluation {
    let born = NaiveDate::from_ymd_opt(1983, 3, 12).unwrap();
    let mut reading = perfect_ktp(327_301, born, Gender::Female, 2);
    for (field, value) in values {
        reading.fields.insert(*field, FieldReading { value: (*value).to_owned(), confidence: 0.99 });
    }
    score(DocumentType::Ktp, &reading, &Thresholds::default(), today())
}

#[test]
fn inv_4_a_reason_to_retake_blocks_an_approval() {
    for reason in ReasonCode::iter().filter(|reason| calls_for_retake(*reason)) {
        assert!(blocks_approval(reason), "{reason}");
        let mut reading =
            perfect_ktp(327_301, NaiveDate::from_ymd_opt(1983, 3, 12).unwrap(), Gender::Female, 2);
        reading.reasons.push(reason);
        let evaluation = score(DocumentType::Ktp, &reading, &Thresholds::default(), today());
        assert_eq!(evaluation.decision, Decision::NeedsReview, "{reason}");
        assert!(evaluation.reasons.contains(&ReasonCode::Retake), "{reason}");
    }
}

#[test]
fn inv_4_a_value_cut_off_blocks_an_approval() {
    let mut reading = perfect_ktp(327_301, NaiveDate::from_ymd_opt(1983, 3, 12).unwrap(), Gender::Female, 2);
    reading.reasons.push(ReasonCode::ValueCutOff);
    let evaluation = score(DocumentType::Ktp, &reading, &Thresholds::default(), today());
    assert_eq!(evaluation.decision, Decision::NeedsReview);
}

#[test]
fn inv_4_every_identifying_field_must_be_read() {
    for claimed in DocumentType::iter() {
        let identifying = claimed.identifying_fields();
        assert!(claimed.critical_fields().iter().all(|field| identifying.contains(field)));
        assert!(identifying.iter().all(|field| claimed.fields().contains(field)));
    }
    let whole = perfect_ktp(327_301, NaiveDate::from_ymd_opt(1983, 3, 12).unwrap(), Gender::Female, 2);
    let thresholds = Thresholds::default();
    for field in DocumentType::Ktp.fields() {
        let identifies = DocumentType::Ktp.identifying_fields().contains(field);
        let (mut lost, mut doubtful) = (whole.clone(), whole.clone());
        lost.fields.remove(field);
        doubtful.fields.get_mut(field).unwrap().confidence = 0.1;
        for reading in [lost, doubtful] {
            let evaluation = score(DocumentType::Ktp, &reading, &thresholds, today());
            assert_eq!(evaluation.decision == Decision::AutoApprove, !identifies, "{field}");
            assert_eq!(evaluation.reasons.contains(&ReasonCode::CriticalFieldMissing), identifies, "{field}");
        }
    }
}

#[test]
fn inv_4_closed_fields_must_have_known_values() {
    for (field, value) in [
        (FieldName::Gender, "I-LAKI"),
        (FieldName::Religion, "AM"),
        (FieldName::MaritalStatus, "VIN"),
        (FieldName::Citizenship, "WNX"),
    ] {
        let evaluation = ktp_with(&[(field, value)]);
        assert_eq!(evaluation.decision, Decision::NeedsReview, "{field}");
        assert!(evaluation.reasons.contains(&ReasonCode::ClosedValueUnknown), "{field}");
    }
    for (field, value, reason) in [
        (FieldName::Religion, "-", None),
        (FieldName::Religion, "KEPERCAYAAN TERHADAP TUHAN YANG MAHA ESA", None),
        (FieldName::BloodType, "TDK TAHU", None),
        (FieldName::BloodType, "TIDAK TAHU", None),
        // A group that nobody knows identifies nobody.
        (FieldName::BloodType, "ABC", Some(ReasonCode::ValueUnknown)),
        (FieldName::RtRw, "005/-", None),
        (FieldName::RtRw, "-/005", None),
        (FieldName::RtRw, "-/-", None),
        (FieldName::RtRw, "-", None),
        (FieldName::RtRw, "000/000", None),
        (FieldName::RtRw, "005/", Some(ReasonCode::ValueUnknown)),
        (FieldName::Name, "DR. H. NUR'AINI SYA'BANI, S.PD., M.SI", None),
    ] {
        let evaluation = ktp_with(&[(field, value)]);
        assert_eq!(evaluation.decision, Decision::AutoApprove, "{field} {value}");
        assert_eq!(evaluation.reasons, reason.into_iter().collect::<Vec<_>>(), "{field} {value}");
    }
}

#[test]
fn inv_4_a_foreign_resident_goes_to_a_human() {
    let english = [
        (FieldName::Gender, "FEMALE"),
        (FieldName::Religion, "CATHOLIC"),
        (FieldName::MaritalStatus, "MARRIED"),
        (FieldName::Citizenship, "NETHERLANDS"),
        (FieldName::ValidUntil, "2028-11-23"),
    ];
    // Each of these alone tells, and the values are no fault: FEMALE agrees with the NIK.
    for values in [
        &english[..],
        &english[..1],
        &english[1..2],
        &english[2..3],
        &english[3..4],
        &[(FieldName::Citizenship, "WNA")],
    ] {
        let evaluation = ktp_with(values);
        assert_eq!(evaluation.decision, Decision::NeedsReview, "{values:?}");
        assert_eq!(evaluation.reasons, [ReasonCode::ForeignResident], "{values:?}");
    }
    let other = ktp_with(&[(FieldName::Gender, "MALE")]);
    assert!(other.reasons.contains(&ReasonCode::NikGenderMismatch));
}

#[test]
fn only_foreign_residents_cards_expire() {
    let past = (FieldName::ValidUntil, "2016-03-12");
    let citizen = ktp_with(&[past]);
    assert_eq!((citizen.decision, citizen.reasons.as_slice()), (Decision::AutoApprove, &[][..]));
    let foreigner = ktp_with(&[past, (FieldName::Citizenship, "JAPAN")]);
    assert!(foreigner.reasons.contains(&ReasonCode::Expired));
}

#[test]
fn inv_4_a_holder_under_seventeen_goes_to_a_human() {
    let born = NaiveDate::from_ymd_opt(2011, 3, 12).unwrap();
    for status in ["KAWIN", "MARRIED", "BELUM KAWIN", "SINGLE", "K4W1"] {
        let mut reading = perfect_ktp(327_301, born, Gender::Female, 2);
        let value = FieldReading { value: status.to_owned(), confidence: 0.99 };
        reading.fields.insert(FieldName::MaritalStatus, value);
        let evaluation = score(DocumentType::Ktp, &reading, &Thresholds::default(), today());
        assert!(evaluation.reasons.contains(&ReasonCode::HolderTooYoung), "{status}");
        assert_eq!(evaluation.decision, Decision::NeedsReview, "{status}");
    }
}

#[test]
fn inv_4_a_tax_number_that_is_a_nik_stands_twice() {
    let card = |line: Option<&str>| {
        let values = [
            (FieldName::NpwpNumber, Some("3273015203830002")),
            (FieldName::Name, Some("SITI RAHAYU")),
            (FieldName::Nik, line),
            (FieldName::Address, Some("JL. A NO. 1")),
        ];
        let read = |(field, value): (_, Option<&str>)| {
            Some((field, FieldReading { value: value?.to_owned(), confidence: 0.99 }))
        };
        let reading = CardReading {
            kind: CardKind::Npwp,
            fields: values.into_iter().filter_map(read).collect(),
            quality: Quality { card_found: true, overall: 1.0, ..Quality::default() },
            ..CardReading::default()
        };
        score(DocumentType::Npwp, &reading, &Thresholds::default(), today())
    };
    assert_eq!(card(Some("3273015203830002")).decision, Decision::AutoApprove);
    let (wrong, covered) = (card(Some("3273015203830003")), card(None));
    assert_eq!((wrong.decision, covered.decision), (Decision::NeedsReview, Decision::NeedsReview));
    assert!(covered.score <= wrong.score, "{} {}", covered.score, wrong.score);
}

#[test]
fn a_picture_without_a_card_is_rejected_for_retake() {
    let evaluation = score(DocumentType::Ktp, &CardReading::default(), &Thresholds::default(), today());
    assert_eq!(evaluation.decision, Decision::AutoReject);
    assert!(evaluation.reasons.contains(&ReasonCode::NotACard));
    assert!(evaluation.reasons.contains(&ReasonCode::Retake));
}

#[test]
fn correlation_ids_are_safe_in_a_header_and_a_log_line() {
    for text in ["short", "has space in it", "line\nbreak-in-it", &"x".repeat(65), "quote\"quote"] {
        assert!(text.parse::<CorrelationId>().is_err(), "{text:?}");
    }
    assert!("01234567-89ab-cdef-0123-456789abcdef".parse::<CorrelationId>().is_ok());
}

#[test]
fn inv_4_any_sign_of_a_forgery_goes_to_a_human() {
    use ReasonCode as R;
    let born = NaiveDate::from_ymd_opt(1990, 5, 17).unwrap();
    let honest = perfect_ktp(327_301, born, Gender::Male, 1);
    let score_of = |reading: &CardReading| score(DocumentType::Ktp, reading, &Thresholds::default(), today());
    assert_eq!(score_of(&honest).decision, Decision::AutoApprove);
    for sign in [R::DrawingSuspected, R::ScreenSuspected, R::CopySuspected, R::EditSuspected] {
        let evaluation = score_of(&CardReading { reasons: vec![sign], ..honest.clone() });
        assert_eq!(evaluation.decision, Decision::NeedsReview, "{sign}");
        // The sign is for a human to judge: it takes no points, and no new photograph is asked for.
        assert_eq!((evaluation.score, evaluation.reasons), (score_of(&honest).score, vec![sign]));
    }
}

#[test]
fn a_stored_quality_without_signs_still_parses() {
    let stored = r#"{"card_found":true,"card_width_px":900,"sharpness":0.9,"exposure":0.9,"glare_free":1.0,"overall":0.9}"#;
    let quality: Quality = serde_json::from_str(stored).unwrap();
    let signs = [quality.drawing_free, quality.screen_free, quality.copy_free, quality.edit_free];
    assert_eq!((signs, quality.overall), ([1.0; 4], 0.9));
}
