//! What the kernels of every processor compute.

use crate::forward::packed::PackedWeights;

/// Rows of inputs side by side in memory.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) bytes: &'a [u8],
    /// From one row to the next.
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

impl Rows<'_> {
    /// Whether `length` bytes of each row lie within the memory.
    pub(super) fn hold(&self, length: usize) -> bool {
        self.count == 0 || (self.count - 1) * self.stride + length <= self.bytes.len()
    }
}

/// `sums[row][output] = start[output] + weights[output] . row`, for rows of at least `row_bytes`.
type Multiply = fn(weights: &PackedWeights, rows: Rows<'_>, sums: &mut [i32]);
/// One step of an LSTM for one row of sums: cell inputs, input gates, forget gates, output gates, each `state.len()` of
/// them. The new outputs overwrite `outputs`.
type Cell = fn(sums: &[i32], scales: &[f32], state: &mut [f32], outputs: &mut [u8]);
/// The greatest of several rows of sums, then tanh, as activations.
type PoolTanh = fn(sums: &[i32], scales: &[f32], outputs: &mut [u8]);
/// Softmax of one row of sums, the first `outputs.len()` of them.
type Softmax = fn(sums: &[i32], scales: &[f32], outputs: &mut [f32]);

/// The kernels of one kind of processor.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    /// As the caller names it.
    pub(crate) name: &'static str,
    /// XORed with the byte of every activation: 0x80 for processors that multiply unsigned with signed bytes.
    pub(crate) offset: u8,
    pub(crate) multiply: Multiply,
    pub(crate) cell: Cell,
    pub(crate) pool_tanh: PoolTanh,
    pub(crate) softmax: Softmax,
}

impl std::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
