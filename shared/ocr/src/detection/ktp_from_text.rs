//! From a block of print to the outline of the KTP that it may stand on.
//!
//! Owns the search for a KTP's rows and columns in a block: twelve labelled rows at one pitch, their labels and their
//! values each in a column of their own, the NIK and two lines of header above at places of their own. Where these stand
//! on the card the caller says. It must not know what is written there.
//!
//! Rows that run apart give the tilt about one axis, columns that do about the other. With both straight,
//! the pitch gives the card's height, the columns its width, the lines above the first row where it begins.

use crate::detection::params::{KtpPrint, PARAMS};
use crate::detection::row_grid::RowGrid;
use crate::detection::text_line::{TextBlock, TextLine};
use crate::image::rectify::{CARD_ASPECT, Homography, Point};

const FITTED: KtpPrint = PARAMS.ktp;
/// The labelled rows, without second lines of name and address.
const ROWS: i32 = 12;

/// Where a KTP lies whose print a block is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    /// How many rows and columns are in their places.
    pub points: f32,
    /// The card's corners, clockwise from its top left.
    pub corners: [Point; 4],
}

/// The KTP that this block stands on, in the orientation that fits better.
pub(crate) fn ktp_outline(block: &TextBlock, grid: &RowGrid) -> Option<Fit> {
    if block.texts.len() > FITTED.most_lines {
        return None;
    }
    let orientations = [fit_of(block, grid), fit_of(&block.upside_down(), grid)];
    orientations.into_iter().flatten().max_by(|a, b| a.points.total_cmp(&b.points))
}

fn fit_of(block: &TextBlock, grid: &RowGrid) -> Option<Fit> {
    let rows = rows_of(&block.texts)?;
    let columns = columns_of(&block.texts)?;
    let flat = Flat::of(block, grid, &rows, &columns)?;
    let (points, card) = flat.fit()?;
    let corners = flat.corners(card);
    corners.iter().all(|(x, y)| x.is_finite() && y.is_finite()).then_some(Fit { points, corners })
}

/// Lines through one point, which may be far away: `slope = base + change * level`.
#[derive(Debug, Clone, Copy)]
struct Pencil {
    base: f32,
    change: f32,
}

impl Pencil {
    /// The lines (level, slope, weight) without those that run another way. `doubt`: how much of a change there is no
    /// need of evidence against, as a share of all weight.
    fn fitted(lines: &[(f32, f32, f32)], size: f32, doubt: f32) -> Option<Self> {
        let mut kept: Vec<(f32, f32, f32)> = lines.to_vec();
        let mut found = None;
        for tolerance in FITTED.run_tolerances {
            let total: f32 = kept.iter().map(|line| line.2).sum();
            if kept.len() < 2 || total <= 0.0 {
                break;
            }
            let mean = |of: &dyn Fn(&(f32, f32, f32)) -> f32| {
                kept.iter().map(|line| line.2 * of(line)).sum::<f32>() / total
            };
            let (level, slope) = (mean(&|line| line.0), mean(&|line| line.1));
            let both = mean(&|line| (line.0 - level) * (line.1 - slope));
            let own = mean(&|line| (line.0 - level).powi(2));
            let change = both / (own + doubt * size * size);
            let pencil = Self { base: slope - change * level, change };
            found = Some(pencil);
            kept.retain(|line| (line.1 - pencil.slope(line.0)).abs() < tolerance);
        }
        found
    }

    fn slope(&self, level: f32) -> f32 {
        self.base + self.change * level
    }
}

/// How the strings' own lines run.
fn rows_of(texts: &[TextLine]) -> Option<Pencil> {
    let size = texts.iter().map(|text| text.level.abs()).fold(1.0, f32::max);
    let weight = |text: &TextLine| (text.length() / text.height.max(1.0)).min(FITTED.longest_counted).powi(2);
    let lines: Vec<(f32, f32, f32)> =
        texts.iter().map(|text| (text.level, text.slope, weight(text))).collect();
    Pencil::fitted(&lines, size, FITTED.run_doubt.0)
}

/// The lines under each other in which most strings begin: the two fullest columns.
fn columns_of(texts: &[TextLine]) -> Option<Pencil> {
    let starts: Vec<Point> = texts.iter().map(|text| (text.from, text.at(text.from))).collect();
    let mut heights: Vec<f32> = texts.iter().map(|text| text.height).collect();
    heights.sort_by(f32::total_cmp);
    let near = FITTED.column_near * heights.get(heights.len() / 2)?;
    let mut best = (0.0_f32, 0.0_f32, [None, None]);
    for step in -14..=14_i16 {
        let lean = f32::from(step) * FITTED.column_lean;
        let at: Vec<f32> = starts.iter().map(|(u, v)| u - lean * v).collect();
        let count = |from: f32| at.iter().filter(|&&u| u >= from && u < from + near).count();
        let mut counts: Vec<(usize, f32)> = at.iter().map(|&from| (count(from), from)).collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.0));
        let Some(first) = counts.first().copied() else { continue };
        let second =
            counts.iter().copied().find(|count| (count.1 - first.1).abs() > FITTED.column_apart * near);
        let worth = (first.0 + second.map_or(0, |count| count.0)) as f32 - 2.0 * lean.abs();
        if worth > best.0 {
            best = (worth, lean, [Some(first.1), second.map(|count| count.1)]);
        }
    }
    let (worth, lean, columns) = best;
    if worth < FITTED.column_least {
        return None;
    }
    let size = texts.iter().map(|text| text.from.abs()).fold(1.0, f32::max);
    let mut lines = Vec::new();
    for from in columns.into_iter().flatten() {
        let inside: Vec<Point> =
            starts.iter().copied().filter(|(u, v)| (u - lean * v - from - 0.5 * near).abs() < near).collect();
        let n = inside.len() as f32;
        let (mu, mv) =
            (inside.iter().map(|p| p.0).sum::<f32>() / n, inside.iter().map(|p| p.1).sum::<f32>() / n);
        let vv = inside.iter().map(|p| (p.1 - mv).powi(2)).sum::<f32>();
        let uv = inside.iter().map(|p| (p.1 - mv) * (p.0 - mu - lean * (p.1 - mv))).sum::<f32>();
        let slope = lean + uv / (vv + near * near);
        if inside.len() >= 3 {
            lines.push((mu - slope * mv, slope, vv));
        }
    }
    let whole = Pencil { base: lean, change: 0.0 };
    Some(Pencil::fitted(&lines, size, FITTED.run_doubt.1).unwrap_or(whole))
}

/// A block made level: its strings in a frame in which rows and columns are at right angles.
#[derive(Debug)]
struct Flat {
    map: Homography,
    /// In order from the top: left, right, middle line, height.
    texts: Vec<[f32; 4]>,
    block: TextBlock,
    grid: RowGrid,
}

impl Flat {
    fn of(block: &TextBlock, grid: &RowGrid, rows: &Pencil, columns: &Pencil) -> Option<Self> {
        let reach =
            |of: &dyn Fn(&TextLine) -> f32| block.texts.iter().map(of).fold(1.0_f32, |m, v| m.max(v.abs()));
        let half = (reach(&|text| text.from.abs().max(text.to.abs())), reach(&|text| text.level));
        // Where a row meets a column: v = level + slope u, u = level' + slope' v.
        let meet = |v: f32, u: f32| {
            let (s, t) = (rows.slope(v), columns.slope(u));
            let det = 1.0 - s * t;
            ((u + t * v) / det, (v + s * u) / det)
        };
        let corners =
            [meet(-half.1, -half.0), meet(-half.1, half.0), meet(half.1, half.0), meet(half.1, -half.0)];
        let map = Homography::from_rectangle(f64::from(2.0 * half.0), f64::from(2.0 * half.1), &corners)?;
        let back = map.inverse()?;
        let flat = |u: f32, v: f32| {
            let (x, y) = back.apply(f64::from(u), f64::from(v));
            (x as f32, y as f32)
        };
        let mut texts: Vec<[f32; 4]> = block
            .texts
            .iter()
            .map(|text| {
                let (a, b) = (flat(text.from, text.at(text.from)), flat(text.to, text.at(text.to)));
                [a.0, b.0, (a.1 + b.1) / 2.0, text.height]
            })
            .collect();
        texts.sort_by(|a, b| a[2].total_cmp(&b[2]));
        Some(Self { map, texts, block: block.clone(), grid: *grid })
    }

    /// The card's left, top, width and height in the frame, and how well rows and columns fit.
    fn fit(&self) -> Option<(f32, [f32; 4])> {
        let mut heights: Vec<f32> = self.texts.iter().map(|text| text[3]).collect();
        heights.sort_by(f32::total_cmp);
        let height = *heights.get(heights.len() / 2)?;
        let mut best: Option<(f32, [f32; 4])> = None;
        for step in 0..40_i16 {
            let pitch = height * (FITTED.pitches.0 + FITTED.pitches.1 * f32::from(step));
            for first in &self.texts {
                let (score, rows) = self.rows_at(first[2], pitch);
                if best.is_some_and(|best| best.0 >= score) {
                    continue;
                }
                best = Some((score, [0.0, first[2], pitch, rows]));
            }
        }
        let (score, [_, first, pitch, _]) = best?;
        if score < FITTED.least_rows {
            return None;
        }
        let (first, pitch) = self.refined(first, pitch);
        let tall = pitch / self.grid.pitch;
        let top = first - self.grid.first_row * tall;
        let (left, wide, columns) = self.across(first, pitch, tall * CARD_ASPECT)?;
        Some((score + columns, [left, top, wide, tall]))
    }

    /// The middle lines of the strings that may be rows, each once, and how many strings it holds.
    fn rows_at(&self, first: f32, pitch: f32) -> (f32, f32) {
        let mut hit = [false; ROWS as usize + 2];
        let mut above = [false; 3];
        let mut stray = 0.0;
        for text in &self.texts {
            let at = (text[2] - first) / pitch;
            let row = at.round();
            if (at - row).abs() < FITTED.row_off && row >= 0.0 && row < hit.len() as f32 {
                hit[row as usize] = true;
            } else if let Some(line) =
                self.grid.above.iter().position(|line| (at - line).abs() < FITTED.above_off)
            {
                above[line] = true;
            } else {
                stray += 1.0;
            }
        }
        let rows = hit.iter().take(ROWS as usize).filter(|hit| **hit).count() as f32;
        let heads = above.iter().filter(|hit| **hit).count() as f32;
        (rows + FITTED.above_points * heads - FITTED.stray_points * stray, rows)
    }

    /// The first row and the pitch by least squares.
    fn refined(&self, first: f32, pitch: f32) -> (f32, f32) {
        let (mut n, mut sx, mut sy, mut xx, mut xy) = (0.0_f32, 0.0, 0.0, 0.0, 0.0);
        for text in &self.texts {
            let at = (text[2] - first) / pitch;
            let row = at.round();
            if (at - row).abs() < FITTED.row_off && (0.0..14.0).contains(&row) {
                n += 1.0;
                sx += row;
                sy += text[2];
                xx += row * row;
                xy += row * text[2];
            }
        }
        let det = n * xx - sx * sx;
        if det < 1.0 {
            return (first, pitch);
        }
        let step = (n * xy - sx * sy) / det;
        if (step / pitch - 1.0).abs() > FITTED.pitch_change {
            (first, pitch)
        } else {
            ((sy - step * sx) / n, step)
        }
    }

    /// The card's left edge and width, and how many strings begin in the columns of labels and values.
    fn across(&self, first: f32, pitch: f32, wide: f32) -> Option<(f32, f32, f32)> {
        let starts: Vec<f32> = self
            .texts
            .iter()
            .filter(|text| (-0.5..13.5).contains(&((text[2] - first) / pitch)))
            .map(|text| text[0])
            .collect();
        let near = FITTED.start_near * wide;
        let count = |at: f32| starts.iter().filter(|&&u| (u - at).abs() < near).count() as f32;
        let mut best: Option<(f32, f32, f32)> = None;
        for &left in &starts {
            for &right in &starts {
                // The columns' distance gives the width, within what tilt can do to it.
                let stretch = (right - left) / ((self.grid.values - self.grid.labels) * wide);
                if !FITTED.stretches.contains(&stretch) {
                    continue;
                }
                let score = count(left) + count(right) - FITTED.stretch_points * (stretch - 1.0).abs();
                if best.is_none_or(|best| score > best.0) {
                    let mean = |at: f32| {
                        let near: Vec<f32> =
                            starts.iter().copied().filter(|&u| (u - at).abs() < near).collect();
                        near.iter().sum::<f32>() / near.len().max(1) as f32
                    };
                    let (l, r) = (mean(left), mean(right));
                    let wide = (r - l) / (self.grid.values - self.grid.labels);
                    best = Some((score, l - self.grid.labels * wide, wide));
                }
            }
        }
        if let Some((score, left, wide)) = best.filter(|best| best.0 >= FITTED.columns_points) {
            return Some((left, wide, score));
        }
        // One column only: labels and values run together, or labels too faint.
        let at = starts.iter().copied().max_by(|a, b| count(*a).total_cmp(&count(*b)))?;
        let (beside, least, few) = FITTED.one_column;
        let before = starts.iter().filter(|&&u| u < at - beside * wide).count() as f32;
        let share = if before >= least || count(at) < few { self.grid.values } else { self.grid.labels };
        Some((at - share * wide, wide, count(at)))
    }

    fn corners(&self, [left, top, wide, tall]: [f32; 4]) -> [Point; 4] {
        let at = |x: f32, y: f32| {
            let (u, v) = self.map.apply(f64::from(x), f64::from(y));
            self.block.in_picture((u as f32, v as f32))
        };
        [at(left, top), at(left + wide, top), at(left + wide, top + tall), at(left, top + tall)]
    }
}
