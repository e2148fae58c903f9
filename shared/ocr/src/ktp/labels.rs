//! Which row of a KTP is which: by what its label says, or by how long it is.
//!
//! The order of the labels is known; rows may be missing, misread or wrapped. Pure functions.

use crate::text::normalise::normalize_alnum;
use crate::text::similarity::edit_similarity;

/// The labels from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// `Nama`
    Name,
    /// `Tempat/Tgl Lahir`
    Birth,
    /// `Jenis Kelamin`
    Gender,
    /// `Alamat`
    Address,
    /// `RT/RW`
    RtRw,
    /// `Kel/Desa`
    Village,
    /// `Kecamatan`
    District,
    /// `Agama` or `Kepercayaan`
    Religion,
    /// `Status Perkawinan`
    MaritalStatus,
    /// `Pekerjaan`
    Occupation,
    /// `Kewarganegaraan`
    Citizenship,
    /// `Berlaku Hingga`
    ValidUntil,
}

/// Each label with its spellings, foreign residents' cards included.
pub(crate) const LABELS: [(Label, &[&str]); 12] = [
    (Label::Name, &["Nama", "Name"]),
    (Label::Birth, &["Tempat/Tgl Lahir", "Place/Date of Birth", "Tempat Tgl Lahir"]),
    (Label::Gender, &["Jenis Kelamin", "Gender", "Sex"]),
    (Label::Address, &["Alamat", "Address"]),
    (Label::RtRw, &["RT/RW"]),
    (Label::Village, &["Kel/Desa", "Village"]),
    (Label::District, &["Kecamatan", "District"]),
    (Label::Religion, &["Agama", "Kepercayaan", "Religion"]),
    (Label::MaritalStatus, &["Status Perkawinan", "Marital Status"]),
    (Label::Occupation, &["Pekerjaan", "Occupation"]),
    (Label::Citizenship, &["Kewarganegaraan", "Nationality", "Citizenship"]),
    (Label::ValidUntil, &["Berlaku Hingga", "Valid Until", "Date of Expiry"]),
];

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMeaning {
    /// A labelled row.
    Labelled(Label),
    /// The next line of the value above.
    Continuation,
    /// Neither.
    Nothing,
}

/// How alike a text is to a label's best spelling.
fn label_likeness(text: &str, at: usize) -> f32 {
    LABELS[at].1.iter().map(|spelling| edit_similarity(text, spelling)).fold(0.0, f32::max)
}

/// Number of rows whose label was recognised as one of the card's: the evidence that this is a KTP.
pub fn labels_seen<'a>(labels: impl Iterator<Item = &'a str>) -> usize {
    labels
        .filter(|text| {
            normalize_alnum(text).len() >= 4 && (0..LABELS.len()).any(|at| label_likeness(text, at) >= 0.7)
        })
        .count()
}

/// Tells each row its meaning: the order of the labels is known, some may be missing or misread, values may wrap.
///
/// Longest-path alignment over (row, label): a row takes the next label or a later one, continues the value above, or
/// means nothing.
pub fn align(rows: &[String]) -> Vec<RowMeaning> {
    let likes = |text: &String| {
        let has_label = normalize_alnum(text).len() >= 2;
        has_label.then(|| std::array::from_fn(|at| label_likeness(text, at)))
    };
    let likes: Vec<Option<Likes>> = rows.iter().map(likes).collect();
    align_by(&likes).0
}

/// For a row with a label, how like each label it is, 0 to 1.
type Likes = [f32; LABELS.len()];

/// The meanings of rows of which only likenesses are known, and how good the best alignment is.
fn align_by(rows: &[Option<Likes>]) -> (Vec<RowMeaning>, f32) {
    #[derive(Clone, Copy)]
    struct Cell {
        score: f32,
        from: usize,
        meaning: RowMeaning,
    }
    let n = LABELS.len();
    // best[i][j]: rows before i are told, labels before j are used up.
    let unreached = Cell { score: f32::MIN, from: 0, meaning: RowMeaning::Nothing };
    let mut best = vec![vec![unreached; n + 1]; rows.len() + 1];
    best[0][0].score = 0.0;
    for (i, likes) in rows.iter().enumerate() {
        let has_label = likes.is_some();
        let likes = likes.unwrap_or([-0.5; LABELS.len()]);
        for j in 0..=n {
            let here = best[i][j].score;
            if here == f32::MIN {
                continue;
            }
            let mut offer = |to: usize, score: f32, meaning: RowMeaning| {
                if here + score > best[i + 1][to].score {
                    best[i + 1][to] = Cell { score: here + score, from: j, meaning };
                }
            };
            for (at, (label, _)) in LABELS.iter().enumerate().skip(j).take(4) {
                let skipped = (at - j) as f32;
                // A misread label in its turn is still likelier a label than nothing.
                offer(at + 1, likes[at] + 0.1 - 0.35 * skipped, RowMeaning::Labelled(*label));
            }
            let wraps = j > 0 && matches!(LABELS[j - 1].0, Label::Name | Label::Address);
            let continues = match (has_label, wraps) {
                (false, true) => 0.3,
                (false, false) => 0.05,
                (true, _) => -0.5,
            };
            offer(j, continues, if j > 0 { RowMeaning::Continuation } else { RowMeaning::Nothing });
            offer(j, -0.05, RowMeaning::Nothing);
        }
    }
    let last = &best[rows.len()];
    // Labels never reached count against an alignment, but little: a cut-off card has fewer rows.
    let value = |j: usize| last[j].score - 0.05 * (n - j) as f32;
    let mut at = (0..=n).max_by(|a, b| value(*a).total_cmp(&value(*b))).unwrap_or(0);
    let score = value(at);
    let mut meanings = vec![RowMeaning::Nothing; rows.len()];
    for i in (0..rows.len()).rev() {
        let cell = best[i + 1][at];
        meanings[i] = cell.meaning;
        at = cell.from;
    }
    (meanings, score)
}

/// Where a row's label stands, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelShape {
    /// First column.
    pub left: f32,
    /// Columns from the first to the last.
    pub width: f32,
}

/// Widths of the labels in heights of a capital, as Helvetica and its kin set them; other sans faces are wider or narrower
/// by one factor, within four per cent.
const WIDTHS: [&[f32]; LABELS.len()] = [
    &[3.87],
    &[10.99],
    &[8.80],
    &[4.52],
    &[4.75],
    &[5.90],
    &[7.36],
    &[4.61, 8.58],
    &[12.13],
    &[6.55],
    &[11.90],
    &[9.94],
];
/// Labels that stand under another and begin further right.
const INDENTED: [Label; 3] = [Label::RtRw, Label::Village, Label::District];
/// Long labels are squeezed on some cards, down to this share.
const SQUEEZED: f32 = 0.8;
/// How like its label's shape each row must be.
const LIKE_ENOUGH: f32 = 0.25;

/// Tells every row its meaning from where the labels begin and how long they are: their twelve lengths follow each other
/// on no other form. `None` unless all twelve are there and fit: then the labels must be read.
///
/// `capital` is the height of capitals, `indent` how far indented labels stand in, both in pixels.
pub fn align_by_shape(rows: &[Option<LabelShape>], capital: f32, indent: f32) -> Option<Vec<RowMeaning>> {
    let mut lefts: Vec<f32> = rows.iter().flatten().map(|shape| shape.left).collect();
    lefts.sort_by(f32::total_cmp);
    // Nine of the twelve are not indented.
    let margin = *lefts.get(lefts.len() / 3)?;
    let scales = rows.iter().flatten().flat_map(|shape| {
        WIDTHS.iter().flat_map(move |widths| widths.iter().map(move |width| shape.width / width))
    });
    let mut best: Option<(f32, Vec<RowMeaning>)> = None;
    for scale in scales.filter(|scale| (0.6 * capital..1.5 * capital).contains(scale)).take(512) {
        let likes: Vec<Option<Likes>> = rows
            .iter()
            .map(|row| {
                row.map(|shape| std::array::from_fn(|at| shape_likeness(shape, at, scale, margin, indent)))
            })
            .collect();
        let (meanings, score) = align_by(&likes);
        if best.as_ref().is_some_and(|(most, _)| score <= *most) {
            continue;
        }
        let fits = |(meaning, likes): (&RowMeaning, &Option<Likes>)| match (meaning, likes) {
            (RowMeaning::Labelled(label), Some(likes)) => {
                LABELS.iter().zip(likes).any(|((known, _), like)| known == label && *like >= LIKE_ENOUGH)
            }
            (RowMeaning::Continuation, None) => true,
            _ => false,
        };
        let labelled = meanings.iter().filter(|m| matches!(m, RowMeaning::Labelled(_))).count();
        if labelled == LABELS.len() && meanings.iter().zip(&likes).all(fits) {
            best = Some((score, meanings));
        }
    }
    best.map(|(_, meanings)| meanings)
}

/// How like a label's the shape of a row's first piece is, 1 at best.
fn shape_likeness(shape: LabelShape, at: usize, scale: f32, margin: f32, indent: f32) -> f32 {
    let Some(((label, _), widths)) = LABELS.get(at).zip(WIDTHS.get(at)) else { return 0.0 };
    let off = |width: &f32| {
        let ratio = shape.width / (width * scale);
        let squeezed = ratio < 1.0 && ratio > SQUEEZED && *width > 10.0;
        ratio.max(0.01).ln().abs() * if squeezed { 0.25 } else { 1.0 }
    };
    let least = widths.iter().map(off).fold(f32::MAX, f32::min);
    let length = 1.0 - least / (0.07 + 3.0 / shape.width.max(1.0));
    let expected = if INDENTED.contains(label) { margin + indent } else { margin };
    let place = 1.0 - (shape.left - expected).abs() / (0.7 * indent);
    (0.7 * length + 0.3 * place).max(-0.5).min(length).min(place)
}

/// The label as it is usually printed.
pub fn printed(label: Label) -> &'static str {
    LABELS
        .iter()
        .find(|(known, _)| *known == label)
        .and_then(|(_, spellings)| spellings.first())
        .unwrap_or(&"")
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
    fn the_lengths_of_the_labels_tell_the_rows() {
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
    fn what_does_not_fit_must_be_read() {
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

    #[test]
    fn every_label_has_its_printed_form() {
        assert_eq!(printed(Label::Name), "Nama");
        assert_eq!(printed(Label::ValidUntil), "Berlaku Hingga");
    }
}
