//! The blood group behind its label: one or two letters and perhaps a sign, too little for a text recogniser.

use crate::glyph::Glyph;
use crate::layout::{Page, Row, Span};

/// What the print behind `Gol. Darah :` looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BloodLook {
    /// `A`, `B`, `AB`, `O`, or nothing before a lone dash; `None` where the letters are not told.
    pub group: Option<&'static str>,
    /// `+` or `-`.
    pub sign: Option<char>,
    /// How like the letters are to the shapes they were taken for, −1 to 1.
    pub like: f32,
}

/// No group is wider, in heights of a capital: `AB` and a sign.
const MAX_WIDTH: f32 = 2.9;
/// Letters less like their shape than this are not told.
const LIKE_ENOUGH: f32 = 0.55;

/// Looks at the end of an extra. `None` if no value stands apart from the label there.
pub(super) fn look(page: &Page, row: Row, span: Span) -> Option<BloodLook> {
    let mut pieces = page.strokes(row, span.left, span.right, 1);
    pieces.retain(|piece| piece.right - piece.left >= 2);
    part_sign(page, row, &mut pieces);
    let glyphs: Vec<(Span, Glyph<'_>)> =
        pieces.iter().filter_map(|piece| Some((*piece, Glyph::of(page, row, *piece)?))).collect();
    let begin = value_begin(&glyphs, row.height())?;
    let value = glyphs.get(begin..)?;
    let (first, last) = (value.first()?, value.last()?);
    let width = (last.0.right - first.0.left) as f32 / row.height().max(1) as f32;
    if width > MAX_WIDTH || begin == 0 {
        return None;
    }
    if value.len() == 1 && first.1.is_dash(row) {
        return Some(BloodLook { group: Some(""), sign: Some('-'), like: 1.0 });
    }
    let sign = match last.1 {
        glyph if glyph.is_dash(row) => Some('-'),
        glyph if glyph.is_plus(row) => Some('+'),
        _ => None,
    };
    let letters = value.get(..value.len() - usize::from(sign.is_some()))?;
    let (group, like) = group_of(letters).unwrap_or((None, 0.0));
    Some(BloodLook { group, sign, like })
}

/// Parts a plus from the letter that it touches.
fn part_sign(page: &Page, row: Row, pieces: &mut Vec<Span>) {
    let high = row.height();
    let Some(last) = pieces.last_mut().filter(|last| (last.right - last.left) * 10 > high * 11) else { return };
    let cut = last.right - high * 6 / 10;
    let plus = Span { left: cut, right: last.right };
    if Glyph::of(page, row, plus).is_some_and(|glyph| glyph.is_plus(row)) {
        last.right = cut;
        pieces.push(plus);
    }
}

/// Which piece the value begins with: the one after the colon, or after the last wide gap.
fn value_begin(glyphs: &[(Span, Glyph<'_>)], high: u32) -> Option<usize> {
    let colon = glyphs.iter().rposition(|(_, glyph)| glyph.is_colon());
    if let Some(at) = colon.filter(|at| at + 1 < glyphs.len()) {
        return Some(at + 1);
    }
    let gap = |pair: &[(Span, Glyph<'_>)]| match pair {
        [(before, _), (after, _)] => (after.left - before.right) * 100 >= high * 28,
        _ => false,
    };
    glyphs.windows(2).rposition(gap).map(|at| at + 1)
}

/// The letters of a group.
fn group_of(letters: &[(Span, Glyph<'_>)]) -> Option<(Option<&'static str>, f32)> {
    let mut seen = String::new();
    let mut least = 1.0_f32;
    for (_, glyph) in letters {
        if glyph.height() < 0.7 {
            // Dirt, or the shadow of a letter.
            continue;
        }
        // Wider than a letter: an A and a B that touch.
        let parts = if glyph.width() > 1.15 { glyph.halves().to_vec() } else { vec![*glyph] };
        for part in parts {
            let (letter, like, _) = part.letter("ABO")?;
            seen.push(letter);
            least = least.min(like);
        }
    }
    let group = ["A", "B", "AB", "O"].into_iter().find(|group| *group == seen);
    Some((group.filter(|_| least >= LIKE_ENOUGH), least))
}
