//! The text of a field with its confidence, cut out of one recognised line or of several.
//!
//! Owns how a value is cut from its line and how the lines of a wrapped value are joined. It must not know which field
//! it is.

use crate::text::confidence::calibrated;
use crate::text::line::{Line, Symbol, confidence_of};
use crate::text::normalise::value_range;

/// A value cut out of a line, and how sure the engine is of its symbols.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldText {
    /// The text, without spaces at either end.
    pub text: String,
    /// Confidence of the least certain symbol, 0 to 1.
    pub min: f32,
    /// Geometric mean of the symbols' confidences, 0 to 1.
    pub mean: f32,
}

impl FieldText {
    /// From symbols, with spaces at either end dropped.
    pub fn of(symbols: &[Symbol]) -> Self {
        let text: String = symbols.iter().map(|symbol| symbol.character).collect();
        let confidence = confidence_of(symbols);
        Self { text: text.trim().to_owned(), min: confidence.min, mean: confidence.mean }
    }

    /// Probability that the whole value is right, see [`calibrated`].
    pub fn confidence(&self) -> f32 {
        calibrated(self.min)
    }

    /// Adds the next line of a wrapped value. `after_comma`: the line before ended in a comma, which cutting took off.
    pub fn append(&mut self, next: &Self, after_comma: bool) {
        self.text.push_str(if after_comma { ", " } else { " " });
        self.text.push_str(&next.text);
        self.min = self.min.min(next.min);
        self.mean = self.mean.min(next.mean);
    }
}

/// The value of a line, see [`value_range`].
pub fn value_of(line: &Line) -> FieldText {
    FieldText::of(line.symbols.get(value_range(&line.symbols)).unwrap_or_default())
}

/// Whether a line ends in a comma of at least this confidence. At the end of a value a comma is dirt; before the next
/// line of the value it is print, as before the degree behind a name.
pub fn ends_in_comma(line: &Line, least_confidence: f32) -> bool {
    let last = line.symbols.last();
    last.is_some_and(|symbol| symbol.character == ',' && symbol.confidence >= least_confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_and_dirt_are_no_part_of_a_value() {
        let value = |text: &str| value_of(&Line::with_confidence(text, 0.9)).text;
        assert_eq!(value(": JL. IMAM BONJOL NO. 145"), "JL. IMAM BONJOL NO. 145");
        assert_eq!(value(".: WNI '"), "WNI");
        assert_eq!(value(": -"), "-");
    }

    #[test]
    fn a_joined_value_is_as_sure_as_its_worst_line() {
        let mut value = FieldText { text: "SITI".to_owned(), min: 0.9, mean: 0.95 };
        value.append(&FieldText { text: "S.PD".to_owned(), min: 0.8, mean: 0.97 }, true);
        assert_eq!(value, FieldText { text: "SITI, S.PD".to_owned(), min: 0.8, mean: 0.95 });
    }
}
