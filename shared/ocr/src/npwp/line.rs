//! One line of a tax card, from its first reading to its fields.
//!
//! Owns the data of a line. Its role is assigned once, by [`crate::npwp::line_roles`], and carried. It must not know how
//! a line is read.

use crate::recognition::digits::NumberRow;
use crate::text::line::Line;

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineRole {
    /// The tax number.
    Number,
    /// The holder.
    Name,
    /// The holder's NIK.
    Nik,
    /// A line of the address.
    Address,
    /// Labels, registration, office, decoration; also a line whose role is not assigned yet.
    #[default]
    Other,
}

/// One line of the card.
#[derive(Debug, Clone, Default)]
pub struct NpwpLine {
    /// First column of the line, in pixels.
    pub left: u32,
    /// Top of the capitals.
    pub top: u32,
    /// Baseline.
    pub bottom: u32,
    /// Whether it begins at the very edge of the card: its first letters may be missing.
    pub cut_off: bool,
    /// As read with every character allowed.
    pub line: Line,
    /// What it holds.
    pub role: LineRole,
    /// The symbol of `line` at which the value begins.
    pub value_from: usize,
    /// The value as later passes have it: with the alphabet of its role, and words by both readers.
    pub second_pass: Option<Line>,
    /// The number in the line as the digit classifier saw it.
    pub digits: Option<NumberRow>,
}

/// The column at which a symbol of a line begins, counted from the line's first symbol: line images have a margin.
pub fn column_of(line: &Line, symbol: usize) -> u32 {
    let margin = line.symbols.first().map_or(0, |symbol| symbol.left);
    line.symbols.get(symbol).map_or(0, |symbol| symbol.left.saturating_sub(margin))
}
