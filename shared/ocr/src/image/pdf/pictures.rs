//! The pictures inside a PDF: whether their data hold all of them, and the changes that the renderer needs to read them.
//!
//! Owns the formats of embedded pictures. It must not know what a page looks like.

use std::borrow::Cow;
use std::io::Read as _;

use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::stream::ImageDecodeParams;
use hayro::hayro_syntax::object::{Array, Dict, FromBytes, Name, Object, Stream};
use hayro::hayro_syntax::page::Resources;

use crate::image::jpeg::{is_in_one_scan, read_through};

/// How deep forms may be nested in forms, and how many pictures of a page are looked at.
const MAX_FORM_DEPTH: usize = 4;
const MAX_PICTURES: usize = 64;

/// Begins every JBIG2 file; inside a PDF a file has no header.
const JBIG2_HEADER: &[u8] = b"\x97JB2\r\n\x1a\n";

/// Ends every JBIG2 file: a segment without data, numbered behind all others.
const JBIG2_END: [u8; 11] = [0, 0, 0xFF, 0xFF, END_OF_FILE, 0, 0, 0, 0, 0, 0];
/// The kind of segment that ends a file.
const END_OF_FILE: u8 = 51;

/// The pictures that a page can draw, those of its forms included.
pub fn pictures<'a>(resources: &Resources<'a>) -> Vec<Stream<'a>> {
    let mut found = Vec::new();
    collect(&resources.x_objects, 0, &mut found);
    found
}

fn collect<'a>(x_objects: &Dict<'a>, depth: usize, found: &mut Vec<Stream<'a>>) {
    for name in x_objects.keys() {
        let Some(stream) = x_objects.get::<Stream<'a>>(&name) else { continue };
        if found.len() >= MAX_PICTURES {
            return;
        }
        if is_picture(&stream) {
            // One picture may have many names.
            if found.iter().all(|other| other.obj_id() != stream.obj_id()) {
                found.push(stream);
            }
        } else if depth < MAX_FORM_DEPTH
            && let Some(resources) = stream.dict().get::<Dict<'a>>(keys::RESOURCES)
            && let Some(inner) = resources.get::<Dict<'a>>(keys::XOBJECT)
        {
            collect(&inner, depth + 1, found);
        }
    }
}

pub fn is_picture(stream: &Stream<'_>) -> bool {
    stream.dict().get::<Name<'_>>(keys::SUBTYPE).is_some_and(|subtype| &*subtype == keys::IMAGE)
}

/// Whether the data of a picture hold every row of it. What cannot be decoded at all the renderer says itself.
pub fn is_complete(picture: &Stream<'_>) -> bool {
    let dict = picture.dict();
    let side = |key| dict.get::<u32>(key).unwrap_or_default();
    let (width, height) = (side(keys::WIDTH), side(keys::HEIGHT));
    match picture.filters().last() {
        Some(Filter::DctDecode) => {
            inner_data(picture).is_some_and(|jpeg| read_through(&jpeg).is_ok_and(|jpeg| jpeg.is_complete()))
        }
        Some(Filter::Jbig2Decode) => segments_are_whole(&picture.raw_data()),
        // The end of the code stream is a marker.
        Some(Filter::JpxDecode) => picture.raw_data().trim_ascii_end().ends_with(&[0xFF, 0xD9]),
        Some(Filter::CcittFaxDecode) => {
            let params = ImageDecodeParams { width, height, ..ImageDecodeParams::default() };
            let decoded = picture.decoded_image(&params);
            decoded.is_ok_and(|found| {
                let columns = found.image_data.as_ref().map_or(0, |data| data.width);
                found.data.len() as u64 >= u64::from(columns) * u64::from(height)
            })
        }
        last => {
            let Some(bits) = bits_per_pixel(dict) else { return true };
            let expected = (u64::from(width) * bits).div_ceil(8) * u64::from(height);
            if last == Some(&Filter::FlateDecode) {
                return inner_data(picture)
                    .is_some_and(|data| unpacks_to(&data, expected + predictors(dict, height)));
            }
            picture.decoded_data().is_ok_and(|data| data.len() as u64 >= expected)
        }
    }
}

/// Bytes that say how each row is predicted from the one above.
fn predictors(dict: &Dict<'_>, height: u32) -> u64 {
    let parameters = dict.get::<Dict<'_>>(keys::DECODE_PARMS);
    let predictor = parameters.and_then(|dict| dict.get::<u8>(keys::PREDICTOR));
    if predictor.is_some_and(|predictor| predictor >= 10) { u64::from(height) } else { 0 }
}

/// Whether compressed data unpack to so many bytes at least. Nothing of it is kept.
fn unpacks_to(data: &[u8], expected: u64) -> bool {
    let mut decoder = flate2::read::ZlibDecoder::new(data).take(expected);
    let mut buffer = vec![0; 1 << 16];
    let mut count = 0;
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) | Err(_) => return count >= expected,
            Ok(read) => count += read as u64,
        }
    }
}

/// Whether every filter of a stream is known: the renderer leaves out those that it does not know.
pub fn has_known_filters(stream: &Stream<'_>) -> bool {
    let dict = stream.dict();
    let named = match dict.get::<Object<'_>>(keys::FILTER) {
        Some(Object::Array(names)) => names.iter::<Object<'_>>().count(),
        Some(Object::Name(_)) => 1,
        _ => return true,
    };
    stream.filters().len() == named
}

/// Bits of a pixel, where the colour space says so at once.
fn bits_per_pixel(dict: &Dict<'_>) -> Option<u64> {
    if dict.get::<bool>(keys::IMAGE_MASK) == Some(true) {
        return Some(1);
    }
    let space = dict.get::<Object<'_>>(keys::COLORSPACE)?;
    let (name, array) = match &space {
        Object::Name(name) => (name.to_vec(), None),
        Object::Array(array) => (array.iter::<Name<'_>>().next()?.to_vec(), Some(array)),
        _ => return None,
    };
    let components = match name.as_slice() {
        b"DeviceGray" | b"CalGray" | b"Indexed" | b"Separation" | b"G" | b"I" => 1,
        b"DeviceRGB" | b"CalRGB" | b"Lab" | b"RGB" => 3,
        b"DeviceCMYK" | b"CMYK" => 4,
        b"ICCBased" => profile_components(array?)?,
        _ => return None,
    };
    Some(components * u64::from(dict.get::<u8>(keys::BITS_PER_COMPONENT).unwrap_or(8)))
}

fn profile_components(space: &Array<'_>) -> Option<u64> {
    let profile = space.iter::<Object<'_>>().nth(1)?;
    let Object::Stream(profile) = profile else { return None };
    profile.dict().get::<u8>(keys::N).map(u64::from)
}

/// What the last filter of a picture gets: its data without the filter around them.
fn inner_data<'a>(picture: &Stream<'a>) -> Option<Cow<'a, [u8]>> {
    let raw = picture.raw_data();
    let filters = picture.filters();
    let outer = match filters.as_slice() {
        [_] => return Some(raw),
        [Filter::FlateDecode, _] => "FlateDecode",
        [Filter::Ascii85Decode, _] => "ASCII85Decode",
        [Filter::AsciiHexDecode, _] => "ASCIIHexDecode",
        [Filter::RunLengthDecode, _] => "RunLengthDecode",
        [Filter::LzwDecode, _] => "LZWDecode",
        _ => return None,
    };
    let mut alone = format!("<< /Filter /{outer} /Length {} >>\nstream\n", raw.len()).into_bytes();
    alone.extend_from_slice(&raw);
    alone.extend_from_slice(b"\nendstream");
    let stream = Stream::from_bytes(&alone)?;
    Some(Cow::Owned(stream.decoded_data().ok()?.into_owned()))
}

/// The picture's JPEG in one scan, if it is a file of several: the renderer would misread it.
pub fn in_one_scan(picture: &Stream<'_>) -> Option<Vec<u8>> {
    if picture.filters().as_slice() != [Filter::DctDecode] {
        return None;
    }
    let jpeg = picture.raw_data();
    if is_in_one_scan(&jpeg) { None } else { read_through(&jpeg).ok().map(|jpeg| jpeg.file) }
}

/// Makes JBIG2 files with a header, which other viewers read, into what a PDF should have: the segments alone. The bytes
/// behind them keep their places.
pub fn without_jbig2_headers(pdf: &mut [u8]) {
    let mut from = 0;
    // Every turn goes on behind the stream that it looked at.
    while let Some(at) = pdf.get(from..).and_then(|rest| find(rest, JBIG2_HEADER)) {
        let at = from + at;
        let Some(length) = pdf.get(at..).and_then(|rest| find(rest, b"endstream")) else { return };
        from = at + length;
        let Some(&flags) = pdf.get(at + JBIG2_HEADER.len()) else { return };
        // With a number of pages, unless it is said to be unknown. The order of a file for random access stays as it is.
        let header = JBIG2_HEADER.len() + if flags & 2 == 0 { 5 } else { 1 };
        let is_sequential = flags & 1 == 1;
        // The line end before the keyword is none of the data.
        let data = pdf.get(at..from).unwrap_or_default();
        let data = data.strip_suffix(b"\n").unwrap_or(data);
        let length = data.strip_suffix(b"\r").unwrap_or(data).len();
        if is_sequential
            && length > header
            && let Some(stream) = pdf.get_mut(at..at + length)
        {
            stream.copy_within(header.., 0);
            let behind = stream.get_mut(length - header..).unwrap_or_default();
            behind.fill(b'\n');
            // Where a header would fit, it must be that of an end.
            if let Some(end) = behind.first_chunk_mut::<11>() {
                *end = JBIG2_END;
            }
        }
    }
}

/// Whether every segment of a JBIG2 stream has all its data.
fn segments_are_whole(mut data: &[u8]) -> bool {
    loop {
        let Some(segment) = Jbig2Segment::of(data) else {
            // Less than a header, and nothing but what fills a stream up.
            return data.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0);
        };
        // Only a region may leave its length open.
        let Some(length) = segment.length else { return true };
        match data.get(segment.header + length..) {
            Some(_) if segment.kind == END_OF_FILE => return true,
            Some(rest) => data = rest,
            None => return false,
        }
    }
}

/// The header of a JBIG2 segment.
struct Jbig2Segment {
    kind: u8,
    /// Bytes of the header.
    header: usize,
    /// Bytes of the data.
    length: Option<usize>,
}

impl Jbig2Segment {
    fn of(data: &[u8]) -> Option<Self> {
        let (&number, rest) = data.split_first_chunk::<4>()?;
        let (&[flags, count], _) = rest.split_first_chunk::<2>()?;
        // A short count has its byte, a long one four and a bit for each segment and one more.
        let (count, counted) = match usize::from(count >> 5) {
            7 => {
                let long = u32::from_be_bytes(*rest.get(1..)?.first_chunk::<4>()?) & 0x1FFF_FFFF;
                let count = long as usize;
                (count, 4 + (count + 1).div_ceil(8))
            }
            count => (count, 1),
        };
        let of_each = match u32::from_be_bytes(number) {
            0..=256 => 1,
            257..=65_536 => 2,
            _ => 4,
        };
        let association = if flags & 0x40 == 0 { 1 } else { 4 };
        let header = 5_usize.checked_add(counted)?.checked_add(count.checked_mul(of_each)?)? + association;
        let length = u32::from_be_bytes(*data.get(header..)?.first_chunk::<4>()?);
        let length = (length != u32::MAX).then_some(length as usize);
        Some(Self { kind: flags & 0x3F, header: header + 4, length })
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|found| found == what)
}
