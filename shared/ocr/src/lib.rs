//! Image in, fields out: decode, rectify, recognise, parse.

pub mod decode;
pub mod error;
pub mod find;
pub mod normalise;
pub mod quality;
pub mod rectify;
pub mod resample;
