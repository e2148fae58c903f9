//! Image in, fields out: decode, rectify, recognise, parse.
