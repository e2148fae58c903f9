//! Marks: what is dark on an evened picture and hangs together, by its size and its second moments.

use image::GrayImage;

use crate::detection::text_blocks::Sets;
use crate::image::resample::box_blur;
use crate::preprocess::normalise::{RATIO_ONE, ratios};

/// A pixel is dark that has less than this share of the light usual about it.
const DARK: f32 = 0.90;
/// How far about it.
const ABOUT: u32 = 12;
/// Fewer dark pixels are a speck.
const LEAST: u32 = 6;
/// Longer marks are edges and rules, no words.
const LONGEST: f32 = 150.0;
/// More marks than this are texture: only the largest are print.
const MOST: usize = 6000;

/// Something dark that hangs together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    /// Its middle.
    pub x: f32,
    pub y: f32,
    /// Second moments about it.
    xx: f32,
    xy: f32,
    yy: f32,
}

impl Mark {
    /// Half its extent in a direction, as if it were evenly dark.
    pub fn spread(&self, (dx, dy): (f32, f32)) -> f32 {
        (3.0 * (self.xx * dx * dx + 2.0 * self.xy * dx * dy + self.yy * dy * dy)).max(0.0).sqrt()
    }

    /// Its length and its thickness.
    pub fn axes(&self) -> (f32, f32) {
        let root = ((self.xx - self.yy).powi(2) + 4.0 * self.xy * self.xy).sqrt();
        let (sum, extent) = (self.xx + self.yy, |v: f32| 2.0 * (3.0 * (v / 2.0).max(0.0)).sqrt());
        (extent(sum + root), extent(sum - root).max(1.0))
    }

    /// The direction of its length.
    pub fn angle(&self) -> f32 {
        0.5 * (2.0 * self.xy).atan2(self.xx - self.yy)
    }

    /// One number for how large it is.
    pub fn size(&self) -> f32 {
        self.axes().0
    }
}

/// Sums over a mark's pixels.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: u32,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    /// A run of pixels of one row.
    fn of(left: usize, right: usize, y: usize) -> Self {
        let mut sums = Self { count: (right - left) as u32, ..Self::default() };
        let y = y as f64;
        for x in left..right {
            let x = x as f64;
            sums.x += x;
            sums.xx += x * x;
        }
        let n = f64::from(sums.count);
        (sums.y, sums.xy, sums.yy) = (n * y, sums.x * y, n * y * y);
        sums
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.xy += other.xy;
        self.yy += other.yy;
    }

    fn mark(&self) -> Option<Mark> {
        if self.count < LEAST {
            return None;
        }
        let n = f64::from(self.count);
        let (x, y) = (self.x / n, self.y / n);
        // A pixel is no point.
        let own = 1.0 / 12.0;
        let mark = Mark {
            x: (x + 0.5) as f32,
            y: (y + 0.5) as f32,
            xx: (self.xx / n - x * x + own) as f32,
            xy: (self.xy / n - x * y) as f32,
            yy: (self.yy / n - y * y + own) as f32,
        };
        let (long, _) = mark.axes();
        (long > 3.0 && long < LONGEST).then_some(mark)
    }
}

/// Which pixels are dark beside their surroundings, whatever the light.
fn dark(gray: &GrayImage) -> Option<Vec<bool>> {
    // As bytes with the ground at 200: its own noise stays below white.
    let bytes = ratios(gray)?.into_iter().map(|step| (f32::from(step) * 200.0 / RATIO_ONE).min(255.0) as u8);
    let even = GrayImage::from_raw(gray.width(), gray.height(), bytes.collect())?;
    // A dark table must not make the card's rim look bright, nor its own lighter grains dark.
    let usual = box_blur(&even, ABOUT);
    // Grain that touches would hang together.
    let even = box_blur(&even, 1);
    let pairs = even.as_raw().iter().zip(usual.as_raw());
    Some(pairs.map(|(v, usual)| f32::from(*v) < DARK * f32::from(*usual)).collect())
}

/// The marks of a picture, in order of `x`.
pub(crate) fn marks(gray: &GrayImage) -> Vec<Mark> {
    let Some(dark) = dark(gray) else { return Vec::new() };
    let mut sets = Sets::of(0);
    let mut sums: Vec<Sums> = Vec::new();
    // The runs of the row above and of this one: left, right, set.
    let (mut above, mut runs): (Vec<(usize, usize, usize)>, Vec<_>) = (Vec::new(), Vec::new());
    for (y, line) in dark.chunks_exact(gray.width().max(1) as usize).enumerate() {
        runs.clear();
        let (mut x, mut first) = (0, 0);
        while let Some(left) = line[x..].iter().position(|dark| *dark).map(|at| x + at) {
            let right = line[left..].iter().position(|dark| !*dark).map_or(line.len(), |at| left + at);
            x = right;
            let id = sets.add();
            sums.push(Sums::of(left, right, y));
            // Corners touch too.
            while above.get(first).is_some_and(|run| run.1 < left) {
                first += 1;
            }
            for run in above[first..].iter().take_while(|run| run.0 <= right) {
                sets.join(run.2, id);
            }
            runs.push((left, right, id));
        }
        std::mem::swap(&mut above, &mut runs);
    }
    for i in (0..sums.len()).rev() {
        let root = sets.root(i);
        if root != i {
            let own = sums[i];
            sums[root].add(&own);
            sums[i].count = 0;
        }
    }
    let mut marks: Vec<Mark> = sums.iter().filter_map(Sums::mark).collect();
    if marks.len() > MOST {
        marks.sort_by(|a, b| b.size().total_cmp(&a.size()));
        marks.truncate(MOST);
    }
    marks.sort_by(|a, b| a.x.total_cmp(&b.x));
    marks
}
