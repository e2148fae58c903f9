//! The line network's arithmetic. Which network this is and how its weights came about: `tests/cards/train_lines.py`.
//!
//! Every convolution is one matrix product: the patches of its input, a row each, by its weights.

use std::sync::OnceLock;

use ndarray::{Array1, Array2, ArrayView2};

/// Height of the lines that the network reads, in pixels.
pub const HEIGHT: usize = 36;
/// Columns of a line per step of the answer.
pub const STRIDE: usize = 3;
/// "No character", and the 47 characters that it knows.
pub const CLASSES: usize = 48;

static WEIGHTS: &[u8] = include_bytes!("../../../data/lines.bin");

/// Pixels or features, row by row, all of a place together.
struct Map {
    height: usize,
    width: usize,
    depth: usize,
    data: Vec<f32>,
}

impl Map {
    /// The same with a border of zeros.
    fn padded(&self, down: usize, across: usize) -> Self {
        let (height, width) = (self.height + 2 * down, self.width + 2 * across);
        let mut data = vec![0.0; height * width * self.depth];
        let line = self.width * self.depth;
        for (y, from) in self.data.chunks_exact(line.max(1)).enumerate() {
            let begin = ((y + down) * width + across) * self.depth;
            if let Some(to) = data.get_mut(begin..begin + line) {
                to.copy_from_slice(from);
            }
        }
        Self { height, width, depth: self.depth, data }
    }

    /// The largest of each block; what is left over at the right and at the bottom is dropped.
    fn pooled(&self, down: usize, across: usize) -> Self {
        let (height, width) = (self.height / down, self.width / across);
        // Features are not negative: relu goes before.
        let mut data = vec![0.0_f32; height * width * self.depth];
        let lines = self.data.chunks_exact((self.width * self.depth).max(1));
        for (y, line) in lines.take(height * down).enumerate() {
            let to = data.chunks_exact_mut((width * self.depth).max(1)).nth(y / down).unwrap_or_default();
            let blocks = line.chunks_exact(self.depth * across);
            for (block, to) in blocks.zip(to.chunks_exact_mut(self.depth)) {
                for place in block.chunks_exact(self.depth) {
                    for (most, value) in to.iter_mut().zip(place) {
                        *most = most.max(*value);
                    }
                }
            }
        }
        Self { height, width, depth: self.depth, data }
    }
}

/// Extent of a kernel, the border of zeros around its input, and how far apart its columns are.
struct Shape {
    high: usize,
    wide: usize,
    border: (usize, usize),
    apart: usize,
}

const fn shape(high: usize, wide: usize, border: (usize, usize), apart: usize) -> Shape {
    Shape { high, wide, border, apart }
}

/// The layers in the order of the file, with what goes in and what comes out.
const LAYERS: [(Shape, usize, usize); 8] = [
    (shape(5, 5, (2, 2), 1), 1, 16),
    (shape(3, 3, (1, 1), 1), 16, 48),
    (shape(3, 3, (1, 1), 1), 48, 64),
    (shape(3, 3, (1, 1), 1), 64, 96),
    (shape(3, 3, (0, 1), 1), 96, 128),
    (shape(1, 5, (0, 2), 1), 128, 128),
    (shape(1, 5, (0, 4), 2), 128, 128),
    (shape(1, 1, (0, 0), 1), 128, CLASSES),
];
/// How much the first layers' features are pooled, down and across.
const POOLS: [(usize, usize); 3] = [(3, STRIDE), (2, 1), (2, 1)];
/// From this layer on what goes in is added to what comes out; the last layer's is the answer.
const FIRST_RESIDUAL: usize = 5;

struct Layer {
    shape: &'static Shape,
    weights: Array2<f32>,
    bias: Array1<f32>,
}

impl Layer {
    fn apply(&self, input: &Map) -> Option<Map> {
        let Shape { high, wide, border, apart } = *self.shape;
        let from = input.padded(border.0, border.1);
        let height = (from.height + 1).checked_sub(high)?;
        let width = from.width.checked_sub((wide - 1) * apart)?;
        let patch = high * wide * from.depth;
        let mut patches = Vec::with_capacity(height * width * patch);
        for y in 0..height {
            for x in 0..width {
                for ky in 0..high {
                    let line = (y + ky) * from.width + x;
                    if apart == 1 {
                        let begin = line * from.depth;
                        patches.extend_from_slice(from.data.get(begin..begin + wide * from.depth)?);
                    } else {
                        for kx in 0..wide {
                            let begin = (line + kx * apart) * from.depth;
                            patches.extend_from_slice(from.data.get(begin..begin + from.depth)?);
                        }
                    }
                }
            }
        }
        let patches = ArrayView2::from_shape((height * width, patch), &patches).ok()?;
        let out = patches.dot(&self.weights) + &self.bias;
        let (data, _) = out.into_raw_vec_and_offset();
        Some(Map { height, width, depth: self.bias.len(), data })
    }
}

/// The network with its weights.
pub struct Network {
    layers: Vec<Layer>,
}

impl Network {
    /// The network, unpacked once. `None` only if the file in the binary is not one.
    pub fn get() -> Option<&'static Self> {
        static NETWORK: OnceLock<Option<Network>> = OnceLock::new();
        NETWORK.get_or_init(|| Self::parse(WEIGHTS)).as_ref()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let body = bytes.strip_prefix(b"FLN1")?;
        // A bfloat16 is the upper half of a float32.
        let mut floats = body.chunks_exact(2).map(|two| match two {
            [low, high] => f32::from_le_bytes([0, 0, *low, *high]),
            _ => 0.0,
        });
        let mut take = |n: usize| {
            let tensor: Vec<f32> = floats.by_ref().take(n).collect();
            (tensor.len() == n).then_some(tensor)
        };
        let mut layers = Vec::with_capacity(LAYERS.len());
        for (shape, input, output) in &LAYERS {
            let patch = shape.high * shape.wide * input;
            let weights = Array2::from_shape_vec((patch, *output), take(patch * output)?).ok()?;
            layers.push(Layer { shape, weights, bias: Array1::from_vec(take(*output)?) });
        }
        floats.next().is_none().then_some(Self { layers })
    }

    /// For each step of a line the logarithms of the classes' probabilities. `ink`: [`HEIGHT`] rows of `width` pixels,
    /// ground 0, print 1; `allowed`: which classes there can be. `None`: narrower than a step.
    pub fn read(
        &self,
        ink: Vec<f32>,
        width: usize,
        allowed: &[bool; CLASSES],
    ) -> Option<Vec<[f32; CLASSES]>> {
        let mut map = Map { height: HEIGHT, width, depth: 1, data: ink };
        for (i, layer) in self.layers.iter().enumerate() {
            let mut out = layer.apply(&map)?;
            if i + 1 < self.layers.len() {
                for value in &mut out.data {
                    *value = value.max(0.0);
                }
            }
            if let Some((down, across)) = POOLS.get(i) {
                out = out.pooled(*down, *across);
            } else if (FIRST_RESIDUAL..self.layers.len() - 1).contains(&i) {
                for (value, before) in out.data.iter_mut().zip(&map.data) {
                    *value += before;
                }
            }
            map = out;
        }
        let narrowed = |mut step: [f32; CLASSES]| {
            for (value, allowed) in step.iter_mut().zip(allowed) {
                if !allowed {
                    *value = f32::NEG_INFINITY;
                }
            }
            log_softmax(step)
        };
        let steps = map.data.chunks_exact(CLASSES).filter_map(|step| step.try_into().ok()).map(narrowed);
        Some(steps.collect()).filter(|steps: &Vec<_>| !steps.is_empty())
    }
}

fn log_softmax(mut values: [f32; CLASSES]) -> [f32; CLASSES] {
    let most = values.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = values.iter().map(|value| (value - most).exp()).sum();
    let log = most + sum.ln();
    for value in &mut values {
        *value -= log;
    }
    values
}
