//! The Indonesian tax card: where its lines are, what each of them holds, and what its text means.
//!
//! [`layout`] finds the lines, [`read`] recognises them and has [`line_roles`] assign their roles, [`fields`] makes fields
//! of them. It must not know the identity card.

pub(crate) mod barcode_mask;
pub(crate) mod evidence;
pub(crate) mod field_boxes;
pub(crate) mod fields;
pub(crate) mod header_band;
pub(crate) mod labels;
pub(crate) mod layout;
pub(crate) mod line;
pub(crate) mod line_roles;
pub(crate) mod numbers;
pub(crate) mod params;
pub(crate) mod read;
pub(crate) mod value_begin;
pub(crate) mod wording;
