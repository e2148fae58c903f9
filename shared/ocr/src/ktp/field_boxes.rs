//! Where the fields of a KTP were read, for pictures that show it to a person.
//!
//! Owns which part of a row gave which fields. It must not know their values.

use filot_domain::FieldName as F;

use crate::ktp::alignment::RowMeaning;
use crate::ktp::fields::meanings_of;
use crate::ktp::header::is_province_line;
use crate::ktp::labels::Label;
use crate::ktp::layout::KtpLayout;
use crate::ktp::row_data::KtpLines;
use crate::recognition::digits::COUNT;
use crate::text::line::Line;
use crate::trace::Place;

impl KtpLayout {
    /// The places that gave these lines.
    pub fn places(&self, lines: &KtpLines) -> Vec<Place> {
        let mut places = Vec::new();
        for ((row, span), line) in self.header.iter().zip(&lines.header) {
            places.push(Place::new(*row, *span, header_fields(line)));
        }
        if let (Some(row), Some(digits)) = (self.nik, &lines.nik) {
            let right = digits.left + digits.pitch * COUNT as f32;
            places.push(Place {
                fields: vec![F::Nik],
                area: [digits.left, row.top as f32, right, row.bottom as f32],
            });
        }
        let mut above = RowMeaning::Nothing;
        for (row, meaning) in self.rows.iter().zip(meanings_of(lines)) {
            if meaning != RowMeaning::Continuation {
                above = meaning;
            }
            let spans = [(row.label, false), (row.value, true)];
            for (span, is_value) in spans.into_iter().filter_map(|(span, is)| Some((span?, is))) {
                places.push(Place::new(row.row, span, if is_value { fields_of(above) } else { &[] }));
            }
            if let Some(span) = row.extra {
                let blood = meaning == RowMeaning::Labelled(Label::Gender);
                places.push(Place::new(
                    row.row,
                    span,
                    if blood { &[F::BloodType] } else { fields_of(above) },
                ));
            }
        }
        places
    }
}

fn header_fields(line: &Line) -> &'static [F] {
    if is_province_line(line) { &[F::Province] } else { &[F::Regency] }
}

const fn fields_of(meaning: RowMeaning) -> &'static [F] {
    let RowMeaning::Labelled(label) = meaning else { return &[] };
    match label {
        Label::Name => &[F::Name],
        Label::Birth => &[F::BirthPlace, F::BirthDate],
        Label::Gender => &[F::Gender],
        Label::Address => &[F::Address],
        Label::RtRw => &[F::RtRw],
        Label::Village => &[F::Village],
        Label::District => &[F::District],
        Label::Religion => &[F::Religion],
        Label::MaritalStatus => &[F::MaritalStatus],
        Label::Occupation => &[F::Occupation],
        Label::Citizenship => &[F::Citizenship],
        Label::ValidUntil => &[F::ValidUntil],
    }
}
