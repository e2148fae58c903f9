//! The recognised lines of a KTP, before anything is made of them.
//!
//! Owns the shape of that data alone. It must not know how it is recognised, nor what the text means.

use crate::ktp::alignment::RowMeaning;
use crate::ktp::blood_shape::BloodShape;
use crate::recognition::digits::{DigitRow, NumberRow};
use crate::text::line::Line;

/// A row below the NIK.
#[derive(Debug, Clone, Default)]
pub struct KtpRow {
    /// The print left of the colon; empty for the second line of a wrapped value.
    pub label: Line,
    /// The print right of it.
    pub value: Line,
    /// Whether a lone dash stands there: recognisers see nothing in it.
    pub value_is_dash: bool,
    /// Whether print touches the value's box from outside: a part of the value may be missing.
    pub value_is_cut: bool,
    /// The date or the numbers in the value as the digit classifier saw them, where the recogniser was in doubt.
    pub digits: Option<NumberRow>,
    /// The print behind a wide gap in the same row: the blood group with its label; the rest of an address.
    pub extra: Option<Line>,
    /// Whether it is paler than the value: print of the ground, or letters of a thinner face.
    pub extra_is_pale: bool,
    /// The words that stand in place of the blood group, or behind its label, see [`BloodShape::words`].
    pub words: Option<Line>,
    /// Whether dashes stand in place of the first and of the second of two numbers.
    pub dashes: (bool, bool),
    /// The blood group whose shape the end of the extra has.
    pub blood: Option<BloodShape>,
    /// The end of the extra as the second reader has it, which knows no other letters than those of a group.
    pub group: Option<Line>,
    /// The citizenship whose shape the value has.
    pub citizenship: Option<&'static str>,
}

/// The lines of a KTP.
#[derive(Debug, Clone, Default)]
pub struct KtpLines {
    /// One or two header lines, from the top.
    pub header: Vec<Line>,
    /// The NIK row as the digit classifier saw it.
    pub nik: Option<DigitRow>,
    /// The rows below.
    pub rows: Vec<KtpRow>,
    /// The meaning of each row; `None`: to be aligned by the labels' texts.
    pub meanings: Option<Vec<RowMeaning>>,
}
