//! Where the fields of an NPWP card were read.

use filot_domain::FieldName as F;

use crate::npwp::fields::{Meaning, meanings};
use crate::npwp::read::{NpwpLayout, NpwpLine};
use crate::trace::Place;

impl NpwpLayout {
    /// The places that gave these lines.
    pub fn places(&self, lines: &[NpwpLine]) -> Vec<Place> {
        let fields = meanings(lines).into_iter().map(|value| -> &'static [F] {
            match value.meaning {
                Meaning::Number => &[F::NpwpNumber],
                Meaning::Name => &[F::Name],
                Meaning::Nik => &[F::Nik],
                Meaning::Address => &[F::Address],
                Meaning::Other => &[],
            }
        });
        self.rows.iter().zip(fields).map(|((row, span), fields)| Place::new(*row, *span, fields)).collect()
    }
}
