//! Finds and recognises the lines of an NPWP card, either layout.
//!
//! Both layouts are lines from the left edge: the number, the name, perhaps the NIK, the address, the registration.
//! What the recognised text means is decided in [`crate::npwp::fields`].

use crate::correction::strokes;
use crate::npwp::barcode_mask;
use crate::npwp::fields::{self, Meaning, Value};
use crate::page::{Area, Page, Row, Span};
use crate::recognition::digits::{self, Band, NumberRow, Pattern};
use crate::recognition::engine::{Engine, EngineError, LineImage, TextClass};
use crate::recognition::{ctc, ensemble};
use crate::text::field_text::value_of;
use crate::text::line::{Line, Symbol};
use crate::text::normalise::value_range;

/// One line of the card.
#[derive(Debug, Clone, Default)]
pub struct NpwpLine {
    /// First column of the line, in pixels.
    pub left: u32,
    /// Top of the capitals.
    pub top: u32,
    /// Baseline.
    pub bottom: u32,
    /// It begins at the very edge of the card: its first letters may be missing.
    pub cut_off: bool,
    /// As read with every character allowed.
    pub line: Line,
    /// The symbol of `line` at which the value begins, where the picture told it better than the text does.
    pub from: Option<usize>,
    /// The value as later looks have it: with the alphabet of what it was found to be, and words by both readers.
    pub narrowed: Option<Line>,
    /// The number in the line as the digit classifier saw it.
    pub digits: Option<NumberRow>,
}

/// Where the lines of an NPWP card are.
#[derive(Debug, Clone)]
pub struct NpwpLayout {
    pub(crate) rows: Vec<(Row, Span)>,
}

/// Below the header band, above the lower band.
const TOP: f32 = 0.15;
const BOTTOM: f32 = 0.93;
const LEFT: f32 = 0.02;
/// Left of the QR code.
const RIGHT: f32 = 0.76;
/// Two titles, four labels above their values, three lines of address, two more numbers, registration and office.
const MAX_ROWS: usize = 18;
/// Cells that fit worse than this do not all hold a digit.
const MIN_NUMBER_FIT: f32 = -0.5;
/// No line of a field begins further right.
const LAST_BEGIN: f32 = 0.48;
/// What begins before this column is cut off by the edge of the card.
const EDGE: u32 = 8;
/// Lower print is not legible.
const LEAST_HEIGHT: u32 = 9;
/// Print has more ink than this.
const FAINT: f32 = 0.07;
/// How many lines decide whether to go on.
const PROBE: usize = 5;

impl NpwpLayout {
    /// Looks for the rows.
    pub fn find(page: &Page) -> Self {
        // The lines of a code would be taken for print, and hide what stands beside them.
        let without = page.without(&barcode_mask::find(page));
        let page = without.as_ref().unwrap_or(page);
        let w = page.width() as f32;
        let at = |share: f32| (share * w) as u32;
        let place = |row: Row| {
            let spans = page.spans(row, at(LEFT), at(0.98), row.height() * 3 / 2);
            // Label, colon and value may stand apart; what begins on the right is the code or the background.
            let text: Vec<&Span> = spans.iter().filter(|span| span.left < at(0.6)).collect();
            let (first, last) = (text.first()?, text.last()?);
            let mut span = Span { left: first.left, right: last.right };
            if span.left <= at(LEFT) + 2 {
                // The outline was taken too narrow, or print runs up to the edge.
                let further = page.spans(row, 2, span.right, row.height());
                span.left = further
                    .iter()
                    .find(|piece| piece.right > span.left)
                    .map_or(span.left, |piece| piece.left);
            }
            let wide = span.right - span.left;
            // A line begins on the left, or where values do behind a column of labels, and is longer than it is high.
            let placed = span.left < at(LAST_BEGIN) && wide > row.height() * 3 / 2;
            // The edge of a band is a thin stroke across the card.
            let share = page.ink_share(row, span);
            let across = first.left <= at(LEFT) + 3 && (wide > at(0.85) || share < 2.0 * FAINT);
            let print = share > FAINT && !across && row.height() >= LEAST_HEIGHT;
            (placed && print).then_some((row, span))
        };
        let found: Vec<(Row, Span)> =
            page.rows(page.area(LEFT, TOP, RIGHT, BOTTOM)).into_iter().filter_map(place).collect();
        let mut lefts: Vec<u32> = found.iter().map(|(_, span)| span.left).collect();
        lefts.sort_unstable();
        let left = lefts.get(lefts.len() / 2).copied().unwrap_or(0);
        let mut heights: Vec<u32> = found.iter().map(|(row, _)| row.height()).collect();
        heights.sort_unstable();
        let height = heights.get(heights.len() / 3).copied().unwrap_or(0);
        let columns = value_columns(page, &found, left, height);
        // A line of one short word holds too little ink beside the others: look again in the gaps, where lines begin.
        let mut rows: Vec<(Row, Span)> = Vec::with_capacity(MAX_ROWS);
        for (row, span) in found {
            if let Some((above, _)) = rows.last().copied()
                && row.top.saturating_sub(above.bottom) > height * 2
            {
                let fits = |(row, span): &(Row, Span)| {
                    row.height() * 10 >= height * 7
                        && row.height() * 10 <= height * 14
                        && columns.iter().any(|column| span.left.abs_diff(*column) * 2 <= height)
                };
                let gap = |column: u32| Area {
                    left: column.saturating_sub(height),
                    top: above.bottom + height / 4,
                    right: column + height * 12,
                    bottom: row.top.saturating_sub(height / 4),
                };
                let faint = |column: &u32| -> Vec<(Row, Span)> {
                    let rows = page.faint_rows(gap(*column)).into_iter();
                    rows.filter_map(place).filter(fits).take(2).collect()
                };
                let between = columns.iter().map(faint).find(|rows| !rows.is_empty());
                rows.extend(between.unwrap_or_default());
            }
            rows.push((row, span));
        }
        rows.truncate(MAX_ROWS);
        Self { rows }
    }

    /// Reads a few lines from the top, and the rest only if they speak of an NPWP card.
    pub fn read(&self, page: &Page, engine: &mut dyn Engine) -> Result<Vec<NpwpLine>, EngineError> {
        let image = |(row, span): &(Row, Span), class| LineImage { image: page.crop(*row, *span), class };
        let all = |rows: &[(Row, Span)]| -> Vec<LineImage> {
            rows.iter().map(|place| image(place, TextClass::Any)).collect()
        };
        let (probe, rest) = self.rows.split_at(PROBE.min(self.rows.len()));
        let mut read = engine.recognise(&all(probe))?;
        if !read.iter().any(|line| fields::speaks_of_npwp(&line.text())) {
            return Ok(Vec::new());
        }
        read.extend(engine.recognise(&all(rest))?);
        let mut lines: Vec<NpwpLine> = self
            .rows
            .iter()
            .zip(read)
            .map(|((row, span), line)| NpwpLine {
                left: span.left,
                top: row.top,
                bottom: row.bottom,
                cut_off: span.left <= EDGE,
                line,
                from: None,
                narrowed: None,
                digits: None,
            })
            .collect();
        let values = fields::meanings(&lines);
        // Second looks at what matters, with the alphabet it can have; sorted by it: changing the alphabet costs.
        let mut again: Vec<(usize, LineImage)> = Vec::new();
        for (i, ((line, value), place)) in lines.iter_mut().zip(&values).zip(&self.rows).enumerate() {
            if let Some(image) = second_look(page, *place, line, *value) {
                again.push((i, image));
            }
        }
        again.sort_by_key(|(_, image)| image.class);
        let (at, images): (Vec<usize>, Vec<LineImage>) = again.into_iter().unzip();
        for (i, read) in at.into_iter().zip(engine.recognise(&images)?) {
            if let Some(line) = lines.get_mut(i) {
                line.narrowed = Some(read);
            }
        }
        for ((line, value), place) in lines.iter_mut().zip(&values).zip(&self.rows) {
            settle(page, *place, line, *value);
        }
        Ok(lines)
    }
}

/// Where lines begin: on the left, and behind a column of labels.
fn value_columns(page: &Page, rows: &[(Row, Span)], left: u32, height: u32) -> Vec<u32> {
    let mut columns = vec![left];
    for (row, span) in rows {
        let pieces = page.spans(*row, span.left, span.right, (height / 4).max(3));
        // The widest gap of the line, and what follows it, its colon left out.
        let gap = |pair: &[Span]| match pair {
            [a, b] => b.left - a.right,
            _ => 0,
        };
        let Some(at) = (1..pieces.len()).max_by_key(|at| pieces.get(at - 1..=*at).map_or(0, gap)) else {
            continue;
        };
        let narrow = |piece: &&Span| (piece.right - piece.left) * 5 <= height * 2;
        if let Some(value) = pieces.iter().skip(at).take(2).find(|piece| !narrow(piece)) {
            columns.push(value.left);
        }
    }
    // A line that begins where a value does is worth looking for; each place once.
    let mut kept: Vec<u32> = Vec::new();
    for column in &columns {
        let shared = columns.iter().filter(|other| other.abs_diff(*column) * 2 <= height).count();
        if (*column == left || shared >= 2) && kept.iter().all(|known| known.abs_diff(*column) * 2 > height) {
            kept.push(*column);
        }
    }
    kept.truncate(3);
    kept
}

/// From this confidence on words need no second look.
const SURE: f32 = 0.985;
/// From this weight on digits that the text says too need none.
const SURE_DIGITS: f32 = 0.9;

/// Finds where the value of a line begins, reads the digits of a number, and says what to look at again.
fn second_look(
    page: &Page,
    (row, span): (Row, Span),
    line: &mut NpwpLine,
    value: Value,
) -> Option<LineImage> {
    if value.meaning == Meaning::Other {
        return None;
    }
    let begin = value_begin(page, row, span, &line.line, value.from);
    let margin = line.line.symbols.first().map_or(0, |symbol| symbol.left);
    let column = begin.saturating_sub(span.left) + margin;
    // A colon may have been read as a stroke that stands alone: it ends before the value's ink.
    if let Some([stroke, space, ..]) = line.line.symbols.get(value.from..)
        && value.from > 0
        && "1Iil!|t".contains(stroke.character)
        && space.character == ' '
        && stroke.left + row.height() / 4 < column
    {
        line.from = Some(value.from + 2);
    }
    let from = line.from.unwrap_or(value.from);
    let span = Span { left: begin, right: span.right.max(begin + 1) };
    let class = match value.meaning {
        Meaning::Number | Meaning::Nik => {
            let band = Band {
                left: begin as f32,
                right: span.right as f32,
                top: row.top as f32,
                bottom: row.bottom as f32,
            };
            let digits = digits::read_number(&page.gray, band, patterns(value.meaning))
                .filter(|number| number.fit > MIN_NUMBER_FIT);
            let valid = |text: &str| match value.meaning {
                Meaning::Nik => fields::is_plausible_nik(text),
                _ => fields::is_plausible_number(text),
            };
            let agreed = digits.as_ref().is_some_and(|row| {
                row.weight(row.confidence()) >= SURE_DIGITS
                    && valid(&row.text())
                    && fields::first_digits(&line.line, from).as_deref() == Some(row.text().as_str())
            });
            line.digits = digits;
            if agreed {
                return None;
            }
            TextClass::Digits
        }
        Meaning::Name | Meaning::Address => {
            let symbols = line.line.symbols.get(from..).unwrap_or_default();
            if in_small_letters(symbols) {
                return None;
            }
            let name = value.meaning == Meaning::Name;
            let usual = |c: char| {
                c.is_ascii_uppercase()
                    || " .,'-/".contains(c)
                    || (!name && (c.is_ascii_digit() || c == '(' || c == ')'))
            };
            let sure = symbols.iter().all(|symbol| {
                symbol.character == ' ' || (usual(symbol.character) && symbol.confidence >= SURE)
            });
            if sure && !symbols.is_empty() {
                return None;
            }
            if name { TextClass::Name } else { TextClass::Upper }
        }
        Meaning::Other => return None,
    };
    Some(LineImage { image: page.crop(row, span), class })
}

/// Settles by their strokes the characters of a name or an address that recognisers lose or confuse.
fn settle(page: &Page, (row, span): (Row, Span), line: &mut NpwpLine, value: Value) {
    let class = match value.meaning {
        Meaning::Name => TextClass::Name,
        Meaning::Address => TextClass::Upper,
        Meaning::Number | Meaning::Nik | Meaning::Other => return,
    };
    let by_strokes = if class == TextClass::Name { strokes::settle_name } else { strokes::settle_address };
    let from = line.from.unwrap_or(value.from).min(line.line.symbols.len());
    let begin = value_begin(page, row, span, &line.line, from);
    let span = Span { left: begin, right: span.right.max(begin + 1) };
    let first = Line { symbols: line.line.symbols.split_off(from) };
    let mut words = line.narrowed.take().unwrap_or_else(|| first.clone());
    by_strokes(page, row, span, &mut words);
    let look = |left: u32| {
        let span = Span { left, ..span };
        ctc::look(&LineImage { image: page.crop(row, span), class })
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
        ensemble::settle(&mut words, &seen);
    }
    line.line.symbols.extend(first.symbols);
    line.narrowed = Some(words);
}

/// How many letters the whole line surely has before those of its value, where it was taken to begin too far right.
fn lost_before(whole: &Line, value: &Line) -> u32 {
    /// More is another word, and no letter that was taken for a colon's neighbour.
    const MOST: usize = 2;
    let range = value_range(&whole.symbols);
    let symbols = whole.symbols.get(range).unwrap_or_default();
    let text = value_of(value).text;
    let lost = symbols.len().saturating_sub(text.chars().count());
    let (before, rest) = symbols.split_at(lost);
    // A colon is read as a stroke, and labels end in small letters.
    let is_lost = |symbol: &Symbol| {
        symbol.character.is_ascii_uppercase() && symbol.character != 'I' && symbol.confidence >= SURE
    };
    let same = rest.iter().map(|symbol| symbol.character).eq(text.chars());
    if !text.is_empty() && lost <= MOST && same && before.iter().all(is_lost) { lost as u32 } else { 0 }
}

/// Whether a value is printed in small letters for the most part.
fn in_small_letters(symbols: &[Symbol]) -> bool {
    let small = symbols.iter().filter(|symbol| symbol.character.is_lowercase()).count();
    let capitals = symbols.iter().filter(|symbol| symbol.character.is_uppercase()).count();
    small > capitals
}

/// The column at which a value begins: the ink nearest to where the recogniser saw its first symbol, behind the colon.
fn value_begin(page: &Page, row: Row, span: Span, line: &Line, from: usize) -> u32 {
    if from == 0 {
        return span.left;
    }
    let about = span.left + fields::column_of(line, from);
    let high = row.height();
    let runs = page.spans(row, span.left, span.right, (high / 7).max(2));
    // Of the runs of ink nearby, one behind a gap: the boxes of symbols are not exact.
    let mut behind = span.left;
    let mut best: Option<(i64, usize)> = None;
    for (at, run) in runs.iter().enumerate() {
        let gap = run.left.saturating_sub(behind).min(high / 2);
        behind = run.right;
        let off = run.left.abs_diff(about);
        let worth = i64::from(gap) - i64::from(off);
        if off <= high && best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, at));
        }
    }
    let Some((_, nearest)) = best else { return about };
    // Where the letters behind begin at the top, a colon does not, and it is hollow.
    let is_colon = |run: &Span| {
        let behind = Span { left: run.right, right: (run.right + 3 * high).min(span.right) };
        let top = page.ink_height(row, behind).map_or(row.top, |(top, _)| top);
        let upper = Row { top, bottom: top + (high / 5).max(1) };
        let middle = Row { top: row.top + high * 9 / 16, bottom: row.top + high * 12 / 16 + 1 };
        (run.right - run.left) * 5 <= high * 2
            && page.ink_share(upper, *run) < 0.2
            && page.ink_share(middle, *run) < 0.3
    };
    let near = runs.iter().skip(nearest).take(2).find(|run| !is_colon(run));
    near.map_or(about, |run| run.left)
}

/// The forms that a number can have.
const fn patterns(meaning: Meaning) -> &'static [Pattern] {
    match meaning {
        Meaning::Nik => &[Pattern::PLAIN_16],
        _ => &[Pattern::NPWP_15, Pattern::GROUPED_16, Pattern::PLAIN_16],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_before_a_value_is_lost_and_a_word_is_not() {
        let lost = |whole: &str, value: &str| {
            lost_before(&Line::with_confidence(whole, 0.99), &Line::with_confidence(value, 0.9))
        };
        assert_eq!(lost("MUHAMMAD", "UHAMMAD"), 1);
        assert_eq!(lost(": SUHAM", "HAM"), 2);
        for (whole, value) in [
            ("BUDI", "BUDI"),
            ("I MADE", "MADE"),
            ("ADE BUDI", "BUDI"),
            ("IBUDI", "BUDI"),
            ("BUDI", ""),
            ("BUDI", "RUDI"),
        ] {
            assert_eq!(lost(whole, value), 0, "{whole} {value}");
        }
    }
}
