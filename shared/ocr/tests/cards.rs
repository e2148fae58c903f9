//! Image in, expected fields out: the whole reader on small generated photographs.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use filot_domain::{CardKind, DocumentType, FieldName, ReasonCode};
use filot_ocr::{ReadOutput, Reader, ReaderConfig};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    kind: CardKind,
    fields: BTreeMap<FieldName, String>,
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn read(bytes: &[u8], claimed: Option<DocumentType>) -> ReadOutput {
    // One model for all tests of a process; a reader belongs to one thread at a time.
    static READER: Mutex<Option<Reader>> = Mutex::new(None);
    let mut reader = READER.lock().unwrap();
    let reader = reader.get_or_insert_with(|| Reader::new(ReaderConfig::default()).unwrap());
    reader.read(bytes, claimed).unwrap()
}

fn check(name: &str, claimed: Option<DocumentType>) {
    let expected: Expected = serde_json::from_slice(&fixture(&format!("{name}.expected"))).unwrap();
    let output = read(&fixture(&format!("{name}.jpg")), claimed);
    assert_eq!(output.reading.kind, expected.kind, "{name}");
    let fields: BTreeMap<FieldName, String> =
        output.reading.fields.iter().map(|(field, reading)| (*field, reading.value.clone())).collect();
    assert_eq!(fields, expected.fields, "{name}");
    for stage in ["decode", "rectify", "normalise", "layout", "recognise"] {
        assert!(output.stage_ms.contains_key(stage), "{name} has no time for {stage}");
    }
}

#[test]
fn a_ktp_is_read_whatever_was_claimed() {
    check("ktp-photo", Some(DocumentType::Ktp));
    check("ktp-photo", None);
    check("ktp-photo", Some(DocumentType::Npwp));
}

#[test]
fn both_npwp_layouts_are_read() {
    check("npwp-old-photo", Some(DocumentType::Npwp));
    check("npwp-new-photo", None);
}

#[test]
fn another_card_is_unknown_and_gives_no_field() {
    for claimed in [None, Some(DocumentType::Ktp), Some(DocumentType::Npwp)] {
        let reading = read(&fixture("other-card.jpg"), claimed).reading;
        assert_eq!(reading.kind, CardKind::Unknown);
        assert!(reading.fields.is_empty());
        assert!(reading.reasons.contains(&ReasonCode::NotACard));
    }
}

#[test]
fn any_turn_is_read() {
    let upright = filot_ocr::pipeline::decode_picture(&fixture("ktp-photo.jpg"), 0).unwrap();
    let nik = read(&fixture("ktp-photo.jpg"), None).reading.value(FieldName::Nik).map(str::to_owned);
    assert!(nik.is_some());
    for turned in [
        image::imageops::rotate90(&upright),
        image::imageops::rotate180(&upright),
        image::imageops::rotate270(&upright),
    ] {
        let mut png = std::io::Cursor::new(Vec::new());
        turned.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let reading = read(png.get_ref(), Some(DocumentType::Ktp)).reading;
        assert_eq!(reading.kind, CardKind::Ktp);
        assert_eq!(reading.value(FieldName::Nik), nik.as_deref());
    }
}

#[test]
fn what_is_no_picture_is_an_error_with_a_code() {
    let mut reader = Reader::new(ReaderConfig::default()).unwrap();
    let error = reader.read(b"GIF89a", None).unwrap_err();
    assert_eq!(error.code(), "file_unreadable");
    let Err(error) = Reader::new(ReaderConfig { engine: "abacus".to_owned(), tessdata_dir: None }) else {
        panic!("an unknown engine was accepted");
    };
    assert!(error.to_string().contains("tesseract"), "the engines are listed");
    assert!(
        Reader::new(ReaderConfig { tessdata_dir: Some("/nowhere".into()), ..ReaderConfig::default() })
            .is_err()
    );
}
