//! The line network: a small network of our own that knows the capitals of cards and no language.
//!
//! The line engine reads whole words as its language has them, and is as sure of a wrong letter as of a right one where the
//! typeface is strange to it. The network sees about two letters to either side and was taught strings without meaning, in
//! many typefaces. Where both read the same, that is printed there; where they differ, the pixels say how likely either
//! reading is ([`CtcOutput::log_likelihood`]). Owns the way from a line's picture to these likelihoods. It must not know what
//! a line means.

mod network;

use crate::image::resample::resized_gray;
use crate::recognition::ctc::network::{CLASSES, HEIGHT, Network, STRIDE};
use crate::recognition::engine::{LineImage, TextClass};
use crate::recognition::params::{Ctc, PARAMS};
use crate::text::line::{Line, Symbol};

const FITTED: Ctc = PARAMS.ctc;

/// The characters that it knows, in the order of the classes behind "none".
pub const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,'-/():&+";
/// The class of no character.
const NONE: usize = 0;

/// What the network answered for a line.
#[derive(Debug, Clone)]
pub struct CtcOutput {
    /// Logarithms of the probabilities of "no character" and of the characters, step by step.
    steps: Vec<[f32; CLASSES]>,
    /// Columns of the line image per step.
    columns: f32,
    /// What the line was expected to hold.
    pub(crate) class: TextClass,
}

/// Recognises a line: dark print on light ground with a small margin. `None`: it has no room for a letter, or is longer
/// than any line of a card.
pub fn recognise_line(LineImage { image, class }: &LineImage) -> Option<CtcOutput> {
    let (width, height) = image.dimensions();
    let scaled = (width as f32 * HEIGHT as f32 / height.max(1) as f32).round() as u32;
    if !FITTED.widths.contains(&scaled) || height < FITTED.least_height {
        return None;
    }
    let line = resized_gray(image, scaled, HEIGHT as u32);
    let ink = line.as_raw().iter().map(|v| f32::from(255 - v) / 255.0).collect();
    let mut allowed = [true; CLASSES];
    for (allowed, c) in allowed.iter_mut().skip(1).zip(ALPHABET.chars()) {
        *allowed = match class {
            TextClass::Name => c.is_ascii_alphabetic() || " .,:'-/".contains(c),
            TextClass::Digits => c.is_ascii_digit() || " .,:-/".contains(c),
            TextClass::BloodGroup => "ABO+- .:".contains(c),
            TextClass::Upper | TextClass::Any => true,
        };
    }
    let steps = Network::get()?.read(ink, scaled as usize, &allowed)?;
    Some(CtcOutput { steps, columns: STRIDE as f32 * width as f32 / scaled as f32, class: *class })
}

impl CtcOutput {
    /// The most likely class of every step, repeats taken together, as text. A symbol has the confidence of its most certain step.
    pub fn line(&self) -> Line {
        let mut symbols: Vec<Symbol> = Vec::new();
        let mut before = NONE;
        for (at, step) in self.steps.iter().enumerate() {
            let (mut class, mut log) = (NONE, f32::MIN);
            for (i, value) in step.iter().enumerate() {
                if *value > log {
                    (class, log) = (i, *value);
                }
            }
            let edge = |at: usize| (at as f32 * self.columns).round() as u32;
            match symbols.last_mut().filter(|_| class == before) {
                Some(last) if class != NONE => {
                    last.confidence = last.confidence.max(log.exp());
                    last.right = edge(at + 1);
                }
                _ => {
                    if let Some(character) = class.checked_sub(1).and_then(|i| ALPHABET.chars().nth(i)) {
                        let (left, right) = (edge(at), edge(at + 1));
                        symbols.push(Symbol { character, confidence: log.exp(), left, right });
                    }
                }
            }
            before = class;
        }
        let is_space = |symbol: &Symbol| symbol.character == ' ';
        symbols.dedup_by(|a, b| is_space(a) && is_space(b));
        let first = symbols.iter().position(|symbol| !is_space(symbol)).unwrap_or(symbols.len());
        symbols.drain(..first);
        while symbols.last().is_some_and(is_space) {
            symbols.pop();
        }
        Line { symbols }
    }

    /// Logarithm of the probability, in nats, that exactly this is printed there, over all the ways to spread it over the line: the
    /// forward variable of connectionist temporal classification (Graves et al. 2006, eq. 8). `None`: it holds a character
    /// that the network does not know.
    pub fn log_likelihood(&self, text: &str) -> Option<f32> {
        let mut states = vec![NONE];
        for c in text.chars() {
            states.extend([ALPHABET.chars().position(|known| known == c)? + 1, NONE]);
        }
        let mut forward = vec![f32::NEG_INFINITY; states.len()];
        for (t, step) in self.steps.iter().enumerate() {
            let mut next = Vec::with_capacity(states.len());
            for (s, class) in states.iter().enumerate() {
                let back = |n: usize| s.checked_sub(n).and_then(|s| forward.get(s)).copied();
                let skips = *class != NONE && s.checked_sub(2).and_then(|s| states.get(s)) != Some(class);
                let ways = match t {
                    0 if s < 2 => 0.0,
                    0 => f32::NEG_INFINITY,
                    _ => {
                        let two = if skips { back(2) } else { None };
                        [back(0), back(1), two].into_iter().flatten().fold(f32::NEG_INFINITY, log_sum)
                    }
                };
                next.push(ways + step.get(*class).copied().unwrap_or(f32::NEG_INFINITY));
            }
            forward = next;
        }
        let last = forward.iter().rev().take(2);
        Some(last.copied().fold(f32::NEG_INFINITY, log_sum))
    }
}

#[cfg(test)]
impl CtcOutput {
    /// What the network would answer for a line that shows this text beyond doubt.
    pub fn certain(text: &str) -> Self {
        let class = |c: char| ALPHABET.chars().position(|known| known == c).map_or(NONE, |at| at + 1);
        let step = |sure: usize| {
            let mut step = [(0.01_f32 / (CLASSES - 1) as f32).ln(); CLASSES];
            step[sure] = 0.99_f32.ln();
            step
        };
        let steps = text.chars().flat_map(|c| [step(class(c)), step(NONE)]).collect();
        Self { steps, columns: 3.0, class: TextClass::Name }
    }

    /// The same steps, with every class as likely as the others.
    pub fn undecided(mut self) -> Self {
        self.steps.fill([(1.0 / CLASSES as f32).ln(); CLASSES]);
        self
    }
}

/// Logarithm of the sum of two numbers whose logarithms these are.
fn log_sum(a: f32, b: f32) -> f32 {
    let (less, more) = if a < b { (a, b) } else { (b, a) };
    if less == f32::NEG_INFINITY { more } else { more + (less - more).exp().ln_1p() }
}

#[cfg(test)]
mod tests;
