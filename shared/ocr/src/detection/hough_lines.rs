//! Straight lines that edges vote for.

use std::f32::consts::PI;

use crate::detection::edge_map::Field;

/// Steps of the angle: one degree.
const ANGLES: usize = 180;
/// How many steps an edge's own direction may be off.
const ANGLE_SPREAD: isize = 4;
/// Pixels per step of the distance.
const DISTANCE_STEP: f32 = 1.5;
/// How many lines are kept.
const MAX_LINES: usize = 44;
/// Lines nearer than this are one: steps of the angle, pixels of the distance.
const SAME_ANGLE: usize = 3;
const SAME_DISTANCE: f32 = 5.0;

/// The line `x cos(angle) + y sin(angle) = distance`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub angle: f32,
    pub distance: f32,
    /// One of the picture's own borders.
    pub border: bool,
}

impl Line {
    /// Where two lines meet.
    pub fn meet(&self, other: &Self) -> Option<(f32, f32)> {
        let (a, b, c) = (self.angle.cos(), self.angle.sin(), self.distance);
        let (d, e, f) = (other.angle.cos(), other.angle.sin(), other.distance);
        let det = a * e - b * d;
        (det.abs() > 1e-3).then(|| ((c * e - b * f) / det, (a * f - c * d) / det))
    }
}

/// The strongest lines and the four borders.
pub(crate) fn strongest(field: &Field) -> Vec<Line> {
    let (width, height) = (field.width as f32, field.height as f32);
    let reach = width.hypot(height);
    let distances = (2.0 * reach / DISTANCE_STEP) as usize + 2;
    let table: Vec<(f32, f32)> = (0..ANGLES).map(|a| (a as f32 * PI / ANGLES as f32).sin_cos()).collect();
    let mut votes = vec![0.0_f32; ANGLES * distances];
    // Strong edges count more, but not without limit: one glaring line must not drown the others.
    let (least, most) = (field.usual * 1.2 + 0.6, field.usual * 4.0 + 6.0);
    for y in 2..field.height.saturating_sub(2) {
        for x in 2..field.width.saturating_sub(2) {
            let i = y * field.width + x;
            let strength = field.strength[i];
            if strength < least {
                continue;
            }
            let weight = strength.min(most);
            let centre = (field.normal[i] / PI * ANGLES as f32).round() as isize;
            for step in -ANGLE_SPREAD..=ANGLE_SPREAD {
                let angle = (centre + step).rem_euclid(ANGLES as isize) as usize;
                let (sin, cos) = table[angle];
                let at = (x as f32 * cos + y as f32 * sin + reach) / DISTANCE_STEP;
                let share = weight * (1.0 - step.unsigned_abs() as f32 / (ANGLE_SPREAD + 2) as f32);
                let (low, part) = (at as usize, at.fract());
                votes[angle * distances + low] += share * (1.0 - part);
                votes[angle * distances + low + 1] += share * part;
            }
        }
    }
    let mut peaks: Vec<(f32, usize, usize)> = Vec::new();
    let floor = votes.iter().fold(0.0_f32, |m, &v| m.max(v)) * 0.04;
    for angle in 0..ANGLES {
        for d in 1..distances - 1 {
            let v = votes[angle * distances + d];
            if v > floor && v >= votes[angle * distances + d - 1] && v >= votes[angle * distances + d + 1] {
                peaks.push((v, angle, d));
            }
        }
    }
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut lines: Vec<Line> = Vec::new();
    for (_, angle, d) in peaks.into_iter().take(6000) {
        let line = Line {
            angle: angle as f32 * PI / ANGLES as f32,
            distance: d as f32 * DISTANCE_STEP - reach,
            border: false,
        };
        if lines.len() < MAX_LINES && !lines.iter().any(|kept| same(kept, &line, width, height)) {
            lines.push(line);
        }
    }
    lines.extend([
        Line { angle: 0.0, distance: 0.0, border: true },
        Line { angle: 0.0, distance: width, border: true },
        Line { angle: PI / 2.0, distance: 0.0, border: true },
        Line { angle: PI / 2.0, distance: height, border: true },
    ]);
    lines
}

/// Whether two lines are close to each other in the middle of the picture, angle wrapping at π.
fn same(a: &Line, b: &Line, width: f32, height: f32) -> bool {
    let apart = (a.angle - b.angle).abs();
    let apart = apart.min(PI - apart);
    if apart > SAME_ANGLE as f32 * PI / ANGLES as f32 + 1e-3 {
        return false;
    }
    let at = |line: &Line, x: f32, y: f32| x * line.angle.cos() + y * line.angle.sin() - line.distance;
    // The foot of one line's normal, drawn towards the middle, measured against the other.
    let (cx, cy) = (width / 2.0, height / 2.0);
    let off = at(a, cx, cy);
    let foot = (cx - off * a.angle.cos(), cy - off * a.angle.sin());
    at(b, foot.0, foot.1).abs() < SAME_DISTANCE
}
