//! Quadrilaterals of a card's shape out of lines.
//!
//! Owns which lines go together and how promising four of them are. It must not look at colours.

use std::f32::consts::PI;

use crate::detection::edge_map::EdgeMap;
use crate::detection::hough_lines::StraightLine;
use crate::detection::params::{PARAMS, Quads};
use crate::image::rectify::{CARD_ASPECT, CardOutline, Point};

const FITTED: Quads = PARAMS.quads;

/// Edge support along one line, summed up so that any stretch of it is one subtraction.
struct Support {
    sums: Vec<f32>,
    /// The line's point at index 0 and its direction.
    start: Point,
    along: Point,
    border: bool,
}

impl Support {
    fn of(edges: &EdgeMap, line: &StraightLine) -> Self {
        let (sin, cos) = line.angle.sin_cos();
        let reach = (edges.width as f32).hypot(edges.height as f32);
        let along = (-sin, cos);
        let start = (line.distance * cos - along.0 * reach, line.distance * sin - along.1 * reach);
        let steps = (2.0 * reach) as usize;
        let mut sums = Vec::with_capacity(steps + 1);
        sums.push(0.0);
        let mut total = 0.0;
        let weak = edges.usual + FITTED.weak_above;
        let strong = edges.usual * FITTED.strong.0 + FITTED.strong.1;
        for step in 0..steps {
            let (x, y) = (start.0 + along.0 * step as f32, start.1 + along.1 * step as f32);
            let mut best = 0.0_f32;
            for off in [-2.0_f32, -1.0, 0.0, 1.0, 2.0] {
                let (px, py) = (x + off * cos, y + off * sin);
                if px >= 1.0 && py >= 1.0 && px < edges.width as f32 - 1.0 && py < edges.height as f32 - 1.0 {
                    let i = py as usize * edges.width + px as usize;
                    let turned = (edges.normal[i] - line.angle).abs();
                    if turned.min(PI - turned) < FITTED.same_direction {
                        best = best.max((edges.strength[i] - weak) / (strong - weak));
                    }
                }
            }
            total += best.clamp(0.0, 1.0);
            sums.push(total);
        }
        Self { sums, start, along, border: line.border }
    }

    /// Share of the stretch between two points of the line that lies on edges.
    fn between(&self, a: Point, b: Point) -> f32 {
        let place = |p: Point| (p.0 - self.start.0) * self.along.0 + (p.1 - self.start.1) * self.along.1;
        let (from, to) = (place(a).min(place(b)), place(a).max(place(b)));
        let length = to - from;
        // The rounded corners are not on the line.
        let clip = |v: f32| (v.max(0.0) as usize).min(self.sums.len() - 1);
        let (from, to) = (clip(from + FITTED.corner * length), clip(to - FITTED.corner * length));
        if to <= from {
            return 0.0;
        }
        let share = (self.sums[to] - self.sums[from]) / (to - from) as f32;
        if self.border { share.max(FITTED.border_support) } else { share }
    }
}

/// The proportions that an outline may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proportions {
    /// A card's, as far as perspective leaves them.
    Card,
    /// Any: the picture's width and height were scaled apart.
    Any,
}

impl Proportions {
    /// Whether long over short side, as seen, is allowed.
    fn allow(self, aspect: f32) -> bool {
        match self {
            Self::Card => FITTED.aspects.contains(&aspect),
            Self::Any => FITTED.squeezed_aspects.contains(&aspect),
        }
    }

    /// How like the expected proportions those of an outline are, 0 to 1. See [`aspect_fit`].
    pub(crate) fn fit(self, corners: &[Point; 4], doubt: f32) -> f32 {
        match self {
            Self::Card => aspect_fit(corners, doubt),
            Self::Any => 1.0,
        }
    }
}

/// How like a card's the proportions are, 1 for a card's. `doubt` is how far off, in logarithm, sides may be for want of
/// exactness alone. Foreshortening changes proportions, but not without making opposite sides unequal: the more these
/// differ, the more is allowed.
fn aspect_fit(corners: &[Point; 4], doubt: f32) -> f32 {
    let outline = CardOutline { corners: *corners, score: 0.0 };
    let [a, b, c, d] = outline.sides().map(|side| side.max(1e-3));
    let (one, other) = (a + c, b + d);
    let off = (one.max(other) / one.min(other) / CARD_ASPECT).ln();
    let converging = (a / c).ln().abs() + (b / d).ln().abs();
    let spread = (doubt + FITTED.aspect_converging * converging).min(FITTED.aspect_widest);
    (-0.5 * (off / spread) * (off / spread)).exp()
}

/// The most promising quadrilaterals, best first, clockwise.
pub(crate) fn candidates(
    edges: &EdgeMap,
    lines: &[StraightLine],
    proportions: Proportions,
    most: usize,
) -> Vec<[Point; 4]> {
    let supports: Vec<Support> = lines.iter().map(|line| Support::of(edges, line)).collect();
    let (width, height) = (edges.width as f32, edges.height as f32);
    let picture = width * height;
    let long = width.max(height);
    let least_gap = (picture * FITTED.min_area / 1.8).sqrt() * 0.9;
    let centre = (width / 2.0, height / 2.0);

    let mut pairs: Vec<(usize, usize, f32)> = Vec::new();
    for (i, a) in lines.iter().enumerate() {
        for (j, b) in lines.iter().enumerate().skip(i + 1) {
            let apart = (a.angle - b.angle).abs();
            let wraps = apart > PI / 2.0;
            if apart.min(PI - apart) > FITTED.parallel {
                continue;
            }
            let at = |l: &StraightLine| centre.0 * l.angle.cos() + centre.1 * l.angle.sin() - l.distance;
            let gap = if wraps { at(a) + at(b) } else { at(a) - at(b) };
            if gap.abs() < least_gap {
                continue;
            }
            let mean = if wraps { (a.angle + b.angle + PI) / 2.0 % PI } else { (a.angle + b.angle) / 2.0 };
            pairs.push((i, j, mean));
        }
    }

    let mut found: Vec<(f32, [Point; 4])> = Vec::new();
    for (p, &(a, b, angle_p)) in pairs.iter().enumerate() {
        for &(c, d, angle_q) in pairs.iter().skip(p + 1) {
            let apart = (angle_p - angle_q).abs();
            if (apart.min(PI - apart) - PI / 2.0).abs() > FITTED.square {
                continue;
            }
            let borders = [a, b, c, d].iter().filter(|&&l| lines[l].border).count();
            if borders > 2 {
                continue;
            }
            let (Some(p0), Some(p1), Some(p2), Some(p3)) = (
                lines[a].meet(&lines[c]),
                lines[c].meet(&lines[b]),
                lines[b].meet(&lines[d]),
                lines[d].meet(&lines[a]),
            ) else {
                continue;
            };
            let corners = [p0, p1, p2, p3];
            let outside =
                |&(x, y): &Point| (-x).max(-y).max(x - width).max(y - height) > FITTED.max_overhang * long;
            if corners.iter().any(outside) || !convex(&corners) {
                continue;
            }
            let outline = CardOutline { corners, score: 0.0 };
            let [s0, s1, s2, s3] = outline.sides();
            let (one, other) = (s0 + s2, s1 + s3);
            if !proportions.allow(one.max(other) / one.min(other).max(1.0))
                || outline.area() < FITTED.min_area * picture
            {
                continue;
            }
            // Sides: p0–p1 lies on c, p1–p2 on b, p2–p3 on d, p3–p0 on a.
            let side_support = [
                supports[c].between(p0, p1),
                supports[b].between(p1, p2),
                supports[d].between(p2, p3),
                supports[a].between(p3, p0),
            ];
            let mean = side_support.iter().sum::<f32>() / 4.0;
            let least = side_support.iter().fold(1.0_f32, |m, &s| m.min(s));
            let size = (outline.area() / picture).sqrt();
            let Quads { support, aspect, size: by_size, aspect_doubt, .. } = FITTED;
            let score = (support.0 * mean + support.1 * least)
                * (aspect.0 + aspect.1 * proportions.fit(&corners, aspect_doubt))
                * (by_size.0 + by_size.1 * size);
            found.push((score, clockwise(corners)));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<[Point; 4]> = Vec::new();
    for (_, quad) in found.into_iter().take(FITTED.most_compared) {
        if kept.len() == most {
            break;
        }
        let near = |other: &[Point; 4]| {
            (0..4).any(|turn| {
                quad.iter().enumerate().all(|(i, p)| {
                    let q = other[(i + turn) % 4];
                    (p.0 - q.0).abs().max((p.1 - q.1).abs()) < FITTED.same_corner
                })
            })
        };
        if !kept.iter().any(near) {
            kept.push(quad);
        }
    }
    kept
}

fn turn(a: Point, b: Point, c: Point) -> f32 {
    (b.0 - a.0) * (c.1 - b.1) - (b.1 - a.1) * (c.0 - b.0)
}

fn convex(q: &[Point; 4]) -> bool {
    let turns =
        [turn(q[0], q[1], q[2]), turn(q[1], q[2], q[3]), turn(q[2], q[3], q[0]), turn(q[3], q[0], q[1])];
    turns.iter().all(|&t| t > 0.0) || turns.iter().all(|&t| t < 0.0)
}

/// Clockwise as seen, y pointing down.
fn clockwise(q: [Point; 4]) -> [Point; 4] {
    if turn(q[0], q[1], q[2]) < 0.0 { [q[0], q[3], q[2], q[1]] } else { q }
}
