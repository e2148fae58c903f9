//! The search itself: paths that grow step by step.

use super::heap::Heap;
use crate::dictionary::{Dictionary, Permuter, Position};
use crate::math;
use crate::model::Model;
use crate::recoder::{Code, MAX_CODE_LENGTH};
use crate::unicharset::{SPACE, UnicharId};

/// Paths that are kept for each kind, by the outputs of the character that they have (`kBeamWidths`).
const BEAM_WIDTHS: [usize; MAX_CODE_LENGTH + 1] = [5, 10, 16, 16, 16, 16, 16, 16, 16, 16];
/// Outputs that are tried first at each step.
const TOP: usize = 5;
/// The logarithm of the lowest probability, and that probability (`kMinCertainty` and `kMinProb`).
const MIN_CERTAINTY: f32 = -20.0;
/// Factor on the logarithms of what is not in the dictionary (`kDictRatio`).
const DICTIONARY_RATIO: f32 = 2.25;
/// Added to every logarithm (`kCertOffset`).
const CERTAINTY_OFFSET: f64 = -0.085;
/// Characters below this are no part of dictionary words (`kWorstDictCertainty / kCertaintyScale`).
const WORST_DICTIONARY_CERTAINTY: f32 = -25.0 / 7.0;

/// What may follow a node (`NodeContinuation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Continuation {
    /// It stands for its own probability.
    Anything,
    /// It has another one added, and the same output must follow for itself.
    OnlyDuplicate,
    /// It has another one added, after the output stood for itself: something else must follow.
    NoDuplicate,
}

const CONTINUATIONS: [Continuation; 3] =
    [Continuation::Anything, Continuation::OnlyDuplicate, Continuation::NoDuplicate];

/// How probable an output is among those of its step (`TopNState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// First or second, or the null output.
    First,
    /// Among the first five.
    Top,
    Rest,
}

/// The place of a node among all nodes of a line.
pub(super) type NodeId = u32;

/// Which dictionary positions a node has.
pub(super) type DawgsId = u32;

/// The positions at which every word begins.
const INITIAL_DAWGS: DawgsId = 0;

/// One step of a path (`RecodeNode`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) code: Code,
    /// Set where an output completes a character.
    pub(super) unichar: Option<UnicharId>,
    pub(super) permuter: Permuter,
    pub(super) start_of_dawg: bool,
    pub(super) start_of_word: bool,
    pub(super) end_of_word: bool,
    /// The output of the step before, again.
    pub(super) duplicate: bool,
    pub(super) certainty: f32,
    /// Sum of the certainties of the path.
    pub(super) score: f32,
    pub(super) previous: Option<NodeId>,
    pub(super) dawgs: Option<DawgsId>,
    /// Of all characters of the path.
    pub(super) hash: u64,
    /// Which outputs of an incomplete character the path ends with.
    pub(super) prefix: usize,
}

/// What a new node adds to a path; the rest follows from the path.
#[derive(Debug, Clone, Copy)]
struct Addition {
    code: Code,
    unichar: Option<UnicharId>,
    permuter: Permuter,
    start_of_dawg: bool,
    start_of_word: bool,
    end_of_word: bool,
    duplicate: bool,
    certainty: f32,
    prefix: usize,
}

impl Addition {
    fn new(code: Code, unichar: Option<UnicharId>, certainty: f32) -> Self {
        Self {
            code,
            unichar,
            permuter: Permuter::None,
            start_of_dawg: false,
            start_of_word: false,
            end_of_word: false,
            duplicate: false,
            certainty,
            prefix: 0,
        }
    }
}

/// The kind of paths that compete with each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) in_dictionary: bool,
    pub(super) continuation: Continuation,
    /// Outputs of an incomplete character.
    pub(super) length: usize,
}

/// The paths at one step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) heaps: Vec<Heap<NodeId>>,
    /// The best path at which a word of the dictionary may begin, for each continuation.
    best_initial: [Option<Node>; 3],
}

impl Step {
    fn clear(&mut self) {
        self.heaps.iter_mut().for_each(Heap::clear);
        self.best_initial = [None; 3];
    }
}

/// Searches lines of one model, one after the other.
#[derive(Debug)]
pub(crate) struct BeamSearch<'a> {
    model: &'a Model,
    dictionary: Option<&'a Dictionary>,
    lengths: usize,
    min_probability: f32,
    pub(super) nodes: Vec<Node>,
    dawgs: DawgArena,
    previous: Step,
    pub(super) current: Step,
    ranks: Vec<Rank>,
    /// The outputs that are not [`Rank::Rest`], and their places in the recoder.
    ranked: Vec<(Code, Option<usize>)>,
    /// The completing outputs of the empty prefix that have the rank in question.
    candidates: Vec<(Code, UnicharId)>,
    top_heap: Heap<Code>,
    top: Option<Code>,
    second: Option<Code>,
    reached: Vec<Position>,
}

/// Dictionary positions of all nodes.
#[derive(Debug, Default)]
struct DawgArena {
    positions: Vec<Position>,
    /// Where each list of positions ends.
    ends: Vec<usize>,
}

impl DawgArena {
    fn reset(&mut self, initial: &[Position]) {
        self.positions.clear();
        self.ends.clear();
        self.add(initial);
    }

    fn add(&mut self, positions: &[Position]) -> DawgsId {
        self.positions.extend_from_slice(positions);
        self.ends.push(self.positions.len());
        (self.ends.len() - 1) as DawgsId
    }

    fn get(&self, id: DawgsId) -> &[Position] {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.positions[start..self.ends[id]]
    }
}

impl<'a> BeamSearch<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        let lengths = model.recoder.longest_code().max(1);
        let step = || Step {
            heaps: (0..2 * CONTINUATIONS.len() * lengths).map(|_| Heap::default()).collect(),
            best_initial: [None; 3],
        };
        Self {
            model,
            dictionary: model.dictionary.as_ref(),
            lengths,
            min_probability: math::exp(MIN_CERTAINTY),
            nodes: Vec::new(),
            dawgs: DawgArena::default(),
            previous: step(),
            current: step(),
            ranks: Vec::new(),
            ranked: Vec::new(),
            candidates: Vec::new(),
            top_heap: Heap::default(),
            top: None,
            second: None,
            reached: Vec::new(),
        }
    }

    /// Follows the paths through the probabilities of each step of a line.
    pub(crate) fn decode<'b>(&mut self, steps: impl Iterator<Item = &'b [f32]>) {
        self.nodes.clear();
        self.dawgs.reset(self.dictionary.map_or(&[], Dictionary::start));
        self.previous.clear();
        self.current.clear();
        for (index, probabilities) in steps.enumerate() {
            self.rank(probabilities);
            std::mem::swap(&mut self.previous, &mut self.current);
            self.current.clear();
            if index == 0 {
                self.begin(probabilities);
            } else {
                self.advance(probabilities);
            }
        }
    }

    /// `DecodeStep` for the first step: only the most probable outputs.
    fn begin(&mut self, probabilities: &[f32]) {
        self.collect_candidates(Rank::First);
        for in_dictionary in [false, true] {
            if !in_dictionary || self.dictionary.is_some() {
                let kind = Kind { in_dictionary, continuation: Continuation::Anything, length: 0 };
                self.continue_path(None, kind, probabilities, Rank::First);
            }
        }
    }

    /// `DecodeStep` for all others: the less probable outputs only while nothing else continues any path.
    fn advance(&mut self, probabilities: &[f32]) {
        for rank in [Rank::First, Rank::Top, Rank::Rest] {
            self.collect_candidates(rank);
            for index in 0..self.previous.heaps.len() {
                // From the back of the heap: the order in which equal paths arrive decides which of them stays.
                for place in (0..self.previous.heaps[index].len()).rev() {
                    let node = self.previous.heaps[index].entries()[place].value;
                    self.continue_path(Some(node), self.kind(index), probabilities, rank);
                }
            }
            let continued = (0..self.current.heaps.len()).any(|index| {
                self.kind(index).continuation == Continuation::Anything && self.current.heaps[index].len() > 0
            });
            if continued {
                break;
            }
        }
        for continuation in CONTINUATIONS {
            if let Some(node) = self.current.best_initial[continuation as usize] {
                let index = self.index(Kind { in_dictionary: true, continuation, length: 0 });
                let is_full = self.current.heaps[index].len() >= BEAM_WIDTHS[0];
                if !is_full || self.current.heaps[index].lowest_key().is_none_or(|lowest| node.score > lowest)
                {
                    self.insert(index, BEAM_WIDTHS[0], node);
                }
            }
        }
    }

    pub(super) fn index(&self, kind: Kind) -> usize {
        (usize::from(kind.in_dictionary) * CONTINUATIONS.len() + kind.continuation as usize) * self.lengths
            + kind.length
    }

    fn kind(&self, index: usize) -> Kind {
        let (group, length) = (index / self.lengths, index % self.lengths);
        Kind {
            in_dictionary: group >= CONTINUATIONS.len(),
            continuation: CONTINUATIONS[group % CONTINUATIONS.len()],
            length,
        }
    }

    /// `ComputeTopN`
    fn rank(&mut self, probabilities: &[f32]) {
        self.ranks.resize(probabilities.len(), Rank::Rest);
        for (code, _) in self.ranked.drain(..) {
            self.ranks[code as usize] = Rank::Rest;
        }
        self.top_heap.clear();
        let mut lowest = f32::NEG_INFINITY;
        for (code, probability) in (0..).zip(probabilities) {
            if *probability > lowest || self.top_heap.len() < TOP {
                self.top_heap.push(*probability, code);
                if self.top_heap.len() > TOP {
                    self.top_heap.pop_lowest();
                }
                if self.top_heap.len() == TOP {
                    lowest = self.top_heap.lowest_key().unwrap_or(lowest);
                }
            }
        }
        (self.top, self.second) = (None, None);
        while let Some(entry) = self.top_heap.pop_lowest() {
            let rank = if self.top_heap.len() > 1 { Rank::Top } else { Rank::First };
            (self.top, self.second) = (Some(entry.value), self.top);
            self.set_rank(entry.value, rank);
        }
        self.set_rank(self.model.null, Rank::First);
        // In the order in which the recoder has the outputs.
        self.ranked.sort_unstable_by_key(|(_, place)| *place);
        self.ranked.dedup();
    }

    fn set_rank(&mut self, code: Code, rank: Rank) {
        self.ranks[code as usize] = rank;
        self.ranked.push((code, self.model.recoder.place(code)));
    }

    fn collect_candidates(&mut self, rank: Rank) {
        let Self { model, ranks, ranked, candidates, .. } = self;
        let finals = &model.recoder.prefix(0).finals;
        candidates.clear();
        if rank == Rank::Rest {
            candidates.extend(finals.iter().filter(|(code, _)| ranks[*code as usize] == rank));
        } else {
            let of_rank = ranked.iter().filter(|(code, _)| ranks[*code as usize] == rank);
            candidates.extend(of_rank.filter_map(|(_, place)| place.map(|place| finals[place])));
        }
    }

    /// The logarithm of a probability, with the offset (`ProbToCertainty`).
    fn certainty(&self, probability: f32) -> f32 {
        let certainty =
            if probability > self.min_probability { math::ln(probability) } else { MIN_CERTAINTY };
        (f64::from(certainty) + CERTAINTY_OFFSET) as f32
    }

    /// `ContinueContext`: all that may follow `node`, of the outputs that have this rank.
    fn continue_path(&mut self, node: Option<NodeId>, kind: Kind, probabilities: &[f32], rank: Rank) {
        let null = self.model.null;
        let before = node.map(|node| self.nodes[node as usize]);
        let in_dictionary = kind.in_dictionary;
        let prefix = before.map_or(0, |before| before.prefix);
        if let Some(before) = before {
            let own = probabilities[before.code as usize];
            if self.ranks[before.code as usize] == rank {
                let again = |certainty| Addition {
                    duplicate: true,
                    prefix,
                    ..Addition::new(before.code, before.unichar, certainty)
                };
                if kind.continuation != Continuation::NoDuplicate {
                    let certainty = self.certainty(own);
                    self.push_partial(Continuation::Anything, kind, again(certainty), node);
                }
                if kind.continuation == Continuation::Anything && rank == Rank::First && before.code != null {
                    let certainty = self.certainty(own + probabilities[null as usize]);
                    self.push_partial(Continuation::NoDuplicate, kind, again(certainty), node);
                }
            }
            if kind.continuation == Continuation::OnlyDuplicate {
                return;
            }
            if before.code != null && kind.length > 0 && self.ranks[null as usize] == rank {
                // Nulls between the outputs of one character are no part of its code.
                let certainty = self.certainty(probabilities[null as usize]);
                let addition = Addition { prefix, ..Addition::new(null, None, certainty) };
                self.push_partial(Continuation::Anything, kind, addition, node);
            }
        }
        // A probability with those of its neighbours that the path may pass through.
        let shared = |search: &Self, code: Code| {
            let mut probability = probabilities[code as usize] + probabilities[null as usize];
            if let Some(before) = before
                && kind.continuation == Continuation::Anything
                && before.code != null
                && (Some(before.code) == search.top && Some(code) == search.second
                    || Some(code) == search.top && Some(before.code) == search.second)
            {
                probability += probabilities[before.code as usize];
            }
            search.certainty(probability)
        };
        let model = self.model;
        let finals =
            if prefix == 0 { self.candidates.len() } else { model.recoder.prefix(prefix).finals.len() };
        for index in 0..finals {
            let (code, unichar) =
                if prefix == 0 { self.candidates[index] } else { model.recoder.prefix(prefix).finals[index] };
            if self.ranks[code as usize] != rank || before.is_some_and(|before| before.code == code) {
                continue;
            }
            let certainty = self.certainty(probabilities[code as usize]);
            if certainty < MIN_CERTAINTY && code != null {
                continue;
            }
            let unichar = (kind.length > 0 || code != null).then_some(unichar);
            self.push_character(Continuation::Anything, in_dictionary, code, unichar, certainty, node);
            if rank == Rank::First && code != null {
                let certainty = shared(self, code);
                self.push_character(
                    Continuation::OnlyDuplicate,
                    in_dictionary,
                    code,
                    unichar,
                    certainty,
                    node,
                );
            }
        }
        for (code, longer) in &model.recoder.prefix(prefix).nexts {
            let code = *code;
            if self.ranks[code as usize] != rank || before.is_some_and(|before| before.code == code) {
                continue;
            }
            let kind = Kind { length: kind.length + 1, ..kind };
            let certainty = self.certainty(probabilities[code as usize]);
            let part = |certainty| Addition { prefix: *longer, ..Addition::new(code, None, certainty) };
            self.push_partial(Continuation::Anything, kind, part(certainty), node);
            if rank == Rank::First && code != null {
                let certainty = shared(self, code);
                self.push_partial(Continuation::OnlyDuplicate, kind, part(certainty), node);
            }
        }
    }

    /// `ContinueUnichar`: a character is complete.
    fn push_character(
        &mut self,
        continuation: Continuation,
        in_dictionary: bool,
        code: Code,
        unichar: Option<UnicharId>,
        certainty: f32,
        previous: Option<NodeId>,
    ) {
        if in_dictionary {
            if certainty > WORST_DICTIONARY_CERTAINTY {
                self.push_in_dictionary(continuation, code, unichar, certainty, previous);
            }
            return;
        }
        let free = Kind { in_dictionary: false, continuation, length: 0 };
        let addition = Addition {
            permuter: Permuter::TopChoice,
            ..Addition::new(code, unichar, certainty * DICTIONARY_RATIO)
        };
        self.push(free, addition, previous, None);
        // Behind a space, or next to a character of a script without spaces, a word of the dictionary may begin.
        if self.dictionary.is_none() {
            return;
        }
        let Some(unichar) = unichar else { return };
        let is_space = unichar == SPACE && certainty > WORST_DICTIONARY_CERTAINTY;
        if is_space || !self.model.unicharset.is_space_delimited(unichar) {
            // The certainty of a space counts for the words on both sides of it, and is not multiplied, so that it does
            // not spoil a dictionary word that follows. No permuter: the nulls before it were multiplied already.
            let (permuter, certainty) = if unichar == SPACE {
                (Permuter::None, certainty)
            } else {
                (Permuter::TopChoice, certainty * DICTIONARY_RATIO)
            };
            let addition = Addition { permuter, ..Addition::new(code, Some(unichar), certainty) };
            self.push_initial(continuation, addition, previous);
        }
    }

    /// `ContinueDawg`: the character must go on with a word of the dictionary.
    fn push_in_dictionary(
        &mut self,
        continuation: Continuation,
        code: Code,
        unichar: Option<UnicharId>,
        certainty: f32,
        previous: Option<NodeId>,
    ) {
        let Some(dictionary) = self.dictionary else { return };
        let word = Kind { in_dictionary: true, continuation, length: 0 };
        let free = Kind { in_dictionary: false, ..word };
        let Some(unichar) = unichar else {
            self.push(word, Addition::new(code, None, certainty), previous, None);
            return;
        };
        // The dictionary is not asked for what is lost anyway.
        let score = certainty + self.score(previous);
        if !self.would_keep(word, score) && !self.would_keep(free, score) {
            return;
        }
        let unicharset = &self.model.unicharset;
        let last = self.last_character(previous);
        if unichar == SPACE {
            if let Some(last) = last.filter(|last| last.end_of_word) {
                let addition =
                    Addition { permuter: last.permuter, ..Addition::new(code, Some(unichar), certainty) };
                self.push_initial(continuation, addition, previous);
                self.push(free, addition, previous, None);
            }
            return;
        }
        let (dawgs, word_start) = match last {
            None => (INITIAL_DAWGS, true),
            Some(last) => {
                let breaks_word = last.start_of_dawg
                    && last.unichar.is_some_and(|last| last != SPACE && unicharset.is_space_delimited(last))
                    && unicharset.is_space_delimited(unichar);
                let Some(dawgs) = last.dawgs.filter(|_| !breaks_word) else { return };
                (dawgs, last.start_of_dawg)
            }
        };
        let mut reached = std::mem::take(&mut self.reached);
        let active = self.dawgs.get(dawgs);
        let step = dictionary.step(active, unicharset, unichar, false, Permuter::None, &mut reached);
        if step.permuter != Permuter::None {
            let addition = Addition {
                permuter: step.permuter,
                start_of_word: word_start,
                end_of_word: step.word_end,
                ..Addition::new(code, Some(unichar), certainty)
            };
            self.push(word, addition, previous, Some(&reached));
            if step.word_end && !unicharset.is_space_delimited_language() {
                // Another word, or something else, may follow at once.
                self.push_initial(continuation, addition, previous);
                self.push(free, addition, previous, None);
            }
        }
        self.reached = reached;
    }

    /// The last node that completed a character.
    pub(super) fn last_character(&self, mut node: Option<NodeId>) -> Option<Node> {
        while let Some(id) = node {
            let candidate = self.nodes[id as usize];
            if candidate.unichar.is_some() && !candidate.duplicate {
                return Some(candidate);
            }
            node = candidate.previous;
        }
        None
    }

    /// `PushInitialDawgIfBetter`: a word of the dictionary may begin behind this node.
    fn push_initial(&mut self, continuation: Continuation, addition: Addition, previous: Option<NodeId>) {
        let score = addition.certainty + self.score(previous);
        let best = self.current.best_initial[continuation as usize];
        if best.is_none_or(|best| score > best.score) {
            let addition = Addition { start_of_dawg: true, ..addition };
            let mut node = self.node(addition, previous);
            node.dawgs = Some(INITIAL_DAWGS);
            self.current.best_initial[continuation as usize] = Some(node);
        }
    }

    /// `PushDupOrNoDawgIfBetter`: an output again, or one that completes no character.
    fn push_partial(
        &mut self,
        continuation: Continuation,
        kind: Kind,
        addition: Addition,
        previous: Option<NodeId>,
    ) {
        let kind = Kind { continuation, ..kind };
        let before = previous.map(|node| self.nodes[node as usize].permuter);
        if kind.in_dictionary {
            if addition.certainty > WORST_DICTIONARY_CERTAINTY {
                let permuter = before.unwrap_or(Permuter::None);
                self.push(kind, Addition { permuter, ..addition }, previous, None);
            }
        } else {
            let certainty = addition.certainty * DICTIONARY_RATIO;
            if certainty >= MIN_CERTAINTY || addition.code == self.model.null {
                let permuter = before.unwrap_or(Permuter::TopChoice);
                self.push(kind, Addition { permuter, certainty, ..addition }, previous, None);
            }
        }
    }

    fn score(&self, node: Option<NodeId>) -> f32 {
        node.map_or(0.0, |node| self.nodes[node as usize].score)
    }

    fn would_keep(&self, kind: Kind, score: f32) -> bool {
        let heap = &self.current.heaps[self.index(kind)];
        heap.len() < BEAM_WIDTHS[kind.length] || heap.lowest_key().is_none_or(|lowest| score > lowest)
    }

    /// `PushHeapIfBetter`
    fn push(&mut self, kind: Kind, addition: Addition, previous: Option<NodeId>, dawgs: Option<&[Position]>) {
        let score = addition.certainty + self.score(previous);
        if !self.would_keep(kind, score) {
            return;
        }
        let mut node = self.node(addition, previous);
        node.dawgs = dawgs.map(|positions| self.dawgs.add(positions));
        self.insert(self.index(kind), BEAM_WIDTHS[kind.length], node);
    }

    fn node(&self, addition: Addition, previous: Option<NodeId>) -> Node {
        let before = previous.map(|node| &self.nodes[node as usize]);
        Node {
            code: addition.code,
            unichar: addition.unichar,
            permuter: addition.permuter,
            start_of_dawg: addition.start_of_dawg,
            start_of_word: addition.start_of_word,
            end_of_word: addition.end_of_word,
            duplicate: addition.duplicate,
            certainty: addition.certainty,
            score: addition.certainty + before.map_or(0.0, |before| before.score),
            previous,
            dawgs: None,
            hash: self.hash(addition, before.map_or(0, |before| before.hash)),
            prefix: addition.prefix,
        }
    }

    /// `ComputeCodeHash`: changes with every character of a path, not with how long each lasts.
    fn hash(&self, addition: Addition, before: u64) -> u64 {
        if addition.duplicate || addition.code == self.model.null {
            return before;
        }
        let classes = u64::from(self.model.recoder.code_range());
        let carry = (before >> 32).wrapping_mul(classes) >> 32;
        before.wrapping_mul(classes).wrapping_add(carry).wrapping_add(u64::from(addition.code))
    }

    /// Keeps a node in a heap, or, if the heap has the same characters already, the better of the two
    /// (`UpdateHeapIfMatched`).
    fn insert(&mut self, index: usize, width: usize, node: Node) {
        let heap = &mut self.current.heaps[index];
        for (place, entry) in heap.entries().iter().enumerate() {
            let known = &mut self.nodes[entry.value as usize];
            if known.code == node.code
                && known.hash == node.hash
                && known.permuter == node.permuter
                && known.start_of_dawg == node.start_of_dawg
            {
                if node.score > known.score {
                    *known = node;
                    heap.change_key(place, node.score);
                }
                return;
            }
        }
        let id = self.nodes.len() as NodeId;
        self.nodes.push(node);
        heap.push(node.score, id);
        if heap.len() > width {
            heap.pop_lowest();
        }
    }
}
