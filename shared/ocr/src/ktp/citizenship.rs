//! `WNI` or `WNA` by its shape: three letters are too little for a line recogniser where blur has joined them.

use crate::page::{Page, Row, Span};

/// What the three letters may be as wide as, in heights of a capital.
const WIDTH: (f32, f32) = (1.5, 3.6);
/// How much of a last `I` stands at its top, against its foot; an `A` has but its foot there.
const UPRIGHT: f32 = 0.62;
const SLANTED: f32 = 0.4;

/// What a value of the row of citizenship looks like; `None` where that is open.
pub(crate) fn look(page: &Page, row: Row, span: Span) -> Option<&'static str> {
    let high = row.height().max(1);
    let width = (span.right - span.left) as f32 / high as f32;
    if !(WIDTH.0..=WIDTH.1).contains(&width) {
        return None;
    }
    let left = span.right.saturating_sub((high * 3 / 10).max(2));
    let dark = |from: u32, to: u32| {
        let (mut sum, mut count) = (0_u32, 0_u32);
        for y in (row.top + high * from / 10)..(row.top + high * to / 10).min(page.height()) {
            for x in left..span.right.min(page.width()) {
                sum += u32::from(255 - page.gray.get_pixel(x, y).0[0]);
                count += 1;
            }
        }
        sum as f32 / count.max(1) as f32
    };
    let (top, foot) = (dark(1, 4), dark(6, 9));
    if foot < 20.0 {
        return None;
    }
    match top / foot {
        share if share >= UPRIGHT => Some("WNI"),
        share if share <= SLANTED && width > 1.9 => Some("WNA"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    /// A word of 50 columns in a row 20 high, of which the last 6 columns are inked as `last` says.
    fn look_at(last: impl Fn(u32, u32) -> bool) -> Option<&'static str> {
        let (page, row) = drawn(|x, y| {
            let word = (100..144).contains(&x) && x % 6 < 3;
            let end = (144..150).contains(&x) && last(x - 144, y);
            if word || end { 235 } else { 0 }
        });
        look(&page, row, Span { left: 100, right: 150 })
    }

    #[test]
    fn the_last_letter_tells() {
        assert_eq!(look_at(|x, _| x >= 3), Some("WNI"));
        // The right leg of an A reaches so far right at its foot alone.
        assert_eq!(look_at(|x, y| y >= 8 && x <= y / 3 && x + 2 >= y / 3), Some("WNA"));
        assert_eq!(look_at(|_, _| false), None);
    }

    #[test]
    fn a_long_value_is_neither() {
        let page = Page::new(
            image::GrayImage::from_pixel(300, 100, image::Luma([20])),
            crate::page::Area { left: 0, top: 0, right: 300, bottom: 100 },
        );
        assert_eq!(look(&page, Row { top: 40, bottom: 60 }, Span { left: 20, right: 120 }), None);
    }
}
