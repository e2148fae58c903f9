//! x86-64 with AVX2.

use std::arch::x86_64::*;

use super::interface::{Kernels, Rows};
use super::portable::{MAX_SOFTMAX_ACTIVATION, STATE_CLIP, normalize};
use crate::forward::packed::{LANES, PackedWeights};
use crate::math::{EXP_POLYNOMIAL, EXP_SCALE, EXP_SHIFT, EXP_TABLE, TABLE_SCALE, TABLE_SIZE, Table, tables};

/// Rows whose sums one tile keeps in registers.
const TILE_ROWS: usize = 4;
/// Inputs that one instruction multiplies and adds for each output.
const PAIR: usize = 2;
/// 32-bit lanes of a register; two registers hold a block.
const HALF: usize = LANES / 2;

/// For processors that have it.
pub(super) fn kernels() -> Option<Kernels> {
    is_x86_feature_detected!("avx2").then_some(Kernels {
        name: "avx2",
        offset: 0,
        multiply,
        cell,
        pool_tanh,
        softmax,
    })
}

fn multiply(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    assert!(rows.hold(weights.row_bytes()) && sums.len() >= rows.count * weights.outputs);
    // SAFETY: these kernels are handed out only where the processor has AVX2; the assertion bounds all reads and writes.
    unsafe { multiply_all(weights, rows, sums) }
}

fn cell(sums: &[i32], scales: &[f32], state: &mut [f32], outputs: &mut [u8]) {
    let count = state.len();
    assert!(count.is_multiple_of(LANES) && outputs.len() >= count);
    assert!(sums.len() >= 4 * count && scales.len() >= 4 * count);
    // SAFETY: as in `multiply`.
    unsafe { cell_all(sums, scales, state, outputs) }
}

fn pool_tanh(sums: &[i32], scales: &[f32], outputs: &mut [u8]) {
    assert!(scales.len().is_multiple_of(LANES) && outputs.len() <= scales.len());
    // SAFETY: as in `multiply`.
    unsafe { pool_tanh_all(sums, scales, outputs) }
}

fn softmax(sums: &[i32], scales: &[f32], outputs: &mut [f32]) {
    let padded = outputs.len().next_multiple_of(HALF);
    assert!(sums.len() >= padded && scales.len() >= padded);
    // SAFETY: as in `multiply`.
    unsafe { softmax_all(sums, scales, outputs) }
}

/// Products of 16-bit numbers need less of the busiest ports than those of bytes, which are unsigned with signed ones.
///
/// # Safety
/// The processor has AVX2; `rows` hold `row_bytes` each, and `sums` has room for all.
#[target_feature(enable = "avx2")]
unsafe fn multiply_all(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    let row_length = weights.row_bytes();
    let mut inputs = vec![0_i16; rows.count * row_length];
    for (row, inputs) in inputs.chunks_exact_mut(row_length).enumerate() {
        for (input, byte) in inputs.iter_mut().zip(&rows.bytes[row * rows.stride..]) {
            *input = i16::from(byte.cast_signed());
        }
    }
    // A block of weights stays in the nearest cache until all rows are done.
    for block in 0..weights.outputs / LANES {
        let mut first = 0;
        while first < rows.count {
            let count = TILE_ROWS.min(rows.count - first);
            // SAFETY: the rows from `first` on lie within `inputs` and `sums`, and the block within the outputs.
            unsafe {
                let input = inputs.as_ptr().add(first * row_length);
                let output = sums.as_mut_ptr().add(first * weights.outputs);
                match count {
                    1 => multiply_tile::<1>(weights, block, input, output),
                    2 => multiply_tile::<2>(weights, block, input, output),
                    3 => multiply_tile::<3>(weights, block, input, output),
                    _ => multiply_tile::<4>(weights, block, input, output),
                }
            }
            first += count;
        }
    }
}

/// One block of outputs of `ROWS` rows.
///
/// # Safety
/// As `multiply_all`; `input` holds `ROWS` rows of `row_bytes` numbers, and the block exists.
#[target_feature(enable = "avx2")]
unsafe fn multiply_tile<const ROWS: usize>(
    weights: &PackedWeights,
    block: usize,
    input: *const i16,
    output: *mut i32,
) {
    let row_length = weights.row_bytes();
    // SAFETY: weights and starts have whole blocks, rows have `row_length / PAIR` pairs, sums have all outputs.
    unsafe {
        let values = weights.wide.as_ptr().add(block * row_length * LANES);
        let start = weights.start.as_ptr().add(block * LANES);
        let low_start = _mm256_loadu_si256(start.cast());
        let high_start = _mm256_loadu_si256(start.add(HALF).cast());
        let mut sums = [[low_start, high_start]; ROWS];
        for pair in 0..row_length / PAIR {
            let values = values.add(pair * LANES * PAIR);
            let low = _mm256_loadu_si256(values.cast());
            let high = _mm256_loadu_si256(values.add(HALF * PAIR).cast());
            for (row, [low_sum, high_sum]) in sums.iter_mut().enumerate() {
                let two = input.add(row * row_length + pair * PAIR).cast::<i32>().read_unaligned();
                let inputs = _mm256_set1_epi32(two);
                *low_sum = _mm256_add_epi32(*low_sum, _mm256_madd_epi16(low, inputs));
                *high_sum = _mm256_add_epi32(*high_sum, _mm256_madd_epi16(high, inputs));
            }
        }
        for (row, [low_sum, high_sum]) in sums.iter().enumerate() {
            let place = output.add(row * weights.outputs + block * LANES);
            _mm256_storeu_si256(place.cast(), *low_sum);
            _mm256_storeu_si256(place.add(HALF).cast(), *high_sum);
        }
    }
}

/// Linear interpolation for `x >= 0`.
#[target_feature(enable = "avx2")]
#[inline]
fn interpolate(table: &Table, x: __m256) -> __m256 {
    let last = (TABLE_SIZE - 1) as f32;
    let x = _mm256_min_ps(_mm256_mul_ps(x, _mm256_set1_ps(TABLE_SCALE)), _mm256_set1_ps(last));
    let index = _mm256_cvttps_epi32(x);
    let base = table.as_ptr().cast::<i64>();
    // SAFETY: every index is at most that of the last entry; an entry is eight bytes.
    let (low, high) = unsafe {
        (
            _mm256_i32gather_epi64::<8>(base, _mm256_castsi256_si128(index)),
            _mm256_i32gather_epi64::<8>(base, _mm256_extracti128_si256::<1>(index)),
        )
    };
    let (low, high) = (_mm256_castsi256_ps(low), _mm256_castsi256_ps(high));
    // Of [a b | c d] and [e f | g h] first [a b e f | c d g h], then in order.
    let in_order =
        |mixed: __m256| _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(mixed)));
    let value = in_order(_mm256_shuffle_ps::<0b10_00_10_00>(low, high));
    let difference = in_order(_mm256_shuffle_ps::<0b11_01_11_01>(low, high));
    let fraction = _mm256_sub_ps(x, _mm256_cvtepi32_ps(index));
    _mm256_add_ps(value, _mm256_mul_ps(difference, fraction))
}

#[target_feature(enable = "avx2")]
#[inline]
fn sign(x: __m256) -> __m256 {
    _mm256_and_ps(x, _mm256_set1_ps(-0.0))
}

#[target_feature(enable = "avx2")]
#[inline]
fn magnitude(x: __m256) -> __m256 {
    _mm256_andnot_ps(_mm256_set1_ps(-0.0), x)
}

#[target_feature(enable = "avx2")]
#[inline]
fn tanh(table: &Table, x: __m256) -> __m256 {
    _mm256_or_ps(interpolate(table, magnitude(x)), sign(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn logistic(table: &Table, x: __m256) -> __m256 {
    let positive = interpolate(table, magnitude(x));
    let is_negative = _mm256_cmp_ps::<_CMP_LT_OQ>(x, _mm256_setzero_ps());
    _mm256_blendv_ps(positive, _mm256_sub_ps(_mm256_set1_ps(1.0), positive), is_negative)
}

/// Floats in [-1, 1] as activations: 127 times, to the nearest, halves away from zero.
#[target_feature(enable = "avx2")]
#[inline]
fn activations(x: __m256) -> [u8; HALF] {
    let scaled = _mm256_mul_ps(x, _mm256_set1_ps(127.0));
    let half = _mm256_or_ps(sign(scaled), _mm256_set1_ps(0.5));
    let rounded = _mm256_cvttps_epi32(_mm256_add_ps(scaled, half));
    let words = _mm_packs_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256::<1>(rounded));
    _mm_cvtsi128_si64(_mm_packs_epi16(words, words)).to_le_bytes()
}

/// Eight sums as floats.
///
/// # Safety
/// Eight sums and scales can be read.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn values(sums: *const i32, scales: *const f32) -> __m256 {
    // SAFETY: the caller's.
    unsafe { _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_loadu_si256(sums.cast())), _mm256_loadu_ps(scales)) }
}

/// # Safety
/// The processor has AVX2; the lengths are those that `cell` asserts.
#[target_feature(enable = "avx2")]
unsafe fn cell_all(sums: &[i32], scales: &[f32], state: &mut [f32], outputs: &mut [u8]) {
    let tables = tables();
    let count = state.len();
    for (block, outputs) in outputs[..count].chunks_exact_mut(HALF).enumerate() {
        let first = block * HALF;
        // SAFETY: `first` and the seven behind it are below `count`, which the lengths are multiples of.
        unsafe {
            let gate = |number: usize| {
                let place = number * count + first;
                values(sums.as_ptr().add(place), scales.as_ptr().add(place))
            };
            let input = tanh(&tables.tanh, gate(0));
            let input_gate = logistic(&tables.logistic, gate(1));
            let forget_gate = logistic(&tables.logistic, gate(2));
            let output_gate = logistic(&tables.logistic, gate(3));
            let place = state.as_mut_ptr().add(first);
            let kept = _mm256_mul_ps(_mm256_loadu_ps(place), forget_gate);
            let new = _mm256_add_ps(kept, _mm256_mul_ps(input, input_gate));
            let new =
                _mm256_max_ps(_mm256_min_ps(new, _mm256_set1_ps(STATE_CLIP)), _mm256_set1_ps(-STATE_CLIP));
            _mm256_storeu_ps(place, new);
            let output = _mm256_mul_ps(tanh(&tables.tanh, new), output_gate);
            outputs.copy_from_slice(&activations(output));
        }
    }
}

/// # Safety
/// The processor has AVX2; the lengths are those that `pool_tanh` asserts.
#[target_feature(enable = "avx2")]
unsafe fn pool_tanh_all(sums: &[i32], scales: &[f32], outputs: &mut [u8]) {
    let tables = tables();
    for (block, outputs) in outputs.chunks_mut(HALF).enumerate() {
        let mut greatest = _mm256_set1_epi32(i32::MIN);
        for row in sums.chunks_exact(scales.len()) {
            // SAFETY: a row has as many sums as there are scales, whole blocks of them.
            let row = unsafe { _mm256_loadu_si256(row.as_ptr().add(block * HALF).cast()) };
            greatest = _mm256_max_epi32(greatest, row);
        }
        // SAFETY: as above.
        let scale = unsafe { _mm256_loadu_ps(scales.as_ptr().add(block * HALF)) };
        let value = _mm256_mul_ps(_mm256_cvtepi32_ps(greatest), scale);
        outputs.copy_from_slice(&activations(tanh(&tables.tanh, value))[..outputs.len()]);
    }
}

/// Powers of e of four numbers in [-86, 0]: `crate::math::exp`, lane by lane.
#[target_feature(enable = "avx2")]
#[inline]
fn exp(x: __m128) -> __m128 {
    let z = _mm256_mul_pd(_mm256_set1_pd(EXP_SCALE), _mm256_cvtps_pd(x));
    let rounded = _mm256_add_pd(z, _mm256_set1_pd(EXP_SHIFT));
    let k = _mm256_castpd_si256(rounded);
    let r = _mm256_sub_pd(z, _mm256_sub_pd(rounded, _mm256_set1_pd(EXP_SHIFT)));
    let index = _mm256_and_si256(k, _mm256_set1_epi64x(31));
    // SAFETY: the table has 32 entries of eight bytes.
    let entry = unsafe { _mm256_i64gather_epi64::<8>(EXP_TABLE.as_ptr().cast(), index) };
    let scale = _mm256_castsi256_pd(_mm256_add_epi64(entry, _mm256_slli_epi64::<47>(k)));
    let [c0, c1, c2] = EXP_POLYNOMIAL.map(|coefficient| _mm256_set1_pd(coefficient));
    let high = _mm256_add_pd(_mm256_mul_pd(c0, r), c1);
    let low = _mm256_add_pd(_mm256_mul_pd(c2, r), _mm256_set1_pd(1.0));
    let y = _mm256_add_pd(_mm256_mul_pd(high, _mm256_mul_pd(r, r)), low);
    _mm256_cvtpd_ps(_mm256_mul_pd(y, scale))
}

/// # Safety
/// The processor has AVX2; the lengths are those that `softmax` asserts.
#[target_feature(enable = "avx2")]
unsafe fn softmax_all(sums: &[i32], scales: &[f32], outputs: &mut [f32]) {
    for (block, outputs) in outputs.chunks_mut(HALF).enumerate() {
        let mut lanes = [0.0; HALF];
        // SAFETY: sums and scales have whole blocks, and there is room for eight.
        unsafe {
            let values = values(sums.as_ptr().add(block * HALF), scales.as_ptr().add(block * HALF));
            _mm256_storeu_ps(lanes.as_mut_ptr(), values);
        }
        outputs.copy_from_slice(&lanes[..outputs.len()]);
    }
    normalize(outputs, |outputs, greatest| {
        for outputs in outputs.chunks_mut(4) {
            let mut lanes = [greatest; 4];
            lanes[..outputs.len()].copy_from_slice(outputs);
            // SAFETY: the closure runs within this function, whose caller has seen to AVX2; four lanes fit.
            unsafe {
                let less = _mm_sub_ps(_mm_loadu_ps(lanes.as_ptr()), _mm_set1_ps(greatest));
                let clipped = _mm_max_ps(less, _mm_set1_ps(-MAX_SOFTMAX_ACTIVATION));
                _mm_storeu_ps(lanes.as_mut_ptr(), exp(clipped));
            }
            outputs.copy_from_slice(&lanes[..outputs.len()]);
        }
    });
}
