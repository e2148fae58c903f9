//! The network as the model file describes it: a tree of layers (lstm/network.cpp, `CreateFromFile`).

use crate::bytes::Bytes;
use crate::error::ModelError;

/// Layers within layers: no model has more than four.
const MAX_DEPTH: usize = 16;
/// Longer than any side of any matrix (`GENERIC_2D_ARRAY::DeSerializeSize`).
const MAX_SIDE: u32 = u16::MAX as u32;

/// How a layer that is fully connected, or ends an LSTM, makes outputs of sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Tanh,
    Softmax,
}

/// One layer, with those inside it.
#[derive(Debug)]
pub(crate) enum Layer {
    Series(Vec<Layer>),
    /// Pixels: `height` rows of `depth` values.
    Input {
        height: i32,
        width: i32,
        depth: i32,
    },
    /// Neighbours of each place side by side, as inputs of the next layer.
    Convolve {
        inputs: i32,
        half_x: i32,
        half_y: i32,
    },
    MaxPool {
        width: i32,
        height: i32,
    },
    /// Runs the layer inside it with x and y exchanged.
    Transposed(Box<Layer>),
    /// Runs the layer inside it from right to left.
    Reversed(Box<Layer>),
    /// `summary`: only the output at the end of each row counts.
    Lstm {
        inputs: i32,
        states: i32,
        summary: bool,
        gates: Vec<Weights>,
    },
    FullyConnected {
        activation: Activation,
        weights: Weights,
    },
}

/// Weights of a layer: each row those of one output, the last column its bias.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) outputs: usize,
    /// Without the bias.
    pub(crate) inputs: usize,
    /// `outputs` rows of `inputs + 1`
    values: Vec<i8>,
    /// What one unit of the sum of each output is worth.
    pub(crate) scales: Vec<f32>,
}

impl Weights {
    #[cfg(test)]
    pub(crate) fn new(outputs: usize, inputs: usize, values: Vec<i8>, scales: Vec<f32>) -> Self {
        assert!(values.len() == outputs * (inputs + 1) && scales.len() == outputs);
        Self { outputs, inputs, values, scales }
    }

    pub(crate) fn row(&self, output: usize) -> (&[i8], i8) {
        let row = &self.values[output * (self.inputs + 1)..][..=self.inputs];
        (&row[..self.inputs], row[self.inputs])
    }

    /// lstm/weightmatrix.cpp, `DeSerialize`
    fn parse(bytes: &mut Bytes<'_>) -> Result<Self, ModelError> {
        const INT8: u8 = 1;
        const DOUBLE: u8 = 128;
        let mode = bytes.u8()?;
        if mode & INT8 == 0 {
            return Err(ModelError::Unsupported("weights that are not integers".into()));
        }
        if mode & DOUBLE == 0 {
            return Err(ModelError::Unsupported("weights in the format before version 4".into()));
        }
        let (outputs, columns) = (bytes.u32()?, bytes.u32()?);
        if outputs == 0 || columns < 2 || outputs > MAX_SIDE || columns > MAX_SIDE {
            return Err(bytes.damaged("a matrix of impossible size"));
        }
        let (outputs, columns) = (outputs as usize, columns as usize);
        let _value_of_empty_cells = bytes.i8()?;
        let values: Vec<i8> =
            bytes.take(outputs * columns)?.iter().map(|value| value.cast_signed()).collect();
        // Training scales the greatest weight of a row to 127; some instructions could not multiply -128.
        if values.contains(&i8::MIN) {
            return Err(bytes.damaged("a weight of -128"));
        }
        let scale_count = bytes.count(8)?;
        if scale_count < outputs {
            return Err(bytes.damaged("a matrix has too few scales"));
        }
        let mut scales = Vec::with_capacity(outputs);
        for index in 0..scale_count {
            // The factor of activations, which are 127 times what they stand for.
            let scale = (bytes.f64()? / 127.0) as f32;
            if !scale.is_finite() || scale < 0.0 {
                return Err(bytes.damaged("a scale is no positive number"));
            }
            if index < outputs {
                scales.push(scale);
            }
        }
        Ok(Self { outputs, inputs: columns - 1, values, scales })
    }
}

/// `NetworkType`, as old files number it and new ones spell it; only what this engine names in messages or runs.
const TYPES: [&str; 27] = [
    "Invalid",
    "Input",
    "Convolve",
    "Maxpool",
    "Parallel",
    "Replicated",
    "ParBidiLSTM",
    "DepParUDLSTM",
    "Par2dLSTM",
    "Series",
    "Reconfig",
    "RTLReversed",
    "TTBReversed",
    "XYTranspose",
    "LSTM",
    "SummLSTM",
    "Logistic",
    "LinLogistic",
    "LinTanh",
    "Tanh",
    "Relu",
    "Linear",
    "Softmax",
    "SoftmaxNoCTC",
    "LSTMSoftmax",
    "LSTMBinarySoftmax",
    "TensorFlow",
];

impl Layer {
    pub(crate) fn parse(bytes: &mut Bytes<'_>) -> Result<Self, ModelError> {
        Self::parse_within(bytes, 0)
    }

    fn parse_within(bytes: &mut Bytes<'_>, depth: usize) -> Result<Self, ModelError> {
        if depth > MAX_DEPTH {
            return Err(bytes.damaged("layers within layers without end"));
        }
        let name = match bytes.u8()? {
            0 => bytes.string()?,
            number => TYPES.get(number as usize).map(|name| (*name).to_owned()).unwrap_or_default(),
        };
        let _is_training = bytes.u8()?;
        let _needs_to_backprop = bytes.u8()?;
        let flags = bytes.u32()?;
        let inputs = bytes.i32()?;
        let outputs = bytes.i32()?;
        let _weights = bytes.i32()?;
        let _label = bytes.string()?;
        Ok(match name.as_str() {
            "Series" => Self::Series(Self::parse_stack(bytes, flags, depth)?),
            "RTLReversed" | "XYTranspose" => {
                let mut inner = Self::parse_stack(bytes, flags, depth)?;
                let (Some(layer), true) = (inner.pop(), inner.is_empty()) else {
                    return Err(bytes.damaged("a reversed layer must hold one other"));
                };
                if name == "XYTranspose" {
                    Self::Transposed(layer.into())
                } else {
                    Self::Reversed(layer.into())
                }
            }
            "Input" => {
                let _batch = bytes.i32()?;
                let (height, width, depth) = (bytes.i32()?, bytes.i32()?, bytes.i32()?);
                let _loss = bytes.i32()?;
                Self::Input { height, width, depth }
            }
            "Convolve" => Self::Convolve { inputs, half_x: bytes.i32()?, half_y: bytes.i32()? },
            "Maxpool" => Self::MaxPool { width: bytes.i32()?, height: bytes.i32()? },
            "LSTM" | "SummLSTM" => {
                let sources = bytes.i32()?;
                if inputs.checked_add(outputs) != Some(sources) {
                    return Err(ModelError::Unsupported("an LSTM over two dimensions".into()));
                }
                // In this order in the file: cell inputs, input gates, forget gates, output gates.
                let gates = (0..4).map(|_| Weights::parse(bytes)).collect::<Result<Vec<_>, _>>()?;
                let fits = |gate: &Weights| {
                    i32::try_from(gate.outputs) == Ok(outputs) && i32::try_from(gate.inputs) == Ok(sources)
                };
                if !gates.iter().all(fits) {
                    return Err(bytes.damaged("the matrices of an LSTM differ in size"));
                }
                Self::Lstm { inputs, states: outputs, summary: name == "SummLSTM", gates }
            }
            "Tanh" | "Softmax" => {
                let activation = if name == "Tanh" { Activation::Tanh } else { Activation::Softmax };
                let weights = Weights::parse(bytes)?;
                if i32::try_from(weights.outputs) != Ok(outputs)
                    || i32::try_from(weights.inputs) != Ok(inputs)
                {
                    return Err(bytes.damaged("a matrix does not have the size of its layer"));
                }
                Self::FullyConnected { activation, weights }
            }
            known if TYPES.contains(&known) => {
                return Err(ModelError::Unsupported(format!("a layer {known}")));
            }
            _ => return Err(bytes.damaged("an unknown layer")),
        })
    }

    /// lstm/plumbing.cpp, `DeSerialize`
    fn parse_stack(bytes: &mut Bytes<'_>, flags: u32, depth: usize) -> Result<Vec<Self>, ModelError> {
        const HAS_LEARNING_RATES: u32 = 64;
        let count = bytes.count(1)?;
        let mut layers = Vec::new();
        for _ in 0..count {
            layers.push(Self::parse_within(bytes, depth + 1)?);
        }
        if flags & HAS_LEARNING_RATES != 0 {
            let rates = bytes.count(4)?;
            bytes.take(4 * rates)?;
        }
        Ok(layers)
    }

    /// For messages: the name of its type.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Series(_) => "Series",
            Self::Input { .. } => "Input",
            Self::Convolve { .. } => "Convolve",
            Self::MaxPool { .. } => "Maxpool",
            Self::Transposed(_) => "XYTranspose",
            Self::Reversed(_) => "RTLReversed",
            Self::Lstm { summary: false, .. } => "LSTM",
            Self::Lstm { summary: true, .. } => "SummLSTM",
            Self::FullyConnected { activation: Activation::Tanh, .. } => "Tanh",
            Self::FullyConnected { activation: Activation::Softmax, .. } => "Softmax",
        }
    }
}
