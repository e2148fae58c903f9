//! What recognition was fitted to.
//!
//! Values without another note were tuned on lines and numbers of cards drawn by
//! `tests/cards/generate.py --styles tuned`. `./dev accuracy --count N --seed S` checks them on cards of other styles, and
//! `tests/cards/train_lines.py OUT.bin --check LINES CARDS` what the line network reads beside the engine. The weights of
//! the two networks are files of their own: `data/README.md`.
//!
//! Probabilities are from 0 to 1; a cell is what one digit takes of a number, its pitch its width; heights are those of
//! digits.

use std::ops::{Range, RangeInclusive};

/// The fitted values of this stage.
pub struct Params {
    /// How a line is scaled for the line engine.
    pub tesseract: Tesseract,
    /// Which lines the line network is shown.
    pub ctc: Ctc,
    /// What two readers are worth together that read the same line differently: the engine and the line network.
    pub ensemble: Ensemble,
    /// How a row of digits becomes ink and patches of it. `tests/cards/train_digits.py` makes its patches the same
    /// way.
    pub patches: Patches,
    /// How sixteen digits at one pitch are found.
    pub even_pitch: EvenPitch,
    /// How a number in a proportional face is found.
    pub proportional: Proportional,
}

/// How a line is scaled for the line engine.
pub struct Tesseract {
    /// Height, in px, at which words are set into the model's line. A step of the network costs the same whatever
    /// it sees, and at this size it reads the capitals of cards as well as at their own.
    pub words_height: u32,
    /// How much narrower than they are words are set, as a factor.
    pub words_width: f32,
    /// The least width, in px, of what the model is given.
    pub least_width: u32,
}

/// Which lines the line network is shown.
pub struct Ctc {
    /// Width of a line, in px, once it has the network's height: longer is no line of a card.
    pub widths: RangeInclusive<u32>,
    /// The least height of a line, in px, before.
    pub least_height: u32,
}

/// What two readers are worth together that read the same line differently: the engine and the line network.
pub struct Ensemble {
    /// Logarithm of the odds that the network is right: weights of how much likelier it has its own reading, in
    /// nats; of how likely that reading is, in nats; of the logarithm of the odds that the engine gives its least
    /// certain symbol; and a constant. A logistic regression on 221 lines of generated cards of all difficulties,
    /// on which one of the two was right: nine in ten are told apart, and of the 130 that it gives the network with
    /// 0.9 and more, all.
    pub weights: [f32; 4],
    /// The most, in nats, by which the network's own reading is likelier.
    pub most_lead: f32,
    /// The least, in nats, that its reading is likely.
    pub least_likely: f32,
    /// The least and the most probability that the engine's least certain symbol is taken for.
    pub engine_odds: (f32, f32),
    /// As unlikely, in nats, as a reading can be.
    pub unknown: f32,
    /// The surest that a reading can be which the other reader has otherwise.
    pub otherwise: f32,
    /// The same of a name, which nothing else on the card confirms: a person shall look.
    pub name_otherwise: f32,
}

/// How a row of digits becomes ink and patches of it. The classifier was taught patches like these by
/// `tests/cards/train_digits.py`: what changes here changes there, and the weights are trained again.
pub struct Patches {
    /// Height and width, in px, that a row has at least.
    pub room: (f32, f32),
    /// Share of the pixels that are print for certain.
    pub dark_share: f32,
    /// Share of the pixels that are no brighter than the ground.
    pub ground_share: f32,
    /// The least contrast, in grey levels, between the two.
    pub least_contrast: f32,
    /// The darkest ink, of which 1 is print.
    pub most_ink: f32,
    /// Height of a patch in heights of its digit.
    pub cell_height: f32,
    /// Blurred or washed-out digits are brought up to this ink at their darkest.
    pub full_ink: f32,
    /// What has less ink than this at its darkest is brought up by no more than if it had this: it is dirt.
    pub least_ink: f32,
    /// Where the final look is repeated, across in cells and down in heights: a digit that changes with half a
    /// pixel is doubtful.
    pub jitter: [(f32, f32); 5],
    /// How often the grid of cells is refined, each time with half the step.
    pub rounds: usize,
}

/// How sixteen digits at one pitch are found.
pub struct EvenPitch {
    /// In how many steps pitches are tried.
    pub pitch_steps: i32,
    /// Step, in cells, of the places tried.
    pub place_step: f32,
    /// How many places are tried at most.
    pub most_places: usize,
    /// Half the width, in cells, of what shall be white between two digits.
    pub border: f32,
    /// From where to where, in cells, a digit has its ink.
    pub body: (f32, f32),
    /// What ink between digits takes.
    pub border_points: f32,
    /// What the emptiest cell's ink gives, and the ink that is enough.
    pub emptiest: (f32, f32),
    /// How many grids the border search hands to the network.
    pub candidates: usize,
    /// Grids whose ends are nearer, in cells, are one.
    pub twin: f32,
    /// Steps of the refinement: left end in cells, pitch as a share of it, top and bottom in heights.
    pub moves: [[f32; 4]; 8],
    /// By how much a grid one digit further may fit worse, in nats a cell, and still be the right one.
    pub next_grid: f32,
}

/// How a number in a proportional face is found.
pub struct Proportional {
    /// How much less likely than the best, as a factor, a digit may be and still be considered.
    pub close: f32,
    /// Fit, in nats a cell, below which not all cells hold a digit.
    pub least_fit: f32,
    /// What a look at a number is worth at most beside others.
    pub most_weight: f32,
    /// Mean ink from which on a column is print.
    pub inked: f32,
    /// How many columns at which the number may begin or end are tried.
    pub ends: usize,
    /// How far from where it is said to begin, in heights, the number may begin.
    pub begin_reach: f32,
    /// How far from where it is said to end, in heights, the number may end.
    pub end_reach: f32,
    /// White on the left of a digit's ink, in cells: of most digits, and of a 1.
    pub bearings_left: [f32; 2],
    /// White on the right of a digit's ink, in cells: of most digits, and of a 1.
    pub bearings_right: [f32; 2],
    /// Pitches in heights: a digit is .67 to .96 of its height wide.
    pub pitches: Range<f32>,
    /// Half the width, in cells, of what shall be white between two digits.
    pub border: f32,
    /// What ink between digits takes.
    pub border_points: f32,
    /// What the emptiest cell's ink gives, and the ink that is enough.
    pub emptiest: (f32, f32),
    /// How many grids of cells a pattern hands to the network.
    pub candidates: usize,
    /// Grids are one whose ends are nearer, in cells, and whose separators differ by less, in digits.
    pub twin: (f32, f32),
    /// Steps of the refinement: begin and width in cells, separator in digits, top and bottom in heights.
    pub moves: [[f32; 5]; 12],
}

/// As fitted.
pub const PARAMS: Params = Params {
    tesseract: Tesseract { words_height: 30, words_width: 0.92, least_width: 12 },
    ctc: Ctc { widths: 12..=1500, least_height: 8 },
    ensemble: Ensemble {
        weights: [0.32, 0.86, -0.89, 2.96],
        most_lead: 15.0,
        least_likely: -8.0,
        engine_odds: (0.01, 0.995),
        unknown: -60.0,
        otherwise: 0.97,
        name_otherwise: 0.8,
    },
    patches: Patches {
        room: (6.0, 64.0),
        dark_share: 0.03,
        ground_share: 0.65,
        least_contrast: 24.0,
        most_ink: 1.2,
        cell_height: 1.3,
        full_ink: 0.95,
        least_ink: 0.35,
        jitter: [(0.0, 0.0), (0.05, 0.0), (-0.05, 0.0), (0.0, 0.04), (0.0, -0.04)],
        rounds: 2,
    },
    even_pitch: EvenPitch {
        pitch_steps: 28,
        place_step: 0.12,
        most_places: 200,
        border: 0.09,
        body: (0.15, 0.85),
        border_points: 3.5,
        emptiest: (4.0, 0.12),
        candidates: 7,
        twin: 0.2,
        moves: [
            [0.10, 0.0, 0.0, 0.0],
            [-0.10, 0.0, 0.0, 0.0],
            [-0.06, 0.008, 0.0, 0.0],
            [0.06, -0.008, 0.0, 0.0],
            [0.0, 0.0, 0.08, 0.08],
            [0.0, 0.0, -0.08, -0.08],
            [0.0, 0.0, -0.06, 0.06],
            [0.0, 0.0, 0.06, -0.06],
        ],
        next_grid: 0.4,
    },
    proportional: Proportional {
        close: 0.15,
        least_fit: -0.5,
        most_weight: 0.97,
        inked: 0.08,
        ends: 6,
        begin_reach: 1.6,
        end_reach: 0.9,
        bearings_left: [0.07, 0.2],
        bearings_right: [0.07, 0.3],
        pitches: 0.5..1.2,
        border: 0.07,
        border_points: 2.0,
        emptiest: (4.0, 0.12),
        candidates: 3,
        twin: (0.15, 0.05),
        moves: [
            [0.10, 0.0, 0.0, 0.0, 0.0],
            [-0.10, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.16, 0.0, 0.0, 0.0],
            [0.0, -0.16, 0.0, 0.0, 0.0],
            [-0.08, 0.16, 0.0, 0.0, 0.0],
            [0.08, -0.16, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.04, 0.0, 0.0],
            [0.0, 0.0, -0.04, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.07, 0.07],
            [0.0, 0.0, 0.0, -0.07, -0.07],
            [0.0, 0.0, 0.0, -0.06, 0.06],
            [0.0, 0.0, 0.0, 0.06, -0.06],
        ],
    },
};
