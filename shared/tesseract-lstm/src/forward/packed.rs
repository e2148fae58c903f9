//! Weights in the order in which the kernels read them.

use crate::network::Weights;

/// Outputs that a kernel computes together: the 32-bit lanes of a 512-bit register.
pub(crate) const LANES: usize = 16;
/// Inputs that one instruction multiplies and adds for each output.
pub(crate) const GROUP: usize = 4;

/// A matrix in blocks of [`LANES`] outputs; within a block, groups of [`GROUP`] inputs, and within a group the weights
/// of each output side by side. What is missing at the ends is zero.
#[derive(Debug)]
pub(crate) struct PackedWeights {
    /// A multiple of [`LANES`].
    pub(crate) outputs: usize,
    /// [`GROUP`] inputs each.
    pub(crate) groups: usize,
    /// `outputs / LANES` blocks of `groups` times `LANES * GROUP`
    pub(crate) values: Vec<i8>,
    /// The same in 16 bits, with two groups of half the size for one: for processors that have no sums of four products.
    pub(crate) wide: Vec<i16>,
    /// What each sum begins with: the bias, whose input is 127, that is 1.
    pub(crate) start: Vec<i32>,
    /// The same for inputs that are 128 too high, so that they are not negative.
    pub(crate) start_unsigned: Vec<i32>,
    /// What one unit of each sum is worth; 0 where an output is missing.
    pub(crate) scales: Vec<f32>,
}

impl PackedWeights {
    /// `place` gives the place of each input in a row that the kernel reads; `inputs` is the length of such a row.
    /// Matrices of several gates stand one after the other, each rounded up to whole blocks.
    pub(crate) fn new(matrices: &[Weights], inputs: usize, place: impl Fn(usize) -> usize) -> Self {
        let groups = inputs.div_ceil(GROUP);
        let blocks: usize = matrices.iter().map(|matrix| matrix.outputs.div_ceil(LANES)).sum();
        let outputs = blocks * LANES;
        let mut packed = Self {
            outputs,
            groups,
            values: vec![0; outputs * groups * GROUP],
            wide: vec![0; outputs * groups * GROUP],
            start: vec![0; outputs],
            start_unsigned: vec![0; outputs],
            scales: vec![0.0; outputs],
        };
        let mut first = 0;
        for matrix in matrices {
            for index in 0..matrix.outputs {
                let output = first + index;
                let (weights, bias) = matrix.row(index);
                for (input, weight) in weights.iter().enumerate() {
                    let (group, within) = (place(input) / GROUP, place(input) % GROUP);
                    let block = output / LANES * groups + group;
                    packed.values[(block * LANES + output % LANES) * GROUP + within] = *weight;
                    let half = 2 * block + within / (GROUP / 2);
                    packed.wide[(half * LANES + output % LANES) * (GROUP / 2) + within % (GROUP / 2)] =
                        i16::from(*weight);
                }
                let sum: i32 = weights.iter().copied().map(i32::from).sum();
                packed.start[output] = 127 * i32::from(bias);
                packed.start_unsigned[output] = 127 * i32::from(bias) - 128 * sum;
                packed.scales[output] = matrix.scales[index];
            }
            first += matrix.outputs.next_multiple_of(LANES);
        }
        packed
    }

    /// Bytes of a row of inputs.
    pub(crate) fn row_bytes(&self) -> usize {
        self.groups * GROUP
    }
}
