//! The geometry of a KTP: where its text, its NIK, its header and its portrait are printed.
//!
//! Owns every such number, once. Cards are printed in several runs that differ by about a row's height, so most of them
//! are generous bounds. It must not know how print is found or read. Detection, which may not import a card, is handed
//! [`ROW_GRID`] by the pipeline: a plain argument, so that it does not know where the numbers come from.
//!
//! Unless a field says otherwise, `x` and widths are shares of the card's width, `y` and heights of its height. The
//! values were fitted on generated cards; `./dev accuracy --count N --seed S` checks them.

use crate::detection::RowGrid;

/// The bounds within which a KTP is read, see [`TEMPLATE`].
pub(crate) struct Template {
    /// Bounds of labels and values.
    pub text_left: f32,
    pub text_right: f32,
    pub text_top: f32,
    pub text_bottom: f32,
    /// The part whose print is level once the card is, right of `text_left`: without header, portrait and signature.
    pub level_right: f32,
    pub level_top: f32,
    pub level_bottom: f32,
    /// No value is printed further right.
    pub portrait_left: f32,
    /// The portrait of no print run begins further right.
    pub portrait_left_max: f32,
    /// How far before `text_right` the portrait's edge or the issuing city may begin: an extra begins further left.
    pub extra_before_text_right: f32,
    /// Every header line has print between these; the portrait's upper edge lies further right.
    pub header_left: f32,
    pub header_right: f32,
    /// Header lines are measured without this part of the width, one in so many, at either side.
    pub header_margin_parts: u32,
    /// Bounds of the row of the NIK.
    pub nik_top: f32,
    pub nik_bottom: f32,
    /// How far before the column of values its digits begin at the earliest, behind the label.
    pub nik_before_values: f32,
    /// Columns that hold digits of the NIK in every print run, and no label.
    pub nik_digits_left: f32,
    pub nik_digits_right: f32,
    /// Middle of its row and half its height, where no row was found.
    pub nik_middle: f32,
    pub nik_half_height: f32,
    /// Least and greatest width of a digit with its gap.
    pub nik_pitch: (f32, f32),
    /// Least and greatest column at which values begin, and the usual one.
    pub value_left: (f32, f32),
    pub value_left_usual: f32,
    /// Width, from the column of values on, in which the short second line of a wrapped value is looked for.
    pub wrapped_width: f32,
    /// How far RT/RW, village and district are indented under the address.
    pub indent: f32,
    /// From row to row, to separate the first labelled row from the NIK: it lies at least half a pitch below. Not
    /// [`ROW_GRID`]'s pitch, which is fitted to the middle lines of all rows and gives the height of a card: here the
    /// middle of one row is compared with the edge of another, and another value could move rows across the bound.
    pub row_pitch_below_nik: f32,
    /// Most rows: twelve labels, and two wrapped lines each for name and address.
    pub rows_max: usize,
    /// Widths of the twelve labels from the top, in heights of a capital, in each spelling that its width identifies.
    /// Helvetica and its kin set them so; other sans faces are wider or narrower by one factor, within four per cent.
    pub label_widths: [&'static [f32]; 12],
}

pub(crate) static TEMPLATE: Template = Template {
    text_left: 0.006,
    text_right: 0.725,
    text_top: 0.04,
    text_bottom: 0.97,
    level_right: 0.70,
    level_top: 0.2,
    level_bottom: 0.93,
    portrait_left: 0.745,
    portrait_left_max: 0.785,
    extra_before_text_right: 0.025,
    header_left: 0.2,
    header_right: 0.68,
    header_margin_parts: 20,
    nik_top: 0.16,
    nik_bottom: 0.36,
    nik_before_values: 0.09,
    nik_digits_left: 0.26,
    nik_digits_right: 0.66,
    nik_middle: 0.25,
    nik_half_height: 0.03,
    nik_pitch: (0.0235, 0.0345),
    value_left: (0.0, 0.4),
    value_left_usual: 0.27,
    wrapped_width: 0.19,
    indent: 0.036,
    row_pitch_below_nik: 0.0505,
    rows_max: 16,
    label_widths: [
        &[3.87],
        &[10.99],
        &[8.80],
        &[4.52],
        &[4.75],
        &[5.90],
        &[7.36],
        &[4.61, 8.58],
        &[12.13],
        &[6.55],
        &[11.90],
        &[9.94],
    ],
};

/// Rows and columns by which a card is found whose outline is not seen: the twelve labelled rows, the NIK and the two
/// header lines, by their middle lines. The height of a card follows from the pitch. [`crate::page`] separates rows that
/// have run together by its own share of the height, for any card.
pub(crate) static ROW_GRID: RowGrid =
    RowGrid { pitch: 0.0500, first_row: 0.3073, labels: 0.0345, values: 0.2716, above: [-1.6, -3.32, -4.41] };
