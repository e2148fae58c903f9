//! Many lines through the network at once: weights are read once for all of them.

use super::kernels::{Kernels, Rows};
use super::plan::{LstmLayer, Plan, RowLayer, TAP_STRIDE, TAPS};
use crate::noise::Noise;
use crate::prepare::Pixels;

/// Columns that go through the column LSTM together.
const COLUMNS: usize = 16;
/// Lines that go through an LSTM along the line together.
const LINES: usize = 8;
/// Time steps whose softmax is computed together.
const STEPS: usize = 32;

/// The probability of each output of the network at each step along a line.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) classes: usize,
    /// Step by step.
    pub(crate) probabilities: Vec<f32>,
}

impl Outputs {
    pub(crate) fn steps(&self) -> std::slice::ChunksExact<'_, f32> {
        self.probabilities.chunks_exact(self.classes.max(1))
    }
}

/// Runs `lines` through the network. `sample_iteration` of the model decides the noise around a line.
pub(crate) fn forward(
    plan: &Plan,
    kernels: Kernels,
    sample_iteration: i32,
    lines: &[Pixels],
) -> Vec<Outputs> {
    let mut sequences: Vec<Sequence> = Vec::with_capacity(lines.len());
    let mut scratch = Scratch::default();
    for line in lines {
        let places = convolve(plan, kernels, Noise::new(sample_iteration), line, &mut scratch);
        sequences.push(summarize_columns(plan, kernels, &places, &mut scratch));
    }
    // Lines of like length finish together.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|line| std::cmp::Reverse(sequences[*line].steps));
    for layer in &plan.rows {
        for lines in order.chunks(LINES) {
            run_along(layer, kernels, lines, &mut sequences, &mut scratch);
        }
    }
    sequences.iter().map(|sequence| classify(plan, kernels, sequence, &mut scratch)).collect()
}

/// Memory that every layer needs anew.
#[derive(Default)]
struct Scratch {
    rows: Vec<u8>,
    sums: Vec<i32>,
    states: Vec<f32>,
}

impl Scratch {
    /// Rows of `stride` bytes that hold zero activations, `sums` sums and `states` states of 0.
    fn reset(&mut self, kernels: Kernels, bytes: usize, sums: usize, states: usize) {
        self.rows.clear();
        self.rows.resize(bytes, kernels.offset);
        self.sums.resize(sums, 0);
        self.states.clear();
        self.states.resize(states, 0.0);
    }
}

/// Activations along a line, `depth` at each step.
#[derive(Default)]
struct Sequence {
    steps: usize,
    depth: usize,
    values: Vec<u8>,
}

impl Sequence {
    fn step(&self, step: usize) -> &[u8] {
        &self.values[step * self.depth..][..self.depth]
    }
}

/// Pooled places of a line, column by column, `depth` activations each.
struct Places {
    columns: usize,
    values: Vec<u8>,
}

/// Convolution, tanh and pooling. What lies outside the line is noise, drawn in the order in which Tesseract visits the
/// places: row by row, and around each place column by column (lstm/convolve.cpp, `Forward`).
fn convolve(plan: &Plan, kernels: Kernels, mut noise: Noise, line: &Pixels, scratch: &mut Scratch) -> Places {
    let (width, height) = (line.width, plan.height);
    // Columns of pixels with room for the taps above and below; the taps of a column lie side by side.
    let stride = height + TAP_STRIDE;
    let mut columns = vec![kernels.offset; width * stride];
    for (y, row) in line.activations.chunks_exact(width).enumerate() {
        for (x, value) in row.iter().enumerate() {
            columns[x * stride + y + 1] = value.cast_unsigned() ^ kernels.offset;
        }
    }
    let border = Border::new(width, height, kernels, &mut noise);

    let (pooled_columns, pooled_rows) = (width / plan.pool_width, plan.pooled_height());
    let pooled_places = plan.pool_width * plan.pool_height;
    let row_bytes = plan.convolution.row_bytes();
    let outputs = plan.convolution.outputs;
    scratch.reset(kernels, pooled_rows * pooled_places * row_bytes, pooled_rows * pooled_places * outputs, 0);
    let mut values = vec![0; pooled_columns * pooled_rows * plan.features];
    let mut targets = values.chunks_exact_mut(plan.features);
    for column in 0..pooled_columns {
        // Places that are pooled together stand one after the other.
        let mut taps = scratch.rows.chunks_exact_mut(row_bytes);
        for pooled_row in 0..pooled_rows {
            for dx in 0..plan.pool_width {
                let x = column * plan.pool_width + dx;
                for y in (pooled_row * plan.pool_height..).take(plan.pool_height) {
                    let Some(taps) = taps.next() else { break };
                    if x == 0 || x + 1 == width || y == 0 || y + 1 == height {
                        border.copy(x, y, &columns, stride, taps);
                    } else {
                        for (tap, taps) in taps.chunks_exact_mut(TAP_STRIDE).enumerate() {
                            taps.copy_from_slice(&columns[(x + tap - 1) * stride + y..][..TAP_STRIDE]);
                        }
                    }
                }
            }
        }
        let rows = Rows { bytes: &scratch.rows, stride: row_bytes, count: pooled_rows * pooled_places };
        (kernels.multiply)(&plan.convolution, rows, &mut scratch.sums);
        for (sums, target) in scratch.sums.chunks_exact(pooled_places * outputs).zip(&mut targets) {
            (kernels.pool_tanh)(sums, &plan.convolution.scales, target);
        }
    }
    Places { columns: pooled_columns, values }
}

/// The taps that lie outside the line, for the places at its edges.
struct Border {
    width: usize,
    height: usize,
    /// For each place at an edge its taps: those outside are set.
    rows: Vec<[Option<u8>; TAPS * TAPS]>,
}

impl Border {
    fn new(width: usize, height: usize, kernels: Kernels, noise: &mut Noise) -> Self {
        let mut border = Self { width, height, rows: Vec::with_capacity(2 * (width + height)) };
        for y in 0..height {
            let is_outer_row = y == 0 || y + 1 == height;
            let step = if is_outer_row || width == 1 { 1 } else { width - 1 };
            for x in (0..width).step_by(step) {
                let mut taps = [None; TAPS * TAPS];
                for (index, tap) in taps.iter_mut().enumerate() {
                    let (tap_x, tap_y) = (x + index / TAPS, y + index % TAPS);
                    // Places count from one row and one column outside.
                    if tap_x == 0 || tap_x > width || tap_y == 0 || tap_y > height {
                        *tap = Some(noise.activation().cast_unsigned() ^ kernels.offset);
                    }
                }
                border.rows.push(taps);
            }
        }
        border
    }

    /// Where a place at an edge stands in `rows`.
    fn index(&self, x: usize, y: usize) -> usize {
        let sides = if self.width == 1 { 1 } else { 2 };
        match y {
            0 => x,
            _ if y + 1 == self.height => self.width + (self.height - 2) * sides + x,
            _ => self.width + (y - 1) * sides + usize::from(x > 0),
        }
    }

    fn copy(&self, x: usize, y: usize, columns: &[u8], stride: usize, taps: &mut [u8]) {
        for (index, outside) in self.rows[self.index(x, y)].iter().enumerate() {
            let (dx, dy) = (index / TAPS, index % TAPS);
            taps[dx * TAP_STRIDE + dy] = match outside {
                Some(noise) => *noise,
                // The columns have one row more above.
                None => columns[(x + dx - 1) * stride + y + dy],
            };
        }
    }
}

/// The LSTM down each column: its last outputs.
fn summarize_columns(plan: &Plan, kernels: Kernels, places: &Places, scratch: &mut Scratch) -> Sequence {
    let layer = &plan.column;
    let height = plan.pooled_height();
    let mut values = Vec::with_capacity(places.columns * layer.states);
    for first in (0..places.columns).step_by(COLUMNS) {
        let count = COLUMNS.min(places.columns - first);
        let mut steps = Steps::new(layer, kernels, count, scratch);
        for y in 0..height {
            for column in 0..count {
                let place = (first + column) * height + y;
                steps.set_inputs(column, &places.values[place * layer.inputs..][..layer.inputs]);
            }
            steps.advance(count);
        }
        for column in 0..count {
            values.extend_from_slice(steps.outputs(column));
        }
    }
    Sequence { steps: places.columns, depth: layer.states, values }
}

/// An LSTM along `lines`, the longest of them first; each sequence is replaced by the outputs.
fn run_along(
    layer: &RowLayer,
    kernels: Kernels,
    lines: &[usize],
    sequences: &mut [Sequence],
    scratch: &mut Scratch,
) {
    let lstm = &layer.lstm;
    let longest = lines.first().map_or(0, |line| sequences[*line].steps);
    let mut results: Vec<Vec<u8>> =
        lines.iter().map(|line| vec![0; sequences[*line].steps * lstm.states]).collect();
    let mut steps = Steps::new(lstm, kernels, lines.len(), scratch);
    for index in 0..longest {
        let active = lines.iter().take_while(|line| sequences[**line].steps > index).count();
        let at = |line: usize| {
            if layer.from_right { sequences[line].steps - 1 - index } else { index }
        };
        for (row, line) in lines[..active].iter().enumerate() {
            steps.set_inputs(row, sequences[*line].step(at(*line)));
        }
        steps.advance(active);
        for (row, line) in lines[..active].iter().enumerate() {
            results[row][at(*line) * lstm.states..][..lstm.states].copy_from_slice(steps.outputs(row));
        }
    }
    for (line, values) in lines.iter().zip(results) {
        let sequence = &mut sequences[*line];
        sequence.depth = lstm.states;
        sequence.values = values;
    }
}

/// Several independent LSTMs of the same weights, step by step.
struct Steps<'a> {
    layer: &'a LstmLayer,
    kernels: Kernels,
    row_bytes: usize,
    scratch: &'a mut Scratch,
}

impl<'a> Steps<'a> {
    fn new(layer: &'a LstmLayer, kernels: Kernels, count: usize, scratch: &'a mut Scratch) -> Self {
        let row_bytes = layer.row_bytes();
        scratch.reset(kernels, count * row_bytes, count * layer.weights.outputs, count * layer.padded_states);
        Self { layer, kernels, row_bytes, scratch }
    }

    fn set_inputs(&mut self, row: usize, inputs: &[u8]) {
        self.scratch.rows[row * self.row_bytes..][..inputs.len()].copy_from_slice(inputs);
    }

    /// One step of the first `count` rows.
    fn advance(&mut self, count: usize) {
        let Self { layer, kernels, row_bytes, scratch } = self;
        let rows = Rows { bytes: &scratch.rows, stride: *row_bytes, count };
        (kernels.multiply)(&layer.weights, rows, &mut scratch.sums);
        let states = scratch.states.chunks_exact_mut(layer.padded_states);
        let sums = scratch.sums.chunks_exact(layer.weights.outputs);
        let rows = scratch.rows.chunks_exact_mut(*row_bytes);
        for ((state, sums), row) in states.zip(sums).zip(rows).take(count) {
            (kernels.cell)(
                sums,
                &layer.weights.scales,
                state,
                &mut row[layer.inputs..][..layer.padded_states],
            );
        }
    }

    fn outputs(&self, row: usize) -> &[u8] {
        &self.scratch.rows[row * self.row_bytes + self.layer.inputs..][..self.layer.states]
    }
}

/// The last layer: probabilities.
fn classify(plan: &Plan, kernels: Kernels, sequence: &Sequence, scratch: &mut Scratch) -> Outputs {
    let weights = &plan.softmax;
    let row_bytes = weights.row_bytes();
    let mut probabilities = vec![0.0; sequence.steps * plan.classes];
    scratch.reset(kernels, STEPS * row_bytes, STEPS * weights.outputs, 0);
    for (chunk, outputs) in probabilities.chunks_mut(STEPS * plan.classes).enumerate() {
        let count = outputs.len() / plan.classes;
        for (row, rows) in scratch.rows.chunks_exact_mut(row_bytes).take(count).enumerate() {
            rows[..sequence.depth].copy_from_slice(sequence.step(chunk * STEPS + row));
        }
        let rows = Rows { bytes: &scratch.rows, stride: row_bytes, count };
        (kernels.multiply)(weights, rows, &mut scratch.sums);
        let sums = scratch.sums.chunks_exact(weights.outputs);
        for (outputs, sums) in outputs.chunks_exact_mut(plan.classes).zip(sums) {
            (kernels.softmax)(sums, &weights.scales, outputs);
        }
    }
    Outputs { classes: plan.classes, probabilities }
}
