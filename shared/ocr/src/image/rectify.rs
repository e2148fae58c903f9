//! From a card's outline in a picture to a flat, upright card of one fixed size.
//!
//! Owns the geometry: what an outline is, the projective map, the canonical size. It must not know how an outline was
//! found nor what stands on the card.
//!
//! Coordinates: pixel `(0, 0)` covers the square from 0 to 1, so a picture's far corner is `(width, height)`.

use std::fmt;

use image::{GrayImage, RgbImage};

use crate::image::resample::luma;

/// Width of a rectified card: about 14 pixels per millimetre, so that the smallest print has 20 pixel capitals.
pub const CARD_WIDTH: u32 = 1200;
/// Height of a rectified card.
pub const CARD_HEIGHT: u32 = 757;
/// Width over height of an ISO/IEC 7810 ID-1 card, 85.60 mm by 53.98 mm.
pub const CARD_ASPECT: f32 = 85.60 / 53.98;

/// A point in a picture.
pub type Point = (f32, f32);

/// Where a card lies in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CardOutline {
    /// The card's corners, its roundings completed to sharp ones, clockwise from the corner that is taken for the
    /// top left. May lie outside the picture.
    pub corners: [Point; 4],
    /// How much it looks like a card, 0 to 1; 0 for the whole picture.
    pub score: f32,
}

impl CardOutline {
    /// The outline that takes the whole picture for the card. A picture of another shape than a card's is set into
    /// the smallest card-shaped frame around it, so that its content keeps its proportions.
    pub fn whole_image(width: u32, height: u32) -> Self {
        let (w, h) = (width as f32, height as f32);
        let upright = h > w;
        let (long, short) = if upright { (h, w) } else { (w, h) };
        let (long, short) = (long.max(short * CARD_ASPECT), short.max(long / CARD_ASPECT));
        let (frame_w, frame_h) = if upright { (short, long) } else { (long, short) };
        let (x, y) = ((w - frame_w) / 2.0, (h - frame_h) / 2.0);
        let corners = [(x, y), (x + frame_w, y), (x + frame_w, y + frame_h), (x, y + frame_h)];
        let outline = Self { corners, score: 0.0 };
        if upright { outline.turned(3) } else { outline }
    }

    /// The same place read after turning the card by `quarter_turns` clockwise quarter turns: the corner that was top
    /// left becomes top right, and so on.
    #[must_use]
    pub fn turned(&self, quarter_turns: u8) -> Self {
        let mut corners = self.corners;
        corners.rotate_right(usize::from(quarter_turns % 4));
        Self { corners, score: self.score }
    }

    /// Lengths of the four sides: top, right, bottom, left.
    pub fn sides(&self) -> [f32; 4] {
        let [a, b, c, d] = self.corners;
        [distance(a, b), distance(b, c), distance(c, d), distance(d, a)]
    }

    /// Width of the card in pixels of the picture: the mean of its top and bottom.
    pub fn width_px(&self) -> f32 {
        let [top, _, bottom, _] = self.sides();
        (top + bottom) / 2.0
    }

    /// Area in square pixels of the picture.
    pub fn area(&self) -> f32 {
        let [a, b, c, d] = self.corners;
        let cross = |p: Point, q: Point| p.0 * q.1 - q.0 * p.1;
        ((cross(a, b) + cross(b, c) + cross(c, d) + cross(d, a)) / 2.0).abs()
    }

    /// The largest distance by which a corner lies outside a picture of this size, as a share of the card's width.
    pub fn overhang(&self, width: u32, height: u32) -> f32 {
        let out = |v: f32, limit: u32| (-v).max(v - limit as f32).max(0.0);
        let most =
            self.corners.iter().map(|&(x, y)| out(x, width).max(out(y, height))).fold(0.0_f32, f32::max);
        most / self.width_px().max(1.0)
    }
}

pub(crate) fn distance(a: Point, b: Point) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// A projective map of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homography([f64; 9]);

impl Homography {
    /// The map that takes the rectangle `(0, 0)` to `(width, height)` onto a quadrilateral given clockwise from its
    /// top left. `None` if the quadrilateral has no area.
    pub fn from_rectangle(width: f64, height: f64, corners: &[Point; 4]) -> Option<Self> {
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = corners.map(|(x, y)| (f64::from(x), f64::from(y)));
        // Unit square to quadrilateral, in closed form (Heckbert 1989).
        let (dx1, dx2, dx3) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, dy3) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let det = dx1 * dy2 - dx2 * dy1;
        if !det.is_finite() || det.abs() < 1e-6 || width <= 0.0 || height <= 0.0 {
            return None;
        }
        let (g, h) = ((dx3 * dy2 - dx2 * dy3) / det, (dx1 * dy3 - dx3 * dy1) / det);
        let (a, b) = (x1 - x0 + g * x1, x3 - x0 + h * x3);
        let (d, e) = (y1 - y0 + g * y1, y3 - y0 + h * y3);
        Some(Self([a / width, b / height, x0, d / width, e / height, y0, g / width, h / height, 1.0]))
    }

    /// Where a point goes.
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let w = g * x + h * y + i;
        ((a * x + b * y + c) / w, (d * x + e * y + f) / w)
    }

    /// The inverse map, or `None` where there is none.
    pub fn inverse(&self) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
        if !det.is_finite() || det.abs() < 1e-18 {
            return None;
        }
        let m = [
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        Some(Self(m.map(|v| v / det)))
    }
}

/// How many times smaller the flat card in colour is than the one in grey: nobody reads in colour.
pub const COLOUR_SCALE: u32 = 4;

/// A card made flat.
#[derive(Clone)]
pub struct RectifiedCard {
    /// In colour, [`COLOUR_SCALE`] times smaller.
    pub rgb: RgbImage,
    /// Luma, [`CARD_WIDTH`] by [`CARD_HEIGHT`].
    pub luma: GrayImage,
}

/// Without the pixels: they are identity data.
impl fmt::Debug for RectifiedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RectifiedCard").field("size", &self.luma.dimensions()).finish_non_exhaustive()
    }
}

/// Flattens the card. Where the outline leaves the picture, the picture's border is continued. `None` if the outline
/// has no area.
pub fn rectify(image: &RgbImage, outline: &CardOutline) -> Option<RectifiedCard> {
    let rgb = warp(image, outline, CARD_WIDTH / COLOUR_SCALE, CARD_HEIGHT / COLOUR_SCALE)?;
    let gray = luma(image);
    let data = warped::<1>(gray.as_raw(), gray.dimensions(), outline, (CARD_WIDTH, CARD_HEIGHT))?;
    let luma = GrayImage::from_raw(CARD_WIDTH, CARD_HEIGHT, data)?;
    Some(RectifiedCard { rgb, luma })
}

/// Flattens the card to any size, bilinear, with four samples per pixel where the source is much finer.
pub fn warp(image: &RgbImage, outline: &CardOutline, width: u32, height: u32) -> Option<RgbImage> {
    let data = warped::<3>(image.as_raw(), image.dimensions(), outline, (width, height))?;
    RgbImage::from_raw(width, height, data)
}

/// The same for any number of interleaved channels.
fn warped<const N: usize>(
    from: &[u8],
    size: (u32, u32),
    outline: &CardOutline,
    to: (u32, u32),
) -> Option<Vec<u8>> {
    let (width, height) = to;
    let map = Homography::from_rectangle(f64::from(width), f64::from(height), &outline.corners)?;
    if size.0 == 0 || size.1 == 0 || width == 0 || height == 0 {
        return None;
    }
    let samples: &[(f64, f64)] = if outline.width_px() > 1.4 * width as f32 {
        &[(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    } else {
        &[(0.5, 0.5)]
    };
    let mut out = vec![0_u8; width as usize * height as usize * N];
    // Weights of one sample add up to 1 << 14; of one or four samples the mean is taken.
    let shift = 14 + if samples.len() == 4 { 2 } else { 0 };
    let [a, b, c, d, e, f, g, h, i] = map.0;
    let mut sums = vec![[0_u32; N]; width as usize];
    let mut places = vec![(0_u32, 0_u32); width as usize];
    let (last_x, last_y) = ((size.0 - 1) as f32, (size.1 - 1) as f32);
    for (y, row) in out.chunks_exact_mut(width as usize * N).enumerate() {
        sums.fill([1 << (shift - 1); N]);
        for &(ox, oy) in samples {
            // Along a row only the terms in x change.
            let v = y as f64 + oy;
            let (bx, by, bw) = (b * v + c + a * ox, e * v + f + d * ox, h * v + i + g * ox);
            // Within a row single precision places a sample to a thousandth of a pixel.
            let (bx, by, bw) = (bx as f32, by as f32, bw as f32);
            let (a, d, g) = (a as f32, d as f32, g as f32);
            // Borders are continued. Places apart from pixels: so the former are worked out several at a time.
            for (x, place) in places.iter_mut().enumerate() {
                let x = x as f32;
                let w = 1.0 / (bw + g * x);
                let (sx, sy) = ((bx + a * x) * w - 0.5, (by + d * x) * w - 0.5);
                let (sx, sy) = (sx.max(0.0).min(last_x), sy.max(0.0).min(last_y));
                *place = (nearest(sx * PLACES), nearest(sy * PLACES));
            }
            for (sum, &place) in sums.iter_mut().zip(&places) {
                for (s, v) in sum.iter_mut().zip(bilinear::<N>(from, size, place)) {
                    *s += v;
                }
            }
        }
        for (pixel, sum) in row.chunks_exact_mut(N).zip(&sums) {
            for (p, s) in pixel.iter_mut().zip(sum) {
                *p = (*s >> shift) as u8;
            }
        }
    }
    Some(out)
}

/// Places between two pixels: seven bits are more than the corners are known to.
const PLACES: f32 = 128.0;

/// The whole number nearest to one from 0 to 2^22, which no side reaches in [`PLACES`]. Beyond 2^23 a float
/// holds nothing but whole numbers, in its low bits; a cast would be worked out one at a time.
fn nearest(v: f32) -> u32 {
    (v + 8_388_608.0).to_bits() & 0x7f_ffff
}

/// The colour at a position within the picture, in [`PLACES`] of pixel-centre coordinates, times 1 << 14.
fn bilinear<const N: usize>(data: &[u8], size: (u32, u32), (x, y): (u32, u32)) -> [u32; N] {
    // The last pixel lies at the end of the step before it; a picture of one column or row has no step.
    let (x0, y0) = ((x >> 7).min(size.0.saturating_sub(2)), (y >> 7).min(size.1.saturating_sub(2)));
    let (fx, fy) = ((x - (x0 << 7)).min(128), (y - (y0 << 7)).min(128));
    let stride = size.0 as usize * N;
    let right = if size.0 > 1 { N } else { 0 };
    let below = if size.1 > 1 { stride } else { 0 };
    let at = y0 as usize * stride + x0 as usize * N;
    let (Some(upper), Some(lower)) =
        (data.get(at..at + right + N), data.get(at + below..at + below + right + N))
    else {
        return [0; N];
    };
    let (wp, wq) = ((128 - fx) * (128 - fy), fx * (128 - fy));
    let (wr, ws) = ((128 - fx) * fy, fx * fy);
    std::array::from_fn(|k| {
        let of = |line: &[u8], i: usize| line.get(i).copied().map_or(0, u32::from);
        of(upper, k) * wp + of(upper, k + right) * wq + of(lower, k) * wr + of(lower, k + right) * ws
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUAD: [Point; 4] = [(102.0, 80.0), (905.0, 41.0), (960.0, 577.0), (60.0, 610.0)];

    #[test]
    fn corners_go_to_corners_and_back() {
        let map = Homography::from_rectangle(1200.0, 757.0, &QUAD).unwrap();
        let back = map.inverse().unwrap();
        for ((x, y), to) in [(0.0, 0.0), (1200.0, 0.0), (1200.0, 757.0), (0.0, 757.0)].into_iter().zip(QUAD) {
            let (px, py) = map.apply(x, y);
            assert!((px - f64::from(to.0)).abs() < 1e-3 && (py - f64::from(to.1)).abs() < 1e-3);
            let (bx, by) = back.apply(px, py);
            assert!((bx - x).abs() < 1e-6 && (by - y).abs() < 1e-6);
        }
    }

    #[test]
    fn a_flat_outline_has_no_map() {
        assert!(
            Homography::from_rectangle(10.0, 10.0, &[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)])
                .is_none()
        );
        assert!(Homography::from_rectangle(10.0, 10.0, &[(5.0, 5.0); 4]).is_none());
    }

    #[test]
    fn warping_lands_a_mark_where_the_map_says() {
        let map = Homography::from_rectangle(1200.0, 757.0, &QUAD).unwrap();
        let (mx, my) = map.apply(300.0, 200.0);
        let image = RgbImage::from_fn(1000, 700, |x, y| {
            let near = (f64::from(x) - mx).hypot(f64::from(y) - my) < 6.0;
            image::Rgb(if near { [255; 3] } else { [0; 3] })
        });
        let card = rectify(&image, &CardOutline { corners: QUAD, score: 1.0 }).unwrap();
        assert_eq!(card.luma.dimensions(), (CARD_WIDTH, CARD_HEIGHT));
        assert!(card.luma.get_pixel(300, 200).0[0] > 250);
        assert!(card.luma.get_pixel(330, 200).0[0] < 5);
    }

    #[test]
    fn turning_four_times_is_staying() {
        let outline = CardOutline { corners: QUAD, score: 0.5 };
        assert_eq!(outline.turned(4), outline);
        assert_eq!(outline.turned(1).corners[1], QUAD[0]);
        assert_eq!(outline.turned(1).turned(3), outline);
    }

    #[test]
    fn a_whole_image_keeps_its_proportions() {
        for (w, h) in [(800, 600), (600, 800), (1000, 300), (1586, 1000)] {
            let outline = CardOutline::whole_image(w, h);
            let [top, right, bottom, left] = outline.sides();
            assert!((top / right - CARD_ASPECT).abs() < 0.01 && top == bottom && right == left);
            assert!(top >= w.max(h) as f32 - 0.5 && right >= w.min(h) as f32 - 0.5);
        }
    }
}
