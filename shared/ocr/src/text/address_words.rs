//! The words of Indonesian addresses, and the full stops behind those that are abbreviations.
//!
//! Owns one table: each word with what readers of addresses need to know of it. It must not know how a line was read.

/// A short word that the first word of an address may be, as printed: it is not replaced by `JL` or `JLN`.
const SHORT_FIRST: u8 = 1;
/// An abbreviation whose full stop is put back where it was printed too faint for ink.
const FAINT_STOP: u8 = 2;
/// An abbreviation that is written with a full stop and never stands before a comma.
const STOP: u8 = 4;
/// A line that begins with this word is a line of an address.
const MARKS_ADDRESS: u8 = 8;

/// Each word in capitals, with the properties above.
const WORDS: [(&str, u8); 50] = [
    ("JL", SHORT_FIRST | FAINT_STOP | STOP | MARKS_ADDRESS),
    ("JLN", SHORT_FIRST | FAINT_STOP | STOP | MARKS_ADDRESS),
    ("GG", SHORT_FIRST | FAINT_STOP | STOP | MARKS_ADDRESS),
    ("KP", SHORT_FIRST | FAINT_STOP | STOP | MARKS_ADDRESS),
    ("DS", SHORT_FIRST | FAINT_STOP | STOP),
    ("DSN", SHORT_FIRST | FAINT_STOP | STOP | MARKS_ADDRESS),
    ("DK", SHORT_FIRST | FAINT_STOP),
    ("LK", SHORT_FIRST | FAINT_STOP | STOP | MARKS_ADDRESS),
    ("LR", SHORT_FIRST | FAINT_STOP | STOP),
    ("LRG", SHORT_FIRST | FAINT_STOP | STOP),
    ("BLK", SHORT_FIRST | FAINT_STOP | STOP),
    ("NO", SHORT_FIRST | FAINT_STOP | STOP),
    ("RT", SHORT_FIRST | MARKS_ADDRESS),
    ("KM", SHORT_FIRST),
    ("BR", SHORT_FIRST | MARKS_ADDRESS),
    ("DR", SHORT_FIRST | STOP),
    ("PERUM", SHORT_FIRST | STOP | MARKS_ADDRESS),
    ("KOMP", SHORT_FIRST | FAINT_STOP | STOP | MARKS_ADDRESS),
    ("LINGK", FAINT_STOP | STOP | MARKS_ADDRESS),
    ("JLAN", STOP),
    ("KMP", STOP),
    ("DUS", STOP),
    ("KOMPL", STOP),
    ("PROF", STOP),
    ("JEND", STOP),
    ("LETJEN", STOP),
    ("HJ", STOP),
    ("KH", STOP),
    ("JALAN", MARKS_ADDRESS),
    ("DUSUN", MARKS_ADDRESS),
    ("GANG", MARKS_ADDRESS),
    ("KAMPUNG", MARKS_ADDRESS),
    ("KOMPLEK", MARKS_ADDRESS),
    ("KOMPLEKS", MARKS_ADDRESS),
    ("PERUMAHAN", MARKS_ADDRESS),
    ("PERUMNAS", MARKS_ADDRESS),
    ("BLOK", MARKS_ADDRESS),
    ("DESA", MARKS_ADDRESS),
    ("LINGKUNGAN", MARKS_ADDRESS),
    ("LINK", MARKS_ADDRESS),
    ("BTN", MARKS_ADDRESS),
    ("GRIYA", MARKS_ADDRESS),
    ("RW", MARKS_ADDRESS),
    ("BANJAR", MARKS_ADDRESS),
    ("APARTEMEN", MARKS_ADDRESS),
    ("RUKO", MARKS_ADDRESS),
    ("TAMAN", MARKS_ADDRESS),
    ("JORONG", MARKS_ADDRESS),
    ("KEL", MARKS_ADDRESS),
    ("KEC", MARKS_ADDRESS),
];

fn is(word: &str, property: u8) -> bool {
    WORDS.iter().any(|(known, properties)| *known == word && properties & property != 0)
}

/// Whether an address may begin with this short word.
pub fn is_short_first_word(word: &str) -> bool {
    is(word, SHORT_FIRST)
}

/// Whether a full stop too faint for ink is to be put back behind this word.
pub fn may_have_faint_stop(word: &str) -> bool {
    is(word, FAINT_STOP)
}

/// Whether a line that begins with this word is a line of an address.
pub fn marks_address(word: &str) -> bool {
    is(word, MARKS_ADDRESS)
}

/// An address with full stops in place of the commas that were read behind abbreviations and initials: the two differ by
/// a pixel or two below the line, and nobody writes `JL, MAWAR NO, 5`.
pub fn full_stops_after_abbreviations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let word = out.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        // A single letter is an initial behind a stop, as in `M.T. HARYONO`; behind a space it may be a block's.
        let initial = word.len() == 1 && out.as_bytes().iter().rev().nth(1) == Some(&b'.');
        let abbreviated = is(word, STOP) || initial;
        out.push(if c == ',' && abbreviated { '.' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_end_in_a_full_stop() {
        assert_eq!(
            full_stops_after_abbreviations("JL, M.T, HARYONO NO, 5, GG, II"),
            "JL. M.T. HARYONO NO. 5, GG. II"
        );
        assert_eq!(full_stops_after_abbreviations("BLOK C, NO, 5A, GG, II"), "BLOK C, NO. 5A, GG. II");
        assert_eq!(full_stops_after_abbreviations("DUSUN TENGAH, RAYA"), "DUSUN TENGAH, RAYA");
        assert_eq!(full_stops_after_abbreviations(""), "");
    }

    #[test]
    fn every_word_stands_once_and_in_capitals() {
        for (at, (word, properties)) in WORDS.iter().enumerate() {
            assert!(*properties != 0 && word.bytes().all(|b| b.is_ascii_uppercase()), "{word}");
            assert!(!WORDS[..at].iter().any(|(known, _)| known == word), "{word}");
        }
    }
}
