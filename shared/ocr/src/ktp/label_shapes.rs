//! Which row of a KTP holds which field, by the shapes of the labels alone: no text needs to be read.
//!
//! Owns the comparison of shapes. It must not know what was recognised.

use crate::ktp::alignment::{RowMeaning, align_by};
use crate::ktp::labels::{LABELS, Label, Similarities};
use crate::ktp::params::PARAMS;
use crate::ktp::template::TEMPLATE;

/// Where a row's label stands, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelShape {
    /// First column.
    pub left: f32,
    /// Columns from the first to the last.
    pub width: f32,
}

/// Labels that stand under another and begin further right.
const INDENTED: [Label; 3] = [Label::RtRw, Label::Village, Label::District];
/// The meaning of each row by where its label begins and how long it is: their twelve lengths follow each other on no
/// other form. `None` unless all twelve are there and fit: then the labels must be read.
///
/// `capital` is the height of capitals, `indent` how far indented labels stand in, both in pixels.
pub fn align_by_shape(rows: &[Option<LabelShape>], capital: f32, indent: f32) -> Option<Vec<RowMeaning>> {
    let mut lefts: Vec<f32> = rows.iter().flatten().map(|shape| shape.left).collect();
    lefts.sort_by(f32::total_cmp);
    // Nine of the twelve are not indented.
    let margin = *lefts.get(lefts.len() / 3)?;
    let scales = rows.iter().flatten().flat_map(|shape| {
        TEMPLATE
            .label_widths
            .iter()
            .flat_map(move |widths| widths.iter().map(move |width| shape.width / width))
    });
    let labelled: Vec<bool> = rows.iter().map(Option::is_some).collect();
    let mut best: Option<(f32, Vec<RowMeaning>)> = None;
    for scale in scales.filter(|scale| (0.6 * capital..1.5 * capital).contains(scale)).take(512) {
        let similarities: Vec<Option<Similarities>> = rows
            .iter()
            .map(|row| {
                row.map(|shape| std::array::from_fn(|at| shape_similarity(shape, at, scale, margin, indent)))
            })
            .collect();
        let (meanings, score) = align_by(&similarities, &labelled);
        if best.as_ref().is_some_and(|(most, _)| score <= *most) {
            continue;
        }
        let fits =
            |(meaning, similarities): (&RowMeaning, &Option<Similarities>)| match (meaning, similarities) {
                (RowMeaning::Labelled(label), Some(similarities)) => {
                    LABELS.iter().zip(similarities).any(|((known, _), similarity)| {
                        known == label && *similarity >= PARAMS.label_shape_similarity_min
                    })
                }
                (RowMeaning::Continuation, None) => true,
                _ => false,
            };
        let labelled = meanings.iter().filter(|m| matches!(m, RowMeaning::Labelled(_))).count();
        if labelled == LABELS.len() && meanings.iter().zip(&similarities).all(fits) {
            best = Some((score, meanings));
        }
    }
    best.map(|(_, meanings)| meanings)
}

/// How similar the shape of a row's first piece is to a label's, 1 at best. `at`: the label's place in [`LABELS`].
fn shape_similarity(shape: LabelShape, at: usize, scale: f32, margin: f32, indent: f32) -> f32 {
    let Some(((label, _), widths)) = LABELS.get(at).zip(TEMPLATE.label_widths.get(at)) else { return 0.0 };
    let off = |width: &f32| {
        let ratio = shape.width / (width * scale);
        let squeezed = ratio < 1.0 && ratio > PARAMS.label_squeezed_min && *width > 10.0;
        ratio.max(0.01).ln().abs() * if squeezed { 0.25 } else { 1.0 }
    };
    let least = widths.iter().map(off).fold(f32::MAX, f32::min);
    let length = 1.0 - least / (0.07 + 3.0 / shape.width.max(1.0));
    let expected = if INDENTED.contains(label) { margin + indent } else { margin };
    let place = 1.0 - (shape.left - expected).abs() / (0.7 * indent);
    (0.7 * length + 0.3 * place).max(-0.5).min(length).min(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Widths as Roboto and DejaVu Sans Bold set them, in heights of a capital.
    const ROBOTO: [f32; 12] = [3.76, 10.90, 8.72, 4.51, 4.38, 5.73, 7.17, 4.48, 11.75, 6.24, 11.37, 9.56];
    const DEJAVU_BOLD: [f32; 12] =
        [4.41, 13.14, 10.36, 5.44, 5.05, 6.77, 8.60, 5.30, 14.52, 7.73, 14.03, 11.88];

    fn card(widths: &[f32; 12], capital: f32) -> Vec<Option<LabelShape>> {
        let left = |i: usize| if (4..7).contains(&i) { 86.0 } else { 43.0 };
        widths
            .iter()
            .enumerate()
            .map(|(i, w)| Some(LabelShape { left: left(i), width: w * capital }))
            .collect()
    }

    #[test]
    fn label_lengths_identify_the_rows() {
        for widths in [&ROBOTO, &DEJAVU_BOLD] {
            let mut rows = card(widths, 20.0);
            // A long label was squeezed, and a name takes two lines.
            if let Some(shape) = &mut rows[8] {
                shape.width *= 0.9;
            }
            rows.insert(1, None);
            let meanings = align_by_shape(&rows, 20.0, 43.0).unwrap();
            assert_eq!(meanings[0], RowMeaning::Labelled(Label::Name));
            assert_eq!(meanings[1], RowMeaning::Continuation);
            for (meaning, (label, _)) in meanings[2..].iter().zip(&LABELS[1..]) {
                assert_eq!(*meaning, RowMeaning::Labelled(*label));
            }
        }
    }

    #[test]
    fn a_card_whose_labels_do_not_fit_must_be_read() {
        let mut lost = card(&ROBOTO, 20.0);
        lost.remove(5);
        assert_eq!(align_by_shape(&lost, 20.0, 43.0), None);
        let mut hidden = card(&ROBOTO, 20.0);
        if let Some(shape) = &mut hidden[2] {
            shape.width *= 0.6;
        }
        assert_eq!(align_by_shape(&hidden, 20.0, 43.0), None);
        let table: Vec<Option<LabelShape>> = (0..12)
            .map(|i| Some(LabelShape { left: 43.0, width: 60.0 + 17.0 * (i * 5 % 7) as f32 }))
            .collect();
        assert_eq!(align_by_shape(&table, 20.0, 43.0), None);
        assert_eq!(align_by_shape(&[], 20.0, 43.0), None);
    }
}
