//! The network as this engine runs it: a convolution with pooling, an LSTM up each column, LSTMs along the line, and a
//! softmax. Every model of Tesseract's own training has this form.

use super::packed::{LANES, PackedWeights};
use crate::error::ModelError;
use crate::network::{Activation, Layer, Weights};

/// Neighbours that the convolution sees in a column of pixels, and how many columns.
pub(crate) const TAPS: usize = 3;
/// Bytes for the taps of one column, the last one without weight.
pub(crate) const TAP_STRIDE: usize = 4;

/// What the engine computes for a line.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Of the line in pixels.
    pub(crate) height: usize,
    pub(crate) convolution: PackedWeights,
    /// Values that the convolution makes of each place.
    pub(crate) features: usize,
    /// Places of which the greatest value counts.
    pub(crate) pool_width: usize,
    pub(crate) pool_height: usize,
    /// Goes down each column of pooled places; its last output describes the column.
    pub(crate) column: LstmLayer,
    /// Along the columns.
    pub(crate) rows: Vec<RowLayer>,
    pub(crate) softmax: PackedWeights,
    /// Outputs of the network.
    pub(crate) classes: usize,
}

/// An LSTM, its four gates as one matrix over inputs and previous outputs.
#[derive(Debug)]
pub(crate) struct LstmLayer {
    pub(crate) weights: PackedWeights,
    pub(crate) inputs: usize,
    pub(crate) states: usize,
    /// Rounded up to a multiple of [`LANES`].
    pub(crate) padded_states: usize,
}

/// An LSTM along the line.
#[derive(Debug)]
pub(crate) struct RowLayer {
    pub(crate) lstm: LstmLayer,
    pub(crate) from_right: bool,
}

fn unsupported(what: &str) -> ModelError {
    ModelError::Unsupported(what.to_owned())
}

impl Plan {
    pub(crate) fn new(network: Layer) -> Result<Self, ModelError> {
        let mut layers = Vec::new();
        flatten(network, &mut layers);
        let mut layers = layers.into_iter().peekable();
        let mut next = |wanted: &str| layers.next().ok_or_else(|| unsupported(&format!("no layer {wanted}")));

        let height = match next("Input")? {
            Layer::Input { height, width: 0, depth: 1 } if (1..=1024).contains(&height) => {
                height.unsigned_abs() as usize
            }
            Layer::Input { height, width, depth } => {
                return Err(unsupported(&format!("input of shape {height} x {width} x {depth}")));
            }
            other => return Err(unsupported(&format!("{} for Input", other.name()))),
        };
        match next("Convolve")? {
            Layer::Convolve { inputs: 1, half_x: 1, half_y: 1 } => {}
            Layer::Convolve { inputs, half_x, half_y } => {
                return Err(unsupported(&format!(
                    "a convolution of {inputs} inputs, {half_x} x {half_y} around"
                )));
            }
            other => return Err(unsupported(&format!("{} for Convolve", other.name()))),
        }
        let convolution = match next("Tanh")? {
            Layer::FullyConnected { activation: Activation::Tanh, weights }
                if weights.inputs == TAPS * TAPS =>
            {
                weights
            }
            other => return Err(unsupported(&format!("{} behind Convolve", other.name()))),
        };
        let features = convolution.outputs;
        let (pool_width, pool_height) = match next("Maxpool")? {
            Layer::MaxPool { width, height } if (1..=8).contains(&width) && (1..=8).contains(&height) => {
                (width.unsigned_abs() as usize, height.unsigned_abs() as usize)
            }
            other => return Err(unsupported(&format!("{} for Maxpool", other.name()))),
        };
        if height / pool_height == 0 {
            return Err(unsupported("pooling of more rows than there are"));
        }
        let column = match next("XYTranspose")? {
            Layer::Transposed(inner) => match *inner {
                Layer::Lstm { summary: true, inputs, states, gates } => {
                    LstmLayer::new(inputs, states, &gates, features)?
                }
                other => return Err(unsupported(&format!("{} within XYTranspose", other.name()))),
            },
            other => return Err(unsupported(&format!("{} for XYTranspose", other.name()))),
        };
        let mut rows = Vec::new();
        let mut depth = column.states;
        let softmax = loop {
            let (layer, from_right) = match next("Softmax")? {
                Layer::FullyConnected { activation: Activation::Softmax, weights } => break weights,
                Layer::Reversed(inner) => (*inner, true),
                other => (other, false),
            };
            match layer {
                Layer::Lstm { summary: false, inputs, states, gates } => {
                    let lstm = LstmLayer::new(inputs, states, &gates, depth)?;
                    depth = lstm.states;
                    rows.push(RowLayer { lstm, from_right });
                }
                other => return Err(unsupported(&format!("{} along the line", other.name()))),
            }
        };
        if layers.next().is_some() {
            return Err(unsupported("layers behind Softmax"));
        }
        if softmax.inputs != depth {
            return Err(unsupported("layers whose sizes do not fit"));
        }
        let classes = softmax.outputs;
        Ok(Self {
            height,
            convolution: PackedWeights::new(&[convolution], TAPS * TAP_STRIDE, |input| {
                input / TAPS * TAP_STRIDE + input % TAPS
            }),
            features,
            pool_width,
            pool_height,
            column,
            rows,
            softmax: PackedWeights::new(&[softmax], depth, |input| input),
            classes,
        })
    }

    /// Pooled places in a column.
    pub(crate) fn pooled_height(&self) -> usize {
        self.height / self.pool_height
    }
}

impl LstmLayer {
    fn new(inputs: i32, states: i32, gates: &[Weights], depth: usize) -> Result<Self, ModelError> {
        let (Ok(inputs), Ok(states)) = (usize::try_from(inputs), usize::try_from(states)) else {
            return Err(unsupported("an LSTM of negative size"));
        };
        if inputs != depth {
            return Err(unsupported("layers whose sizes do not fit"));
        }
        Ok(Self {
            weights: PackedWeights::new(gates, inputs + states, |input| input),
            inputs,
            states,
            padded_states: states.next_multiple_of(LANES),
        })
    }

    /// Bytes of a row with the inputs of a step and the outputs of the one before, which are written in whole blocks.
    pub(crate) fn row_bytes(&self) -> usize {
        (self.inputs + self.padded_states).max(self.weights.row_bytes())
    }
}

/// A series of series is one series.
fn flatten(layer: Layer, into: &mut Vec<Layer>) {
    match layer {
        Layer::Series(layers) => layers.into_iter().for_each(|layer| flatten(layer, into)),
        other => into.push(other),
    }
}
