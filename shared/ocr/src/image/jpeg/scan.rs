//! One scan of a JPEG: its header, and its coefficients up to its end or to where the data break off.

use super::bits::{Bits, Broken, Huffman};
use super::frame::{BLOCK, Frame};

/// The header of a scan.
pub struct ScanHeader {
    /// Places of its components in the frame, with their DC and AC tables.
    components: Vec<(usize, usize, usize)>,
    /// First and last coefficient.
    first: usize,
    last: usize,
    /// The bit that was sent last, zero for none, and the lowest bit of this scan.
    high: u8,
    low: u8,
}

impl ScanHeader {
    /// From its segment; `None` for one that does not fit the frame.
    pub fn of(data: &[u8], frame: &Frame) -> Option<Self> {
        let (&count, rest) = data.split_first()?;
        let (named, spectral) = rest.split_at_checked(2 * usize::from(count))?;
        let mut components = Vec::new();
        for pair in named.chunks_exact(2) {
            let &[id, tables] = pair.first_chunk()?;
            let place = frame.components.iter().position(|c| c.id == id)?;
            components.push((place, usize::from(tables >> 4), usize::from(tables & 15)));
        }
        let &[first, last, approximation] = spectral.first_chunk()?;
        let (high, low) = (approximation >> 4, approximation & 15);
        if !frame.is_progressive() {
            return (!components.is_empty()).then_some(Self {
                components,
                first: 0,
                last: 63,
                high: 0,
                low: 0,
            });
        }
        let (first, last) = (usize::from(first), usize::from(last));
        // DC alone, or AC of one component.
        let is_proper = if first == 0 { last == 0 } else { first <= last && components.len() == 1 };
        (is_proper && last < BLOCK && low <= 13 && !components.is_empty()).then_some(Self {
            components,
            first,
            last,
            high,
            low,
        })
    }

    /// Whether it holds every component of the frame.
    pub fn holds_all(&self, frame: &Frame) -> bool {
        self.components.len() == frame.components.len()
    }

    /// Marks its coefficients as sent.
    pub fn mark_sent(&self, frame: &mut Frame) {
        for &(place, ..) in &self.components {
            if let Some(sent) =
                frame.components.get_mut(place).and_then(|c| c.sent.get_mut(self.first..=self.last))
            {
                sent.fill(self.low);
            }
        }
    }
}

/// The codes that are in force.
#[derive(Clone, Default)]
pub struct Tables {
    pub dc: [Option<Huffman>; 4],
    pub ac: [Option<Huffman>; 4],
    /// Units between two restarts, zero for none.
    pub restart_interval: usize,
}

/// How far a scan was read.
pub struct ScanRead {
    /// Rows of pixels whose units were all read.
    pub rows: usize,
    /// Whether that is all of it.
    pub is_whole: bool,
    /// Where the next marker begins, or for a scan that breaks off the last byte that can be believed; counted from the first
    /// byte of the data.
    pub end: usize,
}

/// What the decoding of a scan remembers from block to block.
struct State<'a> {
    bits: Bits<'a>,
    predictions: [i32; 4],
    /// Blocks that are still covered by an end-of-band run.
    run: u32,
}

/// Reads a scan. The coefficients go to the frame's components that have room for them.
pub fn read_scan(header: &ScanHeader, tables: &Tables, frame: &mut Frame, data: &[u8]) -> ScanRead {
    let mut state = State { bits: Bits::new(data), predictions: [0; 4], run: 0 };
    let (height, frame_units) = (frame.height, frame.units);
    let alone = match header.components.as_slice() {
        [(place, ..)] => frame.components.get(*place).map(|c| c.own),
        _ => None,
    };
    let (across, down) = alone.unwrap_or(frame_units);
    let mut whole = 0;
    for unit in 0..across * down {
        let (column, row) = (unit % across, unit / across);
        let due = tables.restart_interval;
        if due > 0 && unit > 0 && unit % due == 0 {
            let number = ((unit / due - 1) % 8) as u8;
            if state.bits.restart(number).is_err() {
                break;
            }
            (state.predictions, state.run) = ([0; 4], 0);
        }
        let read = if alone.is_some() {
            read_block(header, tables, frame, &mut state, 0, (column, row))
        } else {
            read_unit(header, tables, frame, &mut state, (column, row))
        };
        if read.is_err() {
            break;
        }
        whole = unit + 1;
    }
    let is_whole = whole == across * down;
    ScanRead {
        rows: if is_whole { height } else { whole / across * height.div_ceil(down) },
        is_whole,
        end: if is_whole { state.bits.marker() } else { state.bits.believed() },
    }
}

/// The blocks of every component in one unit.
fn read_unit(
    header: &ScanHeader,
    tables: &Tables,
    frame: &mut Frame,
    state: &mut State<'_>,
    (column, row): (usize, usize),
) -> Result<(), Broken> {
    for (index, &(place, ..)) in header.components.iter().enumerate() {
        let (across, down) = frame.components.get(place).map(|c| (c.across, c.down)).ok_or(Broken)?;
        for y in 0..down {
            for x in 0..across {
                let at = (column * across + x, row * down + y);
                read_block(header, tables, frame, state, index, at)?;
            }
        }
    }
    Ok(())
}

#[inline]
fn read_block(
    header: &ScanHeader,
    tables: &Tables,
    frame: &mut Frame,
    state: &mut State<'_>,
    index: usize,
    (column, row): (usize, usize),
) -> Result<(), Broken> {
    let &(place, dc, ac) = header.components.get(index).ok_or(Broken)?;
    let is_progressive = frame.is_progressive();
    let component = frame.components.get_mut(place).ok_or(Broken)?;
    let at = component.place(column, row);
    let mut nowhere = [0; BLOCK];
    let block = match component.coefficients.get_mut(at..at + BLOCK) {
        Some(block) => block,
        None => &mut nowhere,
    };
    let prediction = state.predictions.get_mut(index).ok_or(Broken)?;
    let dc = || tables.dc.get(dc).and_then(Option::as_ref).ok_or(Broken);
    let ac = || tables.ac.get(ac).and_then(Option::as_ref).ok_or(Broken);
    if !is_progressive {
        *prediction = prediction.wrapping_add(difference(&mut state.bits, dc()?)?);
        if let Some(first) = block.first_mut() {
            *first = *prediction as i16;
        }
        return sequential(&mut state.bits, ac()?, block);
    }
    match (header.first, header.high) {
        (0, 0) => {
            *prediction = prediction.wrapping_add(difference(&mut state.bits, dc()?)?);
            if let Some(first) = block.first_mut() {
                *first = (*prediction << header.low) as i16;
            }
            Ok(())
        }
        (0, _) => {
            let bit = state.bits.bit()?;
            if let Some(first) = block.first_mut() {
                *first |= i16::from(bit) << header.low;
            }
            Ok(())
        }
        (first, high) => {
            let band = block.get_mut(first..=header.last).ok_or(Broken)?;
            if high == 0 {
                first_pass(state, ac()?, band, header.low)
            } else {
                refinement(state, ac()?, band, header.low)
            }
        }
    }
}

/// The difference of a DC coefficient to the one before.
fn difference(bits: &mut Bits<'_>, code: &Huffman) -> Result<i32, Broken> {
    let size = bits.symbol(code)?;
    if size > 11 { Err(Broken) } else { bits.signed(u32::from(size)) }
}

/// The AC coefficients of a block in a scan that holds all bits.
fn sequential(bits: &mut Bits<'_>, code: &Huffman, block: &mut [i16]) -> Result<(), Broken> {
    let mut k = 1;
    while k < BLOCK {
        let symbol = bits.symbol(code)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => k += 16,
            (_, 0) => return Ok(()),
            _ => {
                k += run;
                *block.get_mut(k).ok_or(Broken)? = bits.signed(size)? as i16;
                k += 1;
            }
        }
    }
    Ok(())
}

/// The first bits of a band of AC coefficients.
fn first_pass(state: &mut State<'_>, code: &Huffman, band: &mut [i16], low: u8) -> Result<(), Broken> {
    if state.run > 0 {
        state.run -= 1;
        return Ok(());
    }
    let mut k = 0;
    while k < band.len() {
        let symbol = state.bits.symbol(code)?;
        let (run, size) = (symbol >> 4, u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => k += 16,
            (_, 0) => {
                state.run = (1 << run) + state.bits.bits(u32::from(run))? - 1;
                return Ok(());
            }
            _ => {
                k += usize::from(run);
                *band.get_mut(k).ok_or(Broken)? = (state.bits.signed(size)? << low) as i16;
                k += 1;
            }
        }
    }
    Ok(())
}

/// One more bit of a band of AC coefficients.
fn refinement(state: &mut State<'_>, code: &Huffman, band: &mut [i16], low: u8) -> Result<(), Broken> {
    let mut k = 0;
    if state.run == 0 {
        while k < band.len() {
            let symbol = state.bits.symbol(code)?;
            let (run, size) = (symbol >> 4, symbol & 15);
            let mut value = 0;
            match (run, size) {
                (15, 0) => {}
                (_, 0) => {
                    state.run = (1 << run) + state.bits.bits(u32::from(run))?;
                    break;
                }
                (_, 1) => value = if state.bits.bit()? { 1 << low } else { -(1 << low) },
                _ => return Err(Broken),
            }
            // So many zeros are passed over; what is no zero gets its bit.
            let mut zeros = run;
            while let Some(coefficient) = band.get_mut(k) {
                k += 1;
                if *coefficient != 0 {
                    refine(&mut state.bits, coefficient, low)?;
                } else if zeros == 0 {
                    *coefficient = value;
                    break;
                } else {
                    zeros -= 1;
                }
            }
        }
    }
    if state.run > 0 {
        for coefficient in band.iter_mut().skip(k).filter(|coefficient| **coefficient != 0) {
            refine(&mut state.bits, coefficient, low)?;
        }
        state.run -= 1;
    }
    Ok(())
}

fn refine(bits: &mut Bits<'_>, coefficient: &mut i16, low: u8) -> Result<(), Broken> {
    if bits.bit()? && *coefficient & (1 << low) == 0 {
        let step = if *coefficient > 0 { 1 << low } else { -(1 << low) };
        *coefficient = coefficient.wrapping_add(step);
    }
    Ok(())
}
