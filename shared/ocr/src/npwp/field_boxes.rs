//! Where the fields of a tax card were read, for pictures that show it to a person.
//!
//! Owns which line gave which fields. It must not know their values.

use filot_domain::FieldName as F;

use crate::npwp::layout::NpwpLayout;
use crate::npwp::line::{LineRole, NpwpLine};
use crate::trace::Place;

impl NpwpLayout {
    /// The places that gave these lines.
    pub fn places(&self, lines: &[NpwpLine]) -> Vec<Place> {
        let fields = lines.iter().map(|line| -> &'static [F] {
            match line.role {
                LineRole::Number => &[F::NpwpNumber],
                LineRole::Name => &[F::Name],
                LineRole::Nik => &[F::Nik],
                LineRole::Address => &[F::Address],
                LineRole::Other => &[],
            }
        });
        self.rows.iter().zip(fields).map(|((row, span), fields)| Place::new(*row, *span, fields)).collect()
    }
}
