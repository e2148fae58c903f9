//! The blood group by its shape: one or two letters and perhaps a sign, too little for a text recogniser.
//!
//! Owns the search for the group behind its label and the shapes of its characters. It must not know what a recogniser
//! made of them.

use crate::correction::glyph::Glyph;
use crate::ktp::params::PARAMS;
use crate::ktp::template::TEMPLATE;
use crate::page::{Page, Row, Span};

/// The shape of the print behind `Gol. Darah :`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BloodShape {
    /// `A`, `B`, `AB`, `O`, or nothing before a lone dash; `None` where the shapes do not identify the letters.
    pub group: Option<&'static str>,
    /// `+` or `-`.
    pub sign: Option<char>,
    /// Correlation of the letters with the shapes of `group`, −1 to 1.
    pub correlation: f32,
    /// What is to be read as words as well, such as `TDK TAHU`: the value behind the colon, or label and value together
    /// where no colon parts them.
    pub words: Option<Span>,
    /// Whether the value is longer than any group: it is words and nothing else.
    pub is_longer_than_group: bool,
}

const NO_GROUP: BloodShape =
    BloodShape { group: None, sign: None, correlation: 0.0, words: None, is_longer_than_group: false };

const LONE_DASH: BloodShape = BloodShape { group: Some(""), sign: Some('-'), correlation: 1.0, ..NO_GROUP };

/// The blood group at the end of an extra, by its shape. `None` if no value stands apart from the label there.
pub(crate) fn blood_shape(page: &Page, row: Row, span: Span) -> Option<BloodShape> {
    let mut pieces = page.strokes(row, span.left, span.right, 1);
    pieces.retain(|piece| piece.right - piece.left >= 2);
    beside_portrait(page, row, &mut pieces);
    separate_plus(page, row, &mut pieces);
    let glyphs: Vec<(Span, Glyph<'_>)> =
        pieces.iter().filter_map(|piece| Some((*piece, Glyph::of(page, row, *piece)?))).collect();
    if let Some((colon, _)) = glyphs.iter().rfind(|(_, glyph)| glyph.is_colon())
        && glyphs.last().is_some_and(|(last, _)| last.right < colon.right + row.height())
        && faint_dash(page, row, colon.right, row.height() * 6 / 5)
    {
        return Some(LONE_DASH);
    }
    let begin = value_begin(&glyphs, row.height());
    let words = begin.and_then(|begin| words_at(row, span, &glyphs, begin));
    let shape = group_shape(page, row, &glyphs, begin);
    let Some((words, longer)) = words else { return shape };
    // Behind a dash there are no words: what was taken for them is the label.
    let is_longer_than_group = longer && shape != Some(LONE_DASH);
    let shape = shape.filter(|_| !is_longer_than_group).unwrap_or(NO_GROUP);
    Some(BloodShape { words: Some(words), is_longer_than_group, ..shape })
}

/// The group and its sign by their shapes. `begin`: the glyph with which the value begins.
fn group_shape(
    page: &Page,
    row: Row,
    glyphs: &[(Span, Glyph<'_>)],
    begin: Option<usize>,
) -> Option<BloodShape> {
    let end = glyphs.last()?;
    let Some(begin) = begin else {
        return behind_label(page, row, end).then_some(LONE_DASH);
    };
    let value = glyphs.get(begin..)?;
    let first = value.first()?;
    if in_capitals(row, end.0.right - first.0.left) > PARAMS.blood_width_max || begin == 0 {
        // What was taken for the value is the label's last word.
        return behind_label(page, row, end).then_some(LONE_DASH);
    }
    if value.len() == 1 && first.1.is_dash(row) {
        return Some(LONE_DASH);
    }
    let is_letter =
        |glyph: &Glyph<'_>| glyph.height() >= PARAMS.blood_letter_height_min && !glyph.is_plus(row);
    let last = value.iter().rposition(|(_, glyph)| is_letter(glyph))?;
    let letters = value.get(..=last)?;
    let sign = match (sign_behind(page, row, letters.last()?.0.right), &end.1) {
        (None, glyph) if glyph.is_dash(row) => Some('-'),
        (_, glyph) if glyph.is_plus(row) => Some('+'),
        (seen, _) => seen,
    };
    let (group, correlation) = group_of(letters).unwrap_or((None, 0.0));
    Some(BloodShape { group, sign, correlation, ..NO_GROUP })
}

fn in_capitals(row: Row, width: u32) -> f32 {
    width as f32 / row.height().max(1) as f32
}

/// Print that may be words instead of a group, and whether it cannot be a group. Letters may have run together, and what
/// stands before a gap instead of a colon may be the end of the label.
fn words_at(row: Row, span: Span, glyphs: &[(Span, Glyph<'_>)], begin: usize) -> Option<(Span, bool)> {
    let behind_colon =
        begin.checked_sub(1).and_then(|at| glyphs.get(at)).is_some_and(|(_, glyph)| glyph.is_colon());
    if !behind_colon {
        let wide = in_capitals(row, span.right - span.left) > PARAMS.blood_extra_width_max;
        return wide.then_some((span, false));
    }
    let value = glyphs.get(begin..)?;
    let (first, last) = (value.first()?.0, value.last()?.0);
    let is_letter =
        |glyph: &Glyph<'_>| glyph.height() >= PARAMS.blood_letter_height_min && !glyph.is_plus(row);
    let letters: Vec<f32> =
        value.iter().filter(|(_, glyph)| is_letter(glyph)).map(|(_, glyph)| glyph.width()).collect();
    let width: f32 = letters.iter().sum();
    let (of_several, of_any) = PARAMS.blood_letters_width;
    let certain = (letters.len() >= 3 && width > of_several)
        || in_capitals(row, last.right - first.left) > PARAMS.blood_width_max;
    (certain || width > of_any).then_some((Span { left: first.left, right: last.right }, certain))
}

/// Adds the pieces close behind the last one: the end of a group that the portrait's margin cut off.
fn beside_portrait(page: &Page, row: Row, pieces: &mut Vec<Span>) {
    let Some(last) = pieces.last().copied() else { return };
    let high = row.height();
    let right = (TEMPLATE.portrait_left_max * page.width() as f32) as u32;
    for piece in page.strokes(row, last.right, right, 1).into_iter().take(2) {
        let end = pieces.last().map_or(0, |last| last.right);
        let is_glyph = piece.left < end + high / 2 && (piece.right - piece.left) * 10 < high * 12;
        if !is_glyph || piece.right == right {
            return;
        }
        match pieces.last_mut() {
            // The margin ran through a letter.
            Some(last) if piece.left <= last.right => last.right = piece.right,
            _ => pieces.push(piece),
        }
    }
}

/// Whether a lone dash stands behind the label that ends in this glyph.
fn behind_label(page: &Page, row: Row, (end, glyph): &(Span, Glyph<'_>)) -> bool {
    glyph.is_dash(row) || faint_dash(page, row, end.right, row.height() * 26 / 10)
}

/// The sign behind the letters, by its shape in gray: blur leaves less ink of it than of a letter, or breaks it in two.
fn sign_behind(page: &Page, row: Row, letter: u32) -> Option<char> {
    let high = row.height();
    let left = letter + (high / 12).max(1);
    let right =
        (left + high).min((TEMPLATE.portrait_left_max * page.width() as f32) as u32).min(page.width());
    let (mut mass, mut mx, mut my, mut xx, mut yy) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    for y in row.top..row.bottom.min(page.height()) {
        for x in left..right {
            let dark = f32::max(f32::from(255 - page.gray.get_pixel(x, y).0[0]) - PARAMS.paper_darkness, 0.0);
            let at = |offset: u32| offset as f32 / high.max(1) as f32;
            let (x, y) = (at(x - left), at(y - row.top));
            mass += dark;
            mx += dark * x;
            my += dark * y;
            xx += dark * x * x;
            yy += dark * y * y;
        }
    }
    let area = mass / 255.0 / (high * high).max(1) as f32;
    let (mx, my) = (mx / mass.max(1.0), my / mass.max(1.0));
    let (sx, sy) =
        ((xx / mass.max(1.0) - mx * mx).max(0.0).sqrt(), (yy / mass.max(1.0) - my * my).max(0.0).sqrt());
    // Less ink is dirt; wider, higher or more distant ink is another letter.
    let is_sign =
        area >= 0.012 && (0.1..=0.6).contains(&mx) && (0.25..=0.9).contains(&my) && sx <= 0.24 && sy <= 0.2;
    is_sign.then_some(if sy >= PARAMS.plus_spread_min { '+' } else { '-' })
}

/// Whether a stroke too faint for ink stands half way up behind a colon, and nothing above or below it.
fn faint_dash(page: &Page, row: Row, colon: u32, reach: u32) -> bool {
    let high = row.height();
    let darkness = |left: u32, from: u32, to: u32| {
        let part = Row { top: row.top + from, bottom: row.top + to };
        page.darkness(part, Span { left, right: left + (high / 4).max(3) })
    };
    (high / 5..=reach).any(|off| {
        let left = colon + off;
        let middle = darkness(left, high * 4 / 10, high * 7 / 10);
        let around = darkness(left, 0, high / 4).max(darkness(left, high * 8 / 10, high));
        middle > 28.0 && middle > 3.0 * around
    })
}

/// Separates a plus from the letter that it touches.
fn separate_plus(page: &Page, row: Row, pieces: &mut Vec<Span>) {
    let high = row.height();
    let Some(last) = pieces.last_mut().filter(|last| (last.right - last.left) * 10 > high * 11) else {
        return;
    };
    let cut = last.right - high * 6 / 10;
    let plus = Span { left: cut, right: last.right };
    if Glyph::of(page, row, plus).is_some_and(|glyph| glyph.is_plus(row)) {
        last.right = cut;
        pieces.push(plus);
    }
}

/// The piece with which the value begins: the one after the colon, or after the last wide gap.
fn value_begin(glyphs: &[(Span, Glyph<'_>)], high: u32) -> Option<usize> {
    let colon = glyphs.iter().rposition(|(_, glyph)| glyph.is_colon());
    if let Some(at) = colon.filter(|at| at + 1 < glyphs.len()) {
        return Some(at + 1);
    }
    // Without a colon: a gap that is wider than those between letters.
    let gaps: Vec<u32> =
        glyphs.iter().zip(glyphs.iter().skip(1)).map(|(a, b)| b.0.left - a.0.right).collect();
    let mut sorted = gaps.clone();
    sorted.sort_unstable();
    let usual = sorted.get(sorted.len() / 2).copied()?;
    gaps.iter().rposition(|gap| gap * 100 >= high * 14 && *gap >= usual * 2).map(|at| at + 1)
}

/// The letters of a group.
fn group_of(letters: &[(Span, Glyph<'_>)]) -> Option<(Option<&'static str>, f32)> {
    let mut seen = String::new();
    let mut least = 1.0_f32;
    for (_, glyph) in letters {
        if glyph.height() < PARAMS.blood_letter_height_min {
            // Dirt, or the shadow of a letter.
            continue;
        }
        // Wider than a letter: an A and a B that touch.
        let parts = if glyph.width() > 1.15 { glyph.halves().to_vec() } else { vec![*glyph] };
        for part in parts {
            let (letter, correlation) = part.letter()?;
            seen.push(letter);
            least = least.min(correlation);
        }
    }
    let group = ["A", "B", "AB", "O"].into_iter().find(|group| *group == seen);
    Some((group.filter(|_| least >= PARAMS.blood_correlation_min), least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    #[test]
    fn the_spread_of_a_faint_sign_says_which_it_is() {
        let plus = |x: u32, y: u32| if x.abs_diff(109) + y.abs_diff(10) < 6 { 90 } else { 0 };
        let (card, row) = drawn(plus);
        assert_eq!(sign_behind(&card, row, 101), Some('+'));
        let dash = |x: u32, y: u32| if (104..111).contains(&x) && (10..13).contains(&y) { 90 } else { 0 };
        let (card, row) = drawn(dash);
        assert_eq!(sign_behind(&card, row, 101), Some('-'));
        let letter = |x: u32, _: u32| if (104..116).contains(&x) { 90 } else { 0 };
        let (card, row) = drawn(letter);
        assert_eq!(sign_behind(&card, row, 101), None);
        let (card, row) = drawn(|_, _| 0);
        assert_eq!(sign_behind(&card, row, 101), None);
    }

    #[test]
    fn a_faint_dash_behind_a_faint_colon_is_seen() {
        let print = |x: u32, y: u32| match x {
            108..111 if (7..10).contains(&y) || (16..20).contains(&y) => 60,
            122..129 if (9..13).contains(&y) => 80,
            _ => 0,
        };
        let (card, row) = drawn(print);
        assert!(faint_dash(&card, row, 100, 52));
        assert!(!faint_dash(&card, row, 100, 12));
        let (card, row) = drawn(|x, y| if (122..129).contains(&x) && y >= 2 { 80 } else { 0 });
        assert!(!faint_dash(&card, row, 100, 52));
    }
}
