//! The labels of a tax card, and how a line is split into its label and its value.
//!
//! Owns the spellings. Cards print labels in many spellings, with a colon, in a column or with nothing but a space before
//! the value, and recognisers misread them. It must not know the lines around a line.

use crate::npwp::numbers::is_number_like;
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::edit_distance;

/// The meaning of a label.
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
    /// Registration, office, the card's own number: no field has them.
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

/// Characters of the longest label.
const LONGEST: usize = 32;

/// A line split into label and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledLine {
    /// The label before the value; `None`: no known one.
    pub label: Option<Label>,
    /// The character at which the value begins.
    pub value_from: usize,
    /// The value.
    pub value: String,
}

impl LabelledLine {
    /// Whether the label stands alone.
    pub fn is_bare_label(&self) -> bool {
        self.label.is_some() && normalize_alnum(&self.value).len() < 2
    }
}

/// Characters that stand between a label and its value, or that a colon is mistaken for.
const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | ':' | ';' | '.' | ',' | '|' | '=' | '\'' | '"' | '`' | '-' | '_' | '*' | '·' | '!')
}

/// Splits a line into its label, if it has one, and its value.
pub fn split_label(text: &str) -> LabelledLine {
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
        let setting = Setting {
            closed: is_closed(&chars, end),
            number: is_number_like(&chars.iter().skip(end).collect::<String>()),
            small: head.chars().any(|c| c.is_ascii_lowercase()),
            alone: end == chars.len(),
            marred: normalized.len() < 3 || head.contains('.'),
        };
        for (label, spellings) in SPELLINGS {
            for spelling in spellings {
                // No label may be off by more.
                if normalized.len().abs_diff(spelling.len()) > 3 {
                    continue;
                }
                let off = edit_distance(&normalized, spelling);
                // Of a short label that was misread, the first letter must have been seen, unless a number follows.
                if off > 0
                    && spelling.len() <= 4
                    && !setting.number
                    && normalized.get(..1) != spelling.get(..1)
                {
                    continue;
                }
                if off > edits_max(label, spelling.len(), setting) {
                    continue;
                }
                // The longest label that fits is the best evidence; of two, the one with fewer edits.
                let worth = (spelling.len() + 8 + 3 * usize::from(setting.closed)).saturating_sub(3 * off);
                if best.is_none_or(|(most, ..)| worth > most) {
                    best = Some((worth, off, label, end));
                }
            }
        }
    }
    if best.is_none()
        && let Some(from) = number_begin(&chars)
    {
        return LabelledLine { label: None, value_from: from, value: chars.iter().skip(from).collect() };
    }
    if best.is_none()
        && let Some(from) = colon_end(&chars)
    {
        return LabelledLine { label: None, value_from: from, value: chars.iter().skip(from).collect() };
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
    LabelledLine { label, value_from: from, value: chars.iter().skip(from).collect() }
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

/// Whether a colon, or a character that one is mistaken for, or nothing at all follows.
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

/// How a possible label is printed, and what follows it.
#[derive(Debug, Clone, Copy)]
struct Setting {
    /// A colon, or a character that one is mistaken for, or nothing follows.
    closed: bool,
    /// A number follows.
    number: bool,
    /// It has small letters.
    small: bool,
    /// Nothing follows.
    alone: bool,
    /// It has full stops, or fewer letters than any label.
    marred: bool,
}

/// The most edits by which a possible label may differ from a spelling of this length.
const fn edits_max(label: Label, length: usize, is: Setting) -> usize {
    let numeric = matches!(label, Label::Number | Label::Sixteen | Label::Nik | Label::Place);
    match length {
        // A rest of `N.I.K.`: shorter than a name of three letters.
        0..=3 => (numeric && is.closed && (is.number || (is.alone && is.marred))) as usize,
        // A name may begin like a label, or be similar to one: then a colon or small letters must set the label apart.
        4 => {
            ((is.closed && !is.alone)
                || (numeric && (is.number || is.closed))
                || (is.small && matches!(label, Label::Name))) as usize
        }
        // `Nama` with its m in two halves, as it stands.
        5 if matches!(label, Label::Name) => 0,
        5..=6 => 1,
        7..=10 => 1 + is.closed as usize,
        _ => 3,
    }
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
            let split = split_label(text);
            assert_eq!((split.label, split.value.as_str()), (Some(label), rest), "{text}");
        }
    }

    #[test]
    fn values_that_begin_like_labels_are_left_whole() {
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
            assert_eq!(split_label(text).label, None, "{text}");
        }
        assert_eq!(split_label("").value, "");
    }

    #[test]
    fn labels_may_stand_alone() {
        for text in
            ["NPWP", "Nama WP", "Nama Wr", "NK.", "Nama", "ALAMAT :", "Nomor Pokok Wajib Pajak", "NIK"]
        {
            assert!(split_label(text).is_bare_label(), "{text}");
        }
    }
}
