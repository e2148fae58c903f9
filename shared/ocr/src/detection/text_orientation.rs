//! How much print lies in an outline and runs along it.
//!
//! Owns that count. It must not know which card the outline may be.

use crate::detection::params::PARAMS;
use crate::detection::text_line::TextBlock;
use crate::image::rectify::{CARD_ASPECT, CardOutline, Homography};

/// How many characters stand in an outline in strings that run along its top, about. One that the outline cuts counts
/// as well: the edges may be inexact.
pub(crate) fn characters_along(blocks: &[TextBlock], outline: &CardOutline) -> f32 {
    let back = Homography::from_rectangle(1.0, 1.0, &outline.corners).and_then(|map| map.inverse());
    let Some(back) = back else { return 0.0 };
    let mut sum = 0.0;
    for block in blocks {
        for text in &block.texts {
            let [from, to] = [text.from, text.to].map(|u| {
                let (x, y) = block.in_picture((u, text.at(u)));
                back.apply(f64::from(x), f64::from(y))
            });
            let within = |(x, y): (f64, f64)| (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y);
            let (run, rise) = ((to.0 - from.0).abs() * f64::from(CARD_ASPECT), (to.1 - from.1).abs());
            if (within(from) || within(to)) && rise < f64::from(PARAMS.print.parallel) * run {
                sum += text.length() / text.height.max(1.0);
            }
        }
    }
    sum
}
