//! Lines in, text out.

use crate::beam::{self, BeamSearch};
use crate::forward::kernels::{self, Kernels};
use crate::forward::{Outputs, forward};
use crate::image::LineImage;
use crate::line::{Line, Word};
use crate::model::Model;
use crate::prepare::{Pixels, ScaledLine};
use crate::words::{self, Candidate};

/// Below this mean probability a line is tried again with light for dark (`invert_threshold` in
/// ccmain/tesseractclass.cpp).
const INVERT_BELOW: f32 = 0.7;

/// The code that a network runs on. All engines give the same results.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    kernels: Kernels,
}

impl Engine {
    /// The fastest one that this processor runs.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().next().unwrap_or_else(|| unreachable!("the portable engine runs anywhere"))
    }

    /// All that this processor runs, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        kernels::available().map(|kernels| Self { kernels })
    }

    /// The one of this name, if this processor runs it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::available().find(|engine| engine.name() == name)
    }

    #[cfg(test)]
    pub(crate) fn kernels(self) -> Kernels {
        self.kernels
    }

    /// `avx512-vnni`, `avx2`, `neon-dotprod`, `neon` or `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.kernels.name
    }
}

/// Reads lines with one model or several.
#[derive(Debug)]
pub struct Recognizer<'a> {
    models: Vec<&'a Model>,
    engine: Engine,
}

impl<'a> Recognizer<'a> {
    /// Words that the first model is not sure of are read with the others too, like Tesseract's `-l ind+eng`.
    #[must_use]
    pub fn new(models: &[&'a Model], engine: Engine) -> Self {
        Self { models: models.to_vec(), engine }
    }

    /// Reads lines, which may come from many documents: the more at once, the faster. A line is read the same whatever
    /// lines are read with it.
    #[must_use]
    pub fn recognize(&self, images: &[LineImage<'_>]) -> Vec<Line> {
        let mut readings: Vec<Vec<Candidate>> = images.iter().map(|_| Vec::new()).collect();
        for model in &self.models {
            let undecided: Vec<usize> =
                (0..images.len()).filter(|line| !words::are_acceptable(&readings[*line])).collect();
            let asked: Vec<LineImage<'_>> = undecided.iter().map(|line| images[*line]).collect();
            for (line, new) in undecided.into_iter().zip(self.read(model, &asked)) {
                let best = std::mem::take(&mut readings[line]);
                readings[line] = words::select(best, new);
            }
        }
        let line = |words: Vec<Candidate>| Line {
            // A word of spaces only is none (`recog_all_words`).
            words: words.into_iter().map(|candidate| candidate.word).filter(|word| !is_blank(word)).collect(),
        };
        readings.into_iter().map(line).collect()
    }

    fn read(&self, model: &Model, images: &[LineImage<'_>]) -> Vec<Vec<Candidate>> {
        let min_side = model.plan.pool_width;
        let scaled: Vec<_> =
            images.iter().map(|image| ScaledLine::new(image, model.plan.height, min_side)).collect();
        let outputs = self.probabilities(model, &scaled);
        let mut search = BeamSearch::new(model);
        let mut read = |line: &ScaledLine, outputs: &Outputs| {
            search.decode(outputs.steps());
            words::candidates(model, outputs, &beam::best(&search), min_side as f32 / line.scale)
        };
        images
            .iter()
            .zip(&scaled)
            .zip(&outputs)
            .map(|((image, line), outputs)| {
                let words = line.as_ref().map_or_else(Vec::new, |line| read(line, outputs));
                if words.is_empty() { vec![Candidate::nothing(image.width())] } else { words }
            })
            .collect()
    }

    /// What the network says of each line, as it is or with light for dark (lstm/lstmrecognizer.cpp, `RecognizeLine`).
    pub(crate) fn probabilities(&self, model: &Model, lines: &[Option<ScaledLine>]) -> Vec<Outputs> {
        let run = |chosen: &[usize], inverted: bool| -> Vec<(usize, Outputs)> {
            let (lines, pixels): (Vec<usize>, Vec<Pixels>) = chosen
                .iter()
                .filter_map(|line| Some((*line, lines[*line].as_ref()?.pixels(inverted)?)))
                .unzip();
            lines
                .into_iter()
                .zip(forward(&model.plan, self.engine.kernels, model.sample_iteration, &pixels))
                .collect()
        };
        let mut outputs: Vec<Outputs> = lines.iter().map(|_| Outputs::default()).collect();
        for (line, output) in run(&(0..lines.len()).collect::<Vec<_>>(), false) {
            outputs[line] = output;
        }
        let unsure: Vec<usize> =
            (0..lines.len()).filter(|line| mean_best(model, &outputs[*line]) < INVERT_BELOW).collect();
        for (line, inverted) in run(&unsure, true) {
            if mean_best(model, &inverted) > mean_best(model, &outputs[line]) {
                outputs[line] = inverted;
            }
        }
        outputs
    }
}

/// The mean of the best probabilities, in steps of 1/127, over the steps at which they are a character's
/// (`OutputStats`).
fn mean_best(model: &Model, outputs: &Outputs) -> f32 {
    let (mut sum, mut count) = (0_u64, 0_u32);
    for step in outputs.steps() {
        let mut best = (0, f32::NEG_INFINITY);
        for (code, probability) in (0..).zip(step) {
            if *probability > best.1 {
                best = (code, *probability);
            }
        }
        if best.0 != model.null {
            let bucket = (127.0 * best.1) as u64;
            sum += bucket;
            count += 1;
        }
    }
    if count == 0 {
        return 0.0;
    }
    (sum as f64 / f64::from(count) / 127.0) as f32
}

fn is_blank(word: &Word) -> bool {
    word.symbols.iter().all(|symbol| symbol.text == " ")
}
