//! How alike two texts are, and which word of a vocabulary a misread text means.
//!
//! Owns two measures: plain edits, and edits of which those that recognisers often make cost less. It must not know
//! what the words mean; vocabularies are passed to it.

use crate::text::normalise::normalize_alnum;

/// Edits (insert, delete, replace) between two texts. Inputs are lines of a card: short.
pub fn edit_distance(a: &str, b: &str) -> usize {
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

/// How alike two texts are, 0 to 1: one minus the share of letters and digits that must be edited. Case and punctuation
/// do not count.
pub fn edit_similarity(a: &str, b: &str) -> f32 {
    let (a, b) = (normalize_alnum(a), normalize_alnum(b));
    let longest = a.chars().count().max(b.chars().count());
    if longest == 0 {
        return 0.0;
    }
    1.0 - edit_distance(&a, &b) as f32 / longest as f32
}

/// The word of a closed vocabulary that a text means, and how many edits away it is: the nearest, unless another word is
/// as near or more than a third of it was misread.
pub fn closest<'a>(text: &str, words: &[&'a str]) -> Option<(&'a str, usize)> {
    let text = text.trim();
    let normalized = normalize_alnum(text);
    let mut found: Option<(&'a str, usize)> = None;
    let mut tie = false;
    for word in words {
        let edits = edit_distance(&normalized, &normalize_alnum(word));
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
    found.filter(|(word, edits)| *edits == 0 || (!tie && *edits * 3 <= normalize_alnum(word).len().max(3)))
}

/// Groups of characters that look alike when print is small or blurred: recognisers confuse them.
const ALIKE: [&str; 14] = [
    "OQD0CGU", "I1LTJ|/!", "B8RPE3", "S5", "Z27", "UVWY", "MNHWKR", "EFB", "A4", "XKY", "PFR", "G6C", "NAM",
    "HU",
];

/// For each ASCII character the set of characters of its groups, one bit a character.
static ALIKE_BITS: [u128; 128] = alike_bits();

const fn alike_bits() -> [u128; 128] {
    let mut bits = [0_u128; 128];
    let mut group = 0;
    while group < ALIKE.len() {
        let letters = ALIKE[group].as_bytes();
        let mut i = 0;
        while i < letters.len() {
            let mut j = 0;
            while j < letters.len() {
                bits[letters[i] as usize] |= 1 << letters[j];
                j += 1;
            }
            i += 1;
        }
        group += 1;
    }
    bits
}

/// Cost of reading one character as another, 0 to 1.
fn replacement_cost(a: char, b: char) -> f32 {
    if a == b {
        0.0
    } else if b.is_ascii() && ALIKE_BITS.get(a as usize).is_some_and(|bits| bits >> (b as u32) & 1 == 1) {
        0.45
    } else {
        1.0
    }
}

/// Cost of losing a character, or of seeing one where there is none.
const fn deletion_cost(c: char) -> f32 {
    match c {
        '.' | ',' | '\'' | ' ' | '-' | ':' | '/' => 0.35,
        'I' | '1' | 'L' | 'J' | 'T' => 0.6,
        _ => 1.0,
    }
}

/// Edits between two texts, those less costly that recognisers often make: the longer the text, the greater. Texts are
/// short.
pub fn weighted_edit_distance(a: &str, b: &str) -> f32 {
    let b: Vec<char> = b.chars().take(128).collect();
    let mut row = vec![0.0_f32; b.len() + 1];
    for (j, c) in b.iter().enumerate() {
        row[j + 1] = row[j] + deletion_cost(*c);
    }
    for ca in a.chars().take(128) {
        let mut diagonal = row[0];
        row[0] += deletion_cost(ca);
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + replacement_cost(ca, *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + deletion_cost(*cb)).min(diagonal + deletion_cost(ca));
        }
    }
    row[b.len()]
}

/// The word of a vocabulary that a text probably means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess<'a> {
    /// The word.
    pub word: &'a str,
    /// [`weighted_edit_distance`] from the text, as a share of the word's length.
    pub share: f32,
    /// By how much the next best word is further away, as a share of the length of `word`.
    pub lead: f32,
}

/// The word that is nearest to a text by [`weighted_edit_distance`]; of words that are equally near, the first. `None`
/// without words.
pub fn nearest<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Option<Guess<'a>> {
    let text = text.trim();
    let length = text.chars().count();
    let mut best: Option<(&'a str, f32)> = None;
    let mut second = f32::MAX;
    for word in words {
        // The tables are long: where lengths alone rule a word out, it is not compared.
        let least = 0.35 * word.len().abs_diff(length) as f32;
        if best.is_some_and(|(_, found)| least > found) && least > second {
            continue;
        }
        let now = weighted_edit_distance(text, word);
        match best {
            Some((known, _))
                if normalize_alnum(known) == normalize_alnum(word) && now >= best.map_or(now, |(_, d)| d) => {
            }
            Some((known, found)) if now < found => {
                if normalize_alnum(known) != normalize_alnum(word) {
                    second = found;
                }
                best = Some((word, now));
            }
            Some(_) => second = second.min(now),
            None => best = Some((word, now)),
        }
    }
    let (word, found) = best?;
    let length = word.chars().count().max(1) as f32;
    Some(Guess { word, share: found / length, lead: (second - found).min(length) / length })
}

#[cfg(test)]
mod tests {
    use filot_domain::vocabulary::RELIGIONS;

    use super::*;
    use crate::text::lexicon::OCCUPATIONS;

    fn guess(text: &str, words: &[&'static str]) -> (&'static str, f32, f32) {
        let found = nearest(text, words.iter().copied()).unwrap();
        let word = *words.iter().find(|word| **word == found.word).unwrap();
        (word, found.share, found.lead)
    }

    #[test]
    fn usual_confusions_cost_less() {
        assert_eq!(weighted_edit_distance("ISLAM", "ISLAM"), 0.0);
        assert!(weighted_edit_distance("PAGITAN", "PACITAN") < 0.5);
        assert!(weighted_edit_distance("PAXITAN", "PACITAN") >= 1.0);
        assert!(weighted_edit_distance("BELUMI/TIDAK BEKERJA", "BELUM/TIDAK BEKERJA") < 0.7);
        assert!((weighted_edit_distance("", "ABC") - 3.0).abs() < 1e-6);
        assert_eq!(weighted_edit_distance("AB", "BA"), weighted_edit_distance("BA", "AB"));
    }

    #[test]
    fn misread_words_of_a_vocabulary_are_found() {
        assert_eq!(guess("PELAJAFUMAHASIIWA", OCCUPATIONS).0, "PELAJAR/MAHASISWA");
        assert_eq!(guess("BURUH NELAYAN PERIKANAN", OCCUPATIONS).0, "BURUH NELAYAN/PERIKANAN");
        assert_eq!(guess("LAM", RELIGIONS).0, "ISLAM");
        let (word, share, lead) = guess("PETANY/PEKEBUN", OCCUPATIONS);
        assert_eq!(word, "PETANI/PEKEBUN");
        assert!(share < 0.1 && lead > 0.3, "{share} {lead}");
    }

    #[test]
    fn a_word_in_two_spellings_is_no_rival_of_itself() {
        let (_, share, lead) = guess("WALIKOTA", &["WALI KOTA", "WALIKOTA", "GUBERNUR"]);
        assert!(share == 0.0 && lead > 0.5, "{lead}");
        assert_eq!(nearest("X", std::iter::empty()), None);
    }

    #[test]
    fn edit_distance_counts_edits() {
        assert_eq!(edit_distance("KAWIN", "KAWIN"), 0);
        assert_eq!(edit_distance("KAWN", "KAWIN"), 1);
        assert_eq!(edit_distance("", "ABC"), 3);
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
    fn case_and_slashes_do_not_count() {
        assert!(edit_similarity("RTIRW", "RT/RW") >= 0.8);
        assert!(edit_similarity("KELLDESA", "Kel/Desa") >= 0.85);
        assert!(edit_similarity("Nama", "Agama") < 0.65);
    }
}
