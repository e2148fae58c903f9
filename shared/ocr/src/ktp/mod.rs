//! The Indonesian identity card: where its fields stand, and what the text in them means.

pub(crate) mod blood_type;
pub(crate) mod citizenship;
pub(crate) mod field_boxes;
pub(crate) mod fields;
pub(crate) mod gazetteer;
pub(crate) mod labels;
pub(crate) mod nik;
pub(crate) mod read;
pub(crate) mod rows;
