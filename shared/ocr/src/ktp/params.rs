//! The fitted values of reading a KTP, side by side; its geometry stands in [`crate::ktp::template`]. Holds numbers, no
//! rules.
//!
//! Unless a field says otherwise, confidences and probabilities are 0 to 1, widths and heights are in heights of a
//! capital, fits are mean logarithms of the likeliest digit's probability (0 at best), similarities are shares of a
//! text's length. `./dev accuracy --count N --seed S` checks them on generated cards.

/// How different from a name a reading may be that is taken for it, as shares of the name's length.
pub(crate) struct NameBounds {
    /// Always.
    pub sure: f32,
    /// Added times one minus the reading's confidence.
    pub in_doubt: f32,
    /// At most.
    pub most: f32,
}

impl NameBounds {
    /// For a reading of this confidence.
    pub fn allowed(&self, confidence: f32) -> f32 {
        (self.sure + self.in_doubt * (1.0 - confidence)).min(self.most)
    }
}

/// The confidence of a misread word that was replaced by one of its vocabulary.
pub(crate) struct Correction {
    /// Without a difference.
    pub most: f32,
    /// What the whole length of the word in difference takes from it.
    pub slope: f32,
    /// Bounds of the result.
    pub bounds: (f32, f32),
}

impl Correction {
    /// For a difference as a share of the word's length.
    pub fn confidence(&self, difference: f32) -> f32 {
        (self.most - self.slope * difference).clamp(self.bounds.0, self.bounds.1)
    }
}

/// Scores of the alignment of rows with labels, added to the similarities (0 to 1) of rows and their labels.
pub(crate) struct Alignment {
    /// Labels from the next one on that a row is compared with.
    pub labels_ahead: usize,
    /// A row that takes a label: a misread label in its turn is likelier that label than nothing.
    pub label: f32,
    /// Taken for each label skipped before it.
    pub skipped_label: f32,
    /// Similarity of a row without a label to any.
    pub no_label: f32,
    /// A row without a label that continues a name, a birth or an address.
    pub wrapped: f32,
    /// A row without a label that continues another value.
    pub wrapped_elsewhere: f32,
    /// A row with a label that continues the value above.
    pub labelled_continuation: f32,
    /// A row without a meaning.
    pub nothing: f32,
    /// Taken for each label that is never reached: a card that is cut off has fewer rows.
    pub unreached_label: f32,
}

/// How well the text of a value fits a label, in the scale of [`Alignment`]'s similarities.
pub(crate) struct ValueEvidence {
    /// A value that has the form that only this label's values have.
    pub form: f32,
    /// A value of letters, for a label whose values are any names.
    pub open: f32,
    /// A value that this label cannot have.
    pub against: f32,
    /// Similarity from which on a value is a word of a closed list.
    pub word_min: f32,
    /// A label that is less similar than this to every known one is lost: the value then speaks in its place.
    pub legible_label_min: f32,
    /// What a value adds to the similarity of a legible label, as a share.
    pub beside_label: f32,
}

/// What the left edge of a portrait looks like.
pub(crate) struct PortraitEdge {
    /// Columns between which it may stand where the template does not hold, as shares of the card's width.
    pub columns: (f32, f32),
    /// Its least height, as a share of the card's.
    pub height_min: f32,
    /// Least difference of the levels on either side, in grey levels.
    pub step_min: f32,
}

/// Values fitted to generated cards of difficulties T0 to T3.
pub(crate) struct Params {
    /// Fit of the NIK's cells below which not all of them hold a digit.
    pub nik_fit_min: f32,
    /// Probability of a NIK's digit, as a share of the likeliest digit's, from which on it is an alternative.
    pub nik_alternative_min: f32,
    /// Highest confidence of the first letter of a name that begins right of its column.
    pub off_column: f32,
    /// How far from the column of values a value may begin.
    pub column_tolerance: f32,
    /// The column may lean, in px to the right for each px further down: the step of the leans tried, how many there are each
    /// way, and how many rows' support a lean of one costs.
    pub column_lean_step: f32,
    pub column_leans: i8,
    pub column_lean_cost: f32,
    /// Rows that begin a value in one column, as a share of those in the column in which most begin print.
    pub column_support_min: f32,
    /// Confidence from which on a comma at the end of a name is print, not dirt.
    pub comma_min: f32,
    /// Darkness of the ink of print that belongs to a card's ground, as a share of a value's: of a word right behind the
    /// value, and of one behind a wide gap.
    pub ground_print_max: (f32, f32),
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
    /// Factor on the confidence of a birth date that the NIK contradicts.
    pub contradicted_date: f32,
    /// See [`PortraitEdge`].
    pub portrait_edge: PortraitEdge,
    /// Doubt that is left of a birth date that a NIK encodes which was read surely, as a share.
    pub confirmed_date_doubt: f32,
    /// Least confidence of what confirms digits of the NIK, or the birth date: print that was read for itself, not corrected
    /// by anything else on the card.
    pub confirms_from: f32,
    /// Probability of a digit of the NIK that other print confirms.
    pub confirmed_digit: f32,
    /// See [`Alignment`].
    pub alignment: Alignment,
    /// See [`ValueEvidence`].
    pub value_evidence: ValueEvidence,
    /// Doubt (one minus the confidence) that is left of a reading that its table confirms, as a share.
    pub confirmed_doubt: f32,
    /// Confidence from which on the name of a place stays as it was read.
    pub name_kept_from: f32,
    /// Bounds among a few dozen names: none is similar to another by chance.
    pub few_names: NameBounds,
    /// Bounds among hundreds of names: some are.
    pub many_names: NameBounds,
    /// Bounds among occupations.
    pub occupations: NameBounds,
    /// Least lead of a place's name over the next similar one, as a share of its length.
    pub name_lead_min: f32,
    /// The same as a share of the difference.
    pub name_lead_share: f32,
    /// Confidence of a place's name, an occupation and a word of a closed vocabulary that replaced the reading.
    pub corrected_name: Correction,
    pub corrected_occupation: Correction,
    pub corrected_word: Correction,
    /// Least confidence of a word of a closed vocabulary that was read exactly.
    pub exact_word_min: f32,
    /// Bounds among the words of a closed vocabulary, if `vocabulary_lead_min` holds: a value that was read surely and is
    /// another word stays.
    pub closed_words: NameBounds,
    /// The same for words of the other language, which few cards have.
    pub english_words: NameBounds,
    /// Lead of that word over the next one, in the same measure.
    pub vocabulary_lead_min: f32,
    /// Lead of an Indonesian word over the nearest English one.
    pub other_language_lead_min: f32,
    /// Difference up to which the value counts as read exactly.
    pub vocabulary_exact_max: f32,
    /// Factor on, and upper bound of, the confidence of a value that is no word of its vocabulary.
    pub unknown_word: f32,
    /// Factor on the confidence of a citizenship whose shape is another's.
    pub citizenship_disputed: f32,
    /// Confidence of `WNI` and of `WNA` by their shape alone.
    pub citizenship_by_shape: (f32, f32),
    /// Confidence of a citizenship by its last two letters: where the first looks like a `W`, and where it does not.
    pub citizenship_by_end: (f32, f32),
    /// Least confidence of print behind a wide gap in the address that is part of it.
    pub address_rest_min: f32,
    /// Least height of a slash between dashes, and of the digits beside one.
    pub slash_height_min: f32,
    /// Widest blood group: `AB` and a sign.
    pub blood_width_max: f32,
    /// Widths of the letters behind the label's colon, without the gaps between them, from which on they may be words:
    /// of three letters or more, which are no group then, and of any. An `AB` has 1.3 to 1.9 and with a plus that touches
    /// it up to 2.6, a `TDK` 1.9 to 2.6.
    pub blood_letters_width: (f32, f32),
    /// Widest label and group where no colon parts them: wider print may have words behind the label.
    pub blood_extra_width_max: f32,
    /// Lower print is a sign, no letter of a blood group.
    pub blood_letter_height_min: f32,
    /// Correlation below which a shape does not identify a letter.
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
    nik_fit_min: -1.2,
    nik_alternative_min: 0.12,
    off_column: 0.93,
    column_tolerance: 0.3,
    column_lean_step: 0.02,
    column_leans: 10,
    column_lean_cost: 20.0,
    column_support_min: 0.5,
    comma_min: 0.8,
    ground_print_max: (0.55, 0.8),
    faint_print_share: 0.3,
    label_similarity_min: 0.7,
    label_shape_similarity_min: 0.25,
    label_squeezed_min: 0.8,
    province_line_similarity_min: 0.7,
    province_similarity_min: 0.6,
    header_edit: 0.95,
    contradicted_date: 0.9,
    portrait_edge: PortraitEdge { columns: (0.4, 0.74), height_min: 0.25, step_min: 24.0 },
    confirmed_date_doubt: 0.3,
    confirms_from: 0.9,
    confirmed_digit: 0.99,
    alignment: Alignment {
        labels_ahead: 4,
        label: 0.1,
        skipped_label: 0.35,
        no_label: -0.5,
        wrapped: 0.3,
        wrapped_elsewhere: 0.05,
        labelled_continuation: -0.5,
        nothing: -0.05,
        unreached_label: 0.05,
    },
    value_evidence: ValueEvidence {
        form: 0.95,
        open: 0.35,
        against: -0.4,
        word_min: 0.6,
        legible_label_min: 0.5,
        beside_label: 0.2,
    },
    confirmed_doubt: 0.4,
    name_kept_from: 0.985,
    few_names: NameBounds { sure: 0.08, in_doubt: 0.65, most: 0.38 },
    many_names: NameBounds { sure: 0.06, in_doubt: 0.4, most: 0.15 },
    occupations: NameBounds { sure: 0.06, in_doubt: 0.5, most: 0.4 },
    name_lead_min: 0.06,
    name_lead_share: 0.5,
    corrected_name: Correction { most: 0.97, slope: 1.3, bounds: (0.4, 0.9) },
    corrected_occupation: Correction { most: 0.97, slope: 1.2, bounds: (0.3, 0.96) },
    corrected_word: Correction { most: 0.97, slope: 1.2, bounds: (0.3, 0.95) },
    exact_word_min: 0.9,
    closed_words: NameBounds { sure: 0.2, in_doubt: 0.6, most: 0.5 },
    english_words: NameBounds { sure: 0.1, in_doubt: 0.3, most: 0.2 },
    vocabulary_lead_min: 0.12,
    other_language_lead_min: 0.04,
    vocabulary_exact_max: 0.02,
    unknown_word: 0.3,
    citizenship_disputed: 0.85,
    citizenship_by_shape: (0.75, 0.5),
    citizenship_by_end: (0.9, 0.5),
    address_rest_min: 0.8,
    slash_height_min: 0.7,
    blood_width_max: 2.9,
    blood_letters_width: (1.6, 2.2),
    blood_extra_width_max: 11.5,
    blood_letter_height_min: 0.7,
    blood_correlation_min: 0.55,
    paper_darkness: 24.0,
    plus_spread_min: 0.085,
    citizenship_width: (1.5, 3.6),
    citizenship_i_min: 0.62,
    citizenship_a_max: 0.4,
    citizenship_a_width_min: 1.9,
};
