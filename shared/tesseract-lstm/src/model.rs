//! A model, ready to be run.

use std::path::Path;

use crate::dictionary::Dictionary;
use crate::error::ModelError;
use crate::forward::Plan;
use crate::network::Layer;
use crate::recoder::{Code, Recoder};
use crate::traineddata::{Component, Container};
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
        let recoder = Recoder::parse(&mut bytes, unicharset.len())?;
        if recoder.code_range() as usize > plan.classes || null as usize >= plan.classes {
            return Err(bytes.damaged("it has more codes than the network has outputs"));
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
