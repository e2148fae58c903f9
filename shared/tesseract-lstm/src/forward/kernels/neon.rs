//! arm64: NEON, which every processor has, and the dot products of newer ones.

use std::arch::aarch64::*;
use std::arch::asm;
use std::arch::is_aarch64_feature_detected;

use super::interface::{Kernels, Rows};
use super::portable::{MAX_SOFTMAX_ACTIVATION, STATE_CLIP, normalize};
use crate::forward::packed::{GROUP, LANES, PackedWeights};
use crate::math::{TABLE_SCALE, TABLE_SIZE, Table, exp, tables};

/// Rows whose sums one tile keeps in registers.
const TILE_ROWS: usize = 4;
/// 32-bit lanes of a register.
const QUARTER: usize = 4;
/// Registers of a block.
const QUARTERS: usize = LANES / QUARTER;

/// With dot products where the processor has them, and without.
pub(super) fn kernels() -> impl Iterator<Item = Kernels> {
    let plain = Kernels { name: "neon", offset: 0, multiply, cell, pool_tanh, softmax };
    let dot = Kernels { name: "neon-dotprod", multiply: multiply_dot, ..plain };
    is_aarch64_feature_detected!("dotprod").then_some(dot).into_iter().chain([plain])
}

fn multiply(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    assert!(rows.hold(weights.row_bytes()) && sums.len() >= rows.count * weights.outputs);
    // SAFETY: every arm64 processor has NEON; the assertion bounds all reads and writes.
    unsafe { multiply_all::<Widening>(weights, rows, sums) }
}

fn multiply_dot(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    assert!(rows.hold(weights.row_bytes()) && sums.len() >= rows.count * weights.outputs);
    // SAFETY: as in `multiply`; this kernel is handed out only where the processor has dot products.
    unsafe { multiply_all::<DotProduct>(weights, rows, sums) }
}

/// How four products are added to each of four sums.
trait Products {
    /// # Safety
    /// The processor has the instruction.
    unsafe fn add(sums: int32x4_t, weights: int8x16_t, inputs: int8x16_t) -> int32x4_t;
}

struct DotProduct;
struct Widening;

impl Products for DotProduct {
    #[inline(always)]
    unsafe fn add(mut sums: int32x4_t, weights: int8x16_t, inputs: int8x16_t) -> int32x4_t {
        // SAFETY: the instruction reads and writes these registers only. Its intrinsic is not stable yet.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {sums:v}.4s, {weights:v}.16b, {inputs:v}.16b",
                sums = inout(vreg) sums,
                weights = in(vreg) weights,
                inputs = in(vreg) inputs,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }
}

impl Products for Widening {
    #[inline(always)]
    unsafe fn add(sums: int32x4_t, weights: int8x16_t, inputs: int8x16_t) -> int32x4_t {
        // SAFETY: every arm64 processor has NEON.
        unsafe {
            let low = vmull_s8(vget_low_s8(weights), vget_low_s8(inputs));
            let high = vmull_high_s8(weights, inputs);
            // Sums of two products, then of four, in the order of the outputs.
            vaddq_s32(sums, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)))
        }
    }
}

/// # Safety
/// The processor has the products' instruction; `rows` hold `row_bytes` each, and `sums` has room for all.
unsafe fn multiply_all<P: Products>(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    let mut first = 0;
    while first < rows.count {
        let count = TILE_ROWS.min(rows.count - first);
        // SAFETY: the rows from `first` on lie within `rows` and `sums`.
        unsafe {
            let input = rows.bytes.as_ptr().add(first * rows.stride);
            let output = sums.as_mut_ptr().add(first * weights.outputs);
            match count {
                1 => multiply_rows::<P, 1>(weights, input, rows.stride, output),
                2 => multiply_rows::<P, 2>(weights, input, rows.stride, output),
                3 => multiply_rows::<P, 3>(weights, input, rows.stride, output),
                _ => multiply_rows::<P, 4>(weights, input, rows.stride, output),
            }
        }
        first += count;
    }
}

/// All outputs of `ROWS` rows.
///
/// # Safety
/// As `multiply_all`.
unsafe fn multiply_rows<P: Products, const ROWS: usize>(
    weights: &PackedWeights,
    input: *const u8,
    stride: usize,
    output: *mut i32,
) {
    let block_bytes = weights.groups * LANES * GROUP;
    for block in 0..weights.outputs / LANES {
        // SAFETY: weights and starts have whole blocks, rows have `groups` groups, sums have all outputs.
        unsafe {
            let values = weights.values.as_ptr().add(block * block_bytes);
            let start = weights.start.as_ptr().add(block * LANES);
            let mut sums = [[vdupq_n_s32(0); QUARTERS]; ROWS];
            for row in &mut sums {
                for (quarter, sum) in row.iter_mut().enumerate() {
                    *sum = vld1q_s32(start.add(quarter * QUARTER));
                }
            }
            for group in 0..weights.groups {
                let values = values.add(group * LANES * GROUP);
                for (row, sums) in sums.iter_mut().enumerate() {
                    let four = input.add(row * stride + group * GROUP).cast::<i32>().read_unaligned();
                    let inputs = vreinterpretq_s8_s32(vdupq_n_s32(four));
                    for (quarter, sum) in sums.iter_mut().enumerate() {
                        let weights = vld1q_s8(values.add(quarter * QUARTER * GROUP));
                        *sum = P::add(*sum, weights, inputs);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (quarter, sum) in sums.iter().enumerate() {
                    vst1q_s32(output.add(row * weights.outputs + block * LANES + quarter * QUARTER), *sum);
                }
            }
        }
    }
}

/// Linear interpolation for `x >= 0`.
#[inline(always)]
fn interpolate(table: &Table, x: float32x4_t) -> float32x4_t {
    // SAFETY: every arm64 processor has NEON; every index is at most that of the last entry.
    unsafe {
        let last = (TABLE_SIZE - 1) as f32;
        let x = vminq_f32(vmulq_f32(x, vdupq_n_f32(TABLE_SCALE)), vdupq_n_f32(last));
        let index = vcvtq_s32_f32(x);
        let entry = |index: i32| vld1_f32(table.get_unchecked(index as usize).as_ptr());
        let low = vcombine_f32(entry(vgetq_lane_s32::<0>(index)), entry(vgetq_lane_s32::<1>(index)));
        let high = vcombine_f32(entry(vgetq_lane_s32::<2>(index)), entry(vgetq_lane_s32::<3>(index)));
        let fraction = vsubq_f32(x, vcvtq_f32_s32(index));
        vaddq_f32(vuzp1q_f32(low, high), vmulq_f32(vuzp2q_f32(low, high), fraction))
    }
}

#[inline(always)]
fn tanh(table: &Table, x: float32x4_t) -> float32x4_t {
    // SAFETY: every arm64 processor has NEON.
    unsafe {
        let positive = interpolate(table, vabsq_f32(x));
        vbslq_f32(vdupq_n_u32(1 << 31), x, positive)
    }
}

#[inline(always)]
fn logistic(table: &Table, x: float32x4_t) -> float32x4_t {
    // SAFETY: every arm64 processor has NEON.
    unsafe {
        let positive = interpolate(table, vabsq_f32(x));
        vbslq_f32(vcltzq_f32(x), vsubq_f32(vdupq_n_f32(1.0), positive), positive)
    }
}

/// Floats in [-1, 1] as activations: 127 times, to the nearest, halves away from zero.
#[inline(always)]
fn activations(x: float32x4_t) -> [u8; QUARTER] {
    // SAFETY: every arm64 processor has NEON.
    unsafe {
        let scaled = vmulq_f32(x, vdupq_n_f32(127.0));
        // The half is added and rounded as a float, then the rest cut off: not what the rounding instruction does.
        let half = vbslq_f32(vdupq_n_u32(1 << 31), scaled, vdupq_n_f32(0.5));
        let rounded = vcvtq_s32_f32(vaddq_f32(scaled, half));
        let bytes = vmovn_s16(vcombine_s16(vmovn_s32(rounded), vdup_n_s16(0)));
        vget_lane_s32::<0>(vreinterpret_s32_s8(bytes)).to_le_bytes()
    }
}

fn cell(sums: &[i32], scales: &[f32], state: &mut [f32], outputs: &mut [u8]) {
    let tables = tables();
    let count = state.len();
    assert!(count.is_multiple_of(LANES) && outputs.len() >= count);
    assert!(sums.len() >= 4 * count && scales.len() >= 4 * count);
    for (block, outputs) in outputs[..count].chunks_exact_mut(QUARTER).enumerate() {
        let first = block * QUARTER;
        // SAFETY: every arm64 processor has NEON; `first` and the three behind it are below `count`, of which there are
        // four in sums and scales.
        unsafe {
            let gate = |number: usize| {
                let place = number * count + first;
                vmulq_f32(
                    vcvtq_f32_s32(vld1q_s32(sums.as_ptr().add(place))),
                    vld1q_f32(scales.as_ptr().add(place)),
                )
            };
            let input = tanh(&tables.tanh, gate(0));
            let input_gate = logistic(&tables.logistic, gate(1));
            let forget_gate = logistic(&tables.logistic, gate(2));
            let output_gate = logistic(&tables.logistic, gate(3));
            let place = state.as_mut_ptr().add(first);
            let new = vaddq_f32(vmulq_f32(vld1q_f32(place), forget_gate), vmulq_f32(input, input_gate));
            let new = vmaxq_f32(vminq_f32(new, vdupq_n_f32(STATE_CLIP)), vdupq_n_f32(-STATE_CLIP));
            vst1q_f32(place, new);
            outputs.copy_from_slice(&activations(vmulq_f32(tanh(&tables.tanh, new), output_gate)));
        }
    }
}

fn pool_tanh(sums: &[i32], scales: &[f32], outputs: &mut [u8]) {
    let tables = tables();
    assert!(scales.len().is_multiple_of(LANES) && outputs.len() <= scales.len());
    for (block, outputs) in outputs.chunks_mut(QUARTER).enumerate() {
        // SAFETY: every arm64 processor has NEON; a row has as many sums as there are scales, whole blocks of them.
        unsafe {
            let mut greatest = vdupq_n_s32(i32::MIN);
            for row in sums.chunks_exact(scales.len()) {
                greatest = vmaxq_s32(greatest, vld1q_s32(row.as_ptr().add(block * QUARTER)));
            }
            let value = vmulq_f32(vcvtq_f32_s32(greatest), vld1q_f32(scales.as_ptr().add(block * QUARTER)));
            outputs.copy_from_slice(&activations(tanh(&tables.tanh, value))[..outputs.len()]);
        }
    }
}

fn softmax(sums: &[i32], scales: &[f32], outputs: &mut [f32]) {
    for ((output, sum), scale) in outputs.iter_mut().zip(sums).zip(scales) {
        *output = *sum as f32 * scale;
    }
    normalize(outputs, |outputs, greatest| {
        for output in outputs {
            *output = exp((*output - greatest).max(-MAX_SOFTMAX_ACTIVATION));
        }
    });
}
