//! What the lines of a KTP say: labels matched, values brought into their forms.
//!
//! Pure functions on recognised text. Closed vocabularies are repaired, digits are repaired where only digits can
//! stand, names and addresses are left as the pixels had them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use filot_domain::{FieldName, FieldReading};

use crate::digits::choose_nik;
use crate::engine::Line;
#[cfg(test)]
use crate::engine::Symbol;
use crate::ktp::{KtpLines, KtpRow};
use crate::text::{Piece, as_digit, bare, closest, distance, likeness, value_of};

/// The labels from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// `Nama`
    Name,
    /// `Tempat/Tgl Lahir`
    Birth,
    /// `Jenis Kelamin`
    Gender,
    /// `Alamat`
    Address,
    /// `RT/RW`
    RtRw,
    /// `Kel/Desa`
    Village,
    /// `Kecamatan`
    District,
    /// `Agama` or `Kepercayaan`
    Religion,
    /// `Status Perkawinan`
    MaritalStatus,
    /// `Pekerjaan`
    Occupation,
    /// `Kewarganegaraan`
    Citizenship,
    /// `Berlaku Hingga`
    ValidUntil,
}

/// Each label with its spellings, foreign residents' cards included.
const LABELS: [(Label, &[&str]); 12] = [
    (Label::Name, &["Nama", "Name"]),
    (Label::Birth, &["Tempat/Tgl Lahir", "Place/Date of Birth", "Tempat Tgl Lahir"]),
    (Label::Gender, &["Jenis Kelamin", "Gender", "Sex"]),
    (Label::Address, &["Alamat", "Address"]),
    (Label::RtRw, &["RT/RW"]),
    (Label::Village, &["Kel/Desa", "Village"]),
    (Label::District, &["Kecamatan", "District"]),
    (Label::Religion, &["Agama", "Kepercayaan", "Religion"]),
    (Label::MaritalStatus, &["Status Perkawinan", "Marital Status"]),
    (Label::Occupation, &["Pekerjaan", "Occupation"]),
    (Label::Citizenship, &["Kewarganegaraan", "Nationality", "Citizenship"]),
    (Label::ValidUntil, &["Berlaku Hingga", "Valid Until", "Date of Expiry"]),
];

const GENDERS: &[&str] = &["LAKI-LAKI", "PEREMPUAN"];
const RELIGIONS: &[&str] = &[
    "ISLAM",
    "KRISTEN",
    "KATOLIK",
    "KATHOLIK",
    "HINDU",
    "BUDHA",
    "BUDDHA",
    "KONGHUCU",
    "KHONGHUCU",
    "KEPERCAYAAN",
    "KEPERCAYAAN TERHADAP TUHAN YME",
];
const MARITAL: &[&str] =
    &["BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI", "KAWIN TERCATAT", "KAWIN BELUM TERCATAT"];
const CITIZENSHIPS: &[&str] = &["WNI", "WNA"];
const FOR_LIFE: &str = "SEUMUR HIDUP";

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMeaning {
    /// A labelled row.
    Labelled(Label),
    /// The next line of the value above.
    Continuation,
    /// Neither.
    Nothing,
}

/// How alike a text is to a label's best spelling.
fn label_likeness(text: &str, at: usize) -> f32 {
    LABELS[at].1.iter().map(|spelling| likeness(text, spelling)).fold(0.0, f32::max)
}

/// Number of rows whose label was recognised as one of the card's: the evidence that this is a KTP.
pub fn labels_seen<'a>(labels: impl Iterator<Item = &'a str>) -> usize {
    labels
        .filter(|text| bare(text).len() >= 4 && (0..LABELS.len()).any(|at| label_likeness(text, at) >= 0.7))
        .count()
}

/// Tells each row its meaning: the order of the labels is known, some may be missing or misread, values may wrap.
///
/// Longest-path alignment over (row, label): a row takes the next label or a later one, continues the value above, or
/// means nothing.
pub fn align(rows: &[String]) -> Vec<RowMeaning> {
    #[derive(Clone, Copy)]
    struct Cell {
        score: f32,
        from: usize,
        meaning: RowMeaning,
    }
    let n = LABELS.len();
    // best[i][j]: rows before i are told, labels before j are used up.
    let unreached = Cell { score: f32::MIN, from: 0, meaning: RowMeaning::Nothing };
    let mut best = vec![vec![unreached; n + 1]; rows.len() + 1];
    best[0][0].score = 0.0;
    for (i, text) in rows.iter().enumerate() {
        let has_label = bare(text).len() >= 2;
        let likes: Vec<f32> =
            (0..n).map(|at| if has_label { label_likeness(text, at) } else { -0.5 }).collect();
        for j in 0..=n {
            let here = best[i][j].score;
            if here == f32::MIN {
                continue;
            }
            let mut offer = |to: usize, score: f32, meaning: RowMeaning| {
                if here + score > best[i + 1][to].score {
                    best[i + 1][to] = Cell { score: here + score, from: j, meaning };
                }
            };
            for (at, (label, _)) in LABELS.iter().enumerate().skip(j).take(4) {
                let skipped = (at - j) as f32;
                // A misread label in its turn is still likelier a label than nothing.
                offer(at + 1, likes[at] + 0.1 - 0.35 * skipped, RowMeaning::Labelled(*label));
            }
            let wraps = j > 0 && matches!(LABELS[j - 1].0, Label::Name | Label::Address);
            let continues = match (has_label, wraps) {
                (false, true) => 0.3,
                (false, false) => 0.05,
                (true, _) => -0.5,
            };
            offer(j, continues, if j > 0 { RowMeaning::Continuation } else { RowMeaning::Nothing });
            offer(j, -0.05, RowMeaning::Nothing);
        }
    }
    let last = &best[rows.len()];
    // Labels never reached count against an alignment, but little: a cut-off card has fewer rows.
    let mut at = (0..=n)
        .max_by(|a, b| {
            let value = |j: usize| last[j].score - 0.05 * (n - j) as f32;
            value(*a).total_cmp(&value(*b))
        })
        .unwrap_or(0);
    let mut meanings = vec![RowMeaning::Nothing; rows.len()];
    for i in (0..rows.len()).rev() {
        let cell = best[i + 1][at];
        meanings[i] = cell.meaning;
        at = cell.from;
    }
    meanings
}

/// The fields that could be read.
pub fn parse(lines: &KtpLines) -> BTreeMap<FieldName, FieldReading> {
    let mut fields = BTreeMap::new();
    let mut put = |name: FieldName, value: String, confidence: f32| {
        if !value.is_empty() {
            fields.insert(name, FieldReading { value, confidence: confidence.clamp(0.0, 0.999) });
        }
    };
    header(&lines.header, &mut put);
    if let Some(row) = &lines.nik
        && row.fit > MIN_NIK_FIT
    {
        let choice = choose_nik(row);
        put(FieldName::Nik, choice.digits, choice.confidence);
    }
    let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
    let meanings = align(&labels);
    for (i, (row, meaning)) in lines.rows.iter().zip(&meanings).enumerate() {
        let RowMeaning::Labelled(label) = meaning else { continue };
        let wrapped: Vec<&KtpRow> = lines.rows[i + 1..]
            .iter()
            .zip(&meanings[i + 1..])
            .take_while(|(_, meaning)| **meaning == RowMeaning::Continuation)
            .map(|(row, _)| row)
            .take(2)
            .collect();
        row_fields(*label, row, &wrapped, &mut put);
    }
    fields
}

/// Below this the sixteen cells do not all hold a digit: no NIK row was found.
const MIN_NIK_FIT: f32 = -1.2;

/// The fields of one labelled row.
fn row_fields(label: Label, row: &KtpRow, wrapped: &[&KtpRow], put: &mut impl FnMut(FieldName, String, f32)) {
    let piece = if row.value_is_dash {
        Piece { text: "-".to_owned(), min: 0.95, mean: 0.95 }
    } else {
        value_of(&row.value)
    };
    match label {
        Label::Name => {
            let joined = join(&piece, wrapped);
            put(FieldName::Name, name_text(&joined.text), joined.confidence());
        }
        Label::Birth => birth(&piece, put),
        Label::Gender => {
            vocabulary(FieldName::Gender, &piece, GENDERS, put);
            if let Some((value, confidence)) = blood_type(row) {
                put(FieldName::BloodType, value, confidence);
            }
        }
        Label::Address => {
            let mut first = piece;
            if let Some(rest) = row.extra.as_ref().map(value_of).filter(|rest| !rest.text.is_empty()) {
                // A wide gap within the address.
                first.text = format!("{} {}", first.text, rest.text);
                first.min = first.min.min(rest.min);
                first.mean = first.mean.min(rest.mean);
            }
            let joined = join(&first, wrapped);
            put(FieldName::Address, joined.text.clone(), joined.confidence());
        }
        Label::RtRw => {
            if let Some((value, confidence)) = rt_rw(&piece) {
                put(FieldName::RtRw, value, confidence);
            }
        }
        Label::Village => put(FieldName::Village, piece.text.clone(), piece.confidence()),
        Label::District => put(FieldName::District, piece.text.clone(), piece.confidence()),
        Label::Religion => {
            if piece.text == "-" {
                put(FieldName::Religion, piece.text.clone(), piece.confidence());
            } else {
                vocabulary(FieldName::Religion, &piece, RELIGIONS, put);
            }
        }
        Label::MaritalStatus => vocabulary(FieldName::MaritalStatus, &piece, MARITAL, put),
        Label::Occupation => put(FieldName::Occupation, piece.text.clone(), piece.confidence()),
        Label::Citizenship => citizenship(&piece, put),
        Label::ValidUntil => valid_until(&piece, put),
    }
}

/// A value and the lines it wraps to, joined by one space.
fn join(first: &Piece, wrapped: &[&KtpRow]) -> Piece {
    let mut joined = first.clone();
    for row in wrapped {
        let piece = value_of(&row.value);
        if !piece.text.is_empty() {
            joined.text = format!("{} {}", joined.text, piece.text);
            joined.min = joined.min.min(piece.min);
            joined.mean = joined.mean.min(piece.mean);
        }
    }
    joined
}

/// Names hold no digits and do not end in punctuation other than a title's full stop.
fn name_text(text: &str) -> String {
    text.trim_end_matches([',', '-', '\'', ' ', ':']).to_owned()
}

/// A value of a closed vocabulary: repaired if near, as read with little confidence if not.
fn vocabulary(field: FieldName, piece: &Piece, words: &[&str], put: &mut impl FnMut(FieldName, String, f32)) {
    match closest(&piece.text, words) {
        Some((word, 0)) => put(field, word.to_owned(), piece.confidence().max(0.9)),
        Some((word, edits)) => {
            let share = edits as f32 / bare(word).len() as f32;
            put(field, word.to_owned(), (0.95 - share).clamp(0.3, 0.95));
        }
        None => put(field, piece.text.clone(), (piece.confidence() * 0.3).min(0.3)),
    }
}

/// `WNI` or `WNA`: only the last letter tells them apart, and a wide W is often read as two letters.
fn citizenship(piece: &Piece, put: &mut impl FnMut(FieldName, String, f32)) {
    let text = bare(&piece.text);
    let value = match text.as_str() {
        "WNI" | "WNA" => return put(FieldName::Citizenship, text, piece.confidence().max(0.9)),
        _ if text.ends_with("NI") || text.ends_with("N1") => "WNI",
        _ if text.ends_with("NA") || text.ends_with("N4") => "WNA",
        _ => return vocabulary(FieldName::Citizenship, piece, CITIZENSHIPS, put),
    };
    let likely = text.len() <= 5 && text.starts_with(['W', 'V', 'N', 'M', 'U']);
    put(FieldName::Citizenship, value.to_owned(), if likely { 0.9 } else { 0.5 });
}

/// `PLACE, DD-MM-YYYY`.
fn birth(piece: &Piece, put: &mut impl FnMut(FieldName, String, f32)) {
    let characters: Vec<char> = piece.text.chars().collect();
    let Some((start, date, repairs)) = trailing_date(&characters) else {
        // The date is illegible; the place may still be legible.
        if let Some((place, _)) = piece.text.split_once(',') {
            put(FieldName::BirthPlace, place.trim().to_owned(), piece.confidence() * 0.7);
        }
        return;
    };
    let place: String = characters[..start].iter().collect();
    let place = place.trim_end_matches([',', '.', ' ', '-', ';', '\'', ':']);
    put(FieldName::BirthPlace, place.to_owned(), piece.confidence());
    put(FieldName::BirthDate, date.to_string(), piece.confidence() * 0.9_f32.powi(repairs));
}

/// The date at the end of a text, where it begins, and how many characters had to be taken for digits.
fn trailing_date(text: &[char]) -> Option<(usize, NaiveDate, i32)> {
    // From the end: eight digits with separators between day, month and year, which may be misread or lost.
    let mut digits = Vec::new();
    let mut repairs = 0;
    let mut start = text.len();
    for (i, c) in text.iter().enumerate().rev() {
        if digits.len() == 8 {
            break;
        }
        if let Some(digit) = as_digit(*c) {
            digits.push(digit);
            repairs += i32::from(digit != *c);
            start = i;
        } else if !matches!(c, '-' | '.' | '/' | ' ' | ':' | ',' | '\'') {
            return None;
        }
    }
    if digits.len() < 8 {
        return None;
    }
    let number =
        |reversed: &[char]| -> Option<u32> { reversed.iter().rev().collect::<String>().parse().ok() };
    let year = i32::try_from(number(&digits[..4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&digits[4..6])?, number(&digits[6..8])?)?;
    // Nobody on a card was born before 1900; what is read as such is misread.
    (1900..=2100).contains(&year).then_some((start, date, repairs))
}

/// A date and nothing else.
pub(crate) fn whole_date(text: &str) -> Option<(NaiveDate, i32)> {
    let characters: Vec<char> = text.trim().chars().collect();
    let (start, date, repairs) = trailing_date(&characters)?;
    (start == 0).then_some((date, repairs))
}

/// `NNN/NNN`; dashes and misread slashes between are accepted.
fn rt_rw(piece: &Piece) -> Option<(String, f32)> {
    if piece.text == "-" {
        return Some(("-".to_owned(), piece.confidence()));
    }
    let characters: Vec<char> = piece.text.chars().filter(|c| *c != ' ').collect();
    let digits = |part: &[char]| -> Option<(String, i32)> {
        let mut repairs = 0;
        let text: Option<String> = part
            .iter()
            .map(|c| {
                let digit = as_digit(*c)?;
                repairs += i32::from(digit != *c);
                Some(digit)
            })
            .collect();
        text.map(|text| (text, repairs))
    };
    let slash = characters.iter().position(|c| *c == '/');
    let (left, right) = match (slash, characters.len()) {
        (Some(at), _) => (&characters[..at], &characters[at + 1..]),
        // Seven characters with the slash in the middle, which is often read as 1, I or 7.
        (None, 7) => (&characters[..3], &characters[4..]),
        (None, 6) => (&characters[..3], &characters[3..]),
        _ => return None,
    };
    let ((rt, a), (rw, b)) = (digits(left)?, digits(right)?);
    if rt.is_empty() || rw.is_empty() || rt.len() > 4 || rw.len() > 4 {
        return None;
    }
    let repairs = a + b + i32::from(slash.is_none());
    Some((format!("{rt}/{rw}"), piece.confidence() * 0.9_f32.powi(repairs)))
}

/// The blood group at the end of the gender row.
fn blood_type(row: &KtpRow) -> Option<(String, f32)> {
    let extra = row.extra.as_ref()?;
    if row.extra_is_dash {
        return Some(("-".to_owned(), 0.95));
    }
    let colon = extra.symbols.iter().position(|symbol| symbol.character == ':');
    // Not as other values: a trailing plus or minus is the rhesus factor.
    let behind = colon.map(|at| Piece::of(&extra.symbols[at + 1..]));
    let piece = behind.filter(|piece| !piece.text.is_empty()).or_else(|| {
        // No colon was seen: the last word.
        let at = extra.symbols.iter().rposition(|symbol| symbol.character == ' ')?;
        Some(Piece::of(&extra.symbols[at..]))
    })?;
    let mut text: String = piece
        .text
        .chars()
        .filter(|c| !matches!(c, ' ' | '.' | ':'))
        .map(|c| match c {
            '0' | 'Q' | 'D' | 'o' => 'O',
            '8' | '6' => 'B',
            '4' | 'a' => 'A',
            'b' => 'B',
            '—' | '–' | '_' | '~' => '-',
            other => other,
        })
        .collect();
    const GROUPS: [&str; 13] = ["A", "B", "AB", "O", "A+", "B+", "AB+", "O+", "A-", "B-", "AB-", "O-", "-"];
    if let Some(sign) = row.extra_sign {
        let group = text.trim_end_matches(['+', '-']).to_owned();
        text = if group.is_empty() { text } else { format!("{group}{sign}") };
    }
    let known = GROUPS.contains(&text.as_str());
    let letters = |text: &str| text.chars().filter(char::is_ascii_uppercase).collect::<String>();
    let repaired = letters(&text) != letters(&piece.text);
    known.then(|| (text, piece.confidence() * if repaired { 0.85 } else { 1.0 }))
}

fn valid_until(piece: &Piece, put: &mut impl FnMut(FieldName, String, f32)) {
    if let Some((date, repairs)) = whole_date(&piece.text) {
        put(FieldName::ValidUntil, date.to_string(), piece.confidence() * 0.9_f32.powi(repairs));
    } else if distance(&bare(&piece.text), "SEUMURHIDUP") <= 4 {
        let edits = distance(&bare(&piece.text), "SEUMURHIDUP") as f32;
        put(FieldName::ValidUntil, FOR_LIFE.to_owned(), 0.98 - edits * 0.05);
    }
}

/// `PROVINSI …` and, below it, `KABUPATEN …` or `KOTA …`; Jakarta writes its rank in the province line.
fn header(lines: &[Line], put: &mut impl FnMut(FieldName, String, f32)) {
    for line in lines {
        let piece = value_of(line);
        let words: Vec<&str> = piece.text.split_whitespace().collect();
        let Some((first, rest)) = words.split_first() else { continue };
        if likeness(first, "PROVINSI") >= 0.6 && !rest.is_empty() {
            let at = line.symbols.iter().position(|symbol| symbol.character == ' ').unwrap_or(0);
            let name = Piece::of(&line.symbols[at..]);
            put(FieldName::Province, rest.join(" "), name.confidence());
        } else if let Some((word, edits)) = closest(first, &["KABUPATEN", "KOTA", "KAB."])
            && !rest.is_empty()
        {
            let value = format!("{word} {}", rest.join(" "));
            put(FieldName::Regency, value, piece.confidence() * 0.95_f32.powi(edits as i32));
        } else if likeness(&piece.text, "JAKARTA") > 0.0 && piece.text.starts_with("JAKARTA") {
            put(FieldName::Regency, piece.text.clone(), piece.confidence());
        }
    }
}

/// Whether a header line begins like a KTP's.
pub fn is_province_line(line: &Line) -> bool {
    let text = line.text();
    let first = text.split_whitespace().next().unwrap_or_default();
    likeness(first, "PROVINSI") >= 0.7
}

/// A line of symbols from text, all of one confidence: for tests here and in the reader.
#[cfg(test)]
pub(crate) fn line_of(text: &str, confidence: f32) -> Line {
    let symbol = |character| Symbol { character, confidence, left: 0, right: 0 };
    Line { symbols: text.chars().map(symbol).collect() }
}

#[cfg(test)]
mod tests;
