//! Small tools on recognised text: likeness, vocabularies, digit repairs. Knows characters, not cards.

use std::collections::BTreeMap;
use std::ops::Range;

use filot_domain::{FieldName, FieldReading};

use crate::text::line::{Line, Symbol, confidence_of};

/// Edits (insert, delete, replace) between two texts. Inputs are lines of a card: short.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(256).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(256).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Likeness of two texts, 0 to 1, capitals and anything but letters and digits ignored.
pub fn likeness(a: &str, b: &str) -> f32 {
    let (a, b) = (bare(a), bare(b));
    let longest = a.chars().count().max(b.chars().count());
    if longest == 0 {
        return 0.0;
    }
    1.0 - distance(&a, &b) as f32 / longest as f32
}

/// Letters and digits only, in capitals.
pub fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The word of a closed vocabulary that a text means: the nearest, if it is near and no other is as near.
pub fn closest<'a>(text: &str, words: &[&'a str]) -> Option<(&'a str, usize)> {
    let text = text.trim();
    let bare_text = bare(text);
    let mut found: Option<(&'a str, usize)> = None;
    let mut tie = false;
    for word in words {
        let edits = distance(&bare_text, &bare(word));
        match found {
            Some((_, least)) if edits > least => {}
            Some((_, least)) if edits == least => tie = true,
            _ => {
                found = Some((word, edits));
                tie = false;
            }
        }
    }
    // A third of the word may be misread; of a word of three letters, one.
    found.filter(|(word, edits)| *edits == 0 || (!tie && *edits * 3 <= bare(word).len().max(3)))
}

/// A digit that this character is, or is often taken for, in a field that holds digits only.
pub const fn as_digit(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' => c,
        'O' | 'D' | 'Q' | 'o' | 'U' => '0',
        'I' | 'l' | '|' | '!' | 'L' | 'i' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'B' => '8',
        'g' | 'q' => '9',
        '?' | 'T' => '7',
        'b' | 'G' => '6',
        'A' => '4',
        _ => return None,
    })
}

/// Abbreviations that addresses write with a full stop, and never before a comma.
const ABBREVIATIONS: [&str; 24] = [
    "JL", "JLN", "JLAN", "GG", "NO", "KP", "KMP", "DS", "DSN", "DUS", "KOMP", "KOMPL", "PERUM", "BLK", "LR",
    "LRG", "LK", "LINGK", "DR", "PROF", "JEND", "LETJEN", "HJ", "KH",
];

/// An address with a full stop where a comma was read behind an abbreviation or an initial: they differ by a pixel or
/// two below the line, and nobody writes `JL, MAWAR NO, 5`.
pub fn stops_after_abbreviations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let word = out.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        // A single letter is an initial behind a stop, as in `M.T. HARYONO`; behind a space it may be a block's.
        let initial = word.len() == 1 && out.as_bytes().iter().rev().nth(1) == Some(&b'.');
        let abbreviated = ABBREVIATIONS.contains(&word) || initial;
        out.push(if c == ',' && abbreviated { '.' } else { c });
    }
    out
}

/// A value cut out of a line, and how sure the engine is of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Of its least certain symbol.
    pub min: f32,
    /// Geometric mean over its symbols.
    pub mean: f32,
}

impl Piece {
    /// From symbols, with spaces at either end dropped.
    pub fn of(symbols: &[Symbol]) -> Self {
        let text: String = symbols.iter().map(|symbol| symbol.character).collect();
        let confidence = confidence_of(symbols);
        Self { text: text.trim().to_owned(), min: confidence.min, mean: confidence.mean }
    }

    /// Probability that the whole value is right: what the least certain symbol was worth on generated cards.
    pub fn confidence(&self) -> f32 {
        along(CALIBRATION.iter().copied(), self.min)
    }
}

/// What the least certain symbol of a value has that is right with this probability: [`Piece::confidence`] the other way.
pub fn least_of(probability: f32) -> f32 {
    along(CALIBRATION.iter().map(|(least, right)| (*right, *least)), probability)
}

/// The height at `x` of the line through these points, which rise from left to right; level beyond them.
fn along(mut points: impl Iterator<Item = (f32, f32)>, x: f32) -> f32 {
    let Some(mut below) = points.next() else { return 0.0 };
    for above in points {
        if x < above.0 {
            let part = (x - below.0) / (above.0 - below.0).max(1e-6);
            return below.1 + part.clamp(0.0, 1.0) * (above.1 - below.1);
        }
        below = above;
    }
    below.1
}

/// Trusts a field less where the fields read under the same conditions were read in doubt: on a picture that leaves most
/// words illegible, one that a recogniser is sure of is still likely wrong, or a part of what is printed.
pub fn in_company(fields: &mut BTreeMap<FieldName, FieldReading>, field: FieldName, others: &[FieldName]) {
    /// From this mean confidence on the company is good.
    const GOOD: f32 = 0.7;
    /// What is left beside fields of which none could be read.
    const LEAST: f32 = 0.5;
    let known: Vec<f32> = others.iter().filter_map(|other| Some(fields.get(other)?.confidence)).collect();
    if known.is_empty() {
        return;
    }
    let mean = known.iter().sum::<f32>() / known.len() as f32;
    if let Some(reading) = fields.get_mut(&field) {
        reading.confidence *= LEAST + (1.0 - LEAST) * (mean / GOOD).min(1.0);
    }
}

/// The reading that several looks at the same pixels support best, and how far it is to be trusted.
///
/// Evidence adds up: a look counts by how unlikely it is to be wrong, a second one that agrees by a little less, and
/// `bonus` by what else speaks for a reading.
pub fn weigh(looks: &[(String, f32)], bonus: impl Fn(&str) -> f32) -> Option<(String, f32)> {
    let mut readings: Vec<(&str, f32)> = Vec::new();
    for (text, confidence) in looks {
        let weight = -(1.0 - confidence.clamp(0.0, 0.999)).ln();
        match readings.iter_mut().find(|(known, _)| known == text) {
            Some((_, support)) => *support += 0.6 * weight,
            None => readings.push((text, weight)),
        }
    }
    for (text, support) in &mut readings {
        *support += bonus(text);
    }
    readings.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (text, support) = *readings.first()?;
    // Against a rival only the lead counts.
    let lead = readings.get(1).map_or(1.0, |(_, rival)| 1.0 / (1.0 + (rival - support).exp()));
    Some((text.to_owned(), (1.0 - (-support).exp()) * lead))
}

/// Confidence of the least certain symbol, and the share of values that were right: 1,478 names and addresses of 752 generated
/// cards of all difficulties, smoothed, and on the careful side where few were seen.
const CALIBRATION: [(f32, f32); 11] = [
    (0.0, 0.02),
    (0.7, 0.05),
    (0.8, 0.15),
    (0.9, 0.42),
    (0.93, 0.68),
    (0.95, 0.8),
    (0.96, 0.86),
    (0.97, 0.91),
    (0.98, 0.96),
    (0.99, 0.988),
    (1.0, 0.995),
];

/// Characters that stand between a label and its value, or are dirt at the end of a line.
const fn is_edge_dirt(c: char) -> bool {
    matches!(c, ':' | ';' | '.' | ',' | '\'' | '"' | ' ' | '/' | '&')
}

/// Where the value of a line is: without the colon and the dirt before it, and without dirt after it.
pub fn value_range(symbols: &[Symbol]) -> Range<usize> {
    let before = |symbol: &Symbol| is_edge_dirt(symbol.character);
    let after = |symbol: &Symbol| {
        matches!(symbol.character, ':' | ';' | ',' | '\'' | '"' | ' ' | '/' | '&' | '-' | '(' | '+')
    };
    let begin = symbols.iter().position(|symbol| !before(symbol)).unwrap_or(symbols.len());
    // What consists of dirt alone is a dash.
    let end = symbols.iter().rposition(|symbol| !after(symbol)).map_or(begin + 1, |last| last + 1);
    begin..end.max(begin + 1).min(symbols.len())
}

/// The value of a line.
pub fn value_of(line: &Line) -> Piece {
    Piece::of(line.symbols.get(value_range(&line.symbols)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("KAWIN", "KAWIN"), 0);
        assert_eq!(distance("KAWN", "KAWIN"), 1);
        assert_eq!(distance("", "ABC"), 3);
    }

    #[test]
    fn a_value_is_as_sure_as_its_least_certain_symbol_was_worth() {
        let confidence = |min| Piece { min, ..Piece::default() }.confidence();
        assert_eq!((confidence(0.0), confidence(0.97), confidence(1.0)), (0.02, 0.91, 0.995));
        assert!((confidence(0.94) - 0.74).abs() < 1e-5);
        for probability in [0.05, 0.5, 0.9, 0.97] {
            assert!((confidence(least_of(probability)) - probability).abs() < 1e-5, "{probability}");
        }
        assert_eq!((least_of(0.0), least_of(1.0)), (0.0, 1.0));
    }

    #[test]
    fn the_nearest_word_wins_unless_two_are_as_near() {
        let words = ["BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI"];
        assert_eq!(closest("BELUMKAW1N", &words), Some(("BELUM KAWIN", 1)));
        assert_eq!(closest("KAVVIN", &words), None);
        assert_eq!(closest("KAVIN", &words), Some(("KAWIN", 1)));
        assert_eq!(closest("WNX", &["WNI", "WNA"]), None);
        assert_eq!(closest("PETANI", &words), None);
    }

    #[test]
    fn looks_that_agree_support_each_other_and_rivals_are_doubt() {
        let look = |text: &str, confidence| (text.to_owned(), confidence);
        let (_, alone) = weigh(&[look("1", 0.9)], |_| 0.0).unwrap();
        let (_, twice) = weigh(&[look("1", 0.9), look("1", 0.9)], |_| 0.0).unwrap();
        let (text, against) = weigh(&[look("1", 0.9), look("2", 0.7)], |_| 0.0).unwrap();
        assert_eq!(text, "1");
        assert!(against < alone && alone < twice, "{against} {alone} {twice}");
        assert_eq!(
            weigh(&[look("1", 0.9), look("2", 0.8)], |t| if t == "2" { 2.0 } else { 0.0 }).unwrap().0,
            "2"
        );
        assert_eq!(weigh(&[], |_| 0.0), None);
    }

    #[test]
    fn a_sure_word_among_illegible_ones_is_doubtful() {
        let reading = |confidence| FieldReading { value: "X".to_owned(), confidence };
        let after = |others: f32| {
            let mut fields =
                BTreeMap::from([(FieldName::Name, reading(0.98)), (FieldName::Address, reading(others))]);
            in_company(&mut fields, FieldName::Name, &[FieldName::Address, FieldName::Village]);
            fields[&FieldName::Name].confidence
        };
        assert_eq!(after(0.9), 0.98);
        assert!(after(0.5) < 0.9 && after(0.2) < 0.7);
    }

    #[test]
    fn abbreviations_end_in_a_full_stop() {
        assert_eq!(
            stops_after_abbreviations("JL, M.T, HARYONO NO, 5, GG, II"),
            "JL. M.T. HARYONO NO. 5, GG. II"
        );
        assert_eq!(stops_after_abbreviations("BLOK C, NO, 5A, GG, II"), "BLOK C, NO. 5A, GG. II");
        assert_eq!(stops_after_abbreviations("DUSUN TENGAH, RAYA"), "DUSUN TENGAH, RAYA");
        assert_eq!(stops_after_abbreviations(""), "");
    }

    #[test]
    fn labels_are_alike_whatever_their_case_and_slashes() {
        assert!(likeness("RTIRW", "RT/RW") >= 0.8);
        assert!(likeness("KELLDESA", "Kel/Desa") >= 0.85);
        assert!(likeness("Nama", "Agama") < 0.65);
    }

    fn line(text: &str) -> Line {
        let symbol = |character| Symbol { character, confidence: 0.9, left: 0, right: 0 };
        Line { symbols: text.chars().map(symbol).collect() }
    }

    #[test]
    fn colons_and_dirt_are_no_part_of_a_value() {
        assert_eq!(value_of(&line(": JL. IMAM BONJOL NO. 145")).text, "JL. IMAM BONJOL NO. 145");
        assert_eq!(value_of(&line(".: WNI '")).text, "WNI");
        assert_eq!(value_of(&line(": -")).text, "-");
    }
}
