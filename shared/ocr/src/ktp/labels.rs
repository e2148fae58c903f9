//! The twelve labels of a KTP and their spellings.
//!
//! Owns the words. It must not know on which row of a card a label stands.

use crate::ktp::params::PARAMS;
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

/// How well a row fits each label, 1 at best; a row may speak against a label with less than 0.
pub(crate) type Similarities = [f32; LABELS.len()];

/// How similar a text is to the nearest spelling of a label, 0 to 1. `at`: its place in [`LABELS`].
pub(crate) fn label_similarity(text: &str, at: usize) -> f32 {
    LABELS[at].1.iter().map(|spelling| edit_similarity(text, spelling)).fold(0.0, f32::max)
}

/// The number of labels that are recognisably a KTP's: the evidence that the card is one.
pub fn labels_seen<'a>(labels: impl Iterator<Item = &'a str>) -> usize {
    labels
        .filter(|text| {
            normalize_alnum(text).len() >= 4
                && (0..LABELS.len()).any(|at| label_similarity(text, at) >= PARAMS.label_similarity_min)
        })
        .count()
}

/// The usual spelling of a label.
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

    #[test]
    fn every_label_has_its_printed_form() {
        assert_eq!(printed(Label::Name), "Nama");
        assert_eq!(printed(Label::ValidUntil), "Berlaku Hingga");
    }
}
