//! Values of closed vocabularies; occupations and countries, whose vocabularies are nearly closed.
//!
//! Owns when a misread value becomes a word of its vocabulary, and how far it is then to be trusted. It must not know
//! the words.

use filot_domain::FieldName;

use crate::ktp::params::PARAMS;
use crate::text::field_text::FieldText;
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::{Guess, nearest};

/// The words of a closed field: those of citizens' cards and the English ones of foreign residents'.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClosedWords {
    pub indonesian: &'static [&'static str],
    pub english: &'static [&'static str],
}

/// A value of a closed vocabulary: its nearest word if near enough, otherwise as read, with little confidence.
///
/// The words of both languages are rivals, so that a misread word of one never becomes one of the other: an English word
/// must be the nearest by far, an Indonesian one, which all but few cards have, the nearest. The surer the reading, the less
/// it may differ from the word.
pub(crate) fn vocabulary(
    field: FieldName,
    piece: &FieldText,
    words: ClosedWords,
    put: &mut impl FnMut(FieldName, String, f32),
) {
    let near = |words: &[&'static str]| {
        nearest(&piece.text, words.iter().copied()).filter(|_| normalize_alnum(&piece.text).len() >= 2)
    };
    let (indonesian, english) = (near(words.indonesian), near(words.english));
    let share = |guess: Option<&Guess>| guess.map_or(1.0, |guess| guess.share);
    let ahead = share(english.as_ref()) - share(indonesian.as_ref());
    let (guess, lead, lead_min, bounds) = if ahead >= 0.0 {
        (indonesian, ahead, PARAMS.other_language_lead_min, &PARAMS.closed_words)
    } else {
        (english, -ahead, PARAMS.vocabulary_lead_min, &PARAMS.english_words)
    };
    match guess {
        Some(guess) if guess.share < PARAMS.vocabulary_exact_max => {
            put(field, guess.word.to_owned(), piece.confidence().max(PARAMS.exact_word_min));
        }
        // Much of the word may be misread, if no other word is nearly as similar to it.
        Some(guess)
            if guess.share <= bounds.allowed(piece.confidence())
                && guess.lead > PARAMS.vocabulary_lead_min
                && lead > lead_min =>
        {
            put(field, guess.word.to_owned(), PARAMS.corrected_word.confidence(guess.share));
        }
        _ => put_unknown(field, piece, put),
    }
}

/// A value that is none of its vocabulary, as it was read: kept, but not trusted.
pub(crate) fn put_unknown(field: FieldName, piece: &FieldText, put: &mut impl FnMut(FieldName, String, f32)) {
    let confidence = (piece.confidence() * PARAMS.unknown_word).min(PARAMS.unknown_word);
    put(field, piece.text.clone(), confidence);
}

/// The most similar word of a vocabulary that is nearly closed and its probability; `None` if none is similar enough.
pub(crate) fn open_vocabulary(piece: &FieldText, words: &[&str]) -> Option<(String, f32)> {
    let confidence = piece.confidence();
    let guess = nearest(&piece.text, words.iter().copied())?;
    if guess.share <= f32::EPSILON {
        return Some((guess.word.to_owned(), 1.0 - (1.0 - confidence) * PARAMS.confirmed_doubt));
    }
    // A sure reading may be a word that the list lacks; a slash or a space is often misread.
    let near = guess.share <= PARAMS.occupations.allowed(confidence) && guess.lead > guess.share;
    near.then(|| (guess.word.to_owned(), PARAMS.corrected_occupation.confidence(guess.share)))
}
