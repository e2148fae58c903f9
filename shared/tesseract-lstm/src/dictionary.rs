//! What the word lists of a model say of a word that grows letter by letter (dict/dict.cpp).

use crate::component::Component;
use crate::dawg::{Dawg, Edge, PATTERN};
use crate::error::ModelError;
use crate::traineddata::Container;
use crate::unicharset::{UnicharId, Unicharset};

/// How a path came by its letters; a higher one is the stronger claim (`PermuterType` in ccstruct/ratngs.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permuter {
    None,
    Punctuation,
    TopChoice,
    Number,
    Word,
}

/// Whether a list may follow another within one word: words and numbers stand within patterns of punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Punctuation,
    Word,
    Number,
}

impl Kind {
    fn permuter(self) -> Permuter {
        match self {
            Self::Punctuation => Permuter::Punctuation,
            Self::Word => Permuter::Word,
            Self::Number => Permuter::Number,
        }
    }
}

/// Where a word stands in a list and in the pattern of punctuation around it (`DawgPosition` in dict/dawg.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The list of words or numbers, once one was entered, and the last edge in it.
    list: Option<u8>,
    list_edge: Option<Edge>,
    /// The pattern of punctuation, and the last edge in it.
    pattern: Option<u8>,
    pattern_edge: Option<Edge>,
    /// The word is over, and only punctuation may follow.
    behind_word: bool,
}

/// What one more letter makes of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// [`Permuter::None`] if no list has the word.
    pub(crate) permuter: Permuter,
    /// A word may end here.
    pub(crate) word_end: bool,
}

/// The lists of one model.
#[derive(Debug)]
pub(crate) struct Dictionary {
    lists: Vec<(Kind, Dawg)>,
    start: Vec<Position>,
}

impl Dictionary {
    /// # Errors
    /// A list is damaged. A model without any has no dictionary: `None`.
    pub(crate) fn parse(container: &Container<'_>) -> Result<Option<Self>, ModelError> {
        let mut lists = Vec::new();
        // The order is that of `Dict::LoadLSTM`.
        for (component, kind) in [
            (Component::PunctuationDawg, Kind::Punctuation),
            (Component::WordDawg, Kind::Word),
            (Component::NumberDawg, Kind::Number),
        ] {
            if container.find(component).is_some() {
                lists.push((kind, Dawg::parse(&mut container.get(component)?)?));
            }
        }
        if lists.is_empty() {
            return Ok(None);
        }
        // A word begins in the pattern of punctuation, or, if no pattern permits a bare word, in any list
        // (`Dict::default_dawgs`).
        let bare_words = lists
            .iter()
            .any(|(kind, dawg)| *kind == Kind::Punctuation && dawg.step(None, PATTERN, true).is_some());
        let start = (0_u8..)
            .zip(&lists)
            .filter(|(_, (kind, _))| *kind == Kind::Punctuation || !bare_words)
            .map(|(number, (kind, _))| {
                let is_pattern = *kind == Kind::Punctuation;
                Position {
                    list: (!is_pattern).then_some(number),
                    list_edge: None,
                    pattern: is_pattern.then_some(number),
                    pattern_edge: None,
                    behind_word: false,
                }
            })
            .collect();
        Ok(Some(Self { lists, start }))
    }

    /// Where every word begins.
    pub(crate) fn start(&self) -> &[Position] {
        &self.start
    }

    fn list(&self, number: u8) -> &(Kind, Dawg) {
        &self.lists[number as usize]
    }

    /// Goes from `active` over `letter` to `reached`, which is emptied first; `before` is what the letters before said
    /// (`Dict::def_letter_is_okay`).
    pub(crate) fn step(
        &self,
        active: &[Position],
        unicharset: &Unicharset,
        letter: UnicharId,
        is_last: bool,
        before: Permuter,
        reached: &mut Vec<Position>,
    ) -> Step {
        let nothing = Step { permuter: Permuter::None, word_end: false };
        // The pattern's character is no letter of a word.
        if letter == PATTERN {
            return nothing;
        }
        reached.clear();
        let mut step = nothing;
        let mut reach = |position, permuter, ends_word| {
            if !reached.contains(&position) {
                reached.push(position);
            }
            step.permuter = step.permuter.max(permuter);
            step.word_end |= ends_word;
        };
        for position in active {
            let pattern = position.pattern.map(|number| &self.list(number).1);
            let Some(number) = position.list else {
                let Some(pattern) = pattern else { continue };
                // A pattern whose node has no more edges ends like one that has no edge for the letter.
                if let Some(into_word) = pattern.step(position.pattern_edge, PATTERN, is_last) {
                    for (next, (kind, list)) in (0_u8..).zip(&self.lists) {
                        if *kind == Kind::Punctuation {
                            continue;
                        }
                        if let Some(edge) =
                            list.step(None, Self::letter_in(*kind, unicharset, letter), is_last)
                        {
                            let entered = Position {
                                list: Some(next),
                                list_edge: Some(edge),
                                pattern_edge: Some(into_word),
                                ..*position
                            };
                            let ends_word = list.ends_word(edge) && pattern.ends_word(into_word);
                            reach(entered, kind.permuter(), ends_word);
                        }
                    }
                }
                if let Some(edge) = pattern.step(position.pattern_edge, letter, is_last) {
                    let further = Position { pattern_edge: Some(edge), ..*position };
                    reach(further, Permuter::Punctuation, pattern.ends_word(edge));
                }
                continue;
            };
            let (kind, list) = self.list(number);
            if let Some(pattern) = pattern
                && position.list_edge.is_some_and(|edge| list.ends_word(edge))
                && let Some(edge) = pattern.step(position.pattern_edge, letter, is_last)
            {
                let back = Position { pattern_edge: Some(edge), behind_word: true, ..*position };
                reach(back, kind.permuter(), pattern.ends_word(edge));
            }
            if position.behind_word {
                continue;
            }
            if let Some(edge) =
                list.step(position.list_edge, Self::letter_in(*kind, unicharset, letter), is_last)
            {
                let pattern_may_end = match (pattern, position.pattern_edge) {
                    (Some(pattern), Some(edge)) => pattern.ends_word(edge),
                    _ => true,
                };
                if is_last && !pattern_may_end {
                    continue;
                }
                let further = Position { list_edge: Some(edge), ..*position };
                reach(further, kind.permuter(), list.ends_word(edge) && pattern_may_end);
            }
        }
        // Punctuation does not take away what an earlier letter of the word said.
        if before != Permuter::None && step.permuter == Permuter::Punctuation {
            step.permuter = before;
        }
        step
    }

    /// A list of numbers has one sign for all digits (`Dict::char_for_dawg`).
    fn letter_in(kind: Kind, unicharset: &Unicharset, letter: UnicharId) -> UnicharId {
        if kind == Kind::Number && unicharset.is_digit(letter) { PATTERN } else { letter }
    }

    /// Whether the list of words has this word, within a pattern of punctuation (`Dict::valid_word`).
    pub(crate) fn is_word(&self, unicharset: &Unicharset, letters: &[UnicharId]) -> bool {
        let (mut active, mut reached) = (self.start.clone(), Vec::new());
        let mut permuter = Permuter::None;
        for (index, letter) in letters.iter().enumerate() {
            let is_last = index + 1 == letters.len();
            permuter = self.step(&active, unicharset, *letter, is_last, permuter, &mut reached).permuter;
            if permuter == Permuter::None {
                return false;
            }
            std::mem::swap(&mut active, &mut reached);
        }
        permuter == Permuter::Word
    }
}
