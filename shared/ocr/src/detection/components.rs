//! Connected components: what is dark beside its surroundings and hangs together, by its size and its second moments.
//!
//! Owns the way from grey levels to components. It must not know which of them are print.

use image::GrayImage;

use crate::detection::params::{Components, PARAMS};
use crate::detection::union_find::DisjointSets;
use crate::image::ground::{RATIO_ONE, ratios};
use crate::image::resample::box_blur;

const FITTED: Components = PARAMS.components;

/// Something dark that hangs together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectedComponent {
    /// Its middle.
    pub x: f32,
    pub y: f32,
    /// Second moments about it.
    xx: f32,
    xy: f32,
    yy: f32,
}

impl ConnectedComponent {
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

/// Sums over a component's pixels.
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

    fn component(&self) -> Option<ConnectedComponent> {
        if self.count < FITTED.least_pixels {
            return None;
        }
        let n = f64::from(self.count);
        let (x, y) = (self.x / n, self.y / n);
        // A pixel is no point.
        let own = 1.0 / 12.0;
        let component = ConnectedComponent {
            x: (x + 0.5) as f32,
            y: (y + 0.5) as f32,
            xx: (self.xx / n - x * x + own) as f32,
            xy: (self.xy / n - x * y) as f32,
            yy: (self.yy / n - y * y + own) as f32,
        };
        let (long, _) = component.axes();
        (long > FITTED.shortest && long < FITTED.longest).then_some(component)
    }
}

/// Which pixels are dark beside their surroundings, whatever the light.
fn dark(gray: &GrayImage) -> Option<Vec<bool>> {
    let as_byte = |step| (f32::from(step) * FITTED.ground_level / RATIO_ONE).min(255.0) as u8;
    let bytes = ratios(gray)?.into_iter().map(as_byte);
    let even = GrayImage::from_raw(gray.width(), gray.height(), bytes.collect())?;
    // A dark table must not make the card's rim look bright, nor its own lighter grains dark.
    let usual = box_blur(&even, FITTED.about);
    // Grain that touches would hang together.
    let even = box_blur(&even, 1);
    let pairs = even.as_raw().iter().zip(usual.as_raw());
    Some(pairs.map(|(v, usual)| f32::from(*v) < FITTED.dark * f32::from(*usual)).collect())
}

/// The components of a picture, in order of `x`.
pub(crate) fn connected_components(gray: &GrayImage) -> Vec<ConnectedComponent> {
    let Some(dark) = dark(gray) else { return Vec::new() };
    let mut sets = DisjointSets::of(0);
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
    let mut components: Vec<ConnectedComponent> = sums.iter().filter_map(Sums::component).collect();
    if components.len() > FITTED.most {
        components.sort_by(|a, b| b.size().total_cmp(&a.size()));
        components.truncate(FITTED.most);
    }
    components.sort_by(|a, b| a.x.total_cmp(&b.x));
    components
}
