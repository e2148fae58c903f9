//! The Indonesian tax card: which line is what, and what the text in it means.

pub(crate) mod barcode_mask;
pub(crate) mod field_boxes;
pub(crate) mod fields;
pub(crate) mod header_band;
pub(crate) mod labels;
pub(crate) mod line_roles;
pub(crate) mod read;
