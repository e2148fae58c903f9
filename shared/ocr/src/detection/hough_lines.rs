//! Straight lines that edges vote for (a Hough transform).
//!
//! Owns the vote. It must not know what lines make a card.

use std::f32::consts::PI;

use crate::detection::edge_map::EdgeMap;
use crate::detection::params::{Hough, PARAMS};

/// Steps of the angle: one degree.
const ANGLES: usize = 180;
const FITTED: Hough = PARAMS.hough;

/// The line `x cos(angle) + y sin(angle) = distance`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StraightLine {
    pub angle: f32,
    pub distance: f32,
    /// One of the picture's own borders.
    pub border: bool,
}

impl StraightLine {
    /// Where two lines meet.
    pub fn meet(&self, other: &Self) -> Option<(f32, f32)> {
        let (a, b, c) = (self.angle.cos(), self.angle.sin(), self.distance);
        let (d, e, f) = (other.angle.cos(), other.angle.sin(), other.distance);
        let det = a * e - b * d;
        (det.abs() > 1e-3).then(|| ((c * e - b * f) / det, (a * f - c * d) / det))
    }
}

/// The strongest lines and the four borders.
pub(crate) fn strongest(edges: &EdgeMap) -> Vec<StraightLine> {
    let (width, height) = (edges.width as f32, edges.height as f32);
    let reach = width.hypot(height);
    let distances = (2.0 * reach / FITTED.distance_step) as usize + 2;
    let table: Vec<(f32, f32)> = (0..ANGLES).map(|a| (a as f32 * PI / ANGLES as f32).sin_cos()).collect();
    let mut votes = vec![0.0_f32; ANGLES * distances];
    let strength_of = |(times, plus): (f32, f32)| edges.usual * times + plus;
    let (least, most) = (strength_of(FITTED.weakest), strength_of(FITTED.strongest));
    for y in 2..edges.height.saturating_sub(2) {
        for x in 2..edges.width.saturating_sub(2) {
            let i = y * edges.width + x;
            let strength = edges.strength[i];
            if strength < least {
                continue;
            }
            let weight = strength.min(most);
            let centre = (edges.normal[i] / PI * ANGLES as f32).round() as isize;
            for step in -FITTED.angle_spread..=FITTED.angle_spread {
                let angle = (centre + step).rem_euclid(ANGLES as isize) as usize;
                let (sin, cos) = table[angle];
                let at = (x as f32 * cos + y as f32 * sin + reach) / FITTED.distance_step;
                let share = weight * (1.0 - step.unsigned_abs() as f32 / (FITTED.angle_spread + 2) as f32);
                let (low, part) = (at as usize, at.fract());
                votes[angle * distances + low] += share * (1.0 - part);
                votes[angle * distances + low + 1] += share * part;
            }
        }
    }
    let mut peaks: Vec<(f32, usize, usize)> = Vec::new();
    let floor = votes.iter().fold(0.0_f32, |m, &v| m.max(v)) * FITTED.floor;
    for angle in 0..ANGLES {
        for d in 1..distances - 1 {
            let v = votes[angle * distances + d];
            if v > floor && v >= votes[angle * distances + d - 1] && v >= votes[angle * distances + d + 1] {
                peaks.push((v, angle, d));
            }
        }
    }
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut lines: Vec<StraightLine> = Vec::new();
    for (_, angle, d) in peaks.into_iter().take(FITTED.most_peaks) {
        let line = StraightLine {
            angle: angle as f32 * PI / ANGLES as f32,
            distance: d as f32 * FITTED.distance_step - reach,
            border: false,
        };
        if lines.len() < FITTED.max_lines && !lines.iter().any(|kept| same(kept, &line, width, height)) {
            lines.push(line);
        }
    }
    lines.extend([
        StraightLine { angle: 0.0, distance: 0.0, border: true },
        StraightLine { angle: 0.0, distance: width, border: true },
        StraightLine { angle: PI / 2.0, distance: 0.0, border: true },
        StraightLine { angle: PI / 2.0, distance: height, border: true },
    ]);
    lines
}

/// Whether two lines are close to each other in the middle of the picture, angle wrapping at π.
fn same(a: &StraightLine, b: &StraightLine, width: f32, height: f32) -> bool {
    let apart = (a.angle - b.angle).abs();
    let apart = apart.min(PI - apart);
    if apart > FITTED.same_angle as f32 * PI / ANGLES as f32 + 1e-3 {
        return false;
    }
    let at =
        |line: &StraightLine, x: f32, y: f32| x * line.angle.cos() + y * line.angle.sin() - line.distance;
    // The foot of one line's normal, drawn towards the middle, measured against the other.
    let (cx, cy) = (width / 2.0, height / 2.0);
    let off = at(a, cx, cy);
    let foot = (cx - off * a.angle.cos(), cy - off * a.angle.sin());
    at(b, foot.0, foot.1).abs() < FITTED.same_distance
}
