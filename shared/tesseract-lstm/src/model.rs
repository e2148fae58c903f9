//! A model, ready to be run.

use std::path::Path;

use crate::component::Component;
use crate::dictionary::Dictionary;
use crate::error::ModelError;
use crate::forward::Plan;
use crate::network::Layer;
use crate::recoder::{Code, Recoder};
use crate::traineddata::Container;
use crate::unicharset::{SPACE, Unicharset};

/// A `.traineddata` file with an LSTM network of integer weights, such as Debian's `tesseract-ocr-ind`.
#[derive(Debug)]
pub struct Model {
    pub(crate) plan: Plan,
    pub(crate) unicharset: Unicharset,
    pub(crate) recoder: Recoder,
    pub(crate) dictionary: Option<Dictionary>,
    /// The output that stands for no character.
    pub(crate) null: Code,
    /// Seeds the noise around lines.
    pub(crate) sample_iteration: i32,
}

impl Model {
    /// # Errors
    /// The file cannot be read, is damaged, or holds a network of another form.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        Self::from_bytes(&std::fs::read(path)?)
    }

    /// # Errors
    /// The bytes are no model, damaged, or hold a network of another form.
    pub fn from_bytes(file: &[u8]) -> Result<Self, ModelError> {
        /// Outputs are codes of characters (`TF_COMPRESS_UNICHARSET`).
        const RECODED: i32 = 64;
        let container = Container::parse(file)?;
        let mut bytes = container.get(Component::Lstm)?;
        let network = Layer::parse(&mut bytes)?;
        let _specification = bytes.string()?;
        let flags = bytes.i32()?;
        let _training_iteration = bytes.i32()?;
        let sample_iteration = bytes.i32()?;
        let null = u32::try_from(bytes.i32()?).map_err(|_| bytes.damaged("the null output is negative"))?;
        if flags & RECODED == 0 {
            return Err(ModelError::Unsupported("a unicharset without codes".to_owned()));
        }
        let plan = Plan::new(network)?;
        let unicharset = Unicharset::parse(
            container.find(Component::Unicharset).ok_or(ModelError::Missing(Component::Unicharset))?,
        )?;
        let mut bytes = container.get(Component::Recoder)?;
        let recoder = Recoder::parse(&mut bytes, unicharset.len(), plan.classes)?;
        if null as usize >= plan.classes {
            return Err(bytes.damaged("the null is no output of the network"));
        }
        // Every language's space is one output, which is no other character's (`LoadRecoder`).
        if !recoder.prefix(0).finals.contains(&(SPACE, SPACE)) {
            return Err(bytes.damaged("it has no space"));
        }
        let dictionary = Dictionary::parse(&container)?;
        Ok(Self { plan, unicharset, recoder, dictionary, null, sample_iteration })
    }

    /// Pixels of a line's height, as the network sees it. An image of this height is not scaled.
    #[must_use]
    pub fn line_height(&self) -> usize {
        self.plan.height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// tests/oracle/lines.py, `tiny_model`
    const TINY: &[u8] = include_bytes!("../tests/fixtures/tiny.traineddata");

    #[test]
    fn a_model_that_ends_too_early_is_refused() {
        let model = Model::from_bytes(TINY).unwrap();
        assert_eq!(model.line_height(), 12);
        let version = 5;
        for length in 0..TINY.len() - version {
            let error = Model::from_bytes(&TINY[..length]).unwrap_err();
            // Without its last components it is a whole model that lacks them.
            let is_explained = matches!(
                error,
                ModelError::Container(_)
                    | ModelError::Damaged { .. }
                    | ModelError::Missing(Component::Recoder)
            );
            assert!(is_explained, "{length}: {error}");
        }
    }

    #[test]
    fn a_model_with_a_wrong_byte_is_refused_or_loads() {
        let mut refused = 0;
        for place in 0..TINY.len() {
            for wrong in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = TINY.to_vec();
                bytes[place] = wrong;
                refused += usize::from(Model::from_bytes(&bytes).is_err());
            }
        }
        // Weights are a third of it, and any are possible.
        assert!(refused > TINY.len(), "{refused}");
    }

    #[test]
    fn a_legacy_model_lacks_the_network() {
        let error = Model::load("/usr/share/tesseract-ocr/5/tessdata/osd.traineddata").unwrap_err();
        assert_eq!(error.to_string(), "the model has no LSTM network");
    }

    #[test]
    fn an_unknown_layer_is_named() {
        let reversed = b"RTLReversed";
        let place = TINY.windows(reversed.len()).position(|window| window == reversed).unwrap();
        let mut bytes = TINY.to_vec();
        bytes[place..][..reversed.len()].copy_from_slice(b"TTBReversed");
        let error = Model::from_bytes(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the network needs what this engine does not have: a layer TTBReversed"
        );
    }
}
