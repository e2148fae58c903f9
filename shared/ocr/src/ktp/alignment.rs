//! Which row of a KTP holds which field.
//!
//! Owns the alignment of rows with the known order of the labels; rows may be missing, misread or wrapped. It must not
//! know how similar a row and a label are found to be: by text here, by shape in [`crate::ktp::label_shapes`].

use crate::ktp::labels::{LABELS, Label, Similarities, label_similarity};
use crate::ktp::params::PARAMS;
use crate::text::normalise::normalize_alnum;

/// What a row of the card holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMeaning {
    /// The value of a label.
    Labelled(Label),
    /// The next line of the value above.
    Continuation,
    /// Nothing known: dirt, or a label that was lost.
    Nothing,
}

/// The meaning of each row by the text of its label: the order of the labels is known, some may be missing or misread,
/// values may wrap.
///
/// Longest-path alignment over (row, label): a row takes the next label or a later one, continues the value above, or
/// means nothing.
pub fn align(rows: &[String]) -> Vec<RowMeaning> {
    let similarities = |text: &String| {
        let has_label = normalize_alnum(text).len() >= 2;
        has_label.then(|| std::array::from_fn(|at| label_similarity(text, at)))
    };
    let similarities: Vec<Option<Similarities>> = rows.iter().map(similarities).collect();
    let labelled: Vec<bool> = similarities.iter().map(Option::is_some).collect();
    align_by(&similarities, &labelled).0
}

/// The same with what the values say beside the texts of the labels, for cards on which labels are lost. For each row its
/// label's text and how well its value fits each label, `None` where it has none.
pub fn align_with_values(rows: &[(String, Option<Similarities>)]) -> Vec<RowMeaning> {
    let fits = &PARAMS.value_evidence;
    let similarities = |(label, value): &(String, Option<Similarities>)| {
        let of_label: Similarities = std::array::from_fn(|at| label_similarity(label, at));
        let legible = normalize_alnum(label).len() >= 2
            && of_label.iter().any(|similarity| *similarity >= fits.legible_label_min);
        match value {
            Some(of_value) if legible => {
                Some(std::array::from_fn(|at| of_label[at] + fits.beside_label * of_value[at]))
            }
            Some(of_value) => Some(*of_value),
            None => legible.then_some(of_label),
        }
    };
    let similarities: Vec<Option<Similarities>> = rows.iter().map(similarities).collect();
    let labelled: Vec<bool> = rows.iter().map(|(label, _)| normalize_alnum(label).len() >= 2).collect();
    align_by(&similarities, &labelled).0
}

/// Whether an alignment explains every row by a legible label, so that no value needs to be asked.
pub fn is_certain(rows: &[String], meanings: &[RowMeaning]) -> bool {
    let legible = |text: &String, label: Label| {
        LABELS
            .iter()
            .position(|(known, _)| *known == label)
            .is_some_and(|at| label_similarity(text, at) >= PARAMS.value_evidence.legible_label_min)
    };
    let explained = rows.iter().zip(meanings).all(|(text, meaning)| match meaning {
        RowMeaning::Labelled(label) => legible(text, *label),
        RowMeaning::Continuation => normalize_alnum(text).len() < 2,
        RowMeaning::Nothing => false,
    });
    explained && meanings.iter().filter(|m| matches!(m, RowMeaning::Labelled(_))).count() == LABELS.len()
}

/// The best alignment of rows of which only similarities are known, and its score. `labelled`: whether print stands in the
/// place of a row's label.
pub(crate) fn align_by(rows: &[Option<Similarities>], labelled: &[bool]) -> (Vec<RowMeaning>, f32) {
    #[derive(Clone, Copy)]
    struct Cell {
        score: f32,
        from: usize,
        meaning: RowMeaning,
    }
    let score = &PARAMS.alignment;
    let n = LABELS.len();
    // best[i][j]: rows before i have a meaning, labels before j are used up.
    let unreached = Cell { score: f32::MIN, from: 0, meaning: RowMeaning::Nothing };
    let mut best = vec![vec![unreached; n + 1]; rows.len() + 1];
    best[0][0].score = 0.0;
    for (i, (similarities, has_label)) in rows.iter().zip(labelled.iter().copied()).enumerate() {
        let similarities = similarities.unwrap_or([score.no_label; LABELS.len()]);
        for j in 0..=n {
            let here = best[i][j].score;
            if here == f32::MIN {
                continue;
            }
            let mut offer = |to: usize, gain: f32, meaning: RowMeaning| {
                if here + gain > best[i + 1][to].score {
                    best[i + 1][to] = Cell { score: here + gain, from: j, meaning };
                }
            };
            for (at, (label, _)) in LABELS.iter().enumerate().skip(j).take(score.labels_ahead) {
                let skipped = (at - j) as f32;
                // A misread label in its turn is still likelier a label than nothing.
                offer(
                    at + 1,
                    similarities[at] + score.label - score.skipped_label * skipped,
                    RowMeaning::Labelled(*label),
                );
            }
            let wraps = j > 0 && matches!(LABELS[j - 1].0, Label::Name | Label::Birth | Label::Address);
            let continues = match (has_label, wraps) {
                (false, true) => score.wrapped,
                (false, false) => score.wrapped_elsewhere,
                (true, _) => score.labelled_continuation,
            };
            offer(j, continues, if j > 0 { RowMeaning::Continuation } else { RowMeaning::Nothing });
            offer(j, score.nothing, RowMeaning::Nothing);
        }
    }
    let last = &best[rows.len()];
    // Labels never reached count against an alignment, but little: a cut-off card has fewer rows.
    let value = |j: usize| last[j].score - score.unreached_label * (n - j) as f32;
    let mut at = (0..=n).max_by(|a, b| value(*a).total_cmp(&value(*b))).unwrap_or(0);
    let total = value(at);
    let mut meanings = vec![RowMeaning::Nothing; rows.len()];
    for i in (0..rows.len()).rev() {
        let cell = best[i + 1][at];
        meanings[i] = cell.meaning;
        at = cell.from;
    }
    (meanings, total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ktp::value_evidence::value_similarities;

    const CARD: [(&str, &str); 12] = [
        ("Nama", "CHRISTIAN ZULKARNAIN"),
        ("Tempat/Tgl Lahir", "LEBAK, 29-12-1977"),
        ("Jenis Kelamin", "LAKI-LAKI"),
        ("Alamat", "JL. MAWAR"),
        ("RT/RW", "012/019"),
        ("Kel/Desa", "GUBUGAN CIBEUREUM"),
        ("Kecamatan", "MAJA"),
        ("Agama", "ISLAM"),
        ("Status Perkawinan", "KAWIN"),
        ("Pekerjaan", "KARYAWAN HONORER"),
        ("Kewarganegaraan", "WNI"),
        ("Berlaku Hingga", "SEUMUR HIDUP"),
    ];

    fn rows(card: &[(&str, &str)]) -> Vec<(String, Option<Similarities>)> {
        card.iter().map(|(label, value)| ((*label).to_owned(), value_similarities(value))).collect()
    }

    fn expected() -> Vec<RowMeaning> {
        LABELS.iter().map(|(label, _)| RowMeaning::Labelled(*label)).collect()
    }

    #[test]
    fn values_name_the_rows_whose_labels_are_lost() {
        let without_labels = CARD.map(|(_, value)| ("", value));
        assert_eq!(align_with_values(&rows(&without_labels)), expected());
        let mut worn = CARD;
        (worn[2].0, worn[5].0, worn[7].0) = ("", "k~", "");
        assert_eq!(align_with_values(&rows(&worn)), expected());
    }

    #[test]
    fn a_second_line_continues_its_value() {
        let mut meanings = expected();
        meanings.insert(2, RowMeaning::Continuation);
        let labels: Vec<String> = std::iter::once("Nama")
            .chain(["Tempat/Tgl Lahir", ""])
            .chain(CARD[2..].iter().map(|(label, _)| *label))
            .map(str::to_owned)
            .collect();
        assert_eq!(align(&labels), meanings);
    }

    #[test]
    fn an_alignment_is_certain_if_every_label_is_legible() {
        let labels: Vec<String> = CARD.iter().map(|(label, _)| (*label).to_owned()).collect();
        assert!(is_certain(&labels, &align(&labels)));
        let mut worn = labels;
        worn[4].clear();
        assert!(!is_certain(&worn, &align(&worn)));
    }
}
