//! Plain Rust: what the other kernels are tested against, and the fallback.

use super::interface::{Kernels, Rows};
use crate::forward::packed::{GROUP, LANES, PackedWeights};
use crate::math::{exp, logistic, round, tables, tanh};

pub(super) const KERNELS: Kernels =
    Kernels { name: "portable", offset: 0, multiply, cell, pool_tanh, softmax };

fn multiply(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    for (row, sums) in sums.chunks_exact_mut(weights.outputs).take(rows.count).enumerate() {
        let row = &rows.bytes[row * rows.stride..][..weights.row_bytes()];
        let blocks = weights.values.chunks_exact(weights.groups * LANES * GROUP);
        for ((block, sums), start) in
            blocks.zip(sums.chunks_exact_mut(LANES)).zip(weights.start.chunks_exact(LANES))
        {
            let mut totals = [0; LANES];
            totals.copy_from_slice(start);
            for (group, inputs) in block.chunks_exact(LANES * GROUP).zip(row.chunks_exact(GROUP)) {
                for (total, weights) in totals.iter_mut().zip(group.chunks_exact(GROUP)) {
                    for (weight, input) in weights.iter().zip(inputs) {
                        *total += i32::from(*weight) * i32::from(input.cast_signed());
                    }
                }
            }
            sums.copy_from_slice(&totals);
        }
    }
}

/// A sum as the float that it stands for.
fn value(sum: i32, scale: f32) -> f32 {
    sum as f32 * scale
}

/// A float in [-1, 1] as an activation (`WriteTimeStepPart` in lstm/networkio.cpp).
fn activation(value: f32) -> u8 {
    let activation = round(value * 127.0).clamp(-127, 127) as i8;
    activation.cast_unsigned()
}

/// `kStateClip`
pub(super) const STATE_CLIP: f32 = 100.0;

/// lstm/lstm.cpp, `Forward`
fn cell(sums: &[i32], scales: &[f32], state: &mut [f32], outputs: &mut [u8]) {
    let tables = tables();
    let count = state.len();
    for (index, (state, output)) in state.iter_mut().zip(outputs).enumerate() {
        let [input, input_gate, forget_gate, output_gate] = [0, 1, 2, 3].map(|gate| {
            let place = gate * count + index;
            value(sums[place], scales[place])
        });
        let kept = *state * logistic(tables, forget_gate);
        let new = kept + tanh(tables, input) * logistic(tables, input_gate);
        *state = new.clamp(-STATE_CLIP, STATE_CLIP);
        *output = activation(tanh(tables, *state) * logistic(tables, output_gate));
    }
}

/// The greatest sum has the greatest activation, because scale, table and rounding never fall: within an entry of the
/// table each operation is monotonic, and at its end `value + difference` is exactly the next entry.
fn pool_tanh(sums: &[i32], scales: &[f32], outputs: &mut [u8]) {
    let tables = tables();
    for (index, output) in outputs.iter_mut().enumerate() {
        let greatest = sums.iter().skip(index).step_by(scales.len()).copied().max().unwrap_or(0);
        *output = activation(tanh(tables, value(greatest, scales[index])));
    }
}

/// lstm/functions.h, `SoftmaxInPlace`: the sum adds up in order.
fn softmax(sums: &[i32], scales: &[f32], outputs: &mut [f32]) {
    for ((output, sum), scale) in outputs.iter_mut().zip(sums).zip(scales) {
        *output = value(*sum, *scale);
    }
    normalize(outputs, |outputs, greatest| {
        for output in outputs {
            *output = exp((*output - greatest).clamp(-MAX_SOFTMAX_ACTIVATION, 0.0));
        }
    });
}

/// `kMaxSoftmaxActivation`
pub(super) const MAX_SOFTMAX_ACTIVATION: f32 = 86.0;

/// Makes probabilities of `outputs`, with `exponentiate` for the powers of e less the greatest output.
#[inline(always)]
pub(super) fn normalize(outputs: &mut [f32], exponentiate: impl FnOnce(&mut [f32], f32)) {
    let greatest = outputs.iter().copied().fold(f32::MIN, f32::max);
    exponentiate(outputs, greatest);
    let mut total = 0.0;
    for output in outputs.iter() {
        total += *output;
    }
    if total > 0.0 {
        for output in outputs {
            *output /= total;
        }
    }
}
