//! One side of a card looked at closely: where exactly it runs, and whether it parts two colours.

use image::RgbImage;

use crate::detection::quads::aspect_fit;
use crate::image::rectify::{CARD_ASPECT, CardOutline, Homography, Point, distance};

/// Positions along a side.
const STATIONS: usize = 64;
/// Neighbouring positions that are averaged before their strength is taken: texture cancels out, an edge does not.
const BLOCK: usize = 8;
/// Share of a side at each end that is left to the rounded corner.
const CORNER: f32 = 0.075;

/// How far off, in logarithm, the proportions of a settled outline may be for want of exactness.
const DOUBT: f32 = 0.12;

/// Colours along normals of a side: `STATIONS` rows of `2 * reach + 1` samples, `step` pixels apart.
struct Strip {
    reach: isize,
    samples: Vec<[f32; 3]>,
}

impl Strip {
    /// Samples around the side from `a` to `b`; negative offsets are inside when the outline is clockwise.
    fn of(image: &RgbImage, a: Point, b: Point, reach: isize, step: f32) -> Self {
        let length = distance(a, b).max(1e-3);
        let (nx, ny) = ((b.1 - a.1) / length, -(b.0 - a.0) / length);
        let mut samples = Vec::with_capacity(STATIONS * (2 * reach as usize + 1));
        for s in 0..STATIONS {
            let t = CORNER + (1.0 - 2.0 * CORNER) * (s as f32 + 0.5) / STATIONS as f32;
            let (x, y) = (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
            for o in -reach..=reach {
                let off = o as f32 * step;
                samples.push(colour(image, x + nx * off - 0.5, y + ny * off - 0.5));
            }
        }
        Self { reach, samples }
    }

    fn row(&self, station: usize) -> &[[f32; 3]] {
        let width = 2 * self.reach as usize + 1;
        &self.samples[station * width..(station + 1) * width]
    }
}

fn colour(image: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (last_x, last_y) = (image.width() - 1, image.height() - 1);
    let (x, y) = (x.clamp(0.0, last_x as f32), y.clamp(0.0, last_y as f32));
    let (x0, y0) = (x as u32, y as u32);
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let tap = |x: u32, y: u32| image.get_pixel(x.min(last_x), y.min(last_y)).0.map(f32::from);
    let (a, b, c, d) = (tap(x0, y0), tap(x0 + 1, y0), tap(x0, y0 + 1), tap(x0 + 1, y0 + 1));
    std::array::from_fn(|k| {
        let (top, bottom) = (a[k] + (b[k] - a[k]) * fx, c[k] + (d[k] - c[k]) * fx);
        top + (bottom - top) * fy
    })
}

/// Moves the four sides onto the edges nearby, within `range` pixels, `rounds` times. `stride` is how
/// many tenths of the range the search steps by before it refines.
pub(crate) fn settle(
    image: &RgbImage,
    corners: &[Point; 4],
    range: f32,
    rounds: usize,
    stride: usize,
) -> [Point; 4] {
    let mut corners = *corners;
    let mut range = range;
    for _ in 0..rounds {
        let mut moved = [((0.0, 0.0), (0.0, 0.0)); 4];
        for (i, side) in moved.iter_mut().enumerate() {
            let (a, b) = (corners[i], corners[(i + 1) % 4]);
            *side = settle_side(image, a, b, range, stride);
        }
        let mut next = corners;
        for (i, corner) in next.iter_mut().enumerate() {
            let (before, after) = (moved[(i + 3) % 4], moved[i]);
            if let Some(p) = meet(before, after)
                && distance(p, *corner) < 6.0 * range + 2.0
            {
                *corner = p;
            }
        }
        corners = next;
        range = (range * 0.6).max(1.5);
    }
    corners
}

/// The best line near a side, as two points.
fn settle_side(image: &RgbImage, a: Point, b: Point, range: f32, stride: usize) -> (Point, Point) {
    const REACH: isize = 12;
    const GAP: isize = 2;
    let step = range / (REACH - GAP) as f32;
    let strip = Strip::of(image, a, b, REACH, step);
    let width = (2 * REACH + 1) as usize;
    // Change of colour across each offset, clipped so that a single bright spot does not rule.
    let mut change = vec![[0.0_f32; 3]; STATIONS * width];
    for s in 0..STATIONS {
        let row = strip.row(s);
        for o in GAP as usize..width - GAP as usize {
            let before = row[o - GAP as usize];
            let after = row[o + GAP as usize];
            let (before1, after1) = (row[o - 1], row[o + 1]);
            change[s * width + o] =
                std::array::from_fn(|k| (after[k] + after1[k] - before[k] - before1[k]).clamp(-120.0, 120.0));
        }
    }
    let limit = REACH - GAP;
    let strength = |d0: f32, d1: f32| {
        let mut total = 0.0;
        for block in 0..STATIONS / BLOCK {
            let mut sum = [0.0_f32; 3];
            for s in block * BLOCK..(block + 1) * BLOCK {
                let t = (s as f32 + 0.5) / STATIONS as f32;
                let at = (d0 + (d1 - d0) * t + REACH as f32).clamp(0.0, (width - 2) as f32);
                let (low, part) = (at as usize, at.fract());
                let (p, q) = (change[s * width + low], change[s * width + low + 1]);
                for k in 0..3 {
                    sum[k] += p[k] + (q[k] - p[k]) * part;
                }
            }
            // The square root lets many fair blocks win over few strong ones.
            total += (sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]).sqrt().sqrt();
        }
        // Without evidence the side stays where it is.
        total * (1.0 - 0.05 * ((d0 + d1) / (2.0 * limit as f32)).abs())
    };
    let (mut best, mut at) = (f32::MIN, (0.0, 0.0));
    for i in (-limit..=limit).step_by(stride) {
        for j in (-limit..=limit).step_by(stride) {
            if (i - j).abs() > limit {
                continue;
            }
            let value = strength(i as f32, j as f32);
            if value > best {
                (best, at) = (value, (i as f32, j as f32));
            }
        }
    }
    let mut fine = 0.5 * stride as f32;
    while fine > 0.1 {
        for (di, dj) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, -1.0)] {
            let next = (at.0 + di * fine, at.1 + dj * fine);
            let value = strength(next.0, next.1);
            if value > best {
                (best, at) = (value, next);
            }
        }
        fine *= 0.5;
    }
    let length = distance(a, b).max(1e-3);
    let (nx, ny) = ((b.1 - a.1) / length, -(b.0 - a.0) / length);
    let point =
        |t: f32, off: f32| (a.0 + (b.0 - a.0) * t + nx * off * step, a.1 + (b.1 - a.1) * t + ny * off * step);
    (point(CORNER, at.0), point(1.0 - CORNER, at.1))
}

fn meet(one: (Point, Point), other: (Point, Point)) -> Option<Point> {
    let ((ax, ay), (bx, by)) = one;
    let ((cx, cy), (dx, dy)) = other;
    let det = (ax - bx) * (cy - dy) - (ay - by) * (cx - dx);
    if det.abs() < 1e-6 {
        return None;
    }
    let (p, q) = (ax * by - ay * bx, cx * dy - cy * dx);
    Some(((p * (cx - dx) - (ax - bx) * q) / det, (p * (cy - dy) - (ay - by) * q) / det))
}

/// How much four sides look like a card's, 0 to 1: how many stretches of them part two colours more sharply than
/// what is beside them, and the proportions.
pub(crate) fn judge(image: &RgbImage, corners: &[Point; 4]) -> f32 {
    let sides: Vec<f32> = (0..4).map(|i| judge_side(image, corners[i], corners[(i + 1) % 4])).collect();
    let mean = sides.iter().sum::<f32>() / 4.0;
    let least = sides.iter().fold(1.0_f32, |m, &s| m.min(s));
    if mean < 0.2 {
        return 0.0;
    }
    let outline = CardOutline { corners: *corners, score: 0.0 };
    let share = outline.area() / (image.width() * image.height()).max(1) as f32;
    (0.7 * mean + 0.3 * least)
        * (0.25 + 0.75 * aspect_fit(corners, DOUBT))
        * (0.4 + 0.6 * set_apart(image, corners))
        * (0.8 + 0.2 * (share / 0.25).sqrt().min(1.0))
}

/// How different the colours of the card's rim are from those around it, 0 to 1. A rectangle drawn by the pattern of
/// a cloth has sharp sides too, but the same pattern on both.
fn set_apart(image: &RgbImage, corners: &[Point; 4]) -> f32 {
    const BINS: usize = 7;
    /// Distance of the sampled rows from the side, as shares of the card.
    const DEPTHS: [f64; 4] = [0.03, 0.06, 0.09, 0.12];
    const ALONG: u32 = 24;
    let Some(map) = Homography::from_rectangle(1.0, 1.0, corners) else { return 0.0 };
    let colour_at = |u: f64, v: f64| {
        let (x, y) = map.apply(u, v);
        let inside = x >= 0.0 && y >= 0.0 && x < f64::from(image.width()) && y < f64::from(image.height());
        inside.then(|| image.get_pixel(x as u32, y as u32).0)
    };
    let mut shared = 0.0;
    // Two grids of bins, shifted by half a bin, so that no single boundary decides.
    for shift in [0, 20] {
        let mut rims = [vec![0.0_f32; BINS * BINS * BINS], vec![0.0_f32; BINS * BINS * BINS]];
        for (rim, sign) in rims.iter_mut().zip([1.0, -1.0]) {
            for depth in DEPTHS {
                let (du, dv) = (depth * sign / f64::from(CARD_ASPECT), depth * sign);
                for k in 0..ALONG {
                    let t = 0.05 + 0.9 * (f64::from(k) + 0.5) / f64::from(ALONG);
                    for pixel in
                        [colour_at(t, dv), colour_at(t, 1.0 - dv), colour_at(du, t), colour_at(1.0 - du, t)]
                    {
                        let Some(rgb) = pixel else { continue };
                        let [r, g, b] = rgb.map(|c| (usize::from(c) + shift) / 40);
                        rim[(r * BINS + g) * BINS + b] += 1.0;
                    }
                }
            }
        }
        let [inside, outside] = &rims;
        let (n, m) = (inside.iter().sum::<f32>(), outside.iter().sum::<f32>());
        // A card that fills the picture has nothing around it: no evidence either way.
        if n < 60.0 || m < 60.0 {
            return 0.5;
        }
        shared += inside.iter().zip(outside).map(|(a, b)| (a / n * b / m).sqrt()).sum::<f32>() / 2.0;
    }
    1.0 - shared
}

/// The share of a side's blocks that are edges.
fn judge_side(image: &RgbImage, a: Point, b: Point) -> f32 {
    const REACH: isize = 14;
    const BAND: usize = 6;
    let strip = Strip::of(image, a, b, REACH, 1.0);
    let centre = REACH as usize;
    let width = 2 * centre + 1;
    let mut total = 0.0;
    for block in 0..STATIONS / BLOCK {
        // The block's mean colour at each offset: an edge stays, texture fades.
        let mut mean = vec![[0.0_f32; 3]; width];
        for s in block * BLOCK..(block + 1) * BLOCK {
            for (m, v) in mean.iter_mut().zip(strip.row(s)) {
                for k in 0..3 {
                    m[k] += v[k] / BLOCK as f32;
                }
            }
        }
        let jump = |o: usize| {
            let (p, q) = (mean[o - 2], mean[o + 2]);
            (0..3).map(|k| (p[k] - q[k]) * (p[k] - q[k])).sum::<f32>().sqrt()
        };
        let here = jump(centre - 1).max(jump(centre)).max(jump(centre + 1));
        // Only what lies outside is noise: just inside, bands and print are part of the card. An edge that has a
        // stronger one outside is most likely such a band.
        let mut around: Vec<f32> = (centre + 4..width - 2).map(jump).collect();
        around.sort_by(f32::total_cmp);
        let noise = around[around.len() / 2];
        let band = |range: std::ops::Range<usize>| -> [f32; 3] {
            let n = range.len() as f32;
            std::array::from_fn(|k| mean[range.clone()].iter().map(|m| m[k]).sum::<f32>() / n)
        };
        let (inside, outside) = (band(centre - 1 - BAND..centre - 1), band(centre + 2..centre + 2 + BAND));
        let parted = (0..3).map(|k| (inside[k] - outside[k]) * (inside[k] - outside[k])).sum::<f32>().sqrt();
        let sharp = ((here - 1.2 * noise - 3.0) / (0.8 * noise + 10.0)).clamp(0.0, 1.0);
        let apart = ((parted - 4.0) / 16.0).clamp(0.0, 1.0);
        // A shadow's rim is soft: little of its contrast lies within a few pixels.
        let crisp = ((here / (parted + 4.0) - 0.35) / 0.4).clamp(0.0, 1.0);
        // Between two that will do, the one with more contrast.
        let strong = here / (here + 25.0);
        total += sharp * crisp * (0.3 + 0.45 * apart + 0.25 * strong);
    }
    total / (STATIONS / BLOCK) as f32
}
