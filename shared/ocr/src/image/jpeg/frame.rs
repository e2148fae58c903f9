//! A frame and its components: what the header declares, and where each block of coefficients has its place.

use filot_media::jpeg::Segment;

/// Coefficients of a block.
pub const BLOCK: usize = 64;

/// One component of the picture.
#[derive(Clone, Default)]
pub struct Component {
    /// Its name in scan headers.
    pub id: u8,
    /// Blocks of it in an interleaved unit, across and down.
    pub across: usize,
    pub down: usize,
    /// Which quantisation table it has.
    pub table: u8,
    /// Blocks across and down that hold the picture: what a scan of this component alone has.
    pub own: (usize, usize),
    /// Blocks across and down with those that fill the last units up.
    pub padded: (usize, usize),
    /// Coefficients in zigzag order, block after block; empty where nobody needs them.
    pub coefficients: Vec<i16>,
    /// Per coefficient, the lowest bit that was sent so far; `u8::MAX` before the first.
    pub sent: Vec<u8>,
}

impl Component {
    /// Where the coefficients of a block begin.
    pub fn place(&self, column: usize, row: usize) -> usize {
        (row * self.padded.0 + column) * BLOCK
    }
}

/// The picture as its header declares it.
pub struct Frame {
    /// The marker: baseline, extended or progressive.
    pub marker: u8,
    /// The content of the header.
    pub header: Vec<u8>,
    /// Pixels down.
    pub height: usize,
    /// Units across and down in an interleaved scan.
    pub units: (usize, usize),
    pub components: Vec<Component>,
}

impl Frame {
    /// From its segment; `None` for a header that contradicts itself.
    pub fn of(segment: Segment<'_>) -> Option<Self> {
        let (&[_, h1, h0, w1, w0, count], components) = segment.data.split_first_chunk::<6>()?;
        let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
        let (height, width) = (usize::from(height), usize::from(width));
        let mut components: Vec<Component> = components
            .chunks_exact(3)
            .map(|part| match *part {
                [id, sampling, table] => Component {
                    id,
                    across: usize::from(sampling >> 4),
                    down: usize::from(sampling & 15),
                    table,
                    ..Component::default()
                },
                _ => Component::default(),
            })
            .collect();
        let is_proper =
            |c: &Component| (1..=4).contains(&c.across) && (1..=4).contains(&c.down) && c.table < 4;
        if components.len() != usize::from(count) || !components.iter().all(is_proper) || width * height == 0
        {
            return None;
        }
        if let [only] = components.as_mut_slice() {
            // One component is never interleaved: its sampling says nothing.
            (only.across, only.down) = (1, 1);
        }
        let across = components.iter().map(|c| c.across).max()?;
        let down = components.iter().map(|c| c.down).max()?;
        let units = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        for c in &mut components {
            c.own = ((width * c.across).div_ceil(8 * across), (height * c.down).div_ceil(8 * down));
            c.padded = (units.0 * c.across, units.1 * c.down);
            c.sent = vec![u8::MAX; BLOCK];
        }
        Some(Self { marker: segment.marker, header: segment.data.to_vec(), height, units, components })
    }

    /// Whether the picture comes in several passes.
    pub const fn is_progressive(&self) -> bool {
        self.marker == 0xC2
    }

    /// Blocks of all components.
    pub fn blocks(&self) -> usize {
        self.components.iter().map(|c| c.padded.0 * c.padded.1).sum()
    }

    /// Whether every bit of every coefficient was sent.
    pub fn is_complete(&self) -> bool {
        self.components.iter().all(|c| c.sent.iter().all(|bit| *bit == 0))
    }
}
