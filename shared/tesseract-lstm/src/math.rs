//! The functions of real numbers that decide the last bit of a result: `expf` and `logf` as glibc 2.36 computes them,
//! and Tesseract's tables of tanh and the logistic function. None of them depends on the machine's own library.

use std::sync::OnceLock;

/// `2^(i/32)` as bits, less `i << 47`, so that adding `k << 47` for any `k = 32 n + i` gives `2^(k/32)`.
pub(crate) const EXP_TABLE: [u64; 32] = [
    0x3ff0_0000_0000_0000,
    0x3fef_d9b0_d315_8574,
    0x3fef_b558_6cf9_890f,
    0x3fef_9301_d012_5b51,
    0x3fef_72b8_3c7d_517b,
    0x3fef_5487_3168_b9aa,
    0x3fef_387a_6e75_6238,
    0x3fef_1e9d_f51f_dee1,
    0x3fef_06fe_0a31_b715,
    0x3fee_f1a7_373a_a9cb,
    0x3fee_dea6_4c12_3422,
    0x3fee_ce08_6061_892d,
    0x3fee_bfda_d536_2a27,
    0x3fee_b42b_569d_4f82,
    0x3fee_ab07_dd48_5429,
    0x3fee_a47e_b03a_5585,
    0x3fee_a09e_667f_3bcd,
    0x3fee_9f75_e8ec_5f74,
    0x3fee_a114_73eb_0187,
    0x3fee_a589_994c_ce13,
    0x3fee_ace5_422a_a0db,
    0x3fee_b737_b0cd_c5e5,
    0x3fee_c491_82a3_f090,
    0x3fee_d503_b23e_255d,
    0x3fee_e89f_995a_d3ad,
    0x3fee_ff76_f2fb_5e47,
    0x3fef_199b_dd85_529c,
    0x3fef_3720_dcef_9069,
    0x3fef_5818_dcfb_a487,
    0x3fef_7c97_337b_9b5f,
    0x3fef_a4af_a2a4_90da,
    0x3fef_d076_5b6e_4540,
];

/// Adding and taking away this rounds to a whole number.
pub(crate) const EXP_SHIFT: f64 = 6_755_399_441_055_744.0;
/// `32 / ln 2`
pub(crate) const EXP_SCALE: f64 = f64::from_bits(0x3ff7_1547_652b_82fe) * 32.0;
/// A polynomial for `2^(r/32)`, highest power first; the constant is 1.
pub(crate) const EXP_POLYNOMIAL: [f64; 3] = [
    f64::from_bits(0x3fac_6af8_4b91_2394) / 32.0 / 32.0 / 32.0,
    f64::from_bits(0x3fce_bfce_50fa_c4f3) / 32.0 / 32.0,
    f64::from_bits(0x3fe6_2e42_ff0c_52d6) / 32.0,
];

/// e to the power of `x`, for `x` in `[-86, 0]`: the algorithm of glibc 2.36 (sysdeps/ieee754/flt-32/e_expf.c, from
/// Arm's optimized routines), without its handling of other arguments.
pub(crate) fn exp(x: f32) -> f32 {
    let z = EXP_SCALE * f64::from(x);
    let rounded = z + EXP_SHIFT;
    let k = rounded.to_bits();
    let r = z - (rounded - EXP_SHIFT);
    let scale = f64::from_bits(EXP_TABLE[(k % 32) as usize].wrapping_add(k << 47));
    let [c0, c1, c2] = EXP_POLYNOMIAL;
    let high = c0 * r + c1;
    let low = c2 * r + 1.0;
    let y = (high * (r * r) + low) * scale;
    y as f32
}

/// `1/c` and `ln c` as bits, for a `c` near the middle of each sixteenth of the mantissas.
const LOG_TABLE: [(u64, u64); 16] = [
    (0x3ff6_61ec_79f8_f3be, 0xbfd5_7bf7_808c_aade),
    (0x3ff5_71ed_4aaf_883d, 0xbfd2_bef0_a7c0_6ddb),
    (0x3ff4_9539_f0f0_10b0, 0xbfd0_1eae_7f51_3a67),
    (0x3ff3_c995_b0b8_0385, 0xbfcb_31d8_a682_24e9),
    (0x3ff3_0d19_0c88_64a5, 0xbfc6_574f_0ac0_7758),
    (0x3ff2_5e22_7b0b_8ea0, 0xbfc1_aa2b_c79c_8100),
    (0x3ff1_bb4a_4a1a_343f, 0xbfba_4e76_ce8c_0e5e),
    (0x3ff1_2358_f08a_e5ba, 0xbfb1_973c_5a61_1ccc),
    (0x3ff0_953f_4199_00a7, 0xbfa2_52f4_38e1_0c1e),
    (0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000),
    (0x3fee_608c_fd9a_47ac, 0x3faa_a5aa_5df2_5984),
    (0x3fec_a4b3_1f02_6aa0, 0x3fbc_5e53_aa36_2eb4),
    (0x3feb_2036_576a_fce6, 0x3fc5_26e5_7720_db08),
    (0x3fe9_c2d1_63a1_aa2d, 0x3fcb_c286_0d22_4770),
    (0x3fe8_86e6_0378_41ed, 0x3fd1_058b_c8a0_7ee1),
    (0x3fe7_67dc_f553_4862, 0x3fd4_0430_57b6_ee09),
];

/// The natural logarithm of a positive, normal `x`: the algorithm of glibc 2.36 (sysdeps/ieee754/flt-32/e_logf.c, from
/// Arm's optimized routines).
pub(crate) fn ln(x: f32) -> f32 {
    const OFFSET: u32 = 0x3f33_0000;
    const POLYNOMIAL: [f64; 3] = [
        f64::from_bits(0xbfd0_0ea3_48b8_8334),
        f64::from_bits(0x3fd5_575b_0be0_0b6a),
        f64::from_bits(0xbfdf_fffe_f20a_4123),
    ];
    let bits = x.to_bits();
    if bits == 0x3f80_0000 {
        return 0.0;
    }
    let shifted = bits.wrapping_sub(OFFSET);
    let (inverse, log_c) = LOG_TABLE[(shifted >> 19) as usize % 16];
    let exponent = f64::from(shifted.cast_signed() >> 23);
    let mantissa = f64::from(f32::from_bits(bits.wrapping_sub(shifted & 0xff80_0000)));
    let r = mantissa * f64::from_bits(inverse) - 1.0;
    let y0 = f64::from_bits(log_c) + exponent * std::f64::consts::LN_2;
    let [a0, a1, a2] = POLYNOMIAL;
    let r2 = r * r;
    let y = a0 * r2 + (a1 * r + a2);
    (y * r2 + (y0 + r)) as f32
}

/// Entries of each table (`kTableSize` in lstm/functions.h).
pub(crate) const TABLE_SIZE: usize = 4096;
/// Entries for a difference of 1 in the argument (`kScaleFactor`).
pub(crate) const TABLE_SCALE: f32 = 256.0;

/// Values of a function at `index / 256`, and the difference to the next one. The last entry is what every greater
/// argument gives: 1, which changes no more.
pub(crate) type Table = [[f32; 2]; TABLE_SIZE];

/// lstm/functions.cpp
pub(crate) struct Tables {
    pub(crate) tanh: Table,
    pub(crate) logistic: Table,
}

/// Makes the tables at the first call.
pub(crate) fn tables() -> &'static Tables {
    static TABLES: OnceLock<Box<Tables>> = OnceLock::new();
    TABLES.get_or_init(|| {
        Box::new(Tables { tanh: table(f64::tanh), logistic: table(|x| 1.0 / (1.0 + (-x).exp())) })
    })
}

fn table(function: fn(f64) -> f64) -> Table {
    let at = |index: u32| function(f64::from(index) / f64::from(TABLE_SCALE)) as f32;
    let mut table = [[1.0, 0.0]; TABLE_SIZE];
    for (index, entry) in (0..).zip(&mut table[..TABLE_SIZE - 1]) {
        *entry = [at(index), at(index + 1) - at(index)];
    }
    table
}

/// Linear interpolation in a table, for `x >= 0` (`Tanh` and `Logistic` in lstm/functions.h).
fn interpolate(table: &Table, x: f32) -> f32 {
    let x = (x * TABLE_SCALE).min((TABLE_SIZE - 1) as f32);
    let index = x as usize;
    let [value, difference] = table[index];
    let fraction = x - index as f32;
    value + difference * fraction
}

pub(crate) fn tanh(tables: &Tables, x: f32) -> f32 {
    if x < 0.0 { -interpolate(&tables.tanh, -x) } else { interpolate(&tables.tanh, x) }
}

pub(crate) fn logistic(tables: &Tables, x: f32) -> f32 {
    if x < 0.0 { 1.0 - interpolate(&tables.logistic, -x) } else { interpolate(&tables.logistic, x) }
}

/// To the nearest whole number, halves away from zero (`IntCastRounded` in ccutil/helpers.h).
pub(crate) fn round(x: f32) -> i32 {
    let magnitude = (x.abs() + 0.5) as i32;
    if x < 0.0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fnv(values: impl Iterator<Item = u32>) -> u64 {
        values
            .flat_map(u32::to_le_bytes)
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }

    /// The checksums are those of lstm/functions.cpp of Tesseract 5.3.0, its literals read as floats.
    #[test]
    fn tables_are_those_of_tesseract() {
        let tables = tables();
        let values = |table: &Table| fnv(table[..TABLE_SIZE - 1].iter().map(|entry| entry[0].to_bits()));
        assert_eq!(values(&tables.tanh), 0xdd87_eac6_75fd_a6bc);
        assert_eq!(values(&tables.logistic), 0x8f4f_4c87_d587_546f);
    }

    /// Compared with this machine's library, which on Linux for x86-64 is glibc: every 97th float (all of them were
    /// compared once).
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    fn exp_and_ln_are_those_of_glibc() {
        for bits in (0..=86.0_f32.to_bits()).step_by(97) {
            let x = -f32::from_bits(bits);
            assert_eq!(exp(x).to_bits(), x.exp().to_bits(), "exp {x:e}");
        }
        for bits in (1e-9_f32.to_bits()..=3.0_f32.to_bits()).step_by(97) {
            let x = f32::from_bits(bits);
            assert_eq!(ln(x).to_bits(), x.ln().to_bits(), "ln {x:e}");
        }
    }
}
