//! Every engine of this machine against the portable one, on sizes that fill no register and values at their limits.

use super::{Kernels, Rows, available, portable};
use crate::forward::packed::PackedWeights;
use crate::network::Weights;

/// `x' = 48271 x mod (2^31 - 1)`, as in `crate::noise`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0
    }

    /// Every fourth at a limit.
    fn weight(&mut self) -> i8 {
        let value = (self.next() % 255) as i64 - 127;
        (match self.next() % 8 {
            0 => -127,
            1 => 127,
            _ => value,
        }) as i8
    }

    fn weights(&mut self, outputs: usize, inputs: usize) -> Weights {
        let values = (0..outputs * (inputs + 1)).map(|_| self.weight()).collect();
        let scales = (0..outputs).map(|_| (self.next() % 1000) as f32 * 1e-6).collect();
        Weights::new(outputs, inputs, values, scales)
    }

    fn sums(&mut self, count: usize) -> Vec<i32> {
        (0..count).map(|_| (self.next() as i64 - (1 << 30)) as i32 >> (self.next() % 30)).collect()
    }
}

fn others() -> impl Iterator<Item = Kernels> {
    available().filter(|kernels| kernels.name != portable::KERNELS.name)
}

#[test]
fn sums_are_those_of_the_portable_engine() {
    let mut random = Random(1);
    for (outputs, inputs, count) in
        [(1, 1, 1), (16, 4, 2), (85, 128, 3), (40, 33, 7), (64, 80, 16), (17, 9, 19)]
    {
        let weights = PackedWeights::new(&[random.weights(outputs, inputs)], inputs, |input| input);
        // Rows are longer than the weights, and what stands behind them has no weight.
        let stride = weights.row_bytes() + 5;
        let rows: Vec<i8> = (0..count * stride).map(|_| random.weight()).collect();
        let multiply = |kernels: Kernels| {
            let bytes: Vec<u8> = rows.iter().map(|value| value.cast_unsigned() ^ kernels.offset).collect();
            let mut sums = vec![0; count * weights.outputs];
            (kernels.multiply)(&weights, Rows { bytes: &bytes, stride, count }, &mut sums);
            sums
        };
        let expected = multiply(portable::KERNELS);
        for kernels in others() {
            assert_eq!(multiply(kernels), expected, "{} {outputs} x {inputs}", kernels.name);
        }
    }
}

#[test]
fn cells_are_those_of_the_portable_engine() {
    let mut random = Random(2);
    for states in [16, 48, 96] {
        let scales: Vec<f32> = (0..4 * states).map(|_| (random.next() % 4000) as f32 * 1e-6).collect();
        let steps: Vec<Vec<i32>> = (0..40).map(|_| random.sums(4 * states)).collect();
        let run = |kernels: Kernels| {
            let (mut state, mut outputs) = (vec![0.0; states], vec![0; states]);
            let mut seen = Vec::new();
            for sums in &steps {
                (kernels.cell)(sums, &scales, &mut state, &mut outputs);
                seen.push(outputs.iter().map(|output| output ^ kernels.offset).collect::<Vec<_>>());
            }
            (seen, state)
        };
        let expected = run(portable::KERNELS);
        for kernels in others() {
            assert!(run(kernels) == expected, "{} {states}", kernels.name);
        }
    }
}

#[test]
fn pooling_is_that_of_the_portable_engine() {
    let mut random = Random(3);
    for (features, padded) in [(16, 16), (3, 16), (20, 32)] {
        let scales: Vec<f32> = (0..padded).map(|_| (random.next() % 1000) as f32 * 1e-6).collect();
        let sums = random.sums(9 * padded);
        let run = |kernels: Kernels| {
            let mut outputs = vec![0; features];
            (kernels.pool_tanh)(&sums, &scales, &mut outputs);
            outputs.iter().map(|output| output ^ kernels.offset).collect::<Vec<_>>()
        };
        let expected = run(portable::KERNELS);
        for kernels in others() {
            assert_eq!(run(kernels), expected, "{} {features}", kernels.name);
        }
    }
}

#[test]
fn softmax_is_that_of_the_portable_engine() {
    let mut random = Random(4);
    for classes in [1, 5, 16, 85, 111] {
        let padded = usize::next_multiple_of(classes, 16);
        let scales: Vec<f32> = (0..padded).map(|_| (random.next() % 1000) as f32 * 1e-6).collect();
        for _ in 0..50 {
            let sums = random.sums(padded);
            let run = |kernels: Kernels| {
                let mut outputs = vec![0.0; classes];
                (kernels.softmax)(&sums, &scales, &mut outputs);
                outputs.iter().map(|output: &f32| output.to_bits()).collect::<Vec<_>>()
            };
            let expected = run(portable::KERNELS);
            for kernels in others() {
                assert_eq!(run(kernels), expected, "{} {classes}", kernels.name);
            }
        }
    }
}
