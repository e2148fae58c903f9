//! What finding a card was fitted to.
//!
//! Tuned on photographs drawn by `tests/cards/generate.py --styles tuned`. `./dev accuracy --count N --seed S` checks the
//! values on pictures of other styles, and the tests of this stage on drawn scenes.
//!
//! Units: px are pixels of the picture that a structure names; shares are of the card unless another whole is named;
//! scores are from 0 to 1.

use std::f32::consts::PI;
use std::ops::Range;

/// The fitted values of this stage.
pub struct Params {
    /// Which outlines are looked at closely, and which are taken for a card.
    pub search: Search,
    /// What the print in a picture says of where a card lies.
    pub print: Print,
    /// How edges are strengthened.
    pub edges: Edges,
    /// Which lines edges vote for. Strength is in grey levels per px of the small copy.
    pub hough: Hough,
    /// Which lines make a quadrilateral of a card's shape.
    pub quads: Quads,
    /// How a side is moved onto the edge nearby. Colours are in grey levels.
    pub refinement: Refinement,
    /// How much four sides look like a card's. Colours are in grey levels.
    pub sides: Sides,
    /// What is dark and may be print. px are of the copy in which print is looked for.
    pub components: Components,
    /// How characters make lines, and lines blocks. px are of the copy in which print is looked for; heights are
    /// those of characters.
    pub blocks: Blocks,
    /// How well a block of print fits the rows and columns of a KTP.
    pub ktp: KtpPrint,
}

/// Which outlines are looked at closely, and which are taken for a card.
pub struct Search {
    /// Long side, in px, of the small copy in which the outline is searched.
    pub side: u32,
    /// How many quadrilaterals of each edge map are looked at closely.
    pub close_looks: usize,
    /// How many of them are then moved onto their edges with care.
    pub finalists: usize,
    /// From this score on an outline is taken for a card.
    pub min_score: f32,
    /// The score of a picture that has just the shape of a card and shows no outline: most likely it was cropped to
    /// it.
    pub cropped_score: f32,
    /// By how much such a picture's proportions may differ from a card's, as a share of them.
    pub cropped_tolerance: f32,
    /// Long side, in px of the picture, that such a picture has at least.
    pub cropped_side: f32,
    /// In such a picture an outline of a lower score is doubted if it is small.
    pub doubtful_score: f32,
    /// What is small then, as a share of the picture.
    pub doubtful_area: f32,
    /// From this score on an outline that is not the best is worth a look at what is printed inside.
    pub second_score: f32,
    /// How many of them are.
    pub max_others: usize,
    /// How far, as a share, a picture's proportions may be from the usual ones.
    pub usual_proportions: f32,
    /// How many outlines are read of a picture whose width and height were scaled apart.
    pub max_squeezed: usize,
    /// Wider than high by less than this factor, such an outline may have its top at the side.
    pub squeezed_square: f32,
    /// Outlines are the same whose corners are nearer than this share of the longer side.
    pub same_outline: f32,
    /// How far, in px of the small copy, the edges may lie from a quadrilateral.
    pub look_range: f32,
    /// The same for a finalist.
    pub final_range: f32,
    /// How far edges may lie in the picture itself: px of the small copy, and px of the picture at least. Widely
    /// first: in the small copy a shadow beside the card may have looked as sharp as the card's edge.
    pub exact_wide: (f32, f32),
    /// The same in the last step: px of the small copy, and px of the picture at least and at most.
    pub exact_near: (f32, f32, f32),
}

/// What the print in a picture says of where a card lies.
pub struct Print {
    /// So many characters in a picture mean that its print is seen.
    pub seen_characters: f32,
    /// What an outline that is worth reading then holds at least.
    pub least_characters: f32,
    /// Lines of print that run along an edge rise by less than this share of their run.
    pub parallel: f32,
    /// From so many rows and columns in place on a block of print is taken for a KTP's.
    pub least_points: f32,
    /// How many such blocks are read.
    pub most_ktps: usize,
    /// How far edges may lie from where print says they are, as a share of the card's width.
    pub edges_range: f32,
    /// The least range, in px of the small copy, of the second refinement.
    pub edges_near: f32,
    /// From this score on the edges are right rather than the print.
    pub edges_score: f32,
    /// The score of an outline that has no edges.
    pub score: f32,
}

/// How edges are strengthened.
pub struct Edges {
    /// Half the side, in px of the small copy, of the square in which thin dark or bright strokes vanish.
    pub closing_radius: usize,
    /// The picture's border, from which a card's colours differ, is its short side divided by this.
    pub rim: usize,
}

/// Which lines edges vote for. Strength is in grey levels per px of the small copy.
pub struct Hough {
    /// How many degrees an edge's own direction may be off.
    pub angle_spread: isize,
    /// px per step of a line's distance.
    pub distance_step: f32,
    /// How many lines are kept.
    pub max_lines: usize,
    /// Two lines are one only if their directions differ by no more degrees than this.
    pub same_angle: usize,
    /// Two lines are one only if they are nearer, in px, than this.
    pub same_distance: f32,
    /// An edge votes from this strength on: a multiple of the usual one, and what is added to it.
    pub weakest: (f32, f32),
    /// An edge counts no more than one of this strength: one glaring line must not drown the others.
    pub strongest: (f32, f32),
    /// A line has at least this share of the strongest line's votes.
    pub floor: f32,
    /// How many of the strongest are compared with those kept.
    pub most_peaks: usize,
}

/// Which lines make a quadrilateral of a card's shape.
pub struct Quads {
    /// How far apart, in radians, the directions of opposite sides may be.
    pub parallel: f32,
    /// How far from a right angle, in radians, neighbouring sides may be.
    pub square: f32,
    /// Long over short side, as seen.
    pub aspects: Range<f32>,
    /// The same in a picture whose width and height were scaled apart: a card in a picture of 16:9 or 4:3 that was made
    /// 1:1, 3:4 or 2:1.
    pub squeezed_aspects: Range<f32>,
    /// The least share of the picture that a card fills.
    pub min_area: f32,
    /// How far corners may lie outside the picture, as a share of its long side.
    pub max_overhang: f32,
    /// What a border of the picture counts as a side: less than any seen edge should.
    pub border_support: f32,
    /// An edge counts nothing up to the usual strength and this; strength is in grey levels per px.
    pub weak_above: f32,
    /// An edge counts in full from this multiple of the usual strength and what is added to it.
    pub strong: (f32, f32),
    /// How far, in radians, an edge's direction may be off its line's.
    pub same_direction: f32,
    /// Share of a side at each end that is left to the rounded corner.
    pub corner: f32,
    /// How far off, in logarithm, the proportions may be for want of exactness.
    pub aspect_doubt: f32,
    /// How much further for each unit, in logarithm, by which opposite sides differ: foreshortening changes
    /// proportions.
    pub aspect_converging: f32,
    /// And how far at most.
    pub aspect_widest: f32,
    /// Weights of the mean and the least support of the four sides.
    pub support: (f32, f32),
    /// What a score keeps whatever the proportions, and what it gains by them.
    pub aspect: (f32, f32),
    /// The same by the square root of the share of the picture.
    pub size: (f32, f32),
    /// Quadrilaterals are one whose corners are nearer than this, in px of the small copy.
    pub same_corner: f32,
    /// How many of the best are compared with those kept.
    pub most_compared: usize,
}

/// How a side is moved onto the edge nearby. Colours are in grey levels.
pub struct Refinement {
    /// Share of a side at each end that is left to the rounded corner.
    pub corner: f32,
    /// A change of colour counts no more than this: a single bright spot must not rule.
    pub most_change: f32,
    /// What a side loses that moves to the end of the range: without evidence it stays where it is.
    pub stay: f32,
    /// A corner moves by no more than this multiple of the range and what is added, in px.
    pub corner_range: (f32, f32),
    /// The next round's range: a share of this one's, and px at least.
    pub next_range: (f32, f32),
}

/// How much four sides look like a card's. Colours are in grey levels.
pub struct Sides {
    /// Sides that are worse on the mean are none.
    pub least_mean: f32,
    /// Weights of the mean and of the worst side.
    pub sides: (f32, f32),
    /// How far off, in logarithm, the proportions of a refined outline may be for want of exactness.
    pub aspect_doubt: f32,
    /// What a score keeps whatever the proportions, and what it gains by them.
    pub aspect: (f32, f32),
    /// The same by how different the colours on either side are.
    pub apart: (f32, f32),
    /// The same by the outline's size.
    pub size: (f32, f32),
    /// Share of the picture from which on the size counts in full.
    pub full_size: f32,
    /// How far from a side, as shares of the card's height, colours on either side are compared.
    pub rim_depths: [f64; 4],
    /// With fewer pixels on one side there is no evidence either way.
    pub rim_samples: f32,
    /// An edge begins at this multiple of the noise outside and what is added to it.
    pub noise: (f32, f32),
    /// How much further it is an edge for certain: a multiple of the noise and what is added to it.
    pub noise_ramp: (f32, f32),
    /// Two colours differ from the first difference on, and for certain the second further.
    pub parted: (f32, f32),
    /// A shadow's rim is soft: little of its contrast lies within a few px. What is added to the contrast, the
    /// share from which on an edge is crisp, and how much further it is for certain.
    pub crisp: (f32, f32, f32),
    /// The contrast at which an edge counts half as much as it can.
    pub strong: f32,
    /// Weights of being an edge at all, of parting two colours and of contrast.
    pub block: (f32, f32, f32),
}

/// What is dark and may be print. px are of the copy in which print is looked for.
pub struct Components {
    /// A pixel is dark that has less than this share of the light usual about it.
    pub dark: f32,
    /// How far about it, in px.
    pub about: u32,
    /// Fewer dark pixels are a speck.
    pub least_pixels: u32,
    /// Shorter components, in px, are specks too.
    pub shortest: f32,
    /// Longer ones are edges and rules, no words.
    pub longest: f32,
    /// More of them are texture: only the largest are print.
    pub most: usize,
    /// The grey level to which the ground is evened: its own noise stays below white.
    pub ground_level: f32,
}

/// How characters make lines, and lines blocks. px are of the copy in which print is looked for; heights are those of
/// characters.
pub struct Blocks {
    /// Long side, in px, of the copy in which print is looked for: the smallest print of a card that fills half of
    /// it has strokes of one pixel.
    pub side: u32,
    /// How many directions are followed.
    pub directions_followed: usize,
    /// Lines of a block: fewer are no card.
    pub least_lines: usize,
    /// How many blocks are kept.
    pub most_blocks: usize,
    /// Blocks are one whose middles are nearer than this share of their longest line.
    pub same_block: f32,
    /// A component this many times longer than thick is a word, and counts by that, but no more than so often.
    pub word: (f32, f32),
    /// A neighbour is no further than this many times the size, and no larger or smaller than by this factor.
    pub neighbour: (f32, f32),
    /// How high characters are, in px.
    pub heights: (f32, f32),
    /// Beyond this many heights no next character is looked for.
    pub reach: f32,
    /// How far off the line, in heights, the next character may lie.
    pub next_off: f32,
    /// By which factor its height may differ.
    pub next_height: f32,
    /// How far off along the line, in heights, it begins.
    pub next_gap: (f32, f32),
    /// A line is at least this many heights long, and one of two components more.
    pub shortest: (f32, f32),
    /// A short line has no direction of its own: weight of being level.
    pub stiffness: f32,
    /// By which factor the heights of lines of a block may differ.
    pub beside_height: f32,
    /// How far apart along the block, in heights, they may be.
    pub beside_gap: f32,
    /// How far apart across it, in heights: side by side, and one above the other.
    pub beside_off: (f32, f32),
}

/// How well a block of print fits the rows and columns of a KTP.
pub struct KtpPrint {
    /// So many rows of the card's fifteen must be seen.
    pub least_rows: f32,
    /// More lines than this are a page, no card.
    pub most_lines: usize,
    /// How far a row may be from its place, in rows.
    pub row_off: f32,
    /// How far a line above may be from its place, in rows.
    pub above_off: f32,
    /// What a line above counts beside a row.
    pub above_points: f32,
    /// What a line takes that stands nowhere.
    pub stray_points: f32,
    /// The pitches tried: the first and the step, in heights of a character. It is from one and a half to three of
    /// them.
    pub pitches: (f32, f32),
    /// By what share least squares may change the pitch.
    pub pitch_change: f32,
    /// How far off the common direction, as a slope, a line may run in each round of fitting.
    pub run_tolerances: [f32; 3],
    /// How much of a change of slope, of rows and of columns, there is no need of evidence against, as a share of
    /// all weight.
    pub run_doubt: (f32, f32),
    /// The longer a line, the surer its direction: up to so many characters.
    pub longest_counted: f32,
    /// Lines begin in one column within this many heights.
    pub column_near: f32,
    /// The step of the slopes tried for columns.
    pub column_lean: f32,
    /// The second column is at least so many times that far from the first.
    pub column_apart: f32,
    /// Fewer lines in the two columns are none.
    pub column_least: f32,
    /// On the flat block lines begin in one column within this share of the width.
    pub start_near: f32,
    /// What tilt can do to the width that the columns tell.
    pub stretches: Range<f32>,
    /// What a stretch takes, per unit.
    pub stretch_points: f32,
    /// So many lines in both columns are two columns; else there is one.
    pub columns_points: f32,
    /// One column is the values' if at least the second number of lines begins further left by this share of the
    /// width, or fewer than the third in it.
    pub one_column: (f32, f32, f32),
}

/// As fitted.
pub const PARAMS: Params = Params {
    search: Search {
        side: 512,
        close_looks: 24,
        finalists: 6,
        min_score: 0.42,
        cropped_score: 0.43,
        cropped_tolerance: 0.045,
        cropped_side: 300.0,
        doubtful_score: 0.8,
        doubtful_area: 0.4,
        second_score: 0.15,
        max_others: 3,
        usual_proportions: 0.01,
        max_squeezed: 1,
        squeezed_square: 1.3,
        same_outline: 0.06,
        look_range: 5.0,
        final_range: 4.0,
        exact_wide: (4.0, 6.0),
        exact_near: (1.5, 2.0, 4.0),
    },
    print: Print {
        seen_characters: 60.0,
        least_characters: 12.0,
        parallel: 0.2,
        least_points: 22.0,
        most_ktps: 2,
        edges_range: 0.05,
        edges_near: 3.0,
        edges_score: 0.3,
        score: 0.5,
    },
    edges: Edges { closing_radius: 3, rim: 14 },
    hough: Hough {
        angle_spread: 4,
        distance_step: 1.5,
        max_lines: 44,
        same_angle: 3,
        same_distance: 5.0,
        weakest: (1.2, 0.6),
        strongest: (4.0, 6.0),
        floor: 0.04,
        most_peaks: 6000,
    },
    quads: Quads {
        parallel: 24.0 * PI / 180.0,
        square: 34.0 * PI / 180.0,
        aspects: 1.22..2.05,
        squeezed_aspects: 1.0..2.7,
        min_area: 0.05,
        max_overhang: 0.12,
        border_support: 0.45,
        weak_above: 0.8,
        strong: (2.0, 4.0),
        same_direction: 0.22,
        corner: 0.05,
        aspect_doubt: 0.09,
        aspect_converging: 0.4,
        aspect_widest: 0.17,
        support: (0.65, 0.35),
        aspect: (0.35, 0.65),
        size: (0.6, 0.4),
        same_corner: 7.0,
        most_compared: 4000,
    },
    refinement: Refinement {
        corner: 0.075,
        most_change: 120.0,
        stay: 0.05,
        corner_range: (6.0, 2.0),
        next_range: (0.6, 1.5),
    },
    sides: Sides {
        least_mean: 0.2,
        sides: (0.7, 0.3),
        aspect_doubt: 0.12,
        aspect: (0.25, 0.75),
        apart: (0.4, 0.6),
        size: (0.8, 0.2),
        full_size: 0.25,
        rim_depths: [0.03, 0.06, 0.09, 0.12],
        rim_samples: 60.0,
        noise: (1.2, 3.0),
        noise_ramp: (0.8, 10.0),
        parted: (4.0, 16.0),
        crisp: (4.0, 0.35, 0.4),
        strong: 25.0,
        block: (0.3, 0.45, 0.25),
    },
    components: Components {
        dark: 0.90,
        about: 12,
        least_pixels: 6,
        shortest: 3.0,
        longest: 150.0,
        most: 6000,
        ground_level: 200.0,
    },
    blocks: Blocks {
        side: 1024,
        directions_followed: 4,
        least_lines: 5,
        most_blocks: 8,
        same_block: 0.3,
        word: (2.2, 6.0),
        neighbour: (2.2, 2.0),
        heights: (3.0, 48.0),
        reach: 1.6,
        next_off: 0.3,
        next_height: 2.4,
        next_gap: (-0.5, 1.1),
        shortest: (2.2, 4.0),
        stiffness: 4.0,
        beside_height: 2.2,
        beside_gap: 6.0,
        beside_off: (1.2, 3.4),
    },
    ktp: KtpPrint {
        least_rows: 7.0,
        most_lines: 120,
        row_off: 0.28,
        above_off: 0.35,
        above_points: 0.9,
        stray_points: 0.25,
        pitches: (1.3, 0.05),
        pitch_change: 0.06,
        run_tolerances: [0.06, 0.03, 0.02],
        run_doubt: (0.12, 0.05),
        longest_counted: 25.0,
        column_near: 0.6,
        column_lean: 0.025,
        column_apart: 3.0,
        column_least: 5.0,
        start_near: 0.008,
        stretches: 0.86..1.16,
        stretch_points: 8.0,
        columns_points: 7.0,
        one_column: (0.1, 2.0, 4.0),
    },
};
