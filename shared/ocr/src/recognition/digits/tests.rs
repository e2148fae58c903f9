use image::{GrayImage, Luma, imageops};

use super::*;

/// A row of digits as the reader meets it: the committed picture of the ten digits in one of the faces, cut and set at
/// an even pitch on a dirty ground.
fn row_of(digits: &str, face: usize, pitch: f32, colon: bool) -> GrayImage {
    let sheet =
        crate::pipeline::decode_picture(include_bytes!("../../../tests/fixtures/digits.png"), 0).unwrap();
    let sheet = imageops::grayscale(&sheet);
    let (width, height) = (32, 48);
    let mut row = GrayImage::from_fn(1200, 120, |x, y| Luma([236 + ((x * 7 + y * 3) % 11) as u8]));
    for (i, digit) in digits.bytes().enumerate() {
        let glyph =
            imageops::crop_imm(&sheet, u32::from(digit - b'0') * width, face as u32 * height, width, height)
                .to_image();
        let left = 300.0 + i as f32 * pitch + (pitch - width as f32) / 2.0;
        for (x, y, pixel) in glyph.enumerate_pixels() {
            let at = (left.round() as u32 + x, 36 + y);
            if pixel.0[0] < row.get_pixel(at.0, at.1).0[0] {
                row.put_pixel(at.0, at.1, *pixel);
            }
        }
    }
    if colon {
        for (x, y) in (282..288).flat_map(|x| (46..52).chain(66..72).map(move |y| (x, y))) {
            row.put_pixel(x, y, Luma([30]));
        }
    }
    row
}

const BAND: Band = Band { left: 222.0, right: 894.0, top: 38.0, bottom: 82.0 };
const PITCH: (f32, f32) = (28.2, 41.4);

/// No number exists.
fn none(_: &str) -> bool {
    false
}

#[test]
fn every_face_is_read_at_every_pitch() {
    for face in 0..4 {
        for pitch in [33.0, 35.4, 37.0] {
            for digits in ["3514185203830002", "7601116112960013", "6271479508974009"] {
                let row =
                    read_row(&row_of(digits, face, pitch, true), BAND, PITCH, |text| text == digits).unwrap();
                assert_eq!(row.text(), digits, "face {face}, pitch {pitch}, fit {}", row.fit);
                assert!(row.fit > -0.35, "face {face}, pitch {pitch}, fit {}", row.fit);
            }
        }
    }
}

#[test]
fn no_row_fits_badly_or_not_at_all() {
    let empty = GrayImage::from_pixel(1200, 120, Luma([240]));
    assert!(read_row(&empty, BAND, PITCH, none).is_none_or(|row| row.fit < -1.2));
    let lines = GrayImage::from_fn(1200, 120, |_, y| Luma([if y % 11 < 4 { 40 } else { 240 }]));
    assert!(read_row(&lines, BAND, PITCH, none).is_none_or(|row| row.fit < -0.35));
    assert!(read_row(&empty, Band { right: 230.0, ..BAND }, PITCH, none).is_none(), "no room");
}

fn cells(digits: &str) -> [[f32; 10]; COUNT] {
    let mut cells = [[0.001; 10]; COUNT];
    for (cell, b) in cells.iter_mut().zip(digits.bytes()) {
        cell[usize::from(b - b'0')] = 0.991;
    }
    cells
}

/// A number in a proportional face: separators half a digit wide, a hyphen a little more.
fn spaced_row(text: &str, face: usize, pitch: f32) -> (GrayImage, Band) {
    let mut image = GrayImage::from_fn(1200, 120, |x, y| Luma([236 + ((x * 7 + y * 3) % 11) as u8]));
    let mut at = 100.0_f32;
    for c in text.chars() {
        let advance = match c {
            '0'..='9' => 1.0,
            '-' => 0.585,
            _ => 0.5,
        } * pitch;
        match c {
            '0'..='9' => {
                let digit = row_of(&c.to_string(), face, pitch, false);
                let glyph = imageops::crop_imm(&digit, 300, 0, pitch as u32, 120).to_image();
                imageops::replace(&mut image, &glyph, at.round() as i64, 0);
            }
            '.' | '-' => {
                let (top, wide) = if c == '.' { (78, 6) } else { (62, 12) };
                let left = (at + advance / 2.0) as u32 - wide / 2;
                for (x, y) in (left..left + wide).flat_map(|x| (top..top + 5).map(move |y| (x, y))) {
                    image.put_pixel(x, y, Luma([30]));
                }
            }
            _ => {}
        }
        at += advance;
    }
    (image, Band { left: 103.0, right: at - 3.0, top: 38.0, bottom: 82.0 })
}

#[test]
fn numbers_with_separators_are_read_digit_by_digit() {
    let patterns = [Pattern::NPWP_15, Pattern::GROUPED_16, Pattern::PLAIN_16];
    for text in ["82.361.421.9-127.000", "6271.0316.0483.0002", "6271 0316 0483 0002", "6271031604830002"] {
        let (image, band) = spaced_row(text, 2, 34.0);
        let row = read_number(&image, band, &patterns).unwrap();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(row.text(), digits, "{text}: fit {}", row.fit);
        // The caller knows the ends no better than a recogniser's boxes do.
        let rough = Band { left: band.left - 14.0, right: band.right + 8.0, ..band };
        assert_eq!(read_number(&image, rough, &patterns).unwrap().text(), digits, "{text}");
    }
    let empty = GrayImage::from_pixel(1200, 120, Luma([240]));
    let band = Band { left: 100.0, right: 700.0, top: 38.0, bottom: 82.0 };
    assert!(read_number(&empty, band, &patterns).is_none_or(|row| row.fit < -0.5));
}

#[test]
fn a_close_alternative_may_make_a_number_valid() {
    let mut cells = cells("823614219127000").to_vec();
    cells.truncate(15);
    cells[3] = [0.001; 10];
    (cells[3][3], cells[3][6]) = (0.5, 0.45);
    let row = NumberRow { cells, fit: -0.05 };
    let holds = |text: &str| text == "823614219127000";
    assert_eq!(row.text_that(holds).map(|(text, _)| text).as_deref(), Some("823614219127000"));
    assert_eq!(row.text_that(|text| text == "999999999999999"), None);
}
