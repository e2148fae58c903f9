//! A picture of what the reader saw: the card's outline, the boxes of the fields, their text and confidence.

use std::path::Path;

use filot_domain::card::CardReading;
use filot_ocr::{Mark, Trace};
use font8x8::UnicodeFonts as _;
use image::{ImageFormat, Rgb, RgbImage, imageops};

type Point = (f32, f32);

const FOUND: Rgb<u8> = Rgb([0, 190, 70]);
const WHOLE_IMAGE: Rgb<u8> = Rgb([255, 140, 0]);
const LABEL: Rgb<u8> = Rgb([120, 120, 130]);
const INK: Rgb<u8> = Rgb([10, 10, 20]);

/// A card is shown at least this wide, so that the text beside its fields can be read.
const MIN_CARD_WIDTH: f32 = 1000.0;
/// And no picture larger than this is made.
const MAX_SIDE: u32 = 3200;
/// A card of this width has characters of two dots' size.
const DOUBLED: f32 = 1500.0;
/// Side of a character in dots.
const GLYPH: i32 = 8;

/// Draws on the picture and writes it as PNG.
///
/// # Errors
/// The file cannot be written.
pub fn write(
    to: &Path,
    picture: &RgbImage,
    reading: &CardReading,
    trace: &Trace,
    summary: &str,
) -> image::ImageResult<()> {
    draw(picture, reading, trace, summary).save_with_format(to, ImageFormat::Png)
}

fn draw(picture: &RgbImage, reading: &CardReading, trace: &Trace, summary: &str) -> RgbImage {
    let largest = MAX_SIDE as f32 / picture.width().max(picture.height()).max(1) as f32;
    let scale = (MIN_CARD_WIDTH / trace.outline.width_px().max(1.0)).max(1.0).min(largest.max(0.1));
    let side = |s: u32| ((s as f32 * scale) as u32).clamp(1, MAX_SIDE);
    let mut canvas = imageops::resize(
        picture,
        side(picture.width()),
        side(picture.height()),
        imageops::FilterType::Triangle,
    );
    let place = |(x, y): Point| (x * scale, y * scale);
    // Dots of a size that stays legible beside the print, and still fits between two rows of it.
    let size = (trace.outline.width_px() * scale * 2.0 / DOUBLED).floor().clamp(1.0, 4.0) as i32;
    let found = reading.quality.card_found;
    outline(&mut canvas, &trace.outline.corners.map(place), if found { FOUND } else { WHOLE_IMAGE }, 3);
    let mut drawn = Vec::new();
    for mark in &trace.marks {
        let corners = mark.corners.map(place);
        outline(&mut canvas, &corners, colour(reading, mark), 2);
        // The second line of a wrapped value says nothing new.
        if !mark.fields.is_empty() && !drawn.contains(&mark.fields) {
            drawn.push(mark.fields.clone());
            // Where the print begins as one looks at it, whichever way up the card is.
            let (x, y) =
                corners.into_iter().min_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1))).unwrap_or_default();
            let y = y as i32 - (GLYPH + 3) * size - 1;
            text(&mut canvas, (x as i32, y), size, &caption(reading, mark), colour(reading, mark));
        }
    }
    let lines = [summary.to_owned(), reasons(reading)];
    for (line, row) in lines.iter().filter(|line| !line.is_empty()).zip(0_i32..) {
        let at = (6, 4 + row * (GLYPH + 4) * size);
        text(&mut canvas, at, size, line, if found { FOUND } else { WHOLE_IMAGE });
    }
    canvas
}

/// The values of a mark's fields, each with its confidence in percent.
fn caption(reading: &CardReading, mark: &Mark) -> String {
    let parts = mark.fields.iter().map(|name| {
        reading.fields.get(name).map_or_else(
            || format!("{name}?"),
            |field| format!("{} {:.0}", field.value, field.confidence * 100.0),
        )
    });
    parts.collect::<Vec<_>>().join(" | ")
}

fn reasons(reading: &CardReading) -> String {
    reading.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Green for what is all but certain, yellow for doubt, red for more of it.
fn colour(reading: &CardReading, mark: &Mark) -> Rgb<u8> {
    let least = mark.fields.iter().map(|name| reading.confidence(*name)).reduce(f32::min);
    match least {
        None => LABEL,
        Some(c) if c >= 0.9 => Rgb([0, 150, 60]),
        Some(c) if c >= 0.7 => Rgb([200, 150, 0]),
        Some(_) => Rgb([220, 30, 30]),
    }
}

/// A closed line through four points.
fn outline(canvas: &mut RgbImage, corners: &[Point; 4], colour: Rgb<u8>, thick: i32) {
    for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        let steps = (from.0 - to.0).abs().max((from.1 - to.1).abs()).ceil().clamp(1.0, 4.0 * MAX_SIDE as f32);
        for step in 0..=steps as u32 {
            let t = step as f32 / steps;
            let (x, y) = (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t);
            for dy in 0..thick {
                for dx in 0..thick {
                    dot(canvas, x as i32 + dx - thick / 2, y as i32 + dy - thick / 2, colour);
                }
            }
        }
    }
}

fn dot(canvas: &mut RgbImage, x: i32, y: i32, colour: Rgb<u8>) {
    if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
        && let Some(pixel) = canvas.get_pixel_mut_checked(x, y)
    {
        *pixel = colour;
    }
}

/// One line of text on a pale strip with a coloured end, kept inside the picture; `size` is a dot's.
fn text(canvas: &mut RgbImage, at: (i32, i32), size: i32, line: &str, colour: Rgb<u8>) {
    let wide = (i32::try_from(line.chars().count()).unwrap_or(i32::MAX / 64) * GLYPH + GLYPH) * size;
    let high = (GLYPH + 3) * size;
    let inside = |v: i32, length: i32, side: u32| v.min(side as i32 - length).max(0);
    let (x, y) = (inside(at.0, wide, canvas.width()), inside(at.1, high, canvas.height()));
    fill(canvas, (x, y), (wide, high), Rgb([250, 250, 245]));
    fill(canvas, (x, y), (4 * size, high), colour);
    for (column, character) in (0_i32..).zip(line.chars()) {
        let glyph = font8x8::BASIC_FONTS.get(character).or_else(|| font8x8::BASIC_FONTS.get('?'));
        for (dy, bits) in (0_i32..).zip(glyph.unwrap_or_default()) {
            for dx in (0..GLYPH).filter(|dx| (bits >> dx) & 1 == 1) {
                let dot = (x + (6 + column * GLYPH + dx) * size, y + (2 + dy) * size);
                fill(canvas, dot, (size, size), INK);
            }
        }
    }
}

fn fill(canvas: &mut RgbImage, at: (i32, i32), by: (i32, i32), colour: Rgb<u8>) {
    for y in at.1..at.1 + by.1 {
        // A strip may be longer than the picture is wide.
        for x in at.0..(at.0 + by.0).min(MAX_SIDE as i32) {
            dot(canvas, x, y, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use filot_domain::FieldName;
    use filot_domain::card::FieldReading;
    use filot_ocr::trace::CardOutline;

    use super::*;

    #[test]
    fn outline_and_fields_are_drawn_inside_the_picture() {
        let picture = RgbImage::from_pixel(1200, 800, Rgb([128; 3]));
        let outline = CardOutline {
            corners: [(-50.0, 10.0), (1190.0, 10.0), (1190.0, 790.0), (10.0, 2000.0)],
            score: 1.0,
        };
        let corners = [(100.0, 100.0), (400.0, 100.0), (400.0, 130.0), (100.0, 130.0)];
        let trace = Trace { outline, marks: vec![Mark { fields: vec![FieldName::Name], corners }] };
        let mut reading = CardReading::default();
        reading.quality.card_found = true;
        let drawn = draw(&picture, &reading, &trace, "unknown");
        assert_eq!(drawn.dimensions(), picture.dimensions());
        assert_eq!(drawn.get_pixel(600, 10), &FOUND);
        // Nothing was read there: red.
        assert_eq!(drawn.get_pixel(250, 100), &Rgb([220, 30, 30]));
        reading.fields.insert(FieldName::Name, FieldReading { value: "SITI".to_owned(), confidence: 0.97 });
        let drawn = draw(&picture, &reading, &trace, "KTP");
        assert_eq!(drawn.get_pixel(250, 100), &Rgb([0, 150, 60]));
        assert_eq!(caption(&reading, &trace.marks[0]), "SITI 97");
    }
}
