//! INV-4, INV-8: whatever text the recogniser returns for a KTP, every field has the field's form.
#![no_main]

use chrono::{Datelike, NaiveDate};
use filot_domain::FieldName;
use filot_domain::vocabulary::{
    BLOOD_GROUPS, BLOOD_UNKNOWN, CITIZENSHIPS, COUNTRIES, GENDERS, GENDERS_ENGLISH,
};
use filot_ocr::engine::{Line, Symbol};
use filot_ocr::fuzzing::{COUNT, DigitRow, KtpLines, KtpRow, align, labels_seen, parse_ktp};
use libfuzzer_sys::fuzz_target;

/// The reader finds no more rows on a card.
const ROWS_MAX: usize = 18;
/// The reader returns no longer lines.
const LINE_CHARS_MAX: usize = 80;

fn line(text: &str, confidence: f32) -> Line {
    let symbol = |character| Symbol { character, confidence, left: 0, right: 0 };
    Line { symbols: text.chars().take(LINE_CHARS_MAX).map(symbol).collect() }
}

/// Two header lines, digits for the NIK row, then rows: label, tab, value, and perhaps tab, extra.
fn lines(confidence: u8, text: &str) -> KtpLines {
    let sure = f32::from(confidence) / 255.0;
    let mut texts = text.lines();
    let header = texts.by_ref().take(2).map(|text| line(text, sure)).collect();
    let mut cells = [[0.001; 10]; COUNT];
    for (cell, b) in cells.iter_mut().zip(texts.next().unwrap_or_default().bytes()) {
        cell[usize::from(b % 10)] = sure;
        cell[usize::from(b / 16 % 10)] = 0.3;
    }
    let nik = DigitRow { cells, fit: -0.05, left: 300.0, pitch: 35.0 };
    let rows = texts
        .take(ROWS_MAX)
        .map(|text| {
            let mut parts = text.split('\t');
            let mut part = || line(parts.next().unwrap_or_default(), sure);
            let (label, value, extra) = (part(), part(), part());
            KtpRow { label, value, extra: Some(extra).filter(|e| !e.symbols.is_empty()), ..KtpRow::default() }
        })
        .collect();
    KtpLines { header, nik: Some(nik), rows, meanings: None }
}

fn known(value: &str, lists: &[&[&str]]) -> bool {
    lists.iter().any(|words| words.contains(&value))
}

fuzz_target!(|input: (u8, &str)| {
    let lines = lines(input.0, input.1);
    let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
    assert_eq!(align(&labels).len(), labels.len());
    assert!(labels_seen(labels.iter().map(String::as_str)) <= labels.len());
    for (name, reading) in parse_ktp(&lines) {
        let value = reading.value.as_str();
        assert!(!value.is_empty(), "{name}");
        assert!((0.0..1.0).contains(&reading.confidence), "{name}: {}", reading.confidence);
        match name {
            FieldName::Nik => assert!(value.len() == COUNT && value.bytes().all(|b| b.is_ascii_digit())),
            FieldName::BirthDate => {
                let date: NaiveDate = value.parse().expect("a date");
                assert!((1900..=2100).contains(&date.year()));
            }
            FieldName::ValidUntil => {
                assert!(value == "SEUMUR HIDUP" || value.parse::<NaiveDate>().is_ok(), "{value}");
            }
            FieldName::RtRw => {
                assert!(value.chars().all(|c| c.is_ascii_digit() || "/-".contains(c)), "{value}");
            }
            // A value outside the vocabulary is never trusted.
            FieldName::BloodType => {
                assert!(known(value, &[BLOOD_GROUPS, BLOOD_UNKNOWN]) || reading.confidence <= 0.3, "{value}");
            }
            FieldName::Gender => {
                assert!(known(value, &[GENDERS, GENDERS_ENGLISH]) || reading.confidence <= 0.3, "{value}");
            }
            FieldName::Citizenship => {
                assert!(known(value, &[CITIZENSHIPS, COUNTRIES]) || reading.confidence <= 0.3, "{value}");
            }
            FieldName::NpwpNumber => panic!("a KTP has no tax number"),
            _ => {}
        }
    }
});
