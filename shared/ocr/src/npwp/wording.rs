//! Wording of a tax card that is no label: the authority's words, registration, slogans, and how addresses begin.
//!
//! Owns these words. It must not know where on the card a line stands.

use crate::npwp::labels::{Label, split_label};
use crate::npwp::params::PARAMS;
use crate::text::address_words::marks_address;
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::edit_similarity;

/// The header, the office line, the address of the site: the tax authority's own words.
pub fn is_authority(text: &str) -> bool {
    // `KUANTAN`, a regency, is two letters from `KEUANGAN`.
    let is = |word: &str, known: &str| edit_similarity(word, known) >= PARAMS.authority_similarity_min;
    let words: Vec<&str> = text.split_whitespace().collect();
    // `PRATAMA` is the kind of an office, and a name.
    let office = words.windows(2).any(|pair| {
        matches!(pair, [kpp, kind] if edit_similarity(kpp, "KPP") >= PARAMS.office_similarity_min && (is(kind, "PRATAMA") || is(kind, "MADYA")))
    });
    let normalized = normalize_alnum(text);
    office
        || normalized.contains("PAJAKGOID")
        || normalized.starts_with("KPP")
        || (!is_address_like(text)
            && words.iter().any(|word| {
                ["KEMENTERIAN", "DEPARTEMEN", "KEUANGAN", "DIREKTORAT", "KEMENKEU"]
                    .iter()
                    .any(|known| is(word, known))
            }))
}

/// Print that is on every card: the authority's words, its site, its slogans.
pub fn is_decoration(text: &str) -> bool {
    let normalized = normalize_alnum(text);
    is_authority(text)
        || edit_similarity(text, "REPUBLIK INDONESIA") >= PARAMS.slogan_similarity_min
        || (normalized.contains("PAJAK") && !has_address_word(text))
        || normalized.contains("WWW")
        || normalized.ends_with("GOID")
}

/// `Terdaftar : …` in one of its forms.
pub fn is_registration(text: &str) -> bool {
    text.split([' ', ':', '.'])
        .take(4)
        .any(|word| edit_similarity(word, "Terdaftar") >= PARAMS.registration_similarity_min)
        || matches!(split_label(text).label, Some(Label::Place))
        || (matches!(split_label(text).label, Some(Label::Other)) && normalize_alnum(text).contains("DAFTAR"))
}

/// Whether a text begins with a word of addresses.
fn has_address_word(text: &str) -> bool {
    let first = text.split([' ', '.', ',', ':']).next().map(normalize_alnum).unwrap_or_default();
    marks_address(&first)
}

/// Whether a text begins like an address, or has a house's number.
pub fn is_address_like(text: &str) -> bool {
    has_address_word(text) || text.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_card_says_is_no_value() {
        for text in
            ["DIREKTORAT JENDERAL PAJAK", "www.pajak.go.id", "Kring Pajak 1500200", "REPUBLIK INDONESIA"]
        {
            assert!(is_decoration(text), "{text}");
        }
        assert!(!is_decoration("JL. PAJAK NO. 5"));
        assert!(!is_decoration("BUDI SANTOSO"));
        assert!(is_authority("KPP PRATAMA BOGOR") && !is_decoration("ANDI PRATAMA"));
        assert!(!is_authority("JL. JENDERAL SUDIRMAN"));
    }
}
