//! How far recognised lines speak for a tax card.
//!
//! Owns the evidence, not the decision: that is [`crate::classify`]'s. It must not know which line gives which field.

use crate::npwp::labels::{Label, LabelledLine, split_label};
use crate::npwp::line::NpwpLine;
use crate::npwp::numbers::is_number_like;
use crate::npwp::wording::{is_authority, is_registration};
use crate::text::line::Line;

/// Whether a line is one that only NPWP cards have near their top.
pub fn speaks_of_npwp(text: &str) -> bool {
    let split = split_label(text);
    matches!(split.label, Some(Label::Number | Label::Sixteen))
        || is_number_like(&split.value)
        || is_authority(text)
}

/// Whether a label or a header is one that no other card has.
pub fn is_own_label(text: &str) -> bool {
    let split = split_label(text);
    let registered = split.label == Some(Label::Other) && is_registration(text);
    (split.label == Some(Label::Number) && split.is_bare_label()) || registered || is_authority(text)
}

/// The evidence for an NPWP card, in points: a number of the right form, its label, the authority's words. `head`:
/// the lines on the band at the top.
pub fn evidence(lines: &[NpwpLine], head: &[Line]) -> u32 {
    let text = |line: &Line| {
        let text = line.text();
        (split_label(&text), text)
    };
    let texts: Vec<(LabelledLine, String)> =
        lines.iter().map(|line| text(&line.line)).chain(head.iter().map(text)).collect();
    let any =
        |test: &dyn Fn(&LabelledLine, &str) -> bool| texts.iter().any(|(split, text)| test(split, text));
    let is_number = |label: Option<Label>| matches!(label, Some(Label::Number | Label::Sixteen));
    let formed =
        any(&|split, _| (split.label.is_none() || is_number(split.label)) && is_number_like(&split.value));
    let named = any(&|split, _| is_number(split.label));
    let registered = any(&|_, text| is_registration(text));
    let authority = any(&|_, text| is_authority(text));
    let labelled = |label: Label| any(&|split, _| split.label == Some(label));
    let nik = any(&|split, _| split.label == Some(Label::Nik) && is_number_like(&split.value));
    let own = named || registered || authority;
    2 * u32::from(formed)
        + 2 * u32::from(named)
        + u32::from(registered)
        + 2 * u32::from(authority || labelled(Label::Place))
        // Many cards have these; with words that only tax cards have, they say that it is a whole one.
        + u32::from(own && nik)
        + u32::from(own && labelled(Label::Name))
}
