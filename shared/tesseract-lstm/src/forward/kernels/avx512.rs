//! x86-64 with AVX-512 and its instructions for neural networks: 64 products and their sums at once.

use std::arch::x86_64::*;

use super::interface::{Kernels, Rows};
use super::portable::{MAX_SOFTMAX_ACTIVATION, STATE_CLIP, normalize};
use crate::forward::packed::{GROUP, LANES, PackedWeights};
use crate::math::{EXP_POLYNOMIAL, EXP_SCALE, EXP_SHIFT, EXP_TABLE, TABLE_SCALE, TABLE_SIZE, Table, tables};

/// Rows whose sums one tile keeps in registers.
const TILE_ROWS: usize = 8;

/// For processors that have all of it.
pub(super) fn kernels() -> Option<Kernels> {
    let is_able = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni");
    is_able.then_some(Kernels { name: "avx512-vnni", offset: 0x80, multiply, cell, pool_tanh, softmax })
}

fn multiply(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    assert!(rows.hold(weights.row_bytes()) && sums.len() >= rows.count * weights.outputs);
    // SAFETY: these kernels are handed out only where the processor has the features; the assertion bounds all reads and
    // writes.
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
    let padded = outputs.len().next_multiple_of(LANES);
    assert!(sums.len() >= padded && scales.len() >= padded);
    // SAFETY: as in `multiply`.
    unsafe { softmax_all(sums, scales, outputs) }
}

/// # Safety
/// The processor has AVX-512 with VNNI; `rows` hold `row_bytes` each, and `sums` has room for all.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn multiply_all(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]) {
    let mut first = 0;
    while first < rows.count {
        let count = TILE_ROWS.min(rows.count - first);
        // SAFETY: the rows from `first` on lie within `rows` and `sums`.
        unsafe {
            let input = rows.bytes.as_ptr().add(first * rows.stride);
            let output = sums.as_mut_ptr().add(first * weights.outputs);
            match count {
                1 => multiply_rows::<1, 4>(weights, input, rows.stride, output),
                2 => multiply_rows::<2, 4>(weights, input, rows.stride, output),
                3 => multiply_rows::<3, 4>(weights, input, rows.stride, output),
                4 => multiply_rows::<4, 4>(weights, input, rows.stride, output),
                5 => multiply_rows::<5, 2>(weights, input, rows.stride, output),
                6 => multiply_rows::<6, 2>(weights, input, rows.stride, output),
                7 => multiply_rows::<7, 2>(weights, input, rows.stride, output),
                _ => multiply_rows::<8, 2>(weights, input, rows.stride, output),
            }
        }
        first += count;
    }
}

/// All outputs of `ROWS` rows, in tiles of `BLOCKS` blocks.
///
/// # Safety
/// As `multiply_all`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn multiply_rows<const ROWS: usize, const BLOCKS: usize>(
    weights: &PackedWeights,
    input: *const u8,
    stride: usize,
    output: *mut i32,
) {
    let blocks = weights.outputs / LANES;
    let mut block = 0;
    // SAFETY: blocks lie within the outputs.
    unsafe {
        while block + BLOCKS <= blocks {
            multiply_tile::<ROWS, BLOCKS>(weights, block, input, stride, output);
            block += BLOCKS;
        }
        while block < blocks {
            multiply_tile::<ROWS, 1>(weights, block, input, stride, output);
            block += 1;
        }
    }
}

/// # Safety
/// As `multiply_all`; `block + BLOCKS` blocks exist.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
unsafe fn multiply_tile<const ROWS: usize, const BLOCKS: usize>(
    weights: &PackedWeights,
    block: usize,
    input: *const u8,
    stride: usize,
    output: *mut i32,
) {
    let block_bytes = weights.groups * LANES * GROUP;
    // SAFETY: the caller's; weights and starts have whole blocks.
    unsafe {
        let values = weights.values.as_ptr().add(block * block_bytes);
        let start = weights.start_unsigned.as_ptr().add(block * LANES);
        let mut sums = [[_mm512_setzero_si512(); BLOCKS]; ROWS];
        for within in 0..BLOCKS {
            let start = _mm512_loadu_si512(start.add(within * LANES).cast());
            for row in &mut sums {
                row[within] = start;
            }
        }
        for group in 0..weights.groups {
            let mut values_of = [_mm512_setzero_si512(); BLOCKS];
            for (within, loaded) in values_of.iter_mut().enumerate() {
                *loaded = _mm512_loadu_si512(values.add(within * block_bytes + group * LANES * GROUP).cast());
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let four = input.add(row * stride + group * GROUP).cast::<i32>().read_unaligned();
                let inputs = _mm512_set1_epi32(four);
                for (sum, values) in sums.iter_mut().zip(values_of) {
                    *sum = _mm512_dpbusd_epi32(*sum, inputs, values);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (within, sum) in sums.iter().enumerate() {
                let place = row * weights.outputs + (block + within) * LANES;
                _mm512_storeu_si512(output.add(place).cast(), *sum);
            }
        }
    }
}

/// Linear interpolation for `x >= 0`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn interpolate(table: &Table, x: __m512) -> __m512 {
    let last = (TABLE_SIZE - 1) as f32;
    let x = _mm512_min_ps(_mm512_mul_ps(x, _mm512_set1_ps(TABLE_SCALE)), _mm512_set1_ps(last));
    let index = _mm512_cvttps_epi32(x);
    let base = table.as_ptr().cast::<i64>();
    // SAFETY: every index is at most that of the last entry; an entry is eight bytes.
    let (low, high) = unsafe {
        (
            _mm512_i32gather_epi64::<8>(_mm512_castsi512_si256(index), base),
            _mm512_i32gather_epi64::<8>(_mm512_extracti64x4_epi64::<1>(index), base),
        )
    };
    let (low, high) = (_mm512_castsi512_ps(low), _mm512_castsi512_ps(high));
    let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    let value = _mm512_permutex2var_ps(low, even, high);
    let difference = _mm512_permutex2var_ps(low, odd, high);
    let fraction = _mm512_sub_ps(x, _mm512_cvtepi32_ps(index));
    _mm512_add_ps(value, _mm512_mul_ps(difference, fraction))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn sign(x: __m512) -> __m512i {
    _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(i32::MIN))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn tanh(table: &Table, x: __m512) -> __m512 {
    let positive = interpolate(table, _mm512_abs_ps(x));
    _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(positive), sign(x)))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn logistic(table: &Table, x: __m512) -> __m512 {
    let positive = interpolate(table, _mm512_abs_ps(x));
    _mm512_mask_sub_ps(positive, is_negative(x), _mm512_set1_ps(1.0), positive)
}

/// Which lanes are below zero.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn is_negative(x: __m512) -> __mmask16 {
    _mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, _mm512_setzero_ps())
}

/// Floats in [-1, 1] as activations: 127 times, to the nearest, halves away from zero.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn activations(x: __m512) -> __m128i {
    let scaled = _mm512_mul_ps(x, _mm512_set1_ps(127.0));
    let half = _mm512_or_si512(sign(scaled), _mm512_castps_si512(_mm512_set1_ps(0.5)));
    let rounded = _mm512_cvttps_epi32(_mm512_add_ps(scaled, _mm512_castsi512_ps(half)));
    _mm_xor_si128(_mm512_cvtsepi32_epi8(rounded), _mm_set1_epi8(i8::MIN))
}

/// Sixteen sums as floats.
///
/// # Safety
/// Sixteen sums and scales can be read.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
unsafe fn values(sums: *const i32, scales: *const f32) -> __m512 {
    // SAFETY: the caller's.
    unsafe { _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(sums.cast())), _mm512_loadu_ps(scales)) }
}

/// # Safety
/// The processor has AVX-512; the lengths are those that `cell` asserts.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn cell_all(sums: &[i32], scales: &[f32], state: &mut [f32], outputs: &mut [u8]) {
    let tables = tables();
    let count = state.len();
    for first in (0..count).step_by(LANES) {
        // SAFETY: `first` and the fifteen behind it are below `count`, which the lengths are multiples of.
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
            let kept = _mm512_mul_ps(_mm512_loadu_ps(place), forget_gate);
            let new = _mm512_add_ps(kept, _mm512_mul_ps(input, input_gate));
            let new =
                _mm512_max_ps(_mm512_min_ps(new, _mm512_set1_ps(STATE_CLIP)), _mm512_set1_ps(-STATE_CLIP));
            _mm512_storeu_ps(place, new);
            let output = _mm512_mul_ps(tanh(&tables.tanh, new), output_gate);
            _mm_storeu_si128(outputs.as_mut_ptr().add(first).cast(), activations(output));
        }
    }
}

/// # Safety
/// The processor has AVX-512; the lengths are those that `pool_tanh` asserts.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn pool_tanh_all(sums: &[i32], scales: &[f32], outputs: &mut [u8]) {
    let tables = tables();
    for (block, outputs) in outputs.chunks_mut(LANES).enumerate() {
        let mut greatest = _mm512_set1_epi32(i32::MIN);
        for row in sums.chunks_exact(scales.len()) {
            // SAFETY: a row has as many sums as there are scales, whole blocks of them.
            greatest = _mm512_max_epi32(greatest, unsafe {
                _mm512_loadu_si512(row.as_ptr().add(block * LANES).cast())
            });
        }
        // SAFETY: as above.
        let scale = unsafe { _mm512_loadu_ps(scales.as_ptr().add(block * LANES)) };
        let value = _mm512_mul_ps(_mm512_cvtepi32_ps(greatest), scale);
        let activations = activations(tanh(&tables.tanh, value));
        let mut bytes = [0_u8; LANES];
        // SAFETY: there is room for sixteen.
        unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), activations) };
        outputs.copy_from_slice(&bytes[..outputs.len()]);
    }
}

/// Powers of e of eight numbers in [-86, 0]: `crate::math::exp`, lane by lane.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
fn exp(x: __m256) -> __m256 {
    let z = _mm512_mul_pd(_mm512_set1_pd(EXP_SCALE), _mm512_cvtps_pd(x));
    let rounded = _mm512_add_pd(z, _mm512_set1_pd(EXP_SHIFT));
    let k = _mm512_castpd_si512(rounded);
    let r = _mm512_sub_pd(z, _mm512_sub_pd(rounded, _mm512_set1_pd(EXP_SHIFT)));
    let index = _mm512_and_si512(k, _mm512_set1_epi64(31));
    // SAFETY: the table has 32 entries of eight bytes.
    let entry = unsafe { _mm512_i64gather_epi64::<8>(index, EXP_TABLE.as_ptr().cast()) };
    let scale = _mm512_castsi512_pd(_mm512_add_epi64(entry, _mm512_slli_epi64::<47>(k)));
    let [c0, c1, c2] = EXP_POLYNOMIAL.map(|coefficient| _mm512_set1_pd(coefficient));
    let high = _mm512_add_pd(_mm512_mul_pd(c0, r), c1);
    let low = _mm512_add_pd(_mm512_mul_pd(c2, r), _mm512_set1_pd(1.0));
    let y = _mm512_add_pd(_mm512_mul_pd(high, _mm512_mul_pd(r, r)), low);
    _mm512_cvtpd_ps(_mm512_mul_pd(y, scale))
}

/// # Safety
/// The processor has AVX-512; the lengths are those that `softmax` asserts.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn softmax_all(sums: &[i32], scales: &[f32], outputs: &mut [f32]) {
    for (block, outputs) in outputs.chunks_mut(LANES).enumerate() {
        let mut lanes = [0.0; LANES];
        // SAFETY: sums and scales have whole blocks, and there is room for sixteen.
        unsafe {
            let values = values(sums.as_ptr().add(block * LANES), scales.as_ptr().add(block * LANES));
            _mm512_storeu_ps(lanes.as_mut_ptr(), values);
        }
        outputs.copy_from_slice(&lanes[..outputs.len()]);
    }
    normalize(outputs, |outputs, greatest| {
        for outputs in outputs.chunks_mut(8) {
            let mut lanes = [greatest; 8];
            lanes[..outputs.len()].copy_from_slice(outputs);
            // SAFETY: the closure runs within this function, whose caller has seen to the features; eight lanes fit.
            unsafe {
                let less = _mm256_sub_ps(_mm256_loadu_ps(lanes.as_ptr()), _mm256_set1_ps(greatest));
                let clipped = _mm256_max_ps(less, _mm256_set1_ps(-MAX_SOFTMAX_ACTIVATION));
                _mm256_storeu_ps(lanes.as_mut_ptr(), exp(clipped));
            }
            outputs.copy_from_slice(&lanes[..outputs.len()]);
        }
    });
}
