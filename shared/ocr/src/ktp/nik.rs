//! The NIK that a row of sixteen cells shows.
//!
//! Owns the rules that every NIK obeys. It must not know what else the card says.

use filot_domain::nik::Nik;

use crate::ktp::params::PARAMS;
use crate::recognition::digits::{COUNT, DigitRow, best};

/// A NIK as read.
#[derive(Debug, Clone, PartialEq)]
pub struct NikChoice {
    /// Sixteen digits.
    pub digits: String,
    /// Probability that all of them are right.
    pub confidence: f32,
}

/// Most combinations of close alternatives that are considered.
const MAX_BRANCHES: usize = 64;

/// The likeliest digits, or, where close alternatives exist, the likeliest combination that is a NIK at all.
///
/// Only what every NIK obeys is used here (area, date and serial exist), not what else is printed on the card:
/// repairing the number towards the printed date would hide the contradiction that scoring looks for.
pub fn choose_nik(row: &DigitRow) -> NikChoice {
    let mut branches: Vec<(f32, String)> = vec![(1.0, String::with_capacity(COUNT))];
    for cell in &row.cells {
        let (_, top) = best(cell);
        let mut next = Vec::with_capacity(branches.len() * 2);
        for (p, text) in &branches {
            for (digit, q) in (b'0'..).zip(cell) {
                if *q >= PARAMS.nik_alternative_min * top {
                    let mut longer = text.clone();
                    longer.push(char::from(digit));
                    next.push((p * q, longer));
                }
            }
        }
        next.sort_by(|a, b| b.0.total_cmp(&a.0));
        next.truncate(MAX_BRANCHES);
        branches = next;
    }
    let valid = |text: &str| text.parse::<Nik>().is_ok();
    let known = |text: &str| {
        text.parse::<Nik>().is_ok_and(|nik| filot_domain::areas::province_name(nik.province()).is_some())
    };
    let total: f32 = branches.iter().filter(|(_, text)| valid(text)).map(|(p, _)| p).sum();
    let best_of = |test: &dyn Fn(&str) -> bool| branches.iter().find(|(_, text)| test(text)).cloned();
    match best_of(&known).or_else(|| best_of(&valid)) {
        Some((p, digits)) => {
            // Probability of the other valid combinations is doubt; probability of impossible ones is not.
            let share = if total > 0.0 { p / total } else { 0.0 };
            let likeliest = branches.first().is_some_and(|(_, text)| *text == digits);
            let cells: f32 = digits
                .bytes()
                .zip(&row.cells)
                .map(|(b, cell)| cell[usize::from(b - b'0')].max(1e-3))
                .fold(1.0, f32::min);
            let confidence =
                if likeliest { share.min(cells.sqrt()) } else { (share * 0.8).min(cells.sqrt()) };
            NikChoice { digits, confidence: confidence.clamp(0.0, 0.999) }
        }
        None => {
            let (p, digits) = branches.first().cloned().unwrap_or((0.0, row.text()));
            NikChoice { digits, confidence: (p * 0.5).clamp(0.0, 0.5) }
        }
    }
}
