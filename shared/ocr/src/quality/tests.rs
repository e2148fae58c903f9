use image::{GrayImage, Rgb, RgbImage};

use super::*;
use crate::image::rectify::{CARD_HEIGHT, CARD_WIDTH};
use crate::image::resample::{box_blur, luma};

/// A flat card: blue ground, bars as print, a red portrait; light from 0 to 1.
fn drawn(light: f32) -> RgbImage {
    RgbImage::from_fn(CARD_WIDTH, CARD_HEIGHT, |x, y| {
        let print = (60..760).contains(&x) && (120..700).contains(&y) && y % 38 < 24 && (x / 4) % 4 == 0;
        let portrait = (880..1140).contains(&x) && (180..500).contains(&y);
        let colour = if print {
            [30.0, 34.0, 40.0]
        } else if portrait {
            [190.0, 45.0, 40.0]
        } else {
            [150.0, 190.0, 222.0]
        };
        Rgb(colour.map(|c| (c * light) as u8))
    })
}

fn flat(rgb: RgbImage) -> RectifiedCard {
    let luma = luma(&rgb);
    RectifiedCard { rgb, luma }
}

/// A picture around the card, and its outline with this width.
fn report(card: &RectifiedCard, width: f32) -> QualityReport {
    let image = RgbImage::new(2000, 1400);
    let height = width / CARD_ASPECT;
    let corners =
        [(100.0, 100.0), (100.0 + width, 100.0), (100.0 + width, 100.0 + height), (100.0, 100.0 + height)];
    assess(&image, Some(&CardOutline { corners, score: 0.9 }), false, card)
}

fn blurred(rgb: &RgbImage, radius: u32) -> RgbImage {
    let channel = |c: usize| {
        let data = rgb.as_raw().iter().skip(c).step_by(3).copied().collect();
        let plane = GrayImage::from_raw(rgb.width(), rgb.height(), data).unwrap();
        box_blur(&box_blur(&plane, radius), radius)
    };
    let planes = [channel(0), channel(1), channel(2)];
    RgbImage::from_fn(rgb.width(), rgb.height(), |x, y| {
        Rgb([0, 1, 2].map(|c: usize| planes[c].get_pixel(x, y).0[0]))
    })
}

#[test]
fn a_good_picture_has_no_complaint() {
    let report = report(&flat(drawn(1.0)), 1200.0);
    assert_eq!(report.reasons, []);
    assert!(report.quality.overall > 0.95 && report.quality.card_found, "{:?}", report.quality);
    assert_eq!(report.quality.card_width_px, 1200);
}

#[test]
fn each_step_of_blur_lowers_the_sharpness() {
    let mut last = 1.1;
    for radius in [0, 1, 2, 4, 6] {
        let report = report(&flat(blurred(&drawn(1.0), radius)), 1200.0);
        assert!(report.quality.sharpness < last, "radius {radius}: {}", report.quality.sharpness);
        last = report.quality.sharpness;
        let complaint = report.reasons.contains(&ReasonCode::Blurred);
        assert_eq!(complaint, radius >= 4, "radius {radius}: {}", report.quality.sharpness);
        assert_eq!(complaint, report.reasons.contains(&ReasonCode::Retake));
    }
}

#[test]
fn darkness_is_a_complaint_only_when_it_is_deep() {
    assert_eq!(report(&flat(drawn(0.55)), 1200.0).reasons, []);
    let dark = report(&flat(drawn(0.2)), 1200.0);
    assert_eq!(dark.reasons, [ReasonCode::TooDark, ReasonCode::Retake]);
    assert!(dark.quality.exposure < 0.3);
}

#[test]
fn a_reflection_is_glare_and_a_white_ground_is_not() {
    let mut shiny = drawn(0.7);
    for (x, y, p) in shiny.enumerate_pixels_mut() {
        let (dx, dy) = ((x as f32 - 400.0) / 260.0, (y as f32 - 350.0) / 120.0);
        let add = 200.0 * (-(dx * dx + dy * dy)).exp();
        p.0 = p.0.map(|c| (f32::from(c) + add).min(255.0) as u8);
    }
    let glare = report(&flat(shiny), 1200.0);
    assert_eq!(glare.reasons, [ReasonCode::Glare, ReasonCode::Retake]);
    assert!(glare.quality.glare_free < 0.94);
    let mut white = drawn(1.0);
    for p in white.pixels_mut() {
        if p.0[2] > 200 {
            p.0 = [255; 3];
        }
    }
    assert!(!report(&flat(white), 1200.0).reasons.contains(&ReasonCode::Glare));
}

#[test]
fn glare_that_hid_nothing_is_no_complaint() {
    use ReasonCode as R;
    assert_eq!(without_glare(vec![R::Glare, R::Retake]), []);
    assert_eq!(without_glare(vec![R::Glare, R::LowResolution, R::Retake]), [R::LowResolution, R::Retake]);
    assert_eq!(without_glare(vec![R::Grayscale, R::Retake]), [R::Grayscale, R::Retake]);
}

#[test]
fn a_small_card_and_a_cut_card_are_complaints() {
    let card = flat(drawn(1.0));
    assert_eq!(report(&card, 600.0).reasons, []);
    assert_eq!(report(&card, 400.0).reasons, [ReasonCode::LowResolution, ReasonCode::Retake]);
    // The outline leaves the picture by a twentieth of its width.
    let image = RgbImage::new(1100, 900);
    let beyond = [(-55.0, 100.0), (1045.0, 100.0), (1045.0, 794.0), (-55.0, 794.0)];
    let cut = assess(&image, Some(&CardOutline { corners: beyond, score: 0.8 }), false, &card);
    assert_eq!(cut.reasons, [ReasonCode::CutOff, ReasonCode::Retake]);
    // The outline ends at the picture's border and is too short for a card.
    let short = [(0.0, 100.0), (900.0, 100.0), (900.0, 760.0), (0.0, 760.0)];
    let cut = assess(&image, Some(&CardOutline { corners: short, score: 0.8 }), false, &card);
    assert_eq!(cut.reasons, [ReasonCode::CutOff, ReasonCode::Retake]);
}

#[test]
fn a_copy_in_grey_is_a_complaint_tinted_or_not() {
    let gray = drawn(1.0)
        .pixels()
        .map(|p| luma(&RgbImage::from_pixel(1, 1, *p)).get_pixel(0, 0).0[0])
        .collect::<Vec<_>>();
    let tinted = |tint: [f32; 3]| {
        RgbImage::from_fn(CARD_WIDTH, CARD_HEIGHT, |x, y| {
            let v = f32::from(gray[(y * CARD_WIDTH + x) as usize]);
            Rgb(tint.map(|t| (v * t) as u8))
        })
    };
    for tint in [[1.0; 3], [1.0, 0.93, 0.82]] {
        let copy = report(&flat(tinted(tint)), 1200.0);
        assert_eq!(copy.reasons, [ReasonCode::Grayscale, ReasonCode::Retake], "{tint:?}");
    }
}

#[test]
fn no_card_found_is_said_and_lowers_the_whole() {
    let card = flat(drawn(1.0));
    let image = RgbImage::new(1200, 757);
    let report = assess(&image, None, false, &card);
    assert_eq!(report.reasons, [ReasonCode::CardNotFound]);
    assert!(report.quality.overall < 0.75 && !report.quality.card_found);
}

#[test]
fn a_value_that_ends_in_a_reflection_may_go_on() {
    let mut rgb = drawn(1.0);
    for y in 200..320 {
        for x in 500..700 {
            rgb.put_pixel(x, y, Rgb([255; 3]));
        }
    }
    let card = flat(rgb);
    let row = |right: f32| [340.0, 240.0, right, 264.0];
    assert!(ends_in_glare(&card, &[row(495.0)]));
    assert!(!ends_in_glare(&card, &[row(400.0)]));
    assert!(!ends_in_glare(&flat(drawn(1.0)), &[row(495.0)]));
}
