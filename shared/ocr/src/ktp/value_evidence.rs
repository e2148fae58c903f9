//! Which label a value may stand behind, by its text alone.
//!
//! Owns that similarity, for cards whose labels are worn, stained or cut off. It must not know where the value stands.

use filot_domain::vocabulary::{
    CITIZENSHIPS, GENDERS, GENDERS_ENGLISH, MARITAL, MARITAL_ENGLISH, RELIGIONS, RELIGIONS_ENGLISH,
};

use crate::ktp::dates::{ends_in_date, is_date, is_for_life};
use crate::ktp::labels::{LABELS, Label, Similarities};
use crate::ktp::params::PARAMS;
use crate::ktp::rt_rw::rt_rw_of_text;
use crate::text::address_words::marks_address;
use crate::text::field_text::FieldText;
use crate::text::lexicon::OCCUPATIONS;
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::edit_similarity;

/// How well the text of a value fits each label, 0 to 1, or below where it speaks against the label. `None`: there is no
/// text.
pub(crate) fn value_similarities(text: &str) -> Option<Similarities> {
    if normalize_alnum(text).is_empty() && text.trim() != "-" {
        return None;
    }
    Some(std::array::from_fn(|at| LABELS.get(at).map_or(0.0, |(label, _)| value_similarity(text, *label))))
}

fn value_similarity(text: &str, label: Label) -> f32 {
    let fits = &PARAMS.value_evidence;
    let among = |lists: &[&[&str]]| {
        let most =
            lists.iter().copied().flatten().map(|word| edit_similarity(text, word)).fold(0.0, f32::max);
        if most >= fits.word_min { most } else { fits.against }
    };
    let either = |is: bool| if is { fits.form } else { fits.against };
    let letters = normalize_alnum(text).len() >= 3 && !text.chars().any(|c| c.is_ascii_digit());
    match label {
        Label::Birth => either(ends_in_date(text) && !is_date(text)),
        Label::Gender => among(&[GENDERS, GENDERS_ENGLISH]),
        // The slash is often read as a digit.
        Label::RtRw => either(
            text != "-" && rt_rw_of_text(&FieldText { text: text.to_owned(), min: 1.0, mean: 1.0 }).is_some(),
        ),
        Label::Religion => among(&[RELIGIONS, RELIGIONS_ENGLISH]),
        Label::MaritalStatus => among(&[MARITAL, MARITAL_ENGLISH]),
        Label::Citizenship => among(&[CITIZENSHIPS]),
        Label::ValidUntil => either(is_date(text) || is_for_life(text)),
        Label::Occupation => among(&[OCCUPATIONS]).max(if letters { fits.open / 2.0 } else { fits.against }),
        Label::Address if text.split([' ', '.']).next().is_some_and(marks_address) => fits.form,
        Label::Address => fits.open,
        Label::Name | Label::Village | Label::District => {
            if letters {
                fits.open
            } else {
                fits.against
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(text: &str) -> Label {
        let similarities = value_similarities(text).unwrap();
        let at = (0..LABELS.len()).max_by(|a, b| similarities[*a].total_cmp(&similarities[*b])).unwrap();
        LABELS[at].0
    }

    #[test]
    fn closed_values_name_their_labels() {
        for (text, label) in [
            ("LEBAK, 29-12-1977", Label::Birth),
            ("LAKI-LAK1", Label::Gender),
            ("JL. MAWAR NO. 3", Label::Address),
            ("012/019", Label::RtRw),
            ("ISLAM", Label::Religion),
            ("BELUM KAWIN", Label::MaritalStatus),
            ("KARYAWAN SWASTA", Label::Occupation),
            ("WNI", Label::Citizenship),
            ("SEUMUR HIDUP", Label::ValidUntil),
            ("08-06-2019", Label::ValidUntil),
        ] {
            assert_eq!(best(text), label, "{text}");
        }
    }
}
