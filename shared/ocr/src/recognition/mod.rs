//! Pictures of lines to characters, and which engine does it. Knows no card and no field.

pub(crate) mod ctc;
pub(crate) mod digits;
pub(crate) mod engine;
pub(crate) mod ensemble;
mod params;
mod tesseract;

use crate::recognition::engine::{Engine, EngineConfig, EngineError};
use crate::recognition::tesseract::{NAME, Tesseract};

/// Names of the engines there are; the first is the usual one.
pub const NAMES: &[&str] = &[NAME];

/// Makes the engine of this name and loads its model.
///
/// # Errors
/// There is no engine of this name, or its model cannot be loaded.
pub fn by_name(name: &str, config: &EngineConfig) -> Result<Box<dyn Engine>, EngineError> {
    match name {
        NAME => Ok(Box::new(Tesseract::load(config)?)),
        _ => Err(EngineError::Unknown { name: name.to_owned(), known: NAMES }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_engine_is_refused_with_the_list() {
        let error = by_name("abacus", &EngineConfig::default()).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("no engine is called \"abacus\"; there are: tesseract"));
    }
}
