//! Where the lines of a tax card are, in either of its layouts.
//!
//! Owns the search for them: both layouts are lines from the left edge, or with values in a column of their own. It must
//! not know what they say.

use crate::npwp::barcode_mask;
use crate::npwp::params::PARAMS;
use crate::page::{Area, Page, Row, Span};

/// Where the lines of an NPWP card are.
#[derive(Debug, Clone)]
pub struct NpwpLayout {
    pub(crate) rows: Vec<(Row, Span)>,
}

impl NpwpLayout {
    /// Looks for the rows.
    pub fn find(page: &Page) -> Self {
        // The lines of a code would be taken for print, and hide the print beside them.
        let without = page.without(&barcode_mask::find(page));
        let page = without.as_ref().unwrap_or(page);
        let w = page.width() as f32;
        let at = |share: f32| (share * w) as u32;
        let place = |row: Row| {
            let spans = page.spans(row, at(PARAMS.text_left), at(PARAMS.line_right), row.height() * 3 / 2);
            // Label, colon and value may stand apart; pieces that begin on the right are the code or the background.
            let text: Vec<&Span> =
                spans.iter().filter(|span| span.left < at(PARAMS.piece_left_max)).collect();
            let (first, last) = (text.first()?, text.last()?);
            let mut span = Span { left: first.left, right: last.right };
            if span.left <= at(PARAMS.text_left) + 2 {
                // The outline was taken too narrow, or print runs up to the edge.
                let further = page.spans(row, 2, span.right, row.height());
                span.left = further
                    .iter()
                    .find(|piece| piece.right > span.left)
                    .map_or(span.left, |piece| piece.left);
            }
            let wide = span.right - span.left;
            // A line begins on the left, or where values do behind a column of labels, and is longer than it is high.
            let placed = span.left < at(PARAMS.line_left_max) && wide > row.height() * 3 / 2;
            // The edge of a band is a thin stroke across the card.
            let share = page.ink_share(row, span);
            let across = first.left <= at(PARAMS.text_left) + 3
                && (wide > at(PARAMS.band_width_min) || share < 2.0 * PARAMS.ink_share_min);
            let print = share > PARAMS.ink_share_min && !across && row.height() >= PARAMS.row_height_min_px;
            (placed && print).then_some((row, span))
        };
        let found: Vec<(Row, Span)> = page
            .rows(page.area(PARAMS.text_left, PARAMS.text_top, PARAMS.text_right, PARAMS.text_bottom))
            .into_iter()
            .filter_map(place)
            .collect();
        let mut lefts: Vec<u32> = found.iter().map(|(_, span)| span.left).collect();
        lefts.sort_unstable();
        let left = lefts.get(lefts.len() / 2).copied().unwrap_or(0);
        let mut heights: Vec<u32> = found.iter().map(|(row, _)| row.height()).collect();
        heights.sort_unstable();
        let height = heights.get(heights.len() / 3).copied().unwrap_or(0);
        let found: Vec<(Row, Span)> =
            found.into_iter().map(|(row, span)| (whole_row(page, row, span, height), span)).collect();
        let columns = value_columns(page, &found, left, height);
        // A line of one short word holds too little ink beside the others: look again in the gaps, where lines begin.
        let mut rows: Vec<(Row, Span)> = Vec::with_capacity(PARAMS.rows_max);
        for (row, span) in found {
            if let Some((above, _)) = rows.last().copied()
                && row.top.saturating_sub(above.bottom) > height * 2
            {
                let fits = |(row, span): &(Row, Span)| {
                    row.height() * 10 >= height * 7
                        && row.height() * 10 <= height * 14
                        && columns.iter().any(|column| span.left.abs_diff(*column) * 2 <= height)
                };
                let gap = |column: u32| Area {
                    left: column.saturating_sub(height),
                    top: above.bottom + height / 4,
                    right: column + height * 12,
                    bottom: row.top.saturating_sub(height / 4),
                };
                let faint = |column: &u32| -> Vec<(Row, Span)> {
                    let rows = page.faint_rows(gap(*column)).into_iter();
                    rows.filter_map(place).filter(fits).take(2).collect()
                };
                let between = columns.iter().map(faint).find(|rows| !rows.is_empty());
                rows.extend(between.unwrap_or_default());
            }
            rows.push((row, span));
        }
        rows.truncate(PARAMS.rows_max);
        Self { rows }
    }
}

/// A row of one short word holds so little ink that only the middle of its letters was found: its height by its own ink.
fn whole_row(page: &Page, row: Row, span: Span, usual: u32) -> Row {
    if row.height() * 10 >= usual * 8 {
        return row;
    }
    let around = Area {
        left: span.left,
        top: row.top.saturating_sub(usual / 2),
        right: span.right,
        bottom: row.bottom + usual / 2,
    };
    // What reaches the bounds is higher than a line.
    let holds = |tall: &Row| {
        (around.top + 1..=row.top).contains(&tall.top) && (row.bottom..around.bottom).contains(&tall.bottom)
    };
    page.faint_rows(around).into_iter().find(holds).unwrap_or(row)
}

/// Where lines begin: on the left, and behind a column of labels.
fn value_columns(page: &Page, rows: &[(Row, Span)], left: u32, height: u32) -> Vec<u32> {
    let mut columns = vec![left];
    for (row, span) in rows {
        let pieces = page.spans(*row, span.left, span.right, (height / 4).max(3));
        // The widest gap of the line, and what follows it, its colon left out.
        let gap = |pair: &[Span]| match pair {
            [a, b] => b.left - a.right,
            _ => 0,
        };
        let Some(at) = (1..pieces.len()).max_by_key(|at| pieces.get(at - 1..=*at).map_or(0, gap)) else {
            continue;
        };
        let narrow = |piece: &&Span| (piece.right - piece.left) * 5 <= height * 2;
        if let Some(value) = pieces.iter().skip(at).take(2).find(|piece| !narrow(piece)) {
            columns.push(value.left);
        }
    }
    // A line that begins where a value does is worth looking for; each place once.
    let mut kept: Vec<u32> = Vec::new();
    for column in &columns {
        let shared = columns.iter().filter(|other| other.abs_diff(*column) * 2 <= height).count();
        if (*column == left || shared >= 2) && kept.iter().all(|known| known.abs_diff(*column) * 2 > height) {
            kept.push(*column);
        }
    }
    kept.truncate(3);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    #[test]
    fn a_short_word_is_as_high_as_its_own_ink() {
        // Letters of 20 px, of which only the middle was found.
        let (page, row) = drawn(|x, _| if (20..80).contains(&x) && x / 4 % 2 == 0 { 200 } else { 0 });
        let (middle, span) = (Row { top: 45, bottom: 54 }, Span { left: 20, right: 80 });
        let whole = whole_row(&page, middle, span, 20);
        assert!(whole.top.abs_diff(row.top) <= 1 && whole.bottom.abs_diff(row.bottom) <= 1, "{whole:?}");
        // What is about as high as the others is left alone, and what would be far higher too.
        assert_eq!(whole_row(&page, middle, span, 10), middle);
        assert_eq!(whole_row(&page, Row { top: 48, bottom: 51 }, span, 13), Row { top: 48, bottom: 51 });
    }
}
