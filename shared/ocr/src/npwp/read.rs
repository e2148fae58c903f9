//! Recognises the lines of a tax card, and a second time the values in them.
//!
//! Owns which line is read with which alphabet, by which reader, and how often. Where the lines are is decided in
//! [`crate::npwp::layout`], what they hold in [`crate::npwp::line_roles`]. It must not know what becomes of a value.

use crate::correction::addresses::correct_address;
use crate::correction::names::correct_name;
use crate::npwp::evidence::speaks_of_npwp;
use crate::npwp::labels::split_label;
use crate::npwp::layout::NpwpLayout;
use crate::npwp::line::{LineRole, NpwpLine};
use crate::npwp::line_roles::assign_roles;
use crate::npwp::numbers::{first_digits, is_number_like, is_plausible_nik, is_plausible_number};
use crate::npwp::params::PARAMS;
use crate::npwp::value_begin::{lost_before, value_begin};
use crate::npwp::wording::is_decoration;
use crate::page::{Page, Row, Span};
use crate::recognition::digits::{self, Band, Pattern};
use crate::recognition::engine::{Engine, EngineError, LineImage, TextClass};
use crate::recognition::{ctc, ensemble};
use crate::text::confidence::needs_second_pass;
use crate::text::line::{Line, Symbol};

impl NpwpLayout {
    /// Reads a few lines from the top, and the rest only if they speak of a tax card: otherwise no line is returned.
    ///
    /// # Errors
    /// The engine failed.
    pub fn read(&self, page: &Page, engine: &mut dyn Engine) -> Result<Vec<NpwpLine>, EngineError> {
        let image = |(row, span): &(Row, Span), class| LineImage { image: page.crop(*row, *span), class };
        let all = |rows: &[(Row, Span)]| -> Vec<LineImage> {
            rows.iter().map(|place| image(place, TextClass::Any)).collect()
        };
        let (probe, rest) = self.rows.split_at(PARAMS.probed_rows.min(self.rows.len()));
        let mut read = recognise_by_both(engine, &all(probe))?;
        if !read.iter().any(|line| speaks_of_npwp(&line.text())) {
            return Ok(Vec::new());
        }
        read.extend(recognise_by_both(engine, &all(rest))?);
        let mut lines: Vec<NpwpLine> = self
            .rows
            .iter()
            .zip(read)
            .map(|((row, span), line)| NpwpLine {
                left: span.left,
                top: row.top,
                bottom: row.bottom,
                cut_off: span.left <= PARAMS.edge_px,
                line,
                ..NpwpLine::default()
            })
            .collect();
        assign_roles(&mut lines);
        // Values are read again with the alphabet of their role; sorted by it: changing the alphabet costs.
        let mut again: Vec<(usize, LineImage)> = Vec::new();
        for (i, (line, place)) in lines.iter_mut().zip(&self.rows).enumerate() {
            if let Some(image) = second_pass(page, *place, line) {
                again.push((i, image));
            }
        }
        again.sort_by_key(|(_, image)| image.class);
        let (at, images): (Vec<usize>, Vec<LineImage>) = again.into_iter().unzip();
        for (i, read) in at.into_iter().zip(engine.recognise(&images)?) {
            if let Some(line) = lines.get_mut(i) {
                line.second_pass = Some(read);
            }
        }
        for (line, place) in lines.iter_mut().zip(&self.rows) {
            correct_words(page, *place, line);
        }
        Ok(lines)
    }
}

/// The lines as the engine reads them, except those that it cannot place: where only the line network, which soft print
/// misleads less, sees a label, a number or the authority's words, its reading stands.
fn recognise_by_both(engine: &mut dyn Engine, images: &[LineImage]) -> Result<Vec<Line>, EngineError> {
    let mut lines = engine.recognise(images)?;
    for (line, image) in lines.iter_mut().zip(images) {
        if needs_second_pass(line.confidence().min)
            && !is_placed(&line.text())
            && let Some(output) = ctc::recognise_line(image)
        {
            let seen = output.line();
            if is_placed(&seen.text()) {
                *line = seen;
            }
        }
    }
    Ok(lines)
}

/// Whether the words of a line say what it holds.
fn is_placed(text: &str) -> bool {
    let split = split_label(text);
    split.label.is_some() || is_number_like(&split.value) || is_decoration(text)
}

/// Corrects where the value of a line begins, reads the digits of a number, and returns the picture that the engine is to
/// read again, if any.
fn second_pass(page: &Page, (row, span): (Row, Span), line: &mut NpwpLine) -> Option<LineImage> {
    if line.role == LineRole::Other {
        return None;
    }
    let begin = value_begin(page, row, span, &line.line, line.value_from);
    let margin = line.line.symbols.first().map_or(0, |symbol| symbol.left);
    let column = begin.saturating_sub(span.left) + margin;
    // A colon may have been read as a stroke that stands alone: it ends before the value's ink.
    if let Some([stroke, space, ..]) = line.line.symbols.get(line.value_from..)
        && line.value_from > 0
        && "1Iil!|t".contains(stroke.character)
        && space.character == ' '
        && stroke.left + row.height() / 4 < column
    {
        line.value_from += 2;
    }
    let from = line.value_from;
    let span = Span { left: begin, right: span.right.max(begin + 1) };
    let class = match line.role {
        LineRole::Number | LineRole::Nik => {
            let band = Band {
                left: begin as f32,
                right: span.right as f32,
                top: row.top as f32,
                bottom: row.bottom as f32,
            };
            let digits = digits::read_number(&page.gray, band, patterns(line.role))
                .filter(digits::NumberRow::holds_digits);
            let valid = |text: &str| match line.role {
                LineRole::Nik => is_plausible_nik(text),
                _ => is_plausible_number(text),
            };
            let agreed = digits.as_ref().is_some_and(|row| {
                row.weight(row.confidence()) >= PARAMS.sure_digits_min
                    && valid(&row.text())
                    && first_digits(&line.line, from).as_deref() == Some(row.text().as_str())
            });
            line.digits = digits;
            if agreed {
                return None;
            }
            TextClass::Digits
        }
        LineRole::Name | LineRole::Address => {
            let symbols = line.line.symbols.get(from..).unwrap_or_default();
            if in_small_letters(symbols) {
                return None;
            }
            let name = line.role == LineRole::Name;
            let usual = |c: char| {
                c.is_ascii_uppercase()
                    || " .,'-/".contains(c)
                    || (!name && (c.is_ascii_digit() || c == '(' || c == ')'))
            };
            let sure = symbols.iter().all(|symbol| {
                symbol.character == ' ' || (usual(symbol.character) && !needs_second_pass(symbol.confidence))
            });
            if sure && !symbols.is_empty() {
                return None;
            }
            if name { TextClass::Name } else { TextClass::Upper }
        }
        LineRole::Other => return None,
    };
    Some(LineImage { image: page.crop(row, span), class })
}

/// Corrects a name or an address by its strokes and by the second reader.
fn correct_words(page: &Page, (row, span): (Row, Span), line: &mut NpwpLine) {
    let class = match line.role {
        LineRole::Name => TextClass::Name,
        LineRole::Address => TextClass::Upper,
        LineRole::Number | LineRole::Nik | LineRole::Other => return,
    };
    let by_strokes = if class == TextClass::Name { correct_name } else { correct_address };
    let from = line.value_from.min(line.line.symbols.len());
    let begin = value_begin(page, row, span, &line.line, from);
    let span = Span { left: begin, right: span.right.max(begin + 1) };
    let first = Line { symbols: line.line.symbols.split_off(from) };
    let mut words = line.second_pass.take().unwrap_or_else(|| first.clone());
    by_strokes(page, row, span, &mut words);
    let look = |left: u32| {
        let span = Span { left, ..span };
        ctc::recognise_line(&LineImage { image: page.crop(row, span), class })
    };
    if !in_small_letters(&first.symbols)
        && let Some(mut seen) = look(begin)
    {
        let lost = lost_before(&first, &seen.line());
        if lost > 0
            && let Some(wider) = look(begin.saturating_sub(lost * row.height()))
        {
            (words, seen) = (first.clone(), wider);
        }
        ensemble::fuse(&mut words, &seen);
    }
    line.line.symbols.extend(first.symbols);
    line.second_pass = Some(words);
}

/// The forms that a number can have.
const fn patterns(role: LineRole) -> &'static [Pattern] {
    match role {
        LineRole::Nik => &[Pattern::PLAIN_16],
        _ => &[Pattern::NPWP_15, Pattern::GROUPED_16, Pattern::PLAIN_16],
    }
}

/// Whether a value is printed in small letters for the most part.
fn in_small_letters(symbols: &[Symbol]) -> bool {
    let small = symbols.iter().filter(|symbol| symbol.character.is_lowercase()).count();
    let capitals = symbols.iter().filter(|symbol| symbol.character.is_uppercase()).count();
    small > capitals
}
