//! The four sides of an outline: where exactly they run, and whether they part two colours.
//!
//! Owns refining and judging an outline by the colours on either side of it. It must not know how the outline was found.

use image::RgbImage;

use crate::detection::params::{PARAMS, Refinement, Sides};
use crate::detection::quads::Proportions;
use crate::image::rectify::{CARD_ASPECT, CardOutline, Homography, Point, distance};

/// Positions along a side.
const STATIONS: usize = 64;
/// Neighbouring positions that are averaged before their strength is taken: texture cancels out, an edge does not.
const BLOCK: usize = 8;
const FITTED: Refinement = PARAMS.refinement;
const SIDES: Sides = PARAMS.sides;

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
            let t = FITTED.corner + (1.0 - 2.0 * FITTED.corner) * (s as f32 + 0.5) / STATIONS as f32;
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
pub(crate) fn refine(
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
            *side = refine_side(image, a, b, range, stride);
        }
        let mut next = corners;
        for (i, corner) in next.iter_mut().enumerate() {
            let (before, after) = (moved[(i + 3) % 4], moved[i]);
            if let Some(p) = meet(before, after)
                && distance(p, *corner) < FITTED.corner_range.0 * range + FITTED.corner_range.1
            {
                *corner = p;
            }
        }
        corners = next;
        range = (range * FITTED.next_range.0).max(FITTED.next_range.1);
    }
    corners
}

/// The best line near a side, as two points.
fn refine_side(image: &RgbImage, a: Point, b: Point, range: f32, stride: usize) -> (Point, Point) {
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
            let most = FITTED.most_change;
            change[s * width + o] =
                std::array::from_fn(|k| (after[k] + after1[k] - before[k] - before1[k]).clamp(-most, most));
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
        total * (1.0 - FITTED.stay * ((d0 + d1) / (2.0 * limit as f32)).abs())
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
    (point(FITTED.corner, at.0), point(1.0 - FITTED.corner, at.1))
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
pub(crate) fn judge(image: &RgbImage, corners: &[Point; 4], proportions: Proportions) -> f32 {
    let sides: Vec<f32> = (0..4).map(|i| judge_side(image, corners[i], corners[(i + 1) % 4])).collect();
    let mean = sides.iter().sum::<f32>() / 4.0;
    let least = sides.iter().fold(1.0_f32, |m, &s| m.min(s));
    if mean < SIDES.least_mean {
        return 0.0;
    }
    let outline = CardOutline { corners: *corners, score: 0.0 };
    let share = outline.area() / (image.width() * image.height()).max(1) as f32;
    let Sides { sides: by_sides, aspect, apart, size, .. } = SIDES;
    (by_sides.0 * mean + by_sides.1 * least)
        * (aspect.0 + aspect.1 * proportions.fit(corners, SIDES.aspect_doubt))
        * (apart.0 + apart.1 * set_apart(image, corners))
        * (size.0 + size.1 * (share / SIDES.full_size).sqrt().min(1.0))
}

/// How different the colours of the card's rim are from those around it, 0 to 1. A rectangle drawn by the pattern of
/// a cloth has sharp sides too, but the same pattern on both.
fn set_apart(image: &RgbImage, corners: &[Point; 4]) -> f32 {
    const BINS: usize = 7;
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
            for depth in SIDES.rim_depths {
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
        if n < SIDES.rim_samples || m < SIDES.rim_samples {
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
    for part in 0..STATIONS / BLOCK {
        // The block's mean colour at each offset: an edge stays, texture fades.
        let mut mean = vec![[0.0_f32; 3]; width];
        for s in part * BLOCK..(part + 1) * BLOCK {
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
        let Sides { noise: floor, noise_ramp, parted: differ, crisp, block, .. } = SIDES;
        let sharp =
            ((here - floor.0 * noise - floor.1) / (noise_ramp.0 * noise + noise_ramp.1)).clamp(0.0, 1.0);
        let apart = ((parted - differ.0) / differ.1).clamp(0.0, 1.0);
        let crisp = ((here / (parted + crisp.0) - crisp.1) / crisp.2).clamp(0.0, 1.0);
        // Between two that will do, the one with more contrast.
        let strong = here / (here + SIDES.strong);
        total += sharp * crisp * (block.0 + block.1 * apart + block.2 * strong);
    }
    total / (STATIONS / BLOCK) as f32
}
