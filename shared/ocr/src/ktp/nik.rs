//! The NIK that a row of sixteen cells shows.
//!
//! Owns the rules that every NIK obeys, and how much surer digits are that the card says a second time. It must not know
//! where else on the card they stand.

use std::ops::Range;

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

/// Whether digits are a NIK of a province that exists.
pub fn is_of_a_province(digits: &str) -> bool {
    digits.parse::<Nik>().is_ok_and(|nik| filot_domain::areas::province_name(nik.province()).is_some())
}

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
    let total: f32 = branches.iter().filter(|(_, text)| valid(text)).map(|(p, _)| p).sum();
    let best_of = |test: &dyn Fn(&str) -> bool| branches.iter().find(|(_, text)| test(text)).cloned();
    match best_of(&is_of_a_province).or_else(|| best_of(&valid)) {
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

/// The digits of the area, and those of the birth date.
pub const AREA_DIGITS: Range<usize> = 0..6;
pub const DATE_DIGITS: Range<usize> = 6..12;

/// The probability that all digits of a NIK are right, of which `confirmed` also follow from print elsewhere on the card
/// that was read for itself: only the others are in doubt. The digits stay as they were chosen.
pub fn confidence_where_confirmed(row: &DigitRow, choice: &NikChoice, confirmed: &[Range<usize>]) -> f32 {
    let mut certain = row.clone();
    for (at, (cell, digit)) in certain.cells.iter_mut().zip(choice.digits.bytes()).enumerate() {
        if confirmed.iter().any(|range| range.contains(&at)) {
            *cell = [0.0; 10];
            if let Some(p) = cell.get_mut(usize::from(digit.wrapping_sub(b'0'))) {
                *p = PARAMS.confirmed_digit;
            }
        }
    }
    let again = choose_nik(&certain);
    if again.digits == choice.digits { again.confidence.max(choice.confidence) } else { choice.confidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(digits: &str) -> [[f32; 10]; COUNT] {
        let mut cells = [[0.001; 10]; COUNT];
        for (cell, b) in cells.iter_mut().zip(digits.bytes()) {
            cell[usize::from(b - b'0')] = 0.991;
        }
        cells
    }

    fn row(cells: [[f32; 10]; COUNT]) -> DigitRow {
        DigitRow { cells, fit: -0.01, left: 0.0, pitch: 30.0 }
    }

    #[test]
    fn clear_digits_are_taken_as_they_are() {
        let choice = choose_nik(&row(cells("3514185203830002")));
        assert_eq!(choice.digits, "3514185203830002");
        assert!(choice.confidence > 0.95);
    }

    #[test]
    fn structure_decides_between_close_alternatives_only() {
        // The month is 83 or 03: only one of them exists.
        let mut close = cells("3514185283830002");
        close[8] = [0.001; 10];
        close[8][8] = 0.55;
        close[8][0] = 0.44;
        let choice = choose_nik(&row(close));
        assert_eq!(choice.digits, "3514185203830002");
        assert!(choice.confidence < 0.8, "decided by structure, not by the pixels: {}", choice.confidence);
        // A clear digit stays, however impossible the date it makes.
        let choice = choose_nik(&row(cells("3514185283830002")));
        assert_eq!(choice.digits, "3514185283830002");
        assert!(choice.confidence <= 0.5);
    }

    #[test]
    fn digits_that_the_card_says_twice_are_no_doubt() {
        let doubtful = |at: usize| {
            let mut close = cells("3514185203830002");
            close[at] = [0.001; 10];
            close[at][usize::from(b"3514185203830002"[at] - b'0')] = 0.55;
            close[at][7] = 0.3;
            row(close)
        };
        let confirmed = |at: usize, ranges: &[Range<usize>]| {
            let row = doubtful(at);
            confidence_where_confirmed(&row, &choose_nik(&row), ranges)
        };
        // A digit of the year, and one of the serial number, which nothing else says.
        assert!(confirmed(11, &[]) < 0.8 && confirmed(11, &[DATE_DIGITS]) > 0.95);
        assert!(confirmed(5, &[DATE_DIGITS]) < 0.8 && confirmed(5, &[AREA_DIGITS]) > 0.95);
        assert!(confirmed(13, &[AREA_DIGITS, DATE_DIGITS]) < 0.8);
    }

    #[test]
    fn two_possible_readings_are_doubt() {
        let mut close = cells("3514185203830002");
        close[15] = [0.001; 10];
        close[15][2] = 0.55;
        close[15][7] = 0.44;
        let choice = choose_nik(&row(close));
        assert_eq!(choice.digits, "3514185203830002");
        assert!(choice.confidence < 0.6, "{}", choice.confidence);
    }
}
