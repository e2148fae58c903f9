//! The fitted values of reading a tax card, side by side: its geometry, and bounds on its
//! readings. Holds numbers, no rules.
//!
//! Unless a field says otherwise, `x` and widths are shares of the card's width, `y` of its height, `_px` pixels of the
//! levelled card, confidences 0 to 1. `./dev accuracy --count N --seed S` checks them on generated cards.

/// Values fitted to generated cards of difficulties T0 to T3, in both layouts.
pub(crate) struct Params {
    /// Bounds of the lines: below the header band, above the lower band, left of the QR code.
    pub text_left: f32,
    pub text_right: f32,
    pub text_top: f32,
    pub text_bottom: f32,
    /// A line that begins left of the QR code may end here.
    pub line_right: f32,
    /// No line of a field begins further right.
    pub line_left_max: f32,
    /// A piece of a line begins further left; behind it are the code and the background.
    pub piece_left_max: f32,
    /// A row that begins at the edge and is wider than this is the edge of a band.
    pub band_width_min: f32,
    /// Most rows: two titles, four labels above their values, three lines of address, two more numbers, registration and
    /// office.
    pub rows_max: usize,
    /// Rows from the top that decide whether the rest is read.
    pub probed_rows: usize,
    /// A line that begins left of this column is cut off by the edge of the card.
    pub edge_px: u32,
    /// Lower print is not legible.
    pub row_height_min_px: u32,
    /// Share of ink in a line from which on it is print.
    pub ink_share_min: f32,
    /// The header band ends above this.
    pub header_bottom: f32,
    /// Mean share of ink from which on a window of blocks may be a code.
    pub code_ink_min: f32,
    /// Least and greatest share of ink in each block of a code.
    pub code_block_ink_min: f32,
    pub code_block_ink_max: f32,
    /// Share of ink in the columns of a bar at the left edge.
    pub bar_ink_min: f32,
    /// Weight of the classifier's digits from which on a number that the text confirms is not read again.
    pub sure_digits_min: f32,
    /// Mean confidence below which words are dirt, unless a label says that they are not.
    pub legible_min: f32,
    /// Mean confidence below which nothing is a label.
    pub legible_label_min: f32,
    /// Least confidence of the symbols of a label without a colon: dirt that resembles one has a lower one.
    pub label_without_colon_min: f32,
    /// Similarity from which on a word is one of the tax authority's: `KUANTAN`, a regency, is two letters from
    /// `KEUANGAN`.
    pub authority_similarity_min: f32,
    /// The same for the short `KPP` before the kind of an office.
    pub office_similarity_min: f32,
    /// Similarity from which on a word is `Terdaftar`.
    pub registration_similarity_min: f32,
    /// Similarity from which on a line is `REPUBLIK INDONESIA`.
    pub slogan_similarity_min: f32,
    /// Confidence from which on a comma at the end of a line of an address is print.
    pub comma_min: f32,
    /// Highest confidence of a number by its text alone.
    pub number_by_text_max: f32,
    /// Factor on the confidence of a number that is nearly, but not quite, the card's other one.
    pub nearly_equal_number: f32,
    /// Highest confidence of words that two passes let begin at different letters.
    pub begin_disputed: f32,
    /// Highest confidence of words that the edge of the card cuts off.
    pub cut_off: f32,
}

pub(crate) static PARAMS: Params = Params {
    text_left: 0.02,
    text_right: 0.76,
    text_top: 0.15,
    text_bottom: 0.93,
    line_right: 0.98,
    line_left_max: 0.48,
    piece_left_max: 0.6,
    band_width_min: 0.85,
    rows_max: 18,
    probed_rows: 5,
    edge_px: 8,
    row_height_min_px: 9,
    ink_share_min: 0.07,
    header_bottom: 0.24,
    code_ink_min: 0.34,
    code_block_ink_min: 0.14,
    code_block_ink_max: 0.9,
    bar_ink_min: 0.4,
    sure_digits_min: 0.9,
    legible_min: 0.3,
    legible_label_min: 0.55,
    label_without_colon_min: 0.9,
    authority_similarity_min: 0.78,
    office_similarity_min: 0.6,
    registration_similarity_min: 0.66,
    slogan_similarity_min: 0.75,
    comma_min: 0.95,
    number_by_text_max: 0.95,
    nearly_equal_number: 0.8,
    begin_disputed: 0.95,
    cut_off: 0.9,
};
