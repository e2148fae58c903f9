//! One recognised line of text: its characters, where they are in the picture, and how certain each is.
//!
//! Owns that data and its confidence. It must not know who read it.

/// One recognised character.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Symbol {
    /// The character; a space between words is a symbol of its own.
    pub character: char,
    /// Probability that it is right, 0 to 1.
    pub confidence: f32,
    /// Left edge in the line image.
    pub left: u32,
    /// Right edge in the line image.
    pub right: u32,
}

/// One recognised line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// The characters from left to right.
    pub symbols: Vec<Symbol>,
}

impl Line {
    /// The text of the line.
    pub fn text(&self) -> String {
        self.symbols.iter().map(|symbol| symbol.character).collect()
    }

    /// A text that needed no reading.
    pub fn certain(text: &str) -> Self {
        let symbol = |character| Symbol { character, confidence: 1.0, left: 0, right: 0 };
        Self { symbols: text.chars().map(symbol).collect() }
    }

    /// Symbols of one confidence, for tests.
    #[cfg(test)]
    pub fn with_confidence(text: &str, confidence: f32) -> Self {
        let symbol = |character| Symbol { character, confidence, left: 0, right: 0 };
        Self { symbols: text.chars().map(symbol).collect() }
    }

    /// The lowest confidence and the geometric mean of all, spaces left out; zeros for an empty line.
    pub fn confidence(&self) -> LineConfidence {
        confidence_of(&self.symbols)
    }
}

/// How sure an engine is of several symbols.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LineConfidence {
    /// Of the least certain symbol.
    pub min: f32,
    /// Geometric mean.
    pub mean: f32,
}

/// The confidence of a run of symbols.
pub fn confidence_of(symbols: &[Symbol]) -> LineConfidence {
    let printed = symbols.iter().filter(|symbol| symbol.character != ' ');
    let (mut min, mut logs, mut count) = (1.0_f32, 0.0_f32, 0.0_f32);
    for symbol in printed {
        min = min.min(symbol.confidence);
        logs += symbol.confidence.max(1e-3).ln();
        count += 1.0;
    }
    if count == 0.0 { LineConfidence::default() } else { LineConfidence { min, mean: (logs / count).exp() } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_do_not_count_towards_confidence() {
        let symbol = |character, confidence| Symbol { character, confidence, left: 0, right: 0 };
        let line = Line { symbols: vec![symbol('A', 0.9), symbol(' ', 0.0), symbol('B', 0.4)] };
        let confidence = line.confidence();
        assert!((confidence.min - 0.4).abs() < 1e-6);
        assert!((confidence.mean - 0.6).abs() < 1e-6);
        assert_eq!(Line::default().confidence(), LineConfidence::default());
    }
}
