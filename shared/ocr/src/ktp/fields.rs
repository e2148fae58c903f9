//! What the lines of a KTP say: labels matched, values brought into their forms.
//!
//! Pure functions on recognised text. Closed vocabularies are repaired, digits are repaired where only digits can
//! stand, names and addresses are left as the pixels had them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use filot_domain::nik::Nik;
use filot_domain::vocabulary::{CITIZENSHIPS, GENDERS, MARITAL, RELIGIONS};
use filot_domain::{FieldName, FieldReading};

use crate::ktp::gazetteer;
use crate::ktp::labels::{Label, RowMeaning, align};
use crate::ktp::nik::choose_nik;
use crate::ktp::read::{KtpLines, KtpRow};
use crate::recognition::digits::NumberRow;
use crate::text::address_words::full_stops_after_abbreviations;
use crate::text::confidence::{combine_hypotheses, discount_by_neighbours};
use crate::text::field_text::{FieldText, ends_in_comma, value_of};
use crate::text::lexicon::OCCUPATIONS;
use crate::text::line::{Line, Symbol};
use crate::text::normalise::{as_digit, normalize_alnum};
use crate::text::similarity::{closest, edit_distance, edit_similarity, nearest};

const FOR_LIFE: &str = "SEUMUR HIDUP";

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
    let meanings = lines.meanings.clone().unwrap_or_else(|| {
        let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
        align(&labels)
    });
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
    // Before places are mended: what counts is how they were read.
    for field in [FieldName::Name, FieldName::BirthDate] {
        discount_by_neighbours(&mut fields, field, &COMPANY);
    }
    gazetteer::mend(&mut fields);
    doubt_contradicted_date(&mut fields);
    fields
}

/// A birth date that the NIK gainsays is likelier misread than one that it confirms; what is printed still stands.
fn doubt_contradicted_date(fields: &mut BTreeMap<FieldName, FieldReading>) {
    let value = |name: FieldName| fields.get(&name).map(|reading| reading.value.as_str());
    let nik = value(FieldName::Nik).and_then(|text| text.parse::<Nik>().ok());
    let date = value(FieldName::BirthDate).and_then(|text| text.parse::<NaiveDate>().ok());
    if let (Some(nik), Some(date)) = (nik, date)
        && !nik.encodes_birth_date(date)
        && let Some(reading) = fields.get_mut(&FieldName::BirthDate)
    {
        reading.confidence *= 0.9;
    }
}

/// What is printed as small as a name, and not repaired by its own form.
const COMPANY: [FieldName; 4] =
    [FieldName::BirthPlace, FieldName::Address, FieldName::Village, FieldName::District];

/// Below this the sixteen cells do not all hold a digit: no NIK row was found.
const MIN_NIK_FIT: f32 = -1.2;

/// The fields of one labelled row.
fn row_fields(label: Label, row: &KtpRow, wrapped: &[&KtpRow], put: &mut impl FnMut(FieldName, String, f32)) {
    let piece = if row.value_is_dash {
        FieldText { text: "-".to_owned(), min: 0.95, mean: 0.95 }
    } else {
        value_of(&row.value)
    };
    match label {
        Label::Name => {
            let joined = join(&piece, &row.value, wrapped);
            put(FieldName::Name, name_text(&joined.text), joined.confidence());
        }
        Label::Birth => birth(&piece, row.digits.as_ref(), put),
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
                first.append(&rest, false);
            }
            let joined = join(&first, row.extra.as_ref().unwrap_or(&row.value), wrapped);
            put(FieldName::Address, full_stops_after_abbreviations(&joined.text), joined.confidence());
        }
        Label::RtRw => {
            if let Some((value, confidence)) = rt_rw(&piece, row.digits.as_ref()) {
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
        Label::Occupation => {
            let (value, confidence) = occupation(&piece);
            put(FieldName::Occupation, value, confidence);
        }
        Label::Citizenship => citizenship(&piece, row.citizen, put),
        Label::ValidUntil => valid_until(&piece, put),
    }
}

/// Names hold no digits and do not end in punctuation other than a title's full stop.
fn name_text(text: &str) -> String {
    text.trim_end_matches([',', '-', '\'', ' ', ':']).to_owned()
}

/// A value and the lines it wraps to, joined by one space. `line` is what the value ends in: a comma there is dirt at the
/// end of a value, but not before a next line, as of a degree behind a name.
fn join(first: &FieldText, line: &Line, wrapped: &[&KtpRow]) -> FieldText {
    let mut joined = first.clone();
    let mut comma = ends_in_comma(line, 0.0);
    for row in wrapped {
        let piece = value_of(&row.value);
        if !piece.text.is_empty() {
            joined.append(&piece, comma);
            comma = ends_in_comma(&row.value, 0.0);
        }
    }
    joined
}

/// A value of a closed vocabulary: repaired if near, as read with little confidence if not.
fn vocabulary(
    field: FieldName,
    piece: &FieldText,
    words: &[&str],
    put: &mut impl FnMut(FieldName, String, f32),
) {
    if normalize_alnum(&piece.text).len() < 2 {
        return put(field, piece.text.clone(), (piece.confidence() * 0.3).min(0.3));
    }
    match nearest(&piece.text, words.iter().copied()) {
        Some(guess) if guess.share < 0.02 => {
            put(field, guess.word.to_owned(), piece.confidence().max(0.9));
        }
        // Half the word may be misread, if no other word is nearly as like it.
        Some(guess) if guess.share <= 0.5 && guess.lead > 0.12 => {
            put(field, guess.word.to_owned(), (0.97 - 1.2 * guess.share).clamp(0.3, 0.95));
        }
        _ => put(field, piece.text.clone(), (piece.confidence() * 0.3).min(0.3)),
    }
}

/// An occupation: the register's word that it looks like, or as read.
fn occupation(piece: &FieldText) -> (String, f32) {
    let confidence = piece.confidence();
    let Some(guess) = nearest(&piece.text, OCCUPATIONS.iter().copied()) else {
        return (piece.text.clone(), confidence);
    };
    // A word read surely may be one that the list lacks; a slash or a space is often misread.
    let allowed = (0.06 + 0.5 * (1.0 - confidence)).min(0.4);
    if guess.share <= f32::EPSILON {
        (guess.word.to_owned(), 1.0 - (1.0 - confidence) * 0.4)
    } else if guess.share <= allowed && guess.lead > guess.share {
        (guess.word.to_owned(), (0.97 - 1.2 * guess.share).clamp(0.3, 0.96))
    } else {
        (piece.text.clone(), confidence)
    }
}

/// `WNI` or `WNA`: only the last letter tells them apart, and a wide W is often read as two letters. `look`: which one the
/// print has the shape of, for a recogniser makes little of three letters.
fn citizenship(piece: &FieldText, look: Option<&str>, put: &mut impl FnMut(FieldName, String, f32)) {
    let text = normalize_alnum(&piece.text);
    let value = match text.as_str() {
        "WNI" | "WNA" => {
            // A shape that gainsays the letters is doubt, no more.
            let doubt = if look.is_some_and(|look| look != text) { 0.85 } else { 1.0 };
            return put(FieldName::Citizenship, text, piece.confidence().max(0.9) * doubt);
        }
        _ if text.ends_with("NI") || text.ends_with("N1") => "WNI",
        _ if text.ends_with("NA") || text.ends_with("N4") => "WNA",
        // Five characters or more are another word.
        _ => {
            return match look {
                // Five characters or more are another word.
                Some(look) if text.len() <= 4 => {
                    put(FieldName::Citizenship, look.to_owned(), if look == "WNI" { 0.75 } else { 0.5 });
                }
                _ => vocabulary(FieldName::Citizenship, piece, CITIZENSHIPS, put),
            };
        }
    };
    let likely = text.len() <= 5 && text.starts_with(['W', 'V', 'N', 'M', 'U']);
    put(FieldName::Citizenship, value.to_owned(), if likely { 0.9 } else { 0.5 });
}

/// `PLACE, DD-MM-YYYY`. Two looks at the date, where the first was in doubt.
fn birth(piece: &FieldText, digits: Option<&NumberRow>, put: &mut impl FnMut(FieldName, String, f32)) {
    let characters: Vec<char> = piece.text.chars().collect();
    let read = trailing_date(&characters);
    let mut looks = Vec::with_capacity(2);
    if let Some((_, date, repairs)) = read {
        looks.push((date.to_string(), piece.confidence() * 0.9_f32.powi(repairs)));
    }
    if let Some(row) = digits
        && let Some((text, confidence)) = row.text_that(|text| date_of_digits(text).is_some())
        && let Some(date) = date_of_digits(&text)
    {
        looks.push((date.to_string(), row.weight(confidence)));
    }
    // One look alone keeps its own confidence.
    let date = if looks.len() > 1 { combine_hypotheses(&looks, |_| 0.0) } else { looks.pop() };
    let place = match (read, piece.text.rsplit_once(',')) {
        (Some((start, _, _)), _) => Some((characters[..start].iter().collect::<String>(), 1.0)),
        // The date is illegible; the place may still be legible.
        (None, Some((place, _))) => Some((place.to_owned(), 0.7)),
        (None, None) => None,
    };
    if let Some((place, share)) = place {
        let place = place.trim_matches([',', '.', ' ', '-', ';', '\'', ':']);
        put(FieldName::BirthPlace, place.to_owned(), piece.confidence() * share);
    }
    if let Some((date, confidence)) = date {
        put(FieldName::BirthDate, date, confidence);
    }
}

/// `DDMMYYYY` as a date that somebody alive may have been born on.
fn date_of_digits(text: &str) -> Option<NaiveDate> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let year = i32::try_from(number(4..8)?).ok().filter(|year| (1900..=2100).contains(year))?;
    NaiveDate::from_ymd_opt(year, number(2..4)?, number(0..2)?)
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

/// `NNN/NNN`, from one look or two.
fn rt_rw(piece: &FieldText, digits: Option<&NumberRow>) -> Option<(String, f32)> {
    let mut looks: Vec<(String, f32)> = rt_rw_of_text(piece).into_iter().collect();
    if piece.text != "-"
        && let Some(row) = digits
        && let Some((rt, rw)) = row.text().split_at_checked(3)
    {
        looks.push((format!("{rt}/{rw}"), row.weight(row.confidence())));
    }
    // Both numbers have three digits on every card.
    let usual = |text: &str| if text.len() == 7 { 1.0 } else { 0.0 };
    if looks.len() > 1 { combine_hypotheses(&looks, usual) } else { looks.pop() }
}

/// `NNN/NNN`; dashes and misread slashes between are accepted.
fn rt_rw_of_text(piece: &FieldText) -> Option<(String, f32)> {
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

/// The blood group at the end of the gender row, as the engine and the shapes have it, and as the second reader has.
fn blood_type(row: &KtpRow) -> Option<(String, f32)> {
    let by_shape = blood_by_shape(row);
    let Some((group, sure)) = row.group.as_ref().and_then(group_seen) else { return by_shape };
    match by_shape {
        None => Some((group, 0.9 * sure)),
        Some((text, confidence)) if text == group => {
            Some((text, 1.0 - (1.0 - confidence) * (1.0 - 0.8 * sure)))
        }
        // A faint sign is told by its shape; the second reader takes it for dirt.
        Some((text, confidence)) if text.starts_with(&group) => Some((text, confidence)),
        Some((text, confidence)) => {
            let (text, most) = if sure > confidence { (group, sure) } else { (text, confidence) };
            Some((text, 0.8 * most))
        }
    }
}

/// What the second reader has behind the colon, or as the last word.
fn group_seen(line: &Line) -> Option<(String, f32)> {
    let ends = |symbol: &Symbol| matches!(symbol.character, ':' | ' ' | '.');
    let begin = line.symbols.iter().rposition(ends)? + 1;
    let piece = FieldText::of(line.symbols.get(begin..)?);
    GROUPS.contains(&piece.text.as_str()).then_some((piece.text, piece.min))
}

/// What the recogniser read and what the print looks like.
fn blood_by_shape(row: &KtpRow) -> Option<(String, f32)> {
    let read = row.extra.as_ref().and_then(blood_text);
    let Some(look) = row.blood else { return read };
    let (letters, sure) = match (&read, look.group) {
        (Some((text, confidence)), Some(group)) => {
            let letters = text.trim_end_matches(['+', '-']);
            if letters == group {
                (group.to_owned(), 1.0 - (1.0 - confidence.max(0.8)) * 0.5)
            } else if *confidence < look.like * 0.95 {
                // The recogniser saw a character or two without their word; the shapes are plain.
                (group.to_owned(), 0.8 * look.like)
            } else {
                (letters.to_owned(), confidence * 0.7)
            }
        }
        (Some((text, confidence)), None) => (text.trim_end_matches(['+', '-']).to_owned(), *confidence),
        (None, Some(group)) => (group.to_owned(), 0.9 * look.like),
        (None, None) => return None,
    };
    // A sign is a shape: the recogniser takes one for the other, or for none.
    let sign = look.sign.map(String::from).unwrap_or_default();
    let text = format!("{letters}{sign}");
    (!text.is_empty() && text != "+").then_some((text, sure))
}

const GROUPS: [&str; 13] = ["A", "B", "AB", "O", "A+", "B+", "AB+", "O+", "A-", "B-", "AB-", "O-", "-"];

/// The blood group as the recogniser read it.
fn blood_text(extra: &Line) -> Option<(String, f32)> {
    let colon = extra.symbols.iter().position(|symbol| symbol.character == ':');
    // Not as other values: a trailing plus or minus is the rhesus factor.
    let behind = colon.map(|at| FieldText::of(&extra.symbols[at + 1..]));
    let piece = behind.filter(|piece| !piece.text.is_empty()).or_else(|| {
        // No colon was seen: the last word.
        let at = extra.symbols.iter().rposition(|symbol| symbol.character == ' ')?;
        Some(FieldText::of(&extra.symbols[at..]))
    })?;
    let text: String = piece
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
    let known = GROUPS.contains(&text.as_str());
    let letters = |text: &str| text.chars().filter(char::is_ascii_uppercase).collect::<String>();
    let repaired = letters(&text) != letters(&piece.text);
    known.then(|| (text, piece.confidence() * if repaired { 0.85 } else { 1.0 }))
}

fn valid_until(piece: &FieldText, put: &mut impl FnMut(FieldName, String, f32)) {
    if let Some((date, repairs)) = whole_date(&piece.text) {
        put(FieldName::ValidUntil, date.to_string(), piece.confidence() * 0.9_f32.powi(repairs));
    } else if edit_distance(&normalize_alnum(&piece.text), "SEUMURHIDUP") <= 4 {
        let edits = edit_distance(&normalize_alnum(&piece.text), "SEUMURHIDUP") as f32;
        put(FieldName::ValidUntil, FOR_LIFE.to_owned(), 0.98 - edits * 0.05);
    }
}

/// `PROVINSI …` and, below it, `KABUPATEN …` or `KOTA …`; Jakarta writes its rank in the province line.
fn header(lines: &[Line], put: &mut impl FnMut(FieldName, String, f32)) {
    for line in lines {
        let piece = value_of(line);
        let words: Vec<&str> = piece.text.split_whitespace().collect();
        let Some((first, rest)) = words.split_first() else { continue };
        if edit_similarity(first, "PROVINSI") >= 0.6 && !rest.is_empty() {
            let at = line.symbols.iter().position(|symbol| symbol.character == ' ').unwrap_or(0);
            let name = FieldText::of(&line.symbols[at..]);
            put(FieldName::Province, rest.join(" "), name.confidence());
        } else if let Some((word, edits)) = closest(first, &["KABUPATEN", "KOTA", "KAB."])
            && !rest.is_empty()
        {
            let value = format!("{word} {}", rest.join(" "));
            put(FieldName::Regency, value, piece.confidence() * 0.95_f32.powi(edits as i32));
        } else if edit_similarity(&piece.text, "JAKARTA") > 0.0 && piece.text.starts_with("JAKARTA") {
            put(FieldName::Regency, piece.text.clone(), piece.confidence());
        }
    }
}

/// Whether a header line begins like a KTP's.
pub fn is_province_line(line: &Line) -> bool {
    let text = line.text();
    let first = text.split_whitespace().next().unwrap_or_default();
    edit_similarity(first, "PROVINSI") >= 0.7
}

#[cfg(test)]
mod tests;
