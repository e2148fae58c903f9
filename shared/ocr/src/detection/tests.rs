use image::{Rgb, RgbImage};

use super::*;
use crate::image::rectify::Homography;

fn find_card(image: &RgbImage) -> Option<CardOutline> {
    find_cards(image).0
}

/// The colour of a table at a pixel.
type Ground = fn(u32, u32) -> [f32; 3];

/// A number from 0 to 1 that looks random.
fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let mut h = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    (h & 0xFFFF) as f32 / 65535.0
}

/// A card's colour at a place in 0..1 each way: light blue, rows of print at the left, a red portrait at the right, a
/// wave of guilloche. `None` outside its rounded corners.
fn card(u: f64, v: f64) -> Option<[f32; 3]> {
    let (x, y) = (u * 85.6, v * 53.98);
    let (cx, cy) = (x.clamp(3.2, 82.4), y.clamp(3.2, 50.78));
    if !(0.0..=1.0).contains(&u) || !(0.0..=1.0).contains(&v) || (x - cx).hypot(y - cy) > 3.2 {
        return None;
    }
    if (64.0..80.0).contains(&x) && (11.0..32.0).contains(&y) {
        return Some([190.0, 40.0, 45.0]);
    }
    let header = (25.0..60.0).contains(&x) && (3.5..9.0).contains(&y);
    let rows = (3.5..40.0).contains(&x) && (12.0..48.0).contains(&y);
    if (header || rows) && (y / 2.7).fract() < 0.45 && noise((x * 3.5) as u32, (y / 2.7) as u32, 1) > 0.7 {
        return Some([35.0, 40.0, 50.0]);
    }
    let wave = ((x * 3.0).sin() * (y * 2.5).cos() * 8.0) as f32;
    Some([150.0 + wave, 190.0 + wave, 225.0])
}

/// The card at these corners on a ground, four samples a pixel.
fn scene(size: (u32, u32), corners: &[Point; 4], ground: impl Fn(u32, u32) -> [f32; 3]) -> RgbImage {
    let back = Homography::from_rectangle(1.0, 1.0, corners).unwrap().inverse().unwrap();
    RgbImage::from_fn(size.0, size.1, |x, y| {
        let mut sum = [0.0_f32; 3];
        for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
            let (u, v) = back.apply(f64::from(x) + dx, f64::from(y) + dy);
            for (s, c) in sum.iter_mut().zip(card(u, v).unwrap_or_else(|| ground(x, y))) {
                *s += c / 4.0;
            }
        }
        Rgb(sum.map(|c| c.clamp(0.0, 255.0) as u8))
    })
}

fn speckle(x: u32, y: u32) -> [f32; 3] {
    let v = 90.0 + 90.0 * noise(x / 5, y / 5, 2) + 30.0 * noise(x, y, 3);
    [v, v * 0.95, v * 0.9]
}

fn planks(x: u32, y: u32) -> [f32; 3] {
    if y % 190 < 4 {
        return [60.0, 40.0, 25.0];
    }
    let v = 0.8 + 0.25 * ((y as f32 + 12.0 * (x as f32 / 90.0).sin()) / 5.0).sin() + 0.1 * noise(x / 3, y, 4);
    [170.0 * v, 120.0 * v, 75.0 * v]
}

fn checks(x: u32, y: u32) -> [f32; 3] {
    if (x / 70 + y / 70).is_multiple_of(2) { [200.0, 60.0, 60.0] } else { [235.0, 230.0, 220.0] }
}

fn paper(_: u32, _: u32) -> [f32; 3] {
    [243.0, 243.0, 240.0]
}

/// The largest distance of a corner from where it is, as a share of the card's width, whichever long side is the top.
fn error(outline: &CardOutline, truth: &[Point; 4]) -> f32 {
    let width = CardOutline { corners: *truth, score: 0.0 }.width_px();
    [outline.corners, outline.turned(2).corners]
        .iter()
        .map(|corners| corners.iter().zip(truth).map(|(p, q)| distance(*p, *q)).fold(0.0_f32, f32::max))
        .fold(f32::MAX, f32::min)
        / width
}

const TILTED: [Point; 4] = [(302.0, 210.0), (1170.0, 165.0), (1225.0, 705.0), (262.0, 742.0)];

#[test]
fn the_outline_is_exact_to_half_a_percent_on_any_table() {
    let grounds: [(&str, Ground); 4] =
        [("speckle", speckle), ("planks", planks), ("checks", checks), ("paper", paper)];
    for (name, ground) in grounds {
        let image = scene((1500, 1000), &TILTED, ground);
        let found = find_card(&image);
        assert!(found.is_some(), "nothing found on {name}");
        let found = found.unwrap();
        let off = error(&found, &TILTED);
        assert!(off < 0.004, "{name}: off by {:.2} %", off * 100.0);
    }
}

#[test]
fn any_turn_is_found_with_long_sides_on_top() {
    let (cx, cy) = (600.0_f32, 600.0_f32);
    for degrees in [0.0_f32, 17.0, 44.0, 90.0, 133.0, 180.0, 270.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let corners = [(-400.0, -252.0), (400.0, -252.0), (400.0, 252.0), (-400.0, 252.0)]
            .map(|(x, y): (f32, f32)| (cx + x * cos - y * sin, cy + x * sin + y * cos));
        let image = scene((1200, 1200), &corners, speckle);
        let found = find_card(&image);
        assert!(found.is_some(), "nothing found at {degrees}°");
        let found = found.unwrap();
        let off = error(&found, &corners);
        assert!(off < 0.004, "{degrees}°: off by {:.2} %", off * 100.0);
        let ways = orientation_candidates(&image, &found);
        assert_eq!(ways.len(), 2);
        let up = distance(ways[0].corners[0], corners[0]);
        assert!(up < 10.0, "{degrees}°: the likeliest orientation has its top left {up} px away");
    }
}

#[test]
fn a_card_that_fills_half_the_frame_or_all_of_it_is_found() {
    let small = [(420.0, 300.0), (1080.0, 310.0), (1075.0, 728.0), (415.0, 716.0)];
    let off = error(&find_card(&scene((1500, 1000), &small, planks)).unwrap(), &small);
    assert!(off < 0.004, "small: off by {:.2} %", off * 100.0);
    // Cut to the card: only its rounded corners show the ground.
    let full = [(0.0, 0.0), (1300.0, 0.0), (1300.0, 820.0), (0.0, 820.0)];
    let found = find_card(&scene((1300, 820), &full, paper)).unwrap();
    let off = error(&found, &full);
    assert!(off < 0.01, "full: off by {:.2} %, {found:?}", off * 100.0);
}

#[test]
fn pictures_without_a_card_have_none() {
    for ground in [speckle, planks, checks, paper] {
        let image = RgbImage::from_fn(900, 700, |x, y| Rgb(ground(x, y).map(|c| c.clamp(0.0, 255.0) as u8)));
        assert_eq!(find_card(&image), None);
    }
    for (w, h) in [(1, 1), (64, 64), (2000, 3), (63, 900)] {
        assert_eq!(find_card(&RgbImage::new(w, h)), None, "{w} x {h}");
    }
}

#[test]
fn the_whole_picture_is_offered_in_four_turns() {
    let image = RgbImage::new(400, 300);
    let whole = CardOutline::whole_image(400, 300);
    let ways = orientation_candidates(&image, &whole);
    assert_eq!(ways.len(), 4);
    assert!(ways.iter().all(|way| (0..4).any(|turn| whole.turned(turn) == *way)));
}

/// Where [`ktp_strings`] has its rows.
const GRID: RowGrid =
    RowGrid { pitch: 0.0500, first_row: 0.3073, labels: 0.0345, values: 0.2716, above: [-1.6, -3.32, -4.41] };

/// A KTP's header, NIK and labelled rows: left, right, middle line and height of capitals, in shares of the card.
fn ktp_strings() -> Vec<(f64, f64, f64, f64)> {
    let mut strings = vec![
        (0.34, 0.66, 0.087, 0.030),
        (0.33, 0.67, 0.141, 0.030),
        (0.036, 0.09, 0.227, 0.036),
        (0.22, 0.69, 0.227, 0.040),
    ];
    for row in 0..12_u32 {
        let middle = 0.3073 + 0.05 * f64::from(row);
        let indent = if (4..7).contains(&row) { 0.036 } else { 0.0 };
        let (label, value) = (f64::from(noise(row, 0, 5)), f64::from(noise(row, 1, 5)));
        strings.push((0.036 + indent, 0.10 + indent + 0.1 * label, middle, 0.026));
        strings.push((0.272, 0.34 + 0.3 * value, middle, 0.026));
    }
    strings
}

/// Whether a character's ink is at this place of a card.
fn inked(strings: &[(f64, f64, f64, f64)], u: f64, v: f64) -> bool {
    strings.iter().any(|&(left, right, middle, high)| {
        let pitch = 0.5 * high;
        let part = ((u - left) / pitch).fract();
        // Each character is a frame with a bar, so that it has strokes.
        let (x, y) = (part / 0.62, (v - middle) / high + 0.5);
        let inside = u >= left && u < right && (0.0..1.0).contains(&y) && x < 1.0;
        inside && (x < 0.3 || y < 0.25 || y > 0.75 && part < 0.4)
    })
}

/// Print without a card's edges, in uneven light.
fn print_only(size: (u32, u32), corners: &[Point; 4], ink: impl Fn(f64, f64) -> bool) -> RgbImage {
    let back = Homography::from_rectangle(1.0, 1.0, corners).unwrap().inverse().unwrap();
    RgbImage::from_fn(size.0, size.1, |x, y| {
        let light = 90.0 + 120.0 * x as f32 / size.0 as f32 + 6.0 * noise(x, y, 9);
        let mut dark = 0.0;
        for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
            let (u, v) = back.apply(f64::from(x) + dx, f64::from(y) + dy);
            dark += if ink(u, v) { 0.15 } else { 0.0 };
        }
        Rgb([(light * (1.0 - dark)) as u8; 3])
    })
}

#[test]
fn a_ktp_without_edges_is_found_by_its_print() {
    let (strings, cx, cy) = (ktp_strings(), 750.0_f32, 700.0_f32);
    for degrees in [0.0_f32, 12.0, 90.0, 161.0, 180.0, 295.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        // Seen from below and from the left.
        let corners = [(-440.0, -300.0), (470.0, -275.0), (520.0, 320.0), (-500.0, 285.0)]
            .map(|(x, y): (f32, f32)| (cx + x * cos - y * sin, cy + x * sin + y * cos));
        let image = print_only((1500, 1400), &corners, |u, v| inked(&strings, u, v));
        assert_eq!(find_card(&image), None, "{degrees}°: the edges must not tell");
        let print = Printed::of(&image);
        let found = print.ktps(&image, &GRID);
        assert!(!found.is_empty(), "nothing found at {degrees}°");
        let off = found[0].corners.iter().zip(corners).map(|(a, b)| distance(*a, b)).fold(0.0, f32::max);
        assert!(off < 0.05 * 960.0, "{degrees}°: off by {off} of 960 pixels, {:?}", found[0]);
        // What is read lies along the print, in either of two orientations.
        for (turn, may) in [(0, true), (1, false), (2, true), (3, false)] {
            assert_eq!(print.agrees_with(&found[0].turned(turn)), may, "{degrees}°, turn {turn}");
        }
    }
}

#[test]
fn a_page_of_print_is_no_ktp() {
    let corners = [(80.0, 60.0), (1420.0, 90.0), (1400.0, 1330.0), (70.0, 1310.0)];
    // Rows from edge to edge at one pitch: no columns, no header.
    let page = |u: f64, v: f64| {
        let row = (v * 34.0).floor();
        let (x, y) = ((u * 75.0).fract(), (v * 34.0).fract());
        let word = noise((u * 75.0) as u32, row as u32, 4) > 0.18;
        (0.03..0.97).contains(&u)
            && (0.02..0.98).contains(&v)
            && word
            && x < 0.6
            && y < 0.5
            && (x < 0.2 || y < 0.12 || y > 0.38 && x < 0.4)
    };
    let image = print_only((1500, 1400), &corners, page);
    assert_eq!(Printed::of(&image).ktps(&image, &GRID), Vec::new());
    let blank = print_only((900, 700), &corners, |_, _| false);
    assert_eq!(Printed::of(&blank).ktps(&blank, &GRID), Vec::new());
    for (w, h) in [(1, 1), (2000, 3), (63, 900), (64, 64)] {
        let image = RgbImage::new(w, h);
        let print = Printed::of(&image);
        assert!(print.ktps(&image, &GRID).is_empty() && print.agrees_with(&CardOutline::whole_image(w, h)));
    }
}

#[test]
fn a_card_in_a_picture_made_square_is_found() {
    // The card stands upright in a wide picture, which an app then made square.
    let (left, right, top, bottom) = (90.0, 910.0, 130.0, 870.0);
    let squeezed = [(left, top), (right, top), (right, bottom), (left, bottom)];
    let image = scene((1000, 1000), &squeezed, speckle);
    assert!(may_be_squeezed(&image));
    let found = find_squeezed(&image);
    let off = found.iter().map(|outline| error(outline, &squeezed)).fold(f32::MAX, f32::min);
    assert!(off < 0.01, "off by {:.2} %", off * 100.0);
    // The picture itself may be the card.
    assert!(found.iter().any(|outline| outline.corners.contains(&(1000.0, 1000.0))));
}

#[test]
fn pictures_of_a_camera_or_a_page_are_not_searched_as_squeezed() {
    for (width, height) in [(1600, 1200), (1920, 1080), (1080, 1920), (1500, 1000), (848, 1200), (1010, 637)]
    {
        assert!(!may_be_squeezed(&RgbImage::new(width, height)), "{width} x {height}");
    }
    for (width, height) in [(800, 800), (900, 1200), (1280, 640)] {
        assert!(may_be_squeezed(&RgbImage::new(width, height)), "{width} x {height}");
    }
}
