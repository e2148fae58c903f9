//! Where the portrait of a KTP begins, seen in the picture.
//!
//! Owns the search for its left edge, for cards on which the template does not hold: a scan that lost its column of labels
//! has the portrait further left. It must not know what is printed beside it.

use crate::ktp::params::PARAMS;
use crate::page::Page;

/// Rows of pixels that are compared at once: a letter's stroke fills few of them, the portrait's edge all.
const BLOCK: u32 = 8;
/// How far to either side of an edge, in px, its levels are taken.
const REACH: u32 = 4;

/// The leftmost column in px, in the right half of the page, at which a long upright edge stands. `None`: there is none.
pub(crate) fn portrait_left(page: &Page) -> Option<u32> {
    let (w, h) = (page.width() as f32, page.height() as f32);
    let fitted = &PARAMS.portrait_edge;
    let columns = (fitted.columns.0 * w) as u32..(fitted.columns.1 * w) as u32;
    let needed = (fitted.height_min * h) as u32 / BLOCK;
    columns.step_by(2).find(|x| longest_edge(page, *x) >= needed)
}

/// The most blocks above each other in which the levels left and right of a column differ.
fn longest_edge(page: &Page, x: u32) -> u32 {
    let (mut longest, mut run) = (0, 0);
    for top in (0..page.height().saturating_sub(BLOCK)).step_by(BLOCK as usize) {
        let level = |from: u32| {
            let mut sum = 0_u32;
            for y in top..top + BLOCK {
                for x in from..from + REACH {
                    sum += u32::from(page.gray.get_pixel(x, y).0[0]);
                }
            }
            sum as f32 / (BLOCK * REACH) as f32
        };
        let differs = x > REACH
            && x + REACH + 1 < page.width()
            && (level(x + 1) - level(x - REACH)).abs() > PARAMS.portrait_edge.step_min;
        run = if differs { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Area;

    #[test]
    fn a_long_upright_edge_is_the_portraits() {
        let page = |left: u32, height: u32| {
            let gray = image::GrayImage::from_fn(600, 380, |x, y| {
                let portrait = x >= left && (100..100 + height).contains(&y);
                let print = (60..340).contains(&y) && y % 24 < 12 && (40..400).contains(&x) && x % 9 < 4;
                image::Luma([if portrait {
                    90
                } else if print {
                    20
                } else {
                    240
                }])
            });
            Page::new(gray, Area { left: 0, top: 0, right: 600, bottom: 380 })
        };
        assert!(portrait_left(&page(390, 180)).is_some_and(|x| x.abs_diff(390) < 8));
        assert_eq!(portrait_left(&page(390, 40)), None);
    }
}
