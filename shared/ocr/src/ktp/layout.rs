//! Where the lines of a KTP are: header, NIK row, rows below it.
//!
//! Owns the search for them on a level page. It must not know what they say.

use crate::ktp::portrait::portrait_left;
use crate::ktp::rows::{RowLayout, TextBounds, evened, header_span, median, row_layouts};
use crate::ktp::template::TEMPLATE;
use crate::ktp::value_column::ValueColumn;
use crate::page::{Area, Page, Row, Span};

/// Fewer labelled rows than this are no KTP's, unless its labels are cut off: `./dev accuracy --count N --seed S` checks it.
pub(crate) const MIN_LABELLED_ROWS: usize = 4;

/// The bounds of the template.
const TEXT_BOUNDS: TextBounds =
    TextBounds { text_right: TEMPLATE.text_right, portrait_left: TEMPLATE.portrait_left };

/// Where the lines of a KTP are.
#[derive(Debug, Clone)]
pub struct KtpLayout {
    pub(crate) header: Vec<(Row, Span)>,
    pub(crate) nik: Option<Row>,
    pub(crate) value_column: ValueColumn,
    pub(crate) rows: Vec<RowLayout>,
}

impl KtpLayout {
    /// The part of a card whose print is level once the card is.
    pub fn area(page_width: u32, page_height: u32) -> Area {
        let at = |share: f32, of: u32| (share * of as f32) as u32;
        Area {
            left: at(TEMPLATE.text_left, page_width),
            top: at(TEMPLATE.level_top, page_height),
            right: at(TEMPLATE.level_right, page_width),
            bottom: at(TEMPLATE.level_bottom, page_height),
        }
    }

    /// Looks for the rows.
    pub fn find(page: &Page) -> Self {
        let usual = Self::find_within(page, TEXT_BOUNDS);
        if usual.labelled_rows() >= MIN_LABELLED_ROWS {
            return usual;
        }
        // Without labels what is left of the card is wider, and the portrait further left.
        match portrait_left(page) {
            Some(edge) if (edge as f32) < TEMPLATE.text_right * page.width() as f32 => {
                let edge = edge as f32 / page.width() as f32;
                let margin = TEMPLATE.portrait_left - TEMPLATE.text_right;
                Self::find_within(page, TextBounds { text_right: edge - margin, portrait_left: edge })
            }
            _ => usual,
        }
    }

    fn find_within(page: &Page, bounds: TextBounds) -> Self {
        let h = page.height() as f32;
        let rows = page.rows(page.area(
            TEMPLATE.text_left,
            TEMPLATE.text_top,
            bounds.text_right,
            TEMPLATE.text_bottom,
        ));
        let in_nik_zone = |row: &Row| (TEMPLATE.nik_top * h..TEMPLATE.nik_bottom * h).contains(&row.middle());
        // The tallest row of digits near where it should be; the label may be small, so its column is left out.
        let digits = page.rows(page.area(
            TEMPLATE.nik_digits_left,
            TEMPLATE.nik_top,
            TEMPLATE.nik_digits_right,
            TEMPLATE.nik_bottom,
        ));
        let body_height = median(
            rows.iter()
                .filter(|row| row.middle() > TEMPLATE.nik_bottom * h)
                .map(|row| row.height())
                .collect(),
        )
        .max(8);
        let nik = digits
            .iter()
            .filter(|row| {
                in_nik_zone(row) && row.height() * 10 >= body_height * 11 && row.height() <= body_height * 3
            })
            .max_by_key(|row| row.height())
            .or_else(|| digits.iter().min_by_key(|row| (row.middle() - TEMPLATE.nik_middle * h).abs() as u32))
            .copied();
        let nik_middle = nik.map_or(TEMPLATE.nik_middle * h, |row| row.middle());
        let half = nik.map_or(TEMPLATE.nik_half_height * h, |row| row.height() as f32 * 0.5);
        let above: Vec<(Row, Span)> = page
            .rows(page.area(
                TEMPLATE.header_left,
                TEMPLATE.text_top,
                TEMPLATE.header_right,
                TEMPLATE.nik_bottom,
            ))
            .into_iter()
            .filter(|row| (row.bottom as f32) < nik_middle - half + 3.0)
            .filter_map(|row| header_span(page, row).map(|span| (row, span)))
            .collect();
        let header = above[above.len().saturating_sub(2)..].to_vec();
        let body: Vec<Row> = rows
            .into_iter()
            .filter(|row| {
                row.middle() > nik_middle + half.max(0.5 * TEMPLATE.row_pitch_below_nik * h)
                    && row.height() * 5 >= body_height * 2
                    && row.height() <= body_height * 2
            })
            .take(TEMPLATE.rows_max)
            .collect();
        let column = ValueColumn::find(page, &body, body_height);
        let body = evened(page, body, body_height, &column);
        let rows = row_layouts(page, &body, body_height, &column, bounds);
        Self { header, nik, value_column: column, rows }
    }

    /// How many rows have a value, whether or not they have a label.
    pub fn valued_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.value.is_some()).count()
    }

    /// How many rows have a label.
    pub fn labelled_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.label.is_some()).count()
    }
}
