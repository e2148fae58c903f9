//! What preprocessing was fitted to.
//!
//! Tuned on flat cards drawn by `tests/cards/generate.py --styles tuned`. `./dev accuracy --count N --seed S` checks the
//! values on pictures of other styles.

/// The fitted values of this stage.
pub struct Params {
    /// Which pictures have two levels, and how they are smoothed.
    pub bilevel: Bilevel,
    /// How much grain is smoothed away.
    pub denoise: Denoise,
    /// What becomes black and what white.
    pub normalise: Normalise,
    /// How pale print is darkened.
    pub contrast: Contrast,
}

/// Pictures in black and white.
pub struct Bilevel {
    /// How far, in grey levels, a pixel may be from black or white.
    pub off: u8,
    /// Share of the pixels that are black or white.
    pub two_levels: f32,
    /// Share of black ones, and of white ones, at least.
    pub least_black: f32,
    pub least_white: f32,
    /// Deviation of the blur, as a share of the picture's longer side, and its bounds in px.
    pub sigma: f32,
    pub sigmas: (f32, f32),
}

/// Grain is the usual deviation of a pixel from its neighbours, as a share of the card's level.
pub struct Denoise {
    /// Grain under which a card is left as it is: recognisers bear that much. The way from picture to flat card has
    /// smoothed already: what is measured here was two to three times as much.
    pub harmless_grain: f32,
    /// Grain from which on the smoothing is strongest.
    pub heavy_grain: f32,
    /// Deviation of the blur at either of the two, in pixels of the picture.
    pub sigmas: (f32, f32),
    /// The least and the most pixels of the card that one of the picture is taken for.
    pub scales: (f32, f32),
    /// The darkest level, in grey levels, that grain is taken as a share of.
    pub darkest_level: f32,
}

/// Ratios of a pixel to its ground.
pub struct Normalise {
    /// Share of the pixels that print takes at least: what they stay under is black.
    pub black_share: f32,
    /// From this share of the usual ratio on, everything is white.
    pub white_from: f32,
    /// Print is never taken for darker than the first share of the usual ratio, nor for lighter than the second.
    pub black_range: (f32, f32),
}

/// Darkness is 255 less the grey level.
pub struct Contrast {
    /// How many cells around lend their darkest stroke, across and down: a few letters, not the next row.
    pub reach: (usize, usize),
    /// As dark as strokes shall be.
    pub full_darkness: f32,
    /// The most that a stroke is darkened, as a factor.
    pub max_gain: f32,
    /// Darkness of print begins at the first factor times the card's noise and the second in levels above.
    pub print_from: (f32, f32),
    /// It is print for certain at the first factor times the noise and the second in levels further.
    pub print_ramp: (f32, f32),
}

/// As fitted.
pub const PARAMS: Params = Params {
    bilevel: Bilevel {
        off: 24,
        two_levels: 0.96,
        least_black: 0.01,
        least_white: 0.3,
        sigma: 0.0012,
        sigmas: (0.6, 1.8),
    },
    denoise: Denoise {
        harmless_grain: 0.006,
        heavy_grain: 0.04,
        sigmas: (0.5, 1.1),
        scales: (1.0, 4.0),
        darkest_level: 8.0,
    },
    normalise: Normalise { black_share: 0.012, white_from: 0.95, black_range: (0.05, 0.62) },
    contrast: Contrast {
        reach: (6, 1),
        full_darkness: 205.0,
        max_gain: 3.2,
        print_from: (1.6, 14.0),
        print_ramp: (0.6, 10.0),
    },
};
