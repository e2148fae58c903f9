//! Values of closed vocabularies, and occupations, whose vocabulary is nearly closed.
//!
//! Owns when a misread value becomes a word of its vocabulary, and how far it is then to be trusted. It must not know
//! the words.

use filot_domain::FieldName;

use crate::ktp::params::PARAMS;
use crate::text::field_text::FieldText;
use crate::text::lexicon::OCCUPATIONS;
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::nearest;

/// A value of a closed vocabulary: its nearest word if near enough, otherwise as read, with little confidence.
pub(crate) fn vocabulary(
    field: FieldName,
    piece: &FieldText,
    words: &[&str],
    put: &mut impl FnMut(FieldName, String, f32),
) {
    if normalize_alnum(&piece.text).len() < 2 {
        return put(
            field,
            piece.text.clone(),
            (piece.confidence() * PARAMS.unknown_word).min(PARAMS.unknown_word),
        );
    }
    match nearest(&piece.text, words.iter().copied()) {
        Some(guess) if guess.share < PARAMS.vocabulary_exact_max => {
            put(field, guess.word.to_owned(), piece.confidence().max(PARAMS.exact_word_min));
        }
        // Much of the word may be misread, if no other word is nearly as similar to it.
        Some(guess)
            if guess.share <= PARAMS.vocabulary_difference_max && guess.lead > PARAMS.vocabulary_lead_min =>
        {
            put(field, guess.word.to_owned(), PARAMS.corrected_word.confidence(guess.share));
        }
        _ => put(
            field,
            piece.text.clone(),
            (piece.confidence() * PARAMS.unknown_word).min(PARAMS.unknown_word),
        ),
    }
}

/// An occupation and its probability: the register's most similar word, or as read.
pub(crate) fn occupation(piece: &FieldText) -> (String, f32) {
    let confidence = piece.confidence();
    let Some(guess) = nearest(&piece.text, OCCUPATIONS.iter().copied()) else {
        return (piece.text.clone(), confidence);
    };
    // A sure reading may be a word that the list lacks; a slash or a space is often misread.
    let bounds = &PARAMS.occupations;
    let allowed = (bounds.sure + bounds.in_doubt * (1.0 - confidence)).min(bounds.most);
    if guess.share <= f32::EPSILON {
        (guess.word.to_owned(), 1.0 - (1.0 - confidence) * PARAMS.confirmed_doubt)
    } else if guess.share <= allowed && guess.lead > guess.share {
        (guess.word.to_owned(), PARAMS.corrected_occupation.confidence(guess.share))
    } else {
        (piece.text.clone(), confidence)
    }
}
