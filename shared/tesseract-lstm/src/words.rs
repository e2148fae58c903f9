//! Words of a line: how sure each is, and which language's reading of it counts (ccmain/linerec.cpp, `SearchWords`;
//! ccmain/control.cpp, `classify_word_and_language`).

use crate::beam::{Path, Placed};
use crate::dictionary::Permuter;
use crate::forward::Outputs;
use crate::line::{Alternative, Symbol, Word};
use crate::model::Model;
use crate::unicharset::{SPACE, UnicharId};

/// Certainties of characters times this are those of words (`kCertaintyScale`).
const CERTAINTY_SCALE: f32 = 7.0;
/// An alternative must have had at least this probability at one step (`SaveMostCertainChoices`).
const LEAST_ALTERNATIVE: f32 = 0.01;
/// As many alternatives as a symbol has.
const MOST_ALTERNATIVES: usize = 4;

/// A word while the languages compete for it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) word: Word,
    rating: f32,
    /// Of the word, on the scale of words.
    certainty: f32,
    /// The path went through the list of words.
    is_in_list: bool,
    /// Sure enough to ask no other language.
    is_accepted: bool,
    /// In pixels of the image.
    left: i32,
    right: i32,
}

impl Candidate {
    /// What counts as the reading of a line in which a language finds nothing: a space, with the rating and the certainty
    /// of an unknown shape (`SetupFake` in ccstruct/pageres.cpp). Tesseract has one for each shape of its page layout;
    /// a line without text has one.
    pub(crate) fn nothing(width: usize) -> Self {
        let space = Symbol { text: " ".to_owned(), confidence: 0.0, steps: 0..0, alternatives: Vec::new() };
        Self {
            word: Word { symbols: vec![space], confidence: 0 },
            rating: 10.0,
            certainty: -1.0,
            is_in_list: false,
            is_accepted: false,
            left: 0,
            right: i32::try_from(width).unwrap_or(i32::MAX),
        }
    }
}

/// The words of a path (`ExtractBestPathAsWords`). `scale` is the pixels of the image for one step.
pub(crate) fn candidates(model: &Model, outputs: &Outputs, path: &Path, scale: f32) -> Vec<Candidate> {
    let characters = &path.characters;
    let is_space = |index: usize| characters.get(index).is_some_and(|character| character.unichar == SPACE);
    let is_delimited = |index: usize| model.unicharset.is_space_delimited(characters[index].unichar);
    let mut candidates = Vec::new();
    let (mut start, mut certainty_before) = (0, 0.0_f32);
    while start < characters.len() {
        let ends_before = |index: usize| {
            is_space(index)
                || characters[index].starts_word
                || characters[index].permuter == Permuter::TopChoice
                    && (!is_delimited(index) || !is_delimited(index - 1))
        };
        let end = (start + 1..characters.len()).find(|index| ends_before(*index)).unwrap_or(characters.len());
        let space_certainty = if is_space(end) { characters[end].certainty } else { 0.0 };
        candidates.push(candidate(
            model,
            outputs,
            path,
            start..end,
            space_certainty.min(certainty_before),
            scale,
        ));
        certainty_before = space_certainty;
        start = if is_space(end) { end + 1 } else { end };
    }
    candidates
}

fn candidate(
    model: &Model,
    outputs: &Outputs,
    path: &Path,
    range: std::ops::Range<usize>,
    space_certainty: f32,
    scale: f32,
) -> Candidate {
    let characters = &path.characters[range.clone()];
    let letters: Vec<UnicharId> = characters.iter().map(|character| character.unichar).collect();
    let rating = characters.iter().map(|character| character.rating).fold(0.0, |sum, rating| sum + rating);
    let lowest = characters.iter().map(|character| character.certainty).fold(f32::MAX, f32::min);
    let certainty = lowest.min(space_certainty) * CERTAINTY_SCALE;
    let last_permuter = characters.last().map_or(Permuter::None, |character| character.permuter);
    let pixel = |boundary: usize, round: fn(f32) -> f32| {
        i32::from(round(path.boundaries[boundary] as f32 * scale) as i32 as i16)
    };
    Candidate {
        rating,
        certainty,
        is_in_list: last_permuter == Permuter::Word,
        is_accepted: is_acceptable(model, &letters, certainty),
        left: pixel(range.start, f32::floor),
        right: pixel(range.end, f32::ceil),
        word: Word {
            symbols: range.map(|index| symbol(model, outputs, path, index)).collect(),
            confidence: confidence(certainty),
        },
    }
}

/// Percent of a certainty (`AllWordConfidences` in api/baseapi.cpp).
fn confidence(certainty: f32) -> u8 {
    (100.0 + 5.0 * certainty).clamp(0.0, 100.0) as u8
}

fn symbol(model: &Model, outputs: &Outputs, path: &Path, index: usize) -> Symbol {
    let Placed { unichar, certainty, .. } = path.characters[index];
    let steps = path.boundaries[index]..path.boundaries[index + 1];
    Symbol {
        text: model.unicharset.text(unichar).to_owned(),
        confidence: crate::math::exp(certainty.clamp(-86.0, 0.0)),
        alternatives: alternatives(model, outputs, unichar, steps.clone()),
        steps,
    }
}

/// Other characters of one output each that were probable at some step of a character, the most probable first.
fn alternatives(
    model: &Model,
    outputs: &Outputs,
    unichar: UnicharId,
    steps: std::ops::Range<usize>,
) -> Vec<Alternative> {
    let rows = outputs.steps().skip(steps.start).take(steps.len());
    let mut found: Vec<(UnicharId, f32)> = Vec::new();
    for row in rows {
        for (code, other) in &model.recoder.prefix(0).finals {
            let probability = row[*code as usize];
            if probability < LEAST_ALTERNATIVE || *code == model.null || *other == unichar {
                continue;
            }
            match found.iter_mut().find(|(known, _)| known == other) {
                Some((_, best)) => *best = best.max(probability),
                None => found.push((*other, probability)),
            }
        }
    }
    found.sort_by(|one, other| other.1.total_cmp(&one.1));
    found.truncate(MOST_ALTERNATIVES);
    let named =
        |(other, probability)| Alternative { text: model.unicharset.text(other).to_owned(), probability };
    found.into_iter().map(named).collect()
}

/// dict/stopper.cpp, `AcceptableResult`: long words of the dictionary may be less sure.
fn is_acceptable(model: &Model, letters: &[UnicharId], certainty: f32) -> bool {
    /// `stopper_nondict_certainty_base`
    const BASE: f32 = -2.5;
    /// `stopper_certainty_per_char`
    const PER_LETTER: f32 = -0.5;
    /// `stopper_smallword_size`
    const SMALL_WORD: usize = 2;
    let Some(dictionary) = &model.dictionary else { return false };
    let mut threshold = BASE;
    if dictionary.is_word(&model.unicharset, letters) && has_regular_case(model, letters) {
        let letters = shortest_run_of_letters(model, letters).saturating_sub(SMALL_WORD);
        let lower = letters as f32 * PER_LETTER;
        threshold += lower;
    }
    certainty > threshold
}

/// dict/context.cpp, `case_ok`: lower case does not change back within a word, and a single small letter is no word.
fn has_regular_case(model: &Model, letters: &[UnicharId]) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Start,
        Capital,
        Lower,
        Upper,
        Digit,
        LowerFirst,
    }
    let mut state = State::Start;
    for letter in letters {
        let set = &model.unicharset;
        state = if set.is_upper(*letter) {
            match state {
                State::Start => State::Capital,
                State::Capital | State::Upper => State::Upper,
                _ => return false,
            }
        } else if set.is_lower(*letter) {
            match state {
                State::Start => State::LowerFirst,
                State::Capital | State::Lower | State::LowerFirst => State::Lower,
                _ => return false,
            }
        } else if set.is_digit(*letter) {
            match state {
                State::Lower | State::LowerFirst => return false,
                _ => State::Digit,
            }
        } else if state == State::LowerFirst {
            State::LowerFirst
        } else {
            State::Start
        };
    }
    state != State::LowerFirst
}

/// dict/stopper.cpp, `LengthOfShortestAlphaRun`; 0 without letters.
fn shortest_run_of_letters(model: &Model, letters: &[UnicharId]) -> usize {
    let runs = letters.split(|letter| !model.unicharset.is_alpha(*letter));
    runs.map(<[_]>::len).filter(|length| *length > 0).min().unwrap_or(0)
}

/// Whether a reading needs no other language.
pub(crate) fn are_acceptable(words: &[Candidate]) -> bool {
    !words.is_empty() && words.iter().all(|word| word.is_accepted)
}

/// Takes of two readings of a line the better one for each stretch between gaps that both have
/// (`SelectBestWords`).
pub(crate) fn select(best: Vec<Candidate>, new: Vec<Candidate>) -> Vec<Candidate> {
    /// `classify_max_rating_ratio`
    const RATING_RATIO: f64 = 1.5;
    /// `classify_max_certainty_margin`
    const CERTAINTY_MARGIN: f64 = 5.5;
    let mut selected = Vec::new();
    let (mut best, mut new) = (best.into_iter().peekable(), new.into_iter().peekable());
    while best.peek().is_some() || new.peek().is_some() {
        let (mut of_best, mut of_new): (Vec<Candidate>, Vec<Candidate>) = (Vec::new(), Vec::new());
        let mut next = (best.next(), new.next());
        loop {
            let gap = |word: &Option<Candidate>, behind: Option<&Candidate>| match word {
                Some(word) => (word.right, behind.map_or(i32::MAX, |behind| behind.left)),
                None => (-i32::MAX, i32::MAX),
            };
            let (best_right, best_left) = gap(&next.0, best.peek());
            let (new_right, new_left) = gap(&next.1, new.peek());
            let is_common_gap = best_right.max(new_right) < best_left.min(new_left);
            if is_common_gap || next.0.is_none() && next.1.is_none() {
                of_best.extend(next.0);
                of_new.extend(next.1);
                break;
            }
            if best_right < new_right && next.0.is_some() || next.1.is_none() {
                of_best.extend(next.0);
                next.0 = best.next();
            } else {
                of_new.extend(next.1);
                next.1 = new.next();
            }
        }
        let (old, alternative) = (Span::of(&of_best), Span::of(&of_new));
        let is_better = of_best.is_empty()
            || alternative.certainty > old.certainty && alternative.rating < old.rating
            || !old.is_in_list
                && alternative.is_in_list
                && f64::from(alternative.rating) < f64::from(old.rating) * RATING_RATIO
                && f64::from(alternative.certainty) > f64::from(old.certainty) - CERTAINTY_MARGIN;
        selected.extend(if !of_new.is_empty() && is_better { of_new } else { of_best });
    }
    selected
}

/// `EvaluateWordSpan`
struct Span {
    rating: f32,
    certainty: f32,
    is_in_list: bool,
}

impl Span {
    fn of(words: &[Candidate]) -> Self {
        Self {
            rating: words.iter().fold(0.0, |sum, word| sum + word.rating),
            certainty: words.iter().fold(0.0, |lowest, word| word.certainty.min(lowest)),
            is_in_list: !words.is_empty() && words.iter().all(|word| word.is_in_list),
        }
    }
}
