//! What a caller says of where print stands on a card, so that a card can be found by its print.
//!
//! Owns the form of that knowledge. It must not know a card: the caller gives the numbers.

/// Labelled rows at one pitch, their labels and their values each in a column of their own.
#[derive(Debug, Clone, Copy)]
pub struct RowGrid {
    /// From middle line to middle line of two rows, as a share of the card's height.
    pub pitch: f32,
    /// Middle line of the first row, as a share of the card's height.
    pub first_row: f32,
    /// Left end of the labels, as a share of the card's width.
    pub labels: f32,
    /// Left end of the values, as a share of the card's width.
    pub values: f32,
    /// Middle lines above the first row, in rows: a number and two lines of header.
    pub above: [f32; 3],
}
