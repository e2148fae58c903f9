//! What a line of an NPWP card says of itself: its label, if it has one, and where its value begins.
//!
//! Cards print labels in many spellings, with a colon, in a column or with nothing but a space before the value, and
//! recognisers misread them. Pure functions on recognised text.

use crate::text::address_words::marks_address;
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::{edit_distance, edit_similarity};

/// What a label announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The tax number.
    Number,
    /// The tax number of 16 digits, on a card that has the other one too.
    Sixteen,
    /// The holder.
    Name,
    /// The holder's NIK.
    Nik,
    /// The address.
    Address,
    /// The number of a place of business (NITKU): of the card, but no field.
    Place,
    /// Registration, office, the card's own number: what no field has.
    Other,
}

/// Each label with its spellings, letters and digits only.
const SPELLINGS: [(Label, &[&str]); 7] = [
    (
        Label::Number,
        &[
            "NPWP",
            "NONPWP",
            "NOMORNPWP",
            "NPWPNO",
            "NPWP15",
            "NPWP15DIGIT",
            "NPWPLAMA",
            "KARTUNPWP",
            "NOMORPOKOKWAJIBPAJAK",
        ],
    ),
    (Label::Sixteen, &["NPWP16", "NPWP16DIGIT", "NPWPBARU"]),
    (
        Label::Name,
        &["NAMA", "NARNA", "NAMAWP", "NAMAWAJIBPAJAK", "NAMALENGKAP", "NAMAPEMILIK", "NAME", "TAXPAYERNAME"],
    ),
    (
        Label::Nik,
        &[
            "NIK",
            "NONIK",
            "NOMORNIK",
            "NOKTP",
            "NIKKTP",
            "NIKPASPOR",
            "NIKNOPASPOR",
            "NOMORINDUKKEPENDUDUKAN",
        ],
    ),
    (
        Label::Address,
        &[
            "ALAMAT",
            "ALAMATWP",
            "ALAMATWAJIBPAJAK",
            "ALAMATDOMISILI",
            "ALAMATLENGKAP",
            "ALAMATKTP",
            "ALAMATTEMPATTINGGAL",
            "ADDRESS",
        ],
    ),
    (Label::Place, &["NITKU", "NONITKU", "NOMORNITKU"]),
    (
        Label::Other,
        &[
            "TERDAFTAR",
            "TGLTERDAFTAR",
            "TANGGALTERDAFTAR",
            "TGLDAFTAR",
            "TANGGALDAFTAR",
            "TERDAFTARSEJAK",
            "TERDAFTARPADA",
            "TERDAFTARTANGGAL",
            "TERDAFTARTGL",
            "KPP",
            "KPPPRATAMA",
            "KPPMADYA",
            "KANTORPELAYANANPAJAK",
            "NOKARTU",
            "NOMORKARTU",
            "BERLAKUMULAI",
            "TGLTERBIT",
            "TANGGALTERBIT",
            "JENISWAJIBPAJAK",
            "STATUSWAJIBPAJAK",
            "KRINGPAJAK",
        ],
    ),
];

/// No label is longer.
const LONGEST: usize = 32;

/// A line cut into label and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What stands before the value.
    pub label: Option<Label>,
    /// Character at which the value begins.
    pub from: usize,
    /// The value.
    pub rest: String,
}

impl Told {
    /// Whether the label stands alone.
    pub fn is_bare_label(&self) -> bool {
        self.label.is_some() && normalize_alnum(&self.rest).len() < 2
    }
}

/// Characters that stand between a label and its value, or that a colon is taken for.
const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | ':' | ';' | '.' | ',' | '|' | '=' | '\'' | '"' | '`' | '-' | '_' | '*' | '·' | '!')
}

/// Cuts a line.
pub fn told(text: &str) -> Told {
    let chars: Vec<char> = text.chars().collect();
    let mut best: Option<(usize, usize, Label, usize)> = None;
    for end in 1..=chars.len().min(LONGEST) {
        if !is_boundary(&chars, end) {
            continue;
        }
        let head: String = chars.iter().take(end).collect();
        let normalized = normalize_alnum(&head);
        if normalized.len() < 2 {
            continue;
        }
        let closed = is_closed(&chars, end);
        let number = is_number_like(&chars.iter().skip(end).collect::<String>());
        let alone = end == chars.len();
        let marred = normalized.len() < 3 || head.contains('.');
        let small = head.chars().any(|c| c.is_ascii_lowercase());
        for (label, spellings) in SPELLINGS {
            for spelling in spellings {
                // No label may be off by more.
                if normalized.len().abs_diff(spelling.len()) > 3 {
                    continue;
                }
                let off = edit_distance(&normalized, spelling);
                // Of a short label that was misread, the first letter must have been seen, unless a number follows.
                if off > 0 && spelling.len() <= 4 && !number && normalized.get(..1) != spelling.get(..1) {
                    continue;
                }
                if off > slack(label, spelling.len(), closed, number, small, alone, marred) {
                    continue;
                }
                // The longest label that fits says most; of two, the one with fewer edits.
                let worth = (spelling.len() + 8 + 3 * usize::from(closed)).saturating_sub(3 * off);
                if best.is_none_or(|(most, ..)| worth > most) {
                    best = Some((worth, off, label, end));
                }
            }
        }
    }
    if best.is_none()
        && let Some(from) = number_begin(&chars)
    {
        return Told { label: None, from, rest: chars.iter().skip(from).collect() };
    }
    if best.is_none()
        && let Some(from) = colon_end(&chars)
    {
        return Told { label: None, from, rest: chars.iter().skip(from).collect() };
    }
    let (label, end) = best.map_or((None, 0), |(_, _, label, end)| (Some(label), end));
    let skip = |from: usize| {
        let mut colon = false;
        let between = chars.iter().skip(from).take_while(|c| {
            // Behind a colon a stroke is a letter.
            let separates = is_separator(**c) && !(colon && matches!(**c, '|' | '!'));
            colon |= **c == ':';
            separates
        });
        from + between.count()
    };
    let from = if label.is_some() { skip(end) } else { 0 };
    Told { label, from, rest: chars.iter().skip(from).collect() }
}

/// Where a number begins behind a short word that is no known label: a label that was misread.
fn number_begin(chars: &[char]) -> Option<usize> {
    let from = chars.iter().position(char::is_ascii_digit)?;
    let head: String = chars.iter().take(from).collect();
    let rest: String = chars.iter().skip(from).collect();
    (from > 0 && normalize_alnum(&head).len() <= 8 && is_number_like(&rest)).then_some(from)
}

/// Where capitals begin behind small letters and a colon: a label that was misread, or that is not known.
fn colon_end(chars: &[char]) -> Option<usize> {
    let colon = chars.iter().take(LONGEST).position(|c| *c == ':')?;
    let count = |range: &[char], test: fn(&char) -> bool| range.iter().filter(|c| test(c)).count();
    let (head, rest) = (chars.get(..colon)?, chars.get(colon + 1..)?);
    let small = count(head, char::is_ascii_lowercase) > count(head, char::is_ascii_uppercase);
    let capitals = count(rest, char::is_ascii_uppercase) > count(rest, char::is_ascii_lowercase);
    let skip = || colon + 1 + rest.iter().take_while(|c| is_separator(**c)).count();
    (head.len() >= 3 && small && capitals).then(skip)
}

/// Whether a label may end before this character: at the end of a word, or where digits or capitals begin.
fn is_boundary(chars: &[char], end: usize) -> bool {
    let Some(last) = end.checked_sub(1).and_then(|at| chars.get(at)) else { return false };
    let Some(next) = chars.get(end) else { return true };
    !last.is_whitespace()
        && (!next.is_ascii_alphanumeric()
            || (last.is_ascii_alphabetic() && next.is_ascii_digit())
            || (last.is_ascii_lowercase() && next.is_ascii_uppercase())
            || !last.is_ascii_alphanumeric())
}

/// Whether a colon, or what one is taken for, or nothing at all follows.
fn is_closed(chars: &[char], end: usize) -> bool {
    let mut rest = chars.iter().skip(end).peekable();
    let spaced = rest.peek().is_some_and(|c| **c == ' ');
    while rest.peek().is_some_and(|c| **c == ' ') {
        rest.next();
    }
    match rest.next() {
        None | Some(':' | ';' | '=' | '|') => true,
        // A stop or a stroke that stands alone.
        Some('.' | ',' | '-' | '\'' | '"') => spaced && rest.peek().is_some_and(|c| **c == ' '),
        _ => false,
    }
}

/// How many edits a spelling may be away.
const fn slack(
    label: Label,
    length: usize,
    closed: bool,
    number: bool,
    small: bool,
    alone: bool,
    marred: bool,
) -> usize {
    let numeric = matches!(label, Label::Number | Label::Sixteen | Label::Nik | Label::Place);
    match length {
        // What is left of `N.I.K.`: shorter than a name of three letters.
        0..=3 => (numeric && closed && (number || (alone && marred))) as usize,
        // A name may begin like a label, or be like one: then only what a colon or small letters set apart is one.
        4 => {
            ((closed && !alone) || (numeric && (number || closed)) || (small && matches!(label, Label::Name)))
                as usize
        }
        // `Nama` with its m in two halves, as it stands.
        5 if matches!(label, Label::Name) => 0,
        5..=6 => 1,
        7..=10 => 1 + closed as usize,
        _ => 3,
    }
}

/// A text without the words that follow a whole number: dirt, or what stands beside it.
pub fn number_part(text: &str) -> &str {
    let mut digits = 0;
    let mut spaced = false;
    for (at, c) in text.char_indices() {
        if spaced && digits >= 15 && c.is_ascii_alphabetic() {
            return text.get(..at).unwrap_or(text);
        }
        digits += usize::from(c.is_ascii_digit());
        spaced = c == ' ';
    }
    text
}

/// 15 or 16 digits and their separators, give or take one digit.
pub fn is_number_like(text: &str) -> bool {
    let text = number_part(text);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text.chars().filter(char::is_ascii_alphabetic).count();
    (13..=17).contains(&digits) && others <= 2
}

/// More digits than a number has: the number of a place of business.
pub fn is_long_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text.chars().filter(char::is_ascii_alphabetic).count();
    (18..=26).contains(&digits) && others <= 3
}

/// The header, the office line, the address of the site: the tax authority's own words.
pub fn is_authority(text: &str) -> bool {
    // `KUANTAN`, a regency, is two letters from `KEUANGAN`.
    let is = |word: &str, known: &str| edit_similarity(word, known) >= 0.78;
    let words: Vec<&str> = text.split_whitespace().collect();
    // `PRATAMA` is the kind of an office, and a name.
    let office = words.windows(2).any(|pair| {
        matches!(pair, [kpp, kind] if edit_similarity(kpp, "KPP") >= 0.6 && (is(kind, "PRATAMA") || is(kind, "MADYA")))
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
        || edit_similarity(text, "REPUBLIK INDONESIA") >= 0.75
        || (normalized.contains("PAJAK") && !has_address_word(text))
        || normalized.contains("WWW")
        || normalized.ends_with("GOID")
}

/// `Terdaftar : …` in one of its forms.
pub fn is_registration(text: &str) -> bool {
    text.split([' ', ':', '.']).take(4).any(|word| edit_similarity(word, "Terdaftar") >= 0.66)
        || matches!(told(text).label, Some(Label::Place))
        || (matches!(told(text).label, Some(Label::Other)) && normalize_alnum(text).contains("DAFTAR"))
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
    fn labels_are_cut_off_whatever_stands_after_them() {
        for (text, label, rest) in [
            ("NPWP : 82.361.421.9-127.000", Label::Number, "82.361.421.9-127.000"),
            ("NPWP82.361.421.9-127.000", Label::Number, "82.361.421.9-127.000"),
            ("No. NPWP 6271 0316 0483 0002", Label::Number, "6271 0316 0483 0002"),
            ("N P W P : 6271031604830002", Label::Number, "6271031604830002"),
            ("Nama : BUDI", Label::Name, "BUDI"),
            ("Narna BUDI", Label::Name, "BUDI"),
            ("NAMA BUDI", Label::Name, "BUDI"),
            ("NamaBUDI", Label::Name, "BUDI"),
            ("Nama Wajib Pajak : SITI", Label::Name, "SITI"),
            ("N I K : 7103095009769486", Label::Nik, "7103095009769486"),
            ("N1K: 7103095009769486", Label::Nik, "7103095009769486"),
            ("NIK/No. Paspor 7103095009769486", Label::Nik, "7103095009769486"),
            ("Alamat : JL. MELATI NO. 5", Label::Address, "JL. MELATI NO. 5"),
            ("Alamat WP JL. MELATI", Label::Address, "JL. MELATI"),
            ("NITKU : 6271031604830002000000", Label::Place, "6271031604830002000000"),
            ("Nama WP: | GUSTI", Label::Name, "| GUSTI"),
            ("NPWP16 : 6271031604830002", Label::Sixteen, "6271031604830002"),
            ("Tgl. Daftar 6 Mei 2010", Label::Other, "6 Mei 2010"),
        ] {
            let told = told(text);
            assert_eq!((told.label, told.rest.as_str()), (Some(label), rest), "{text}");
        }
    }

    #[test]
    fn names_and_addresses_that_begin_like_labels_are_left_whole() {
        for text in [
            "NIKO SAPUTRA",
            "NANA SUPRIATNA",
            "NAMIRA",
            "I MADE",
            "JL. ALAMANDA NO. 3",
            "NIKEN",
            "NIA",
            "NANA",
            "ALAN",
        ] {
            assert_eq!(told(text).label, None, "{text}");
        }
        assert_eq!(told("").rest, "");
    }

    #[test]
    fn labels_may_stand_alone() {
        for text in
            ["NPWP", "Nama WP", "Nama Wr", "NK.", "Nama", "ALAMAT :", "Nomor Pokok Wajib Pajak", "NIK"]
        {
            assert!(told(text).is_bare_label(), "{text}");
        }
    }

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
