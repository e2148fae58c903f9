//! How far a reading is to be trusted: calibrated probabilities, and how several readings of one text are combined.
//!
//! Owns the arithmetic of confidence. It must not know which field of which card a reading belongs to.

use std::collections::BTreeMap;

use filot_domain::{FieldName, FieldReading};

/// Values fitted to readings of generated cards. `./dev accuracy --count N --seed S` checks them.
pub(crate) struct Params {
    /// The calibration curve, with rising points: the confidence of a value's least certain symbol, and the share of
    /// values that were right at that confidence. Fitted on 1,478 names and addresses of 752 generated cards of all
    /// difficulties, smoothed, and on the careful side where few values were seen.
    calibration: [(f32, f32); 11],
    /// Share of its weight that a hypothesis adds when another one agrees: readings of the same pixels are not independent.
    agreement: f32,
    /// The highest probability of a single hypothesis: its weight must stay finite.
    hypothesis_max: f32,
    /// Mean probability of the neighbouring fields from which on they cast no doubt. Set by hand, as is
    /// `neighbours_floor`.
    neighbours_good: f32,
    /// Share of its probability that a field keeps beside fields of which none could be read.
    neighbours_floor: f32,
    /// Factor on the probability of a number for each letter in it that was taken for a digit.
    repaired_digit: f32,
    /// A symbol of lower confidence (the recogniser's own, not calibrated) is worth a second pass.
    second_pass_below: f32,
}

static PARAMS: Params = Params {
    calibration: [
        (0.0, 0.02),
        (0.7, 0.05),
        (0.8, 0.15),
        (0.9, 0.42),
        (0.93, 0.68),
        (0.95, 0.8),
        (0.96, 0.86),
        (0.97, 0.91),
        (0.98, 0.96),
        (0.99, 0.988),
        (1.0, 0.995),
    ],
    agreement: 0.6,
    hypothesis_max: 0.999,
    neighbours_good: 0.7,
    neighbours_floor: 0.5,
    repaired_digit: 0.9,
    second_pass_below: 0.985,
};

/// The probability that a whole value is right whose least certain symbol has this confidence.
pub fn calibrated(least: f32) -> f32 {
    interpolate(PARAMS.calibration.iter().copied(), least)
}

/// The confidence that a value's least certain symbol must have for the value to be right with this probability: the
/// inverse of [`calibrated`].
pub fn inverse_calibration(probability: f32) -> f32 {
    interpolate(PARAMS.calibration.iter().map(|(least, right)| (*right, *least)), probability)
}

/// Whether a symbol of this confidence is worth reading again.
pub fn needs_second_pass(confidence: f32) -> bool {
    confidence < PARAMS.second_pass_below
}

/// The probability of a number in which so many letters were taken for digits.
pub fn with_repaired_digits(confidence: f32, repairs: i32) -> f32 {
    confidence * PARAMS.repaired_digit.powi(repairs)
}

/// Linear interpolation at `x` between points with rising `x`; constant beyond the first and the last.
fn interpolate(mut points: impl Iterator<Item = (f32, f32)>, x: f32) -> f32 {
    let Some(mut below) = points.next() else { return 0.0 };
    for above in points {
        if x < above.0 {
            let part = (x - below.0) / (above.0 - below.0).max(1e-6);
            return below.1 + part.clamp(0.0, 1.0) * (above.1 - below.1);
        }
        below = above;
    }
    below.1
}

/// Lowers the confidence of `field` where `neighbours`, which were read under the same conditions, are doubtful: on a
/// picture that leaves most words illegible, a word that a recogniser is sure of is still likely wrong or incomplete.
pub fn discount_by_neighbours(
    fields: &mut BTreeMap<FieldName, FieldReading>,
    field: FieldName,
    neighbours: &[FieldName],
) {
    let known: Vec<f32> = neighbours.iter().filter_map(|other| Some(fields.get(other)?.confidence)).collect();
    if known.is_empty() {
        return;
    }
    let mean = known.iter().sum::<f32>() / known.len() as f32;
    if let Some(reading) = fields.get_mut(&field) {
        let floor = PARAMS.neighbours_floor;
        reading.confidence *= floor + (1.0 - floor) * (mean / PARAMS.neighbours_good).min(1.0);
    }
}

/// The best supported of several readings of the same pixels, each with its probability, and the probability that the
/// result is right. `None` without a reading.
///
/// A reading weighs the negative logarithm of the probability that it is wrong. Readings that agree add up to one
/// hypothesis, and `bonus` adds weight to a hypothesis for other reasons. A rival hypothesis lowers the result.
pub fn combine_hypotheses(readings: &[(String, f32)], bonus: impl Fn(&str) -> f32) -> Option<(String, f32)> {
    let mut hypotheses: Vec<(&str, f32)> = Vec::new();
    for (text, confidence) in readings {
        let weight = -(1.0 - confidence.clamp(0.0, PARAMS.hypothesis_max)).ln();
        match hypotheses.iter_mut().find(|(known, _)| known == text) {
            Some((_, support)) => *support += PARAMS.agreement * weight,
            None => hypotheses.push((text, weight)),
        }
    }
    for (text, support) in &mut hypotheses {
        *support += bonus(text);
    }
    hypotheses.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (text, support) = *hypotheses.first()?;
    // Against a rival only the lead counts.
    let lead = hypotheses.get(1).map_or(1.0, |(_, rival)| 1.0 / (1.0 + (rival - support).exp()));
    Some((text.to_owned(), (1.0 - (-support).exp()) * lead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_and_its_inverse_agree() {
        assert_eq!((calibrated(0.0), calibrated(0.97), calibrated(1.0)), (0.02, 0.91, 0.995));
        assert!((calibrated(0.94) - 0.74).abs() < 1e-5);
        for probability in [0.05, 0.5, 0.9, 0.97] {
            let there_and_back = calibrated(inverse_calibration(probability));
            assert!((there_and_back - probability).abs() < 1e-5, "{probability}");
        }
        assert_eq!((inverse_calibration(0.0), inverse_calibration(1.0)), (0.0, 1.0));
    }

    #[test]
    fn agreement_adds_support_and_a_rival_takes_it() {
        let reading = |text: &str, confidence| (text.to_owned(), confidence);
        let (_, alone) = combine_hypotheses(&[reading("1", 0.9)], |_| 0.0).unwrap();
        let (_, twice) = combine_hypotheses(&[reading("1", 0.9), reading("1", 0.9)], |_| 0.0).unwrap();
        let (text, against) = combine_hypotheses(&[reading("1", 0.9), reading("2", 0.7)], |_| 0.0).unwrap();
        assert_eq!(text, "1");
        assert!(against < alone && alone < twice, "{against} {alone} {twice}");
        let bonus = |text: &str| if text == "2" { 2.0 } else { 0.0 };
        assert_eq!(combine_hypotheses(&[reading("1", 0.9), reading("2", 0.8)], bonus).unwrap().0, "2");
        assert_eq!(combine_hypotheses(&[], |_| 0.0), None);
    }

    #[test]
    fn doubtful_neighbours_lower_a_sure_field() {
        let reading = |confidence| FieldReading { value: "X".to_owned(), confidence };
        let after = |others: f32| {
            let mut fields =
                BTreeMap::from([(FieldName::Name, reading(0.98)), (FieldName::Address, reading(others))]);
            discount_by_neighbours(&mut fields, FieldName::Name, &[FieldName::Address, FieldName::Village]);
            fields[&FieldName::Name].confidence
        };
        assert_eq!(after(0.9), 0.98);
        assert!(after(0.5) < 0.9 && after(0.2) < 0.7);
    }
}
