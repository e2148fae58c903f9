//! The pseudo-random values that stand for what lies outside a line (`TRand` in ccutil/helpers.h): the generator
//! `minstd_rand` of the C++ standard, `x' = 48271 x mod (2^31 - 1)`.

const MODULUS: u64 = (1 << 31) - 1;

/// Begins anew for every line, so that a line always has the same noise.
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    /// lstm/lstmrecognizer.h, `SetRandomSeed`
    pub(crate) fn new(sample_iteration: i32) -> Self {
        let seed = (i64::from(sample_iteration) * 0x1000_0001).cast_unsigned() % MODULUS;
        let mut noise = Self { state: seed.max(1) };
        noise.next();
        noise
    }

    fn next(&mut self) -> u64 {
        self.state = self.state * 48_271 % MODULUS;
        self.state
    }

    /// Between -127 and 127 (`NetworkIO::Randomize`).
    pub(crate) fn activation(&mut self) -> i8 {
        const RANGE: f64 = 127.0;
        let value = RANGE * 2.0 * self.next() as f64 / f64::from(i32::MAX) - RANGE;
        let magnitude = (value.abs() + 0.5) as i8;
        if value < 0.0 { -magnitude } else { magnitude }
    }
}
