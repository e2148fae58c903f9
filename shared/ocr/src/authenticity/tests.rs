use filot_domain::{Quality, ReasonCode};

use super::*;
use crate::authenticity::synthetic::{Random, card, flat, whole};

fn signs(image: &RgbImage) -> (Quality, Vec<ReasonCode>) {
    let outline = whole();
    let luma = crate::image::resample::luma(image);
    let card = RectifiedCard { rgb: image.clone(), luma };
    let subject = Subject { image, coding: Coding::Lossless, outline: &outline, card: &card, fields: &[] };
    let mut quality = Quality::default();
    let reasons = assess(&subject, &mut quality);
    (quality, reasons)
}

#[test]
fn a_capture_has_no_sign() {
    let mut random = Random::new(1);
    let (quality, reasons) = signs(&card(|_, _| 1.5 * random.normal()));
    assert_eq!(reasons, []);
    assert!(quality.drawing_free > 0.9 && quality.edit_free > 0.9, "{quality:?}");
}

#[test]
fn a_drawing_has_its_reason_and_no_other() {
    let (quality, reasons) = signs(&card(|_, _| 0.0));
    assert_eq!(reasons, [ReasonCode::DrawingSuspected]);
    assert!(quality.drawing_free < 0.5, "{quality:?}");
}

#[test]
fn a_card_of_another_size_is_not_looked_at() {
    let small = image::imageops::crop_imm(&flat(|_, _| 0.0), 0, 0, 300, 200).to_image();
    assert_eq!(grids::grid_free(&small, &whole()), (1.0, 1.0));
}
