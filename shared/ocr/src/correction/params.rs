//! The fitted values of the corrections, side by side. Holds numbers, no rules.
//!
//! Lengths are in heights of the row's capitals, darkness is a ratio or 0 (white) to 255, confidences are
//! the recogniser's own, not calibrated (see [`crate::text::confidence`]).
//! `./dev accuracy --count N --seed S` checks them on generated cards.

/// Values fitted to generated cards.
pub(crate) struct Params {
    /// [`stem`](crate::correction::glyph::Glyph::stem) from which on the last character of a house number is a `B`.
    /// With `eight_stem_max` fitted on 36 house numbers of difficulties T0 to T2: letters have 0.91 to 1.3, digits 0.1
    /// to 0.8.
    pub b_stem_min: f32,
    /// Stem up to which it is an 8.
    pub eight_stem_max: f32,
    /// Stem below which a block's name is an 8: most blocks have letters.
    pub block_eight_stem_max: f32,
    /// Width of a `B` and an 8 on average; a wider character is likelier a `B`.
    pub b_width: f32,
    /// What one height of a capital of width is worth in stem.
    pub b_width_weight: f32,
    /// Highest confidence of an `8` or `B` whose strokes do not decide it.
    pub undecided: f32,
    /// Highest confidence of a stroke that was put back at the beginning of a name.
    pub restored_first: f32,
    /// Highest confidence of a character or a gap that was put back or changed elsewhere.
    pub restored: f32,
    /// Highest confidence of a character that the strokes put in place of the recogniser's.
    pub overruled: f32,
    /// Widest single stroke of a Roman numeral.
    pub stroke_width_max: f32,
    /// Darkness of the left corners over the side between them from which on an `O` is a `D`. As the three below fitted
    /// on difficulties T0 to T2: letters that stand alone have 0.02 to 0.41 where they are an `O` and 0.67 to 1.25 where
    /// they are a `D` (600 letters); those that touch a neighbour 0.07 to 0.53 and 0.52 to 1.2 (190 letters, of which
    /// three were cut out wrongly).
    pub d_corners_min: f32,
    /// From here on an `O` that stands alone is in doubt.
    pub d_corners_likely: f32,
    /// Up to here a `D` that stands alone is in doubt.
    pub o_corners_likely: f32,
    /// Up to here a `D` is an `O`.
    pub o_corners_max: f32,
    /// Least correlation of every height of upright strokes with the mean of all heights.
    pub upright_correlation_min: f32,
    /// The ground between two strokes is lighter than either by this share.
    pub valley_share: f32,
    /// Widest Roman numeral of three strokes.
    pub numeral_width_max: f32,
}

pub(crate) static PARAMS: Params = Params {
    b_stem_min: 0.87,
    eight_stem_max: 0.7,
    block_eight_stem_max: 0.45,
    b_width: 0.68,
    b_width_weight: 1.5,
    undecided: 0.9,
    restored_first: 0.975,
    restored: 0.94,
    overruled: 0.97,
    stroke_width_max: 0.34,
    d_corners_min: 0.6,
    d_corners_likely: 0.5,
    o_corners_likely: 0.55,
    o_corners_max: 0.42,
    upright_correlation_min: 0.85,
    valley_share: 0.85,
    numeral_width_max: 1.7,
};
