//! The fitted values of reading a KTP, side by side; its geometry stands in [`crate::ktp::template`].
//!
//! Unless a field says otherwise, confidences and probabilities are 0 to 1, widths and heights are in heights of a
//! capital, fits are mean logarithms of the likeliest digit's probability (0 at best), similarities are shares of a
//! text's length. `./dev accuracy --count N --seed S` checks them on generated cards.

/// How different from a name a reading may be that is taken for it, as shares of the name's length.
pub(crate) struct NameBounds {
    /// Always.
    pub sure: f32,
    /// Added in proportion to the reading's doubt.
    pub in_doubt: f32,
    /// At most.
    pub most: f32,
}

/// Values fitted to generated cards of difficulties T0 to T3.
pub(crate) struct Params {
    /// A value whose least certain symbol has a lower confidence is read again: numbers by the digit classifier, words
    /// by the second reader.
    pub second_pass_below: f32,
    /// Fit of a date's or number's cells below which not all of them hold a digit.
    pub number_fit_min: f32,
    /// Fit of the NIK's cells below which not all of them hold a digit.
    pub nik_fit_min: f32,
    /// Probability of a NIK's digit, as a share of the likeliest digit's, from which on it is an alternative.
    pub nik_alternative_min: f32,
    /// Highest confidence of the first letter of a name that begins right of its column.
    pub off_column: f32,
    /// Darkness of faint print beside a value, as a share of the value's; paper has a tenth.
    pub faint_print_share: f32,
    /// Similarity from which on a text is one of the card's labels.
    pub label_similarity_min: f32,
    /// Similarity of shapes from which on a row has its label's shape.
    pub label_shape_similarity_min: f32,
    /// Width down to which long labels are squeezed on some cards, as a share of the usual width.
    pub label_squeezed_min: f32,
    /// Similarity of the first word to `PROVINSI` from which on a header line is taken for evidence of a KTP.
    pub province_line_similarity_min: f32,
    /// The same for reading the name of the province behind it.
    pub province_similarity_min: f32,
    /// Factor on the confidence of a regency for each edit of its rank.
    pub header_edit: f32,
    /// Factor on the confidence of a number for each letter that was taken for a digit.
    pub digit_repair: f32,
    /// Factor on the confidence of a birth date that the NIK contradicts.
    pub contradicted_date: f32,
    /// Confidence from which on the name of a place stays as it was read.
    pub name_kept_from: f32,
    /// Bounds among a few dozen names: none is similar to another by chance.
    pub few_names: NameBounds,
    /// Bounds among hundreds of names: some are.
    pub many_names: NameBounds,
    /// Length-relative difference up to which a value is a word of a closed vocabulary, if `vocabulary_lead_min` holds.
    pub vocabulary_difference_max: f32,
    /// Lead of that word over the next one, in the same measure.
    pub vocabulary_lead_min: f32,
    /// Difference up to which the value counts as read exactly.
    pub vocabulary_exact_max: f32,
    /// Factor on, and upper bound of, the confidence of a value that is no word of its vocabulary.
    pub unknown_word: f32,
    /// Widest blood group: `AB` and a sign.
    pub blood_width_max: f32,
    /// Lower print is a sign, no letter of a blood group.
    pub blood_letter_height_min: f32,
    /// Correlation below which a shape does not tell a letter.
    pub blood_correlation_min: f32,
    /// Darkness of paper, 0 to 255.
    pub paper_darkness: f32,
    /// Vertical spread (standard deviation of its ink) from which on a sign is a plus: of 104 signs on generated typical
    /// photographs pluses have 0.10 to 0.18, dashes 0.03 to 0.07.
    pub plus_spread_min: f32,
    /// Least and greatest width of `WNI` and `WNA`.
    pub citizenship_width: (f32, f32),
    /// Darkness of the right end at its top over that at its foot, from which on the last letter is an `I`.
    pub citizenship_i_min: f32,
    /// The same, up to which it is an `A`, whose right leg is there at its foot alone.
    pub citizenship_a_max: f32,
    /// Least width of `WNA`.
    pub citizenship_a_width_min: f32,
}

pub(crate) static PARAMS: Params = Params {
    second_pass_below: 0.985,
    number_fit_min: -0.5,
    nik_fit_min: -1.2,
    nik_alternative_min: 0.12,
    off_column: 0.93,
    faint_print_share: 0.3,
    label_similarity_min: 0.7,
    label_shape_similarity_min: 0.25,
    label_squeezed_min: 0.8,
    province_line_similarity_min: 0.7,
    province_similarity_min: 0.6,
    header_edit: 0.95,
    digit_repair: 0.9,
    contradicted_date: 0.9,
    name_kept_from: 0.985,
    few_names: NameBounds { sure: 0.08, in_doubt: 0.65, most: 0.38 },
    many_names: NameBounds { sure: 0.06, in_doubt: 0.4, most: 0.15 },
    vocabulary_difference_max: 0.5,
    vocabulary_lead_min: 0.12,
    vocabulary_exact_max: 0.02,
    unknown_word: 0.3,
    blood_width_max: 2.9,
    blood_letter_height_min: 0.7,
    blood_correlation_min: 0.55,
    paper_darkness: 24.0,
    plus_spread_min: 0.085,
    citizenship_width: (1.5, 3.6),
    citizenship_i_min: 0.62,
    citizenship_a_max: 0.4,
    citizenship_a_width_min: 1.9,
};
