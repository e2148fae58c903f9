//! The classifier's arithmetic. Which network this is and how its weights came about: `tests/cards/train_digits.py`.

use std::sync::OnceLock;

/// Patch width.
pub const CELL_WIDTH: usize = 16;
/// Patch height.
pub const CELL_HEIGHT: usize = 24;
/// Ten digits, and "no digit in the middle".
pub const CLASSES: usize = 11;

/// A cell of the row: ink 1, ground 0.
pub type Patch = [[f32; CELL_WIDTH]; CELL_HEIGHT];

const C1: usize = 8;
const C2: usize = 16;
const HIDDEN: usize = 64;
const H2: usize = CELL_HEIGHT / 2;
const W2: usize = CELL_WIDTH / 2;
const H4: usize = CELL_HEIGHT / 4;
const W4: usize = CELL_WIDTH / 4;
const FLAT: usize = H4 * W4 * C2;

static WEIGHTS: &[u8] = include_bytes!("../../../data/digits.bin");

/// Layers in the order of the file.
pub struct Network {
    c1w: Vec<f32>,
    c1b: Vec<f32>,
    c2w: Vec<f32>,
    c2b: Vec<f32>,
    f1w: Vec<f32>,
    f1b: Vec<f32>,
    f2w: Vec<f32>,
    f2b: Vec<f32>,
}

impl Network {
    /// The network, unpacked once. `None` only if the file in the binary is not one.
    pub fn get() -> Option<&'static Self> {
        static NETWORK: OnceLock<Option<Network>> = OnceLock::new();
        NETWORK.get_or_init(|| Self::parse(WEIGHTS)).as_ref()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let body = bytes.strip_prefix(b"FDG1")?;
        let mut floats = body.chunks_exact(4).map(|four| four.try_into().map_or(0.0, f32::from_le_bytes));
        let mut take = |n: usize| {
            let tensor: Vec<f32> = floats.by_ref().take(n).collect();
            (tensor.len() == n).then_some(tensor)
        };
        Some(Self {
            c1w: take(25 * C1)?,
            c1b: take(C1)?,
            c2w: take(9 * C1 * C2)?,
            c2b: take(C2)?,
            f1w: take(FLAT * HIDDEN)?,
            f1b: take(HIDDEN)?,
            f2w: take(HIDDEN * CLASSES)?,
            f2b: take(CLASSES)?,
        })
    }

    /// Probabilities of the classes.
    pub fn classify(&self, patch: &Patch) -> [f32; CLASSES] {
        let first = self.first_layer(patch);
        let second = self.second_layer(&first);
        let mut hidden = [0.0_f32; HIDDEN];
        hidden.copy_from_slice(&self.f1b);
        for (value, weights) in second.iter().zip(self.f1w.chunks_exact(HIDDEN)) {
            if *value != 0.0 {
                for (h, w) in hidden.iter_mut().zip(weights) {
                    *h += value * w;
                }
            }
        }
        let mut z = [0.0_f32; CLASSES];
        z.copy_from_slice(&self.f2b);
        for (value, weights) in hidden.iter().zip(self.f2w.chunks_exact(CLASSES)) {
            let value = value.max(0.0);
            for (out, w) in z.iter_mut().zip(weights) {
                *out += value * w;
            }
        }
        let top = z.iter().copied().fold(f32::MIN, f32::max);
        let mut sum = 0.0;
        for v in &mut z {
            *v = (*v - top).exp();
            sum += *v;
        }
        for v in &mut z {
            *v /= sum;
        }
        z
    }

    /// Convolution 5x5, relu, max-pool 2; channels last.
    fn first_layer(&self, patch: &Patch) -> [f32; H2 * W2 * C1] {
        let mut padded = [[0.0_f32; CELL_WIDTH + 4]; CELL_HEIGHT + 4];
        for (y, row) in patch.iter().enumerate() {
            padded[y + 2][2..2 + CELL_WIDTH].copy_from_slice(row);
        }
        let mut out = [0.0_f32; H2 * W2 * C1];
        for y in 0..CELL_HEIGHT {
            for x in 0..CELL_WIDTH {
                let mut sum = [0.0_f32; C1];
                sum.copy_from_slice(&self.c1b);
                for ky in 0..5 {
                    for kx in 0..5 {
                        let value = padded[y + ky][x + kx];
                        let weights = &self.c1w[(ky * 5 + kx) * C1..][..C1];
                        for (s, w) in sum.iter_mut().zip(weights) {
                            *s += value * w;
                        }
                    }
                }
                // Pooling in place: the outputs start at 0, which is also what relu makes of anything lower.
                let pooled = &mut out[(y / 2 * W2 + x / 2) * C1..][..C1];
                for (p, s) in pooled.iter_mut().zip(sum) {
                    *p = p.max(s);
                }
            }
        }
        out
    }

    /// Convolution 3x3, relu, max-pool 2.
    fn second_layer(&self, input: &[f32; H2 * W2 * C1]) -> [f32; FLAT] {
        let mut out = [0.0_f32; FLAT];
        for y in 0..H2 {
            for x in 0..W2 {
                let mut sum = [0.0_f32; C2];
                sum.copy_from_slice(&self.c2b);
                for ky in 0..3 {
                    for kx in 0..3 {
                        let (sy, sx) = (y + ky, x + kx);
                        if sy == 0 || sx == 0 || sy > H2 || sx > W2 {
                            continue;
                        }
                        let values = &input[((sy - 1) * W2 + sx - 1) * C1..][..C1];
                        let weights = &self.c2w[(ky * 3 + kx) * C1 * C2..][..C1 * C2];
                        for (value, weights) in values.iter().zip(weights.chunks_exact(C2)) {
                            for (s, w) in sum.iter_mut().zip(weights) {
                                *s += value * w;
                            }
                        }
                    }
                }
                let pooled = &mut out[(y / 2 * W4 + x / 2) * C2..][..C2];
                for (p, s) in pooled.iter_mut().zip(sum) {
                    *p = p.max(s);
                }
            }
        }
        out
    }
}
