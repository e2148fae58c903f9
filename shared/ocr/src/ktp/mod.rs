//! The Indonesian identity card: where its fields are printed, how they are read, and what their text means.
//!
//! [`layout`] finds the lines, [`read`] recognises them, [`fields`] makes fields of them. It must not know the tax card.

pub(crate) mod alignment;
pub(crate) mod blood_shape;
pub(crate) mod blood_type;
pub(crate) mod citizenship;
pub(crate) mod dates;
pub(crate) mod field_boxes;
pub(crate) mod fields;
pub(crate) mod gazetteer;
pub(crate) mod header;
pub(crate) mod label_shapes;
pub(crate) mod labels;
pub(crate) mod layout;
pub(crate) mod nik;
pub(crate) mod params;
pub(crate) mod portrait;
pub(crate) mod read;
pub(crate) mod row_data;
pub(crate) mod rows;
pub(crate) mod rt_rw;
pub(crate) mod template;
pub(crate) mod value_column;
pub(crate) mod value_evidence;
pub(crate) mod vocabulary;
