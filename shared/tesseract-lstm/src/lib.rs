#![doc = include_str!("../README.md")]

mod beam;
mod bytes;
mod component;
mod dawg;
mod dictionary;
mod engine;
mod error;
mod forward;
mod image;
mod line;
mod math;
mod model;
mod network;
mod noise;
#[cfg(test)]
mod oracle_tests;
mod prepare;
mod recoder;
mod traineddata;
mod unicharset;
mod words;

pub use component::Component;
pub use engine::{Engine, Recognizer};
pub use error::{ImageError, ModelError};
pub use image::{LineImage, MAX_SIDE, PixelFormat};
pub use line::{Alternative, Line, Symbol, Word};
pub use model::Model;
