//! Parts of a card that hide print: square codes, half of whose area is evenly ink, and a bar along the left edge.
//!
//! Owns finding them. It must not know what is printed beside them.

use crate::npwp::params::PARAMS;
use crate::page::{Area, Page, Row, Span};

/// Edge of the squares that are looked at, in pixels.
const BLOCK: u32 = 30;
/// Blocks along the edge of a window.
const WINDOW: usize = 3;
/// Most codes of a card.
const MOST_CODES: usize = 2;

/// The codes, and a bar along the left edge.
pub fn find(page: &Page) -> Vec<Area> {
    let (across, down) = ((page.width() / BLOCK) as usize, (page.height() / BLOCK) as usize);
    if across < WINDOW || down < WINDOW {
        return Vec::new();
    }
    let share = |x: usize, y: usize| {
        let (left, top) = (x as u32 * BLOCK, y as u32 * BLOCK);
        page.ink_share(Row { top, bottom: top + BLOCK }, Span { left, right: left + BLOCK })
    };
    let shares: Vec<Vec<f32>> = (0..down).map(|y| (0..across).map(|x| share(x, y)).collect()).collect();
    let mut found: Vec<(usize, usize, usize, usize)> = Vec::new();
    for y in 0..=down - WINDOW {
        for x in 0..=across - WINDOW {
            let blocks =
                || shares.iter().skip(y).take(WINDOW).flat_map(|row| row.iter().skip(x).take(WINDOW));
            let mean = blocks().sum::<f32>() / (WINDOW * WINDOW) as f32;
            if mean < PARAMS.code_ink_min
                || !blocks()
                    .all(|share| (PARAMS.code_block_ink_min..PARAMS.code_block_ink_max).contains(share))
            {
                continue;
            }
            let (right, bottom) = (x + WINDOW, y + WINDOW);
            // Windows that touch are of one code.
            match found.iter_mut().find(|f| x <= f.2 && right >= f.0 && y <= f.3 && bottom >= f.1) {
                Some(f) => *f = (f.0.min(x), f.1.min(y), f.2.max(right), f.3.max(bottom)),
                None => found.push((x, y, right, bottom)),
            }
        }
    }
    let square = |f: &(usize, usize, usize, usize)| {
        let (wide, high) = (f.2 - f.0, f.3 - f.1);
        wide.abs_diff(high) <= 2 && wide <= 10
    };
    let area = |f: (usize, usize, usize, usize)| {
        let edge = |at: usize| at as u32 * BLOCK;
        Area { left: edge(f.0), top: edge(f.1), right: edge(f.2), bottom: edge(f.3) }
    };
    let mut parts: Vec<Area> = found
        .into_iter()
        .filter(square)
        .map(area)
        .filter(|area| is_even(page, *area))
        .take(MOST_CODES)
        .map(|area| grown(page, area))
        .collect();
    parts.extend(edge_bar(page));
    parts
}

/// Height of the strips in which a code has ink everywhere, and lines of print have gaps.
const THIN: u32 = 6;

/// Whether a part has ink from top to bottom: between bold lines of print there is none.
fn is_even(page: &Page, area: Area) -> bool {
    let strips = (area.bottom - area.top) / THIN;
    let empty = |strip: &u32| {
        let top = area.top + strip * THIN;
        page.ink_share(Row { top, bottom: top + THIN }, Span { left: area.left, right: area.right }) < 0.1
    };
    (0..strips).filter(empty).count() as u32 * 10 <= strips
}

/// A bar along the left edge: its border would be taken for the first stroke of every line.
fn edge_bar(page: &Page) -> Option<Area> {
    let row = Row { top: page.height() / 6, bottom: page.height() * 9 / 10 };
    // Further in, lines that begin below each other have much ink in a column too.
    let far = page.width() * 3 / 100;
    let inked = |x: &u32| {
        let share = page.ink_share(row, Span { left: *x, right: *x + 2 });
        share > if *x < far { PARAMS.bar_ink_min } else { 1.6 * PARAMS.bar_ink_min }
    };
    let right = (0..2 * far).rev().find(inked)? + 4;
    Some(Area { left: 0, top: 0, right, bottom: page.height() })
}

/// Strips of this width are added to a code while there is ink in them.
const STRIP: u32 = 5;
/// A code ends within so many strips of its last dense block.
const STRIPS: u32 = 12;

/// The part with the rest of the code around it: white separates a code from print beside it.
fn grown(page: &Page, mut area: Area) -> Area {
    let inked = |area: Area| {
        let row = Row { top: area.top, bottom: area.bottom };
        page.ink_share(row, Span { left: area.left, right: area.right }) > 0.04
    };
    for _ in 0..STRIPS {
        let left = Area { left: area.left.saturating_sub(STRIP), right: area.left, ..area };
        let right = Area { left: area.right, right: area.right + STRIP, ..area };
        let above = Area { top: area.top.saturating_sub(STRIP), bottom: area.top, ..area };
        let below = Area { top: area.bottom, bottom: (area.bottom + STRIP).min(page.height()), ..area };
        if inked(left) {
            area.left = left.left;
        }
        if inked(right) {
            area.right = right.right;
        }
        if inked(above) {
            area.top = above.top;
        }
        if inked(below) {
            area.bottom = below.bottom;
        }
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma};

    #[test]
    fn a_code_is_found_and_print_is_none() {
        let image = GrayImage::from_fn(1200, 757, |x, y| {
            let code =
                (900..1080).contains(&x) && (300..480).contains(&y) && (x / 7 * 31 + y / 7 * 17) % 5 < 3;
            let print = (60..700).contains(&x) && y % 45 < 22 && (100..600).contains(&y) && x % 10 < 4;
            Luma([if code || print { 20 } else { 240 }])
        });
        let page = Page::new(image, Area { left: 0, top: 0, right: 700, bottom: 757 });
        let codes = find(&page);
        assert_eq!(codes.len(), 1, "{codes:?}");
        assert!(codes[0].left < 905 && codes[0].right > 1075 && codes[0].left > 830, "{codes:?}");
    }

    #[test]
    fn bold_lines_are_no_code() {
        let image = GrayImage::from_fn(1200, 757, |x, y| {
            let number = (90..860).contains(&x) && (160..197).contains(&y) && x % 26 < 17;
            let name = (90..400).contains(&x) && (220..255).contains(&y) && x % 26 < 17;
            let band = (120..135).contains(&y);
            Luma([if number || name || band { 20 } else { 240 }])
        });
        let page = Page::new(image, Area { left: 0, top: 0, right: 700, bottom: 757 });
        assert_eq!(find(&page).len(), 0);
    }
}
