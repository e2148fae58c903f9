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

/// Both cards on one table, the first one above.
fn together(above: &str, below: &str) -> Vec<u8> {
    let picture = |name: &str| filot_ocr::pipeline::decode_picture(&fixture(name), 0).unwrap();
    let (above, below) = (picture(above), picture(below));
    let (width, height) = (above.width().max(below.width()), above.height() + below.height());
    let mut table = image::RgbImage::from_pixel(width, height, image::Rgb([60, 52, 47]));
    image::imageops::replace(&mut table, &above, 0, 0);
    image::imageops::replace(&mut table, &below, 0, i64::from(above.height()));
    let mut png = std::io::Cursor::new(Vec::new());
    table.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

#[test]
fn of_two_cards_in_one_picture_the_claimed_one_is_read() {
    for file in
        [together("ktp-photo.jpg", "npwp-old-photo.jpg"), together("npwp-old-photo.jpg", "ktp-photo.jpg")]
    {
        for (claimed, kind) in [(DocumentType::Ktp, CardKind::Ktp), (DocumentType::Npwp, CardKind::Npwp)] {
            assert_eq!(read(&file, Some(claimed)).reading.kind, kind);
        }
    }
}

/// A PDF with a page for each of these JPEGs of this size; without one the page is blank.
fn pdf(pages: &[Option<&[u8]>], (width, height): (u32, u32)) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = vec![b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), Vec::new()];
    let mut kids = String::new();
    for page in pages {
        let (first, mut content) = (objects.len() + 1, String::new());
        if let Some(jpeg) = page {
            let drawing = format!("q {width} 0 0 {height} 0 0 cm /I Do Q");
            let picture = format!(
                "<< /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 \
                 /Filter /DCTDecode /Length {} >>\nstream\n",
                jpeg.len()
            );
            objects
                .push(format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()).into_bytes());
            objects.push([picture.as_bytes(), jpeg, b"\nendstream"].concat());
            content = format!("/Contents {first} 0 R /Resources << /XObject << /I {} 0 R >> >>", first + 1);
        }
        objects.push(
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] {content} >>")
                .into_bytes(),
        );
        kids += &format!("{} 0 R ", objects.len());
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).into_bytes();
    let mut file = b"%PDF-1.4\n".to_vec();
    for (number, object) in (1..).zip(&objects) {
        file.extend(format!("{number} 0 obj\n").bytes().chain(object.iter().copied()));
        file.extend(b"\nendobj\n");
    }
    file.extend(b"trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    file
}

#[test]
fn a_pdf_is_read_at_the_page_of_its_card() {
    let (front, back) = (fixture("ktp-photo.jpg"), fixture("other-card.jpg"));
    let size = filot_media::inspect(&front, None).unwrap();
    let size = (size.width.unwrap(), size.height.unwrap());
    let (front, back, broken) = (Some(&front[..]), Some(&back[..]), Some(&b"\xFF\xD8\xFF\xD9"[..]));
    for (pages, page) in [
        (vec![front, back], 0),
        (vec![back, front], 1),
        (vec![None, None, None, front, None, None], 3),
        (vec![broken, front], 1),
    ] {
        let output = read(&pdf(&pages, size), Some(DocumentType::Ktp));
        assert_eq!((output.reading.kind, output.page), (CardKind::Ktp, page));
        assert!(!output.reading.reasons.contains(&ReasonCode::PictureIncomplete));
    }
    let mut reader = Reader::new(ReaderConfig::default()).unwrap();
    let late = [&[None; 4][..], &[front]].concat();
    for unseen in [vec![broken], vec![back, broken], late] {
        let error = reader.read(&pdf(&unseen, size), Some(DocumentType::Ktp)).unwrap_err();
        assert_eq!(error.reason, ReasonCode::PdfUnsupported);
    }
    // A sheet with nothing on it is no card, and no error.
    assert_eq!(read(&pdf(&[None], size), None).reading.kind, CardKind::Unknown);
}

#[test]
fn inv_4_a_picture_that_breaks_off_is_never_approved() {
    let (whole, today) = (fixture("ktp-photo.jpg"), chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap());
    let decision = |bytes: &[u8]| {
        let reading = read(bytes, Some(DocumentType::Ktp)).reading;
        let thresholds = filot_domain::scoring::Thresholds::default();
        filot_domain::scoring::score(DocumentType::Ktp, &reading, &thresholds, today)
    };
    let size = filot_media::inspect(&whole, None).unwrap();
    let size = (size.width.unwrap(), size.height.unwrap());
    for percent in [50, 80, 99] {
        let cut = &whole[..whole.len() * percent / 100];
        for file in [cut.to_vec(), [cut, &[0xFF, 0xD9]].concat(), pdf(&[Some(cut)], size)] {
            let evaluation = decision(&file);
            assert_ne!(evaluation.decision, filot_domain::scoring::Decision::AutoApprove, "{percent} %");
            assert!(evaluation.reasons.contains(&ReasonCode::PictureIncomplete), "{percent} %");
            assert!(evaluation.reasons.contains(&ReasonCode::Retake), "{percent} %");
        }
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
