//! Which line of a tax card holds what.
//!
//! Owns the assignment of roles. A label decides where there is one; where there is none, order and form do: a number,
//! below it (or above) the holder, the NIK, the address, then the tax office's own lines. It must not know what becomes
//! of a line's value.

use crate::npwp::labels::{Label, LabelledLine, split_label};
use crate::npwp::line::{LineRole, NpwpLine, column_of};
use crate::npwp::numbers::{is_long_number, is_mostly_digits, is_number_like};
use crate::npwp::params::PARAMS;
use crate::npwp::wording::{is_address_like, is_decoration};
use crate::text::lexicon::is_area_name;
use crate::text::line::confidence_of;
use crate::text::normalise::normalize_alnum;

/// The form of a line by its words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Labelled, with a value.
    Labelled(Label),
    /// A label alone.
    Label(Label),
    /// A number without a label.
    Number,
    /// Words without a label.
    Words,
    /// Print that every card has, or dirt.
    Nothing,
}

fn form(line: &NpwpLine, split: &LabelledLine) -> Form {
    let letters = split.value.chars().filter(char::is_ascii_alphabetic).count();
    if is_long_number(&split.value) {
        return Form::Nothing;
    }
    match split.label {
        Some(Label::Other | Label::Place) => Form::Nothing,
        Some(label) if split.is_bare_label() => Form::Label(label),
        Some(label) => Form::Labelled(label),
        None if is_number_like(&split.value) => Form::Number,
        None if is_decoration(&split.value) => Form::Nothing,
        None if letters >= 2 && line.line.confidence().mean >= PARAMS.legible_min => Form::Words,
        None if letters < 2 && normalize_alnum(&split.value).len() >= 2 => Form::Words,
        None => Form::Nothing,
    }
}

/// Assigns its role to every line, and where its value begins, by the text of all lines as first read.
pub fn assign_roles(lines: &mut [NpwpLine]) {
    let found = roles(lines);
    for (line, (role, from)) in lines.iter_mut().zip(found) {
        (line.role, line.value_from) = (role, from);
    }
}

/// The role of each line and the symbol at which its value begins.
fn roles(lines: &[NpwpLine]) -> Vec<(LineRole, usize)> {
    let below = |at: usize| lines.get(at + 1).map(|line| line.line.text());
    let mut splits: Vec<LabelledLine> =
        lines.iter().enumerate().map(|(at, line)| split_line(line, below(at).as_deref())).collect();
    split_at_column(lines, &mut splits);
    let mut forms: Vec<Form> = lines.iter().zip(&splits).map(|(line, split)| form(line, split)).collect();
    drop_misread_labels(&splits, &mut forms);
    let mut card = Card { lines, splits: &splits, forms: &forms, roles: vec![LineRole::Other; lines.len()] };
    let number = card.number();
    card.set(number, LineRole::Number);
    let nik = card.nik(number);
    card.set(nik, LineRole::Nik);
    let name = card.name(number);
    card.set(name, LineRole::Name);
    card.words(name, number);
    card.roles.into_iter().zip(&splits).map(|(role, split)| (role, split.value_from)).collect()
}

/// A line's label and value by its words; without its label where that is hardly legible, unless it stands alone above a
/// number.
fn split_line(line: &NpwpLine, below: Option<&str>) -> LabelledLine {
    let text = line.line.text();
    let split = split_label(&text);
    let label = line.line.symbols.get(..split.value_from.min(line.line.symbols.len())).unwrap_or_default();
    // Without a colon behind it, dirt may look like a label.
    let plain = label.iter().any(|symbol| symbol.character == ':')
        || confidence_of(label).min >= PARAMS.label_without_colon_min;
    let legible = line.line.confidence().mean >= PARAMS.legible_label_min && plain;
    let above_number = split.is_bare_label() && below.is_some_and(is_number_like);
    let unsure = !legible && !is_number_like(&split.value) && !above_number;
    if split.label.is_some() && unsure {
        LabelledLine { label: None, value_from: 0, value: text }
    } else {
        split
    }
}

/// Where labels stand above their values, small letters above capitals are a label too, even if it was misread.
fn drop_misread_labels(splits: &[LabelledLine], forms: &mut [Form]) {
    let above =
        forms.iter().filter(|form| matches!(form, Form::Label(label) if *label != Label::Number)).count();
    if above == 0 {
        return;
    }
    for at in 1..splits.len() {
        let (Some(label), Some(value)) = (splits.get(at - 1), splits.get(at)) else { continue };
        let both = matches!(forms.get(at - 1..=at), Some([Form::Words, Form::Words | Form::Number]));
        if both
            && is_small(&label.value)
            && !is_small(&value.value)
            && normalize_alnum(&label.value).len() <= 16
        {
            forms[at - 1] = Form::Nothing;
        }
    }
}

/// Whether most letters are small ones.
fn is_small(text: &str) -> bool {
    let small = text.chars().filter(char::is_ascii_lowercase).count();
    small > text.chars().filter(char::is_ascii_uppercase).count()
}

/// Splits lines whose label was misread at the column where the values of the others begin.
fn split_at_column(lines: &[NpwpLine], splits: &mut [LabelledLine]) {
    let begin = |line: &NpwpLine, from: usize| line.left + column_of(&line.line, from);
    let values: Vec<(u32, u32)> = lines
        .iter()
        .zip(splits.iter())
        .filter(|(_, split)| split.value_from > 0 && !split.value.is_empty())
        .map(|(line, split)| (line.left, begin(line, split.value_from)))
        .collect();
    for (line, split) in lines.iter().zip(splits.iter_mut()) {
        let high = line.bottom.saturating_sub(line.top);
        if split.label.is_some() || split.value_from > 0 || high == 0 {
            continue;
        }
        // Two other lines whose labels and values begin at the same columns, and a word of this one too.
        let word = |x: u32| {
            let symbols = &line.line.symbols;
            (1..symbols.len()).find(|at| {
                symbols.get(at - 1).is_some_and(|symbol| symbol.character == ' ')
                    && begin(line, *at).abs_diff(x) * 10 <= high * 7
            })
        };
        let columns = values.iter().filter(|(left, _)| left.abs_diff(line.left) <= high).map(|(_, x)| *x);
        let found = columns
            .clone()
            .filter(|x| columns.clone().filter(|other| other.abs_diff(*x) * 10 <= high * 7).count() >= 2)
            .find_map(word);
        if let Some(from) = found {
            let mut rest: String =
                line.line.symbols.iter().skip(from).map(|symbol| symbol.character).collect();
            let head: String = line.line.symbols.iter().take(from).map(|symbol| symbol.character).collect();
            // Labels are not long; a colon, small letters or a wide gap set them apart from the first words of a value.
            let end = |at: usize| line.line.symbols.get(at).map_or(0, |symbol| symbol.right);
            let gap = line
                .line
                .symbols
                .get(from)
                .map_or(0, |symbol| symbol.left)
                .saturating_sub(end(from.saturating_sub(2)));
            let apart = head.trim_end().ends_with([':', ';', '='])
                || (is_small(&head) && !is_small(&rest))
                || gap > high * 3 / 2;
            if apart && normalize_alnum(&head).len() <= 16 && normalize_alnum(&rest).len() >= 2 {
                rest = rest.trim().to_owned();
                *split = LabelledLine { label: None, value_from: from, value: rest };
            }
        }
    }
}

/// The lines while their roles are being assigned.
struct Card<'a> {
    lines: &'a [NpwpLine],
    splits: &'a [LabelledLine],
    forms: &'a [Form],
    roles: Vec<LineRole>,
}

impl Card<'_> {
    fn set(&mut self, at: Option<usize>, role: LineRole) {
        if let Some(slot) = at.and_then(|at| self.roles.get_mut(at)) {
            *slot = role;
        }
    }

    fn form(&self, at: usize) -> Form {
        self.forms.get(at).copied().unwrap_or(Form::Nothing)
    }

    fn value(&self, at: usize) -> &str {
        self.splits.get(at).map_or("", |split| split.value.as_str())
    }

    /// The first line of this form for which `test` holds.
    fn first(&self, from: usize, test: impl Fn(usize) -> bool) -> Option<usize> {
        (from..self.forms.len()).find(|at| test(*at))
    }

    /// The line of a label's value: its own, or the one below a label that stands alone.
    fn labelled(&self, label: Label, test: impl Fn(usize) -> bool) -> Option<usize> {
        (0..self.forms.len()).find_map(|at| match self.form(at) {
            Form::Labelled(found) if found == label && test(at) => Some(at),
            Form::Label(found) if found == label => {
                let below = at + 1;
                (matches!(self.form(below), Form::Number | Form::Words) && test(below)).then_some(below)
            }
            _ => None,
        })
    }

    fn number(&self) -> Option<usize> {
        let digits = |at: usize| is_number_like(self.value(at));
        let below_nik =
            |at: usize| at > 0 && matches!(self.form(at - 1), Form::Label(Label::Nik | Label::Sixteen));
        self.labelled(Label::Number, digits)
            .or_else(|| self.first(0, |at| self.form(at) == Form::Number && !below_nik(at)))
            .or_else(|| self.labelled(Label::Sixteen, digits))
            // The number is illegible, but its label is there.
            .or_else(|| self.labelled(Label::Number, |at| is_mostly_digits(self.value(at))))
    }

    fn nik(&self, number: Option<usize>) -> Option<usize> {
        let digits = |at: usize| is_number_like(self.value(at)) || is_mostly_digits(self.value(at));
        let below_number =
            |at: usize| at > 0 && matches!(self.form(at - 1), Form::Label(Label::Number | Label::Sixteen));
        self.labelled(Label::Nik, |at| Some(at) != number && digits(at)).or_else(|| {
            let after = number? + 1;
            self.first(after, |at| self.form(at) == Form::Number && !below_number(at))
        })
    }

    fn name(&self, number: Option<usize>) -> Option<usize> {
        let words = |at: usize| self.value(at).chars().any(|c| c.is_ascii_alphabetic());
        if let Some(labelled) = self.labelled(Label::Name, words) {
            return Some(labelled);
        }
        let number = number?;
        let free = |at: usize| {
            self.form(at) == Form::Words
                && self.value(at).chars().filter(char::is_ascii_alphabetic).count() >= 2
                && !is_area_name(self.value(at))
                && !matches!(
                    at.checked_sub(1).map(|above| self.form(above)),
                    Some(Form::Label(Label::Address))
                )
        };
        let below = self
            .first(number + 1, |at| {
                free(at)
                    || matches!(self.form(at), Form::Labelled(Label::Address) | Form::Label(Label::Address))
            })
            .filter(|at| free(*at));
        if below.is_some_and(|at| !is_address_like(self.value(at))) {
            return below;
        }
        // The holder stands above the number on some cards.
        let above = (0..number).rev().find(|at| self.form(*at) != Form::Label(Label::Number)).filter(|at| {
            let text = self.value(*at);
            free(*at) && !is_address_like(text) && normalize_alnum(text).len() >= 3
        });
        above.or(below)
    }

    /// Assigns the remaining words: further lines of the name, and the address.
    fn words(&mut self, name: Option<usize>, number: Option<usize>) {
        let labelled = self.labelled(Label::Address, |at| normalize_alnum(self.value(at)).len() >= 2);
        let begin = match (labelled, name, number) {
            (Some(at), ..) => at,
            (None, Some(name), Some(number)) if name < number => number + 1,
            (None, Some(name), _) => name + 1,
            (None, None, Some(number)) => number + 1,
            (None, None, None) => return,
        };
        if let Some(name) = name {
            self.rest_of_name(name, labelled);
        }
        self.set(labelled, LineRole::Address);
        let mut last = labelled.or(begin.checked_sub(1));
        let mut pitch: Option<u32> = None;
        for at in begin..self.forms.len() {
            let assigned = self.roles.get(at).copied().unwrap_or(LineRole::Other);
            if Some(at) == labelled || matches!(assigned, LineRole::Name | LineRole::Nik | LineRole::Number) {
                last = Some(at);
                continue;
            }
            let begun = self.roles.contains(&LineRole::Address);
            match self.form(at) {
                Form::Words => {
                    let step = last.map_or(0, |last| self.step(last, at));
                    if begun && pitch.is_some_and(|pitch| step * 10 > pitch * 18) {
                        break;
                    }
                    if begun {
                        pitch = Some(pitch.map_or(step, |pitch| pitch.min(step)));
                    }
                    self.set(Some(at), LineRole::Address);
                    last = Some(at);
                }
                Form::Number | Form::Label(_) | Form::Labelled(_) | Form::Nothing if begun => break,
                _ => {}
            }
        }
    }

    /// Words between the name and the next label are of the name, if the address stands elsewhere.
    fn rest_of_name(&mut self, name: usize, address: Option<usize>) {
        let anchor = self
            .first(name + 1, |at| matches!(self.form(at), Form::Labelled(_) | Form::Label(_) | Form::Number));
        let Some(anchor) = anchor else { return };
        let address_below = address.is_some_and(|at| at >= anchor)
            || (address.is_none() && self.form(anchor + 1) == Form::Words);
        if !address_below {
            return;
        }
        // No name takes more than three lines.
        for at in name + 1..anchor.min(name + 3) {
            if self.form(at) != Form::Words || is_address_like(self.value(at)) {
                break;
            }
            self.set(Some(at), LineRole::Name);
        }
    }

    /// From baseline to baseline.
    fn step(&self, above: usize, below: usize) -> u32 {
        let bottom = |at: usize| self.lines.get(at).map_or(0, |line| line.bottom);
        bottom(below).saturating_sub(bottom(above))
    }
}
