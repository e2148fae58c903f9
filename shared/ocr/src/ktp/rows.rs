//! The rows of a KTP below its NIK: where the label, the value and the extra of each are.
//!
//! Owns how the print of a row is divided. It must not know which field a row holds.

use crate::correction::glyph::Glyph;
use crate::ktp::blood_shape::{BloodShape, blood_shape};
use crate::ktp::params::PARAMS;
use crate::ktp::template::TEMPLATE;
use crate::ktp::value_column::ValueColumn;
use crate::page::{Page, Row, Span};

/// One row and the columns of its parts.
#[derive(Debug, Clone)]
pub(crate) struct RowLayout {
    pub row: Row,
    pub label: Option<Span>,
    pub value: Option<Span>,
    pub value_is_dash: bool,
    /// Whether the value begins where no other does.
    pub off_column: bool,
    /// Whether print touches the value's box from outside: a part of the value may be missing.
    pub cut: bool,
    /// First column of print beside the value that is the ground's.
    pub ground: Option<u32>,
    pub extra: Option<Span>,
    /// Whether the extra is paler than the value: print of the ground, or blood group in thinner letters.
    pub extra_is_pale: bool,
    pub blood: Option<BloodShape>,
}

/// Where the text of a card ends on the right, as shares of its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TextBounds {
    /// Print that reaches further right may be the portrait's edge.
    pub text_right: f32,
    /// No value is printed further right.
    pub portrait_left: f32,
}

/// Gives every row the height of capitals, and adds the short second lines that the projection missed.
///
/// Where a long label in small letters stands before a short value, the row was measured by the label; where a wrapped
/// value leaves two digits on its second line, there is too little ink for a row.
pub(crate) fn evened(page: &Page, rows: Vec<Row>, height: u32, column: &ValueColumn) -> Vec<Row> {
    let mut heights: Vec<u32> = rows.iter().map(Row::height).collect();
    heights.sort_unstable();
    let capitals = heights.get(heights.len() * 7 / 10).copied().unwrap_or(height).min(height * 5 / 4);
    let mut steps: Vec<u32> = rows.windows(2).map(|pair| pair[1].bottom - pair[0].bottom).collect();
    steps.sort_unstable();
    let step = steps.get(steps.len() / 2).copied().unwrap_or(capitals * 17 / 10);
    let mut evened: Vec<Row> = Vec::with_capacity(rows.len() + 2);
    for row in rows {
        if let Some(above) = evened.last().copied()
            && (row.bottom - above.bottom) * 10 > step * 16
        {
            let area = crate::page::Area {
                left: column.left(row).saturating_sub(capitals),
                top: above.bottom + step / 6,
                right: column.left(row) + (TEMPLATE.wrapped_width * page.width() as f32) as u32,
                bottom: row.bottom.saturating_sub(capitals),
            };
            let between = page
                .faint_rows(area)
                .into_iter()
                .filter(|found| found.height() * 10 >= capitals * 6 && found.height() * 10 <= capitals * 15);
            evened.extend(between.take(2));
        }
        evened.push(row);
    }
    if let Some(last) = evened.last().copied() {
        evened.extend(rows_below(page, last, (capitals, step), column));
    }
    evened.truncate(TEMPLATE.rows_max);
    for row in &mut evened {
        if row.height() < capitals {
            row.top = row.bottom.saturating_sub(capitals);
        }
    }
    evened
}

/// Short values below the last row, each a step further down: without labels they hold too little ink for a row.
fn rows_below(page: &Page, last: Row, (capitals, step): (u32, u32), column: &ValueColumn) -> Vec<Row> {
    let area = crate::page::Area {
        left: column.left(last).saturating_sub(capitals / 2),
        top: last.bottom + step / 6,
        right: column.left(last) + (TEMPLATE.wrapped_width * page.width() as f32) as u32,
        bottom: (TEMPLATE.text_bottom * page.height() as f32) as u32,
    };
    let mut above = last;
    let mut below = Vec::new();
    for row in page.faint_rows(area) {
        let alike = row.height() * 10 >= capitals * 8 && row.height() * 10 <= capitals * 13;
        let in_step = (row.bottom - above.bottom).abs_diff(step) * 10 <= step * 2;
        if !alike || !in_step {
            break;
        }
        below.push(row);
        above = row;
    }
    below
}

pub(crate) fn median(mut values: Vec<u32>) -> u32 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// The print of a header row: its widest piece without a wide gap.
pub(crate) fn header_span(page: &Page, row: Row) -> Option<Span> {
    let w = page.width();
    let margin = w / TEMPLATE.header_margin_parts;
    let spans = page.spans(row, margin, w - margin, row.height() * 3 / 2);
    spans
        .into_iter()
        .max_by_key(|span| span.right - span.left)
        .filter(|span| span.right - span.left > row.height() * 2)
}

/// The print of a row in some columns.
struct Printed {
    /// Pieces parted by wide gaps.
    spans: Vec<Span>,
    /// The first piece that is paler than the card's ink: print of the ground, or what glare has left.
    ground: Option<Span>,
}

/// The print between two columns of a row, without words as pale as the print of the ground.
fn printed(page: &Page, row: Row, (left, right): (u32, u32), high: u32) -> Printed {
    let mut found = Printed { spans: Vec::new(), ground: None };
    // Ink of the first word; a colon is too narrow to tell.
    let mut ink = 0.0;
    for word in page.spans(row, left, right, high * 2 / 5) {
        let darkness = page.ink_darkness(row, word);
        if ink == 0.0 && (word.right - word.left) * 10 > high * 4 {
            ink = darkness;
        }
        match found.spans.last_mut() {
            Some(span) if word.left - span.right < high * 5 / 4 => {
                if darkness < PARAMS.ground_print_max.0 * ink {
                    found.ground.get_or_insert(word);
                } else {
                    span.right = word.right;
                }
            }
            _ => found.spans.push(word),
        }
    }
    found
}

/// Whether a piece of print is as high as a row's capitals.
fn is_as_high_as_letters(page: &Page, row: Row, span: Span) -> bool {
    page.ink_height(row, span).is_some_and(|(top, bottom)| (bottom - top) * 10 >= row.height() * 7)
}

/// A short flat stroke in the middle of the row.
fn is_dash(page: &Page, row: Row, span: Span) -> bool {
    let high = row.height();
    let wide = span.right - span.left;
    let Some((top, bottom)) = page.ink_height(row, span) else { return false };
    wide * 10 >= high * 2
        && wide <= high
        && (bottom - top) * 10 <= high * 4
        && top > row.top + high / 4
        && bottom < row.bottom - high / 8
}

/// A piece of print without the edge of the portrait that it may have run into, and whether print that goes on beside it was
/// taken for that edge.
fn without_portrait(page: &Page, row: Row, span: Span, text_right: u32, high: u32) -> Option<(Span, bool)> {
    if span.right <= text_right {
        return Some((span, false));
    }
    let pieces = page.spans(row, span.left, span.right, high * 3 / 10);
    let last = pieces.iter().rposition(|piece| piece.left < text_right)?;
    let mut right = pieces.get(last)?.right;
    // A last digit may stand in the margin: as near as a word, as narrow as a letter, and paper above and below it.
    for piece in pieces.get(last + 1..)? {
        let narrow = (2..=11).contains(&((piece.right - piece.left) * 10 / high.max(1)));
        let near = piece.left < right + high && piece.right < span.right + 1;
        if !narrow || !near || !stands_alone(page, row, *piece, high) {
            return Some((Span { left: span.left, right }, near));
        }
        right = piece.right;
    }
    Some((Span { left: span.left, right }, false))
}

/// Whether a letter stands right before a value, nearer than a word would: no colon, but print that the value may have
/// lost.
fn touched_from_left(page: &Page, row: Row, value: Span, high: u32) -> bool {
    let before = page.strokes(row, value.left.saturating_sub(2 * high), value.left, 1);
    before.last().is_some_and(|piece| {
        let near = (value.left - piece.right) * 10 < high * 3;
        near && Glyph::of(page, row, *piece).is_some_and(|glyph| glyph.height() >= 0.5 && !glyph.is_colon())
    })
}

/// Whether there is paper right above, below and behind a piece of print: the portrait's edge goes on.
fn stands_alone(page: &Page, row: Row, piece: Span, high: u32) -> bool {
    let light = |top: u32, bottom: u32, left: u32, right: u32| {
        page.ink_share(Row { top, bottom }, Span { left, right }) < 0.1
    };
    let gap = (high / 4).max(2);
    let off = (high / 8).max(1);
    light(row.top.saturating_sub(off + gap), row.top.saturating_sub(off), piece.left, piece.right)
        && light(row.bottom + off, row.bottom + off + gap, piece.left, piece.right)
        && light(row.top, row.bottom, piece.right + 1, piece.right + 1 + gap)
}

/// A value without the colon before it, where that was taken for the beginning.
fn behind_colon(page: &Page, row: Row, span: Span) -> Span {
    let pieces = page.strokes(row, span.left, span.right, 1);
    match pieces.as_slice() {
        [first, next, ..] if Glyph::of(page, row, *first).is_some_and(|glyph| glyph.is_colon()) => {
            Span { left: next.left, right: span.right }
        }
        _ => span,
    }
}

/// A value with the letters at its ends that are too faint for ink: on the left up to the column where values begin, on
/// the right up to where paper begins, `limit` at most.
fn with_faint(page: &Page, row: Row, span: Span, column: u32, limit: u32) -> Span {
    let high = row.height();
    let mut reached = span;
    let value = page.darkness(row, span);
    let printed = |left: u32, right: u32| {
        right >= left + (high / 3).max(2)
            && page.darkness(row, Span { left, right }) > PARAMS.faint_print_share * value
    };
    // Letters end a little before the ink begins.
    let near = high / 6;
    if is_off(span, column, high) && printed(column, span.left.saturating_sub(near)) {
        reached.left = column;
    }
    // A letter at a time, and a wide one may be open in its first half.
    let step = high * 6 / 10;
    while reached.right + near + step <= limit && printed(reached.right + near, reached.right + near + step) {
        reached.right += near + step;
    }
    reached
}

/// The parts of each row. `high`: the height of capitals in px, `column`: where values begin.
pub(crate) fn row_layouts(
    page: &Page,
    rows: &[Row],
    high: u32,
    column: &ValueColumn,
    bounds: TextBounds,
) -> Vec<RowLayout> {
    let text_right = (bounds.text_right * page.width() as f32) as u32;
    let mut layouts: Vec<RowLayout> =
        rows.iter().map(|row| row_layout(page, *row, high, column, bounds)).collect();
    let begins: Vec<Option<u32>> = layouts.iter().map(|row| row.value.map(|span| span.left)).collect();
    for (i, layout) in layouts.iter_mut().enumerate() {
        let (Some(span), Some(column)) = (layout.value, column_beside(&begins, i)) else { continue };
        let beside = layout.extra.map(|extra| extra.left).into_iter().chain(layout.ground).min();
        let limit = beside.map_or(text_right, |left| left.saturating_sub(high));
        let reached = with_faint(page, layout.row, span, column, limit);
        layout.off_column = is_off(reached, column, high);
        layout.value = Some(reached);
    }
    layouts
}

/// The parts of one row by its own print.
fn row_layout(page: &Page, row: Row, high: u32, column: &ValueColumn, bounds: TextBounds) -> RowLayout {
    let w = page.width() as f32;
    let px = |share: f32| (share * w) as u32;
    let (text_right, border) = (px(bounds.text_right), column.border(page, row, high));
    let Printed { spans, ground } = printed(page, row, (border.at, px(bounds.portrait_left)), high);
    let mut layout = RowLayout {
        row,
        label: label_span(page, row, (px(TEMPLATE.text_left), border.at), high),
        value: None,
        value_is_dash: false,
        off_column: false,
        cut: border.divides_ink,
        ground: ground.map(|span| span.left),
        extra: None,
        extra_is_pale: false,
        blood: None,
    };
    // A value begins where values begin.
    let Some((first, rest)) =
        spans.split_first().filter(|(first, _)| first.left < column.left(row) + high * 3)
    else {
        return layout;
    };
    let first = behind_colon(page, row, *first);
    layout.value_is_dash = is_dash(page, row, first);
    let inside = without_portrait(page, row, first, text_right, high);
    layout.value = inside.map(|(span, _)| span);
    layout.cut |= touched_from_left(page, row, first, high)
        || inside.is_some_and(|(_, goes_on)| goes_on)
        // What glare has made pale looks like the ground's print.
        || ground.is_some_and(|pale| {
            (first.right..first.right + high * 5 / 4).contains(&pale.left)
                && is_as_high_as_letters(page, row, pale)
        });
    let extra_left_max = px(bounds.text_right - TEMPLATE.extra_before_text_right);
    let beside = rest.iter().take_while(|span| span.left < extra_left_max).count();
    let beside = rest.get(..beside).unwrap_or_default();
    if let (Some(next), Some(last)) = (beside.first(), beside.last()) {
        let all = Span { left: next.left, right: last.right };
        layout.extra = without_portrait(page, row, all, text_right, high).map(|(span, _)| span);
    }
    layout.blood = layout.extra.and_then(|span| blood_shape(page, row, span));
    layout.extra_is_pale = layout.extra.zip(layout.value).is_some_and(|(extra, value)| {
        page.ink_darkness(row, extra) < PARAMS.ground_print_max.1 * page.ink_darkness(row, value)
    });
    layout
}

/// The label of a row: everything up to the colon.
fn label_span(page: &Page, row: Row, (left, right): (u32, u32), high: u32) -> Option<Span> {
    let before = page.spans(row, left, right, high * 2 / 5);
    let wide = |span: &&Span| (span.right - span.left) * 10 > high * 4;
    Some(Span { left: before.iter().find(wide)?.left, right: before.iter().rfind(wide)?.right })
}

/// Where the value of a row should begin, by the rows next to it: the column may lean, so of those the one furthest
/// right. `None`: fewer than two rows next to it have a value.
fn column_beside(begins: &[Option<u32>], at: usize) -> Option<u32> {
    let above = begins.get(at.saturating_sub(2)..at).unwrap_or_default();
    let below = begins.get(at + 1..(at + 3).min(begins.len())).unwrap_or_default();
    let beside: Vec<u32> = above.iter().chain(below).copied().flatten().collect();
    // One alone may itself be off.
    if beside.len() >= 2 { beside.into_iter().max() } else { None }
}

/// Whether a value begins further right of its column than the open side of a letter reaches.
const fn is_off(span: Span, column: u32, high: u32) -> bool {
    span.left * 2 > column * 2 + high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_in_the_margin_is_print() {
        // A word of strokes, and behind the margin a digit or the portrait's edge.
        let page = |from: u32, to: u32| {
            let gray = image::GrayImage::from_fn(400, 120, |x, y| {
                let word = (40..60).contains(&y) && (100..200).contains(&x) && x % 8 < 5;
                let last = (from..to).contains(&y) && (210..220).contains(&x);
                image::Luma([if word || last { 20 } else { 250 }])
            });
            let area = crate::page::Area { left: 0, top: 0, right: 400, bottom: 120 };
            Page::new(gray, area)
        };
        let row = Row { top: 40, bottom: 60 };
        let span = Span { left: 100, right: 220 };
        let right = |page: &Page| without_portrait(page, row, span, 205, 20).map(|(span, _)| span.right);
        assert_eq!(right(&page(40, 60)), Some(220));
        assert_eq!(right(&page(0, 120)), Some(197));
    }

    #[test]
    fn letters_too_faint_for_ink_belong_to_a_value() {
        // Five letters of two strokes, of which glare has left some pale.
        let page = |faint: std::ops::Range<u32>| {
            let gray = image::GrayImage::from_fn(400, 120, |x, y| {
                let inked = (40..60).contains(&y) && (100..200).contains(&x) && x % 10 < 5;
                image::Luma([match inked {
                    true if faint.contains(&((x - 100) / 20)) => 170,
                    true => 20,
                    false => 250,
                }])
            });
            let area = crate::page::Area { left: 0, top: 0, right: 400, bottom: 120 };
            Page::new(gray, area)
        };
        let row = Row { top: 40, bottom: 60 };
        let found = |page: &Page, column: u32| {
            let span = page.spans(row, 90, 300, 20)[0];
            with_faint(page, row, span, column, 300)
        };
        assert_eq!(found(&page(0..0), 100), Span { left: 100, right: 195 });
        assert_eq!(found(&page(0..2), 100).left, 100);
        assert!(found(&page(4..5), 100).right >= 195);
        // Nothing is printed there: the value is off its column.
        let off = found(&page(0..0), 60);
        assert!(off.left == 100 && is_off(off, 60, 20));
    }

    #[test]
    fn a_column_may_lean() {
        let begins = [Some(120), Some(117), None, Some(112), Some(109)];
        assert_eq!(column_beside(&begins, 0), None);
        assert_eq!(column_beside(&begins, 1), Some(120));
        assert_eq!(column_beside(&begins, 3), Some(117));
        assert_eq!(column_beside(&[Some(9)], 0), None);
    }
}
