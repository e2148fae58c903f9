//! PNG: chunks written by hand, with checksums that are right unless the point is that they are not.

use super::bytes::{Draw, crc32, zlib_stored, zlib_zeros};
use super::file::{BadFile, FULL, PNG};
use super::jpeg;

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// As much as a stream of two megabytes can hold.
const BOMB: usize = 2_000_000_000;

pub(super) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [&name[..], data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

fn ihdr(width: u32, height: u32, depth: u8, colour: u8, interlace: u8) -> Vec<u8> {
    let rest = [depth, colour, 0, 0, interlace];
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &rest].concat())
}

fn file(parts: &[&[u8]]) -> Vec<u8> {
    [SIGNATURE, &parts.concat(), &chunk(b"IEND", b"")].concat()
}

fn row_bytes(width: u32, depth: u8, colour: u8) -> usize {
    let samples = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    (width as usize * usize::from(depth) * samples).div_ceil(8)
}

/// A black picture.
pub(super) fn black(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let count = height as usize * (1 + row_bytes(width, depth, colour));
    let palette = chunk(b"PLTE", &[0, 0, 0, 255, 255, 255]);
    let palette = if colour == 3 { palette } else { Vec::new() };
    file(&[&ihdr(width, height, depth, colour, 0), &palette, &chunk(b"IDAT", &zlib_zeros(count.max(1)))])
}

/// A small picture with one of every common extra chunk, so that there is a header to cut.
fn rich() -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..24_u8 {
        rows.push(y % 5);
        // All black, so that a reader has nothing to look at for long.
        rows.extend([0; 96]);
    }
    file(&[
        &ihdr(32, 24, 8, 2, 0),
        &chunk(b"gAMA", &[0, 0, 0xB1, 0x8F]),
        &chunk(b"pHYs", &[0, 0, 0x0B, 0x13, 0, 0, 0x0B, 0x13, 1]),
        &chunk(b"iCCP", &[b"p\0\0".as_slice(), &zlib_stored(b"not a profile")].concat()),
        &chunk(b"tEXt", b"Comment\0hello"),
        &chunk(b"eXIf", &jpeg::tiff(&[jpeg::orientation(6)], 1, 0)),
        &chunk(b"IDAT", &zlib_stored(&rows)),
    ])
}

pub(super) fn make(files: &mut Vec<BadFile>) {
    cuts_and_flips(files);
    headers(files);
    structure(files);
    animations(files);
    bombs(files);
}

fn cuts_and_flips(files: &mut Vec<BadFile>) {
    let whole = rich();
    let header = whole.windows(4).position(|w| w == b"IDAT").unwrap_or_default() + 8;
    for at in 0..=header {
        files.push(BadFile::new("png-header-cut", format!("at {at}"), PNG, whole[..at].to_vec()));
    }
    for at in (header + 1..whole.len()).step_by(97) {
        files.push(BadFile::new("png-data-cut", format!("at {at}"), PNG, whole[..at].to_vec()));
    }
    let mut draw = Draw::new("png flips");
    for i in 0..140 {
        let bad = draw.flipped(&whole, 8, whole.len(), 1 + i % 3);
        files.push(BadFile::new("png-flip", i.to_string(), PNG, bad));
    }
    // A checksum that fits lets the damage through to the decoder.
    for i in 0..60 {
        let bad = mended(&draw.flipped(&whole, 8, whole.len(), 1 + i % 3));
        files.push(BadFile::new("png-flip-mended", i.to_string(), PNG, bad));
    }
}

/// Every checksum made right.
fn mended(file: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    let mut at = SIGNATURE.len();
    while let Some(length) = out.get(at..at + 4).and_then(|b| b.first_chunk()).copied() {
        let end = (at + 8).saturating_add(u32::from_be_bytes(length) as usize);
        let Some(named) = out.get(at + 4..end) else { break };
        let sum = crc32(named).to_be_bytes();
        let Some(place) = out.get_mut(end..end + 4) else { break };
        place.copy_from_slice(&sum);
        at = end + 4;
    }
    out
}

fn headers(files: &mut Vec<BadFile>) {
    let mut push = |what: String, bytes: Vec<u8>| files.push(BadFile::new("png-variant", what, PNG, bytes));
    let idat = chunk(b"IDAT", &zlib_zeros(100_000));
    for colour in 0..=7 {
        for depth in [0, 1, 2, 4, 8, 16, 32] {
            for interlace in [0, 1] {
                let palette = chunk(b"PLTE", &[9; 6]);
                let bytes = file(&[&ihdr(96, 60, depth, colour, interlace), &palette, &idat]);
                push(format!("colour {colour}, {depth} bits, interlace {interlace}"), bytes);
            }
        }
    }
    for interlace in [2, 255] {
        push(format!("interlace {interlace}"), file(&[&ihdr(96, 60, 8, 2, interlace), &idat]));
    }
    for (width, height) in [(0, 0), (0, 9), (9, 0), (1, 1), (1, 16_384), (16_384, 1), (16_385, 1), (3, 5000)]
    {
        push(format!("{width} by {height}"), black(width, height, 8, 0));
    }
    for (width, height) in [
        (u32::MAX, u32::MAX),
        (0x7FFF_FFFF, 1),
        (0x8000_0000, 1),
        (1, u32::MAX),
        (65_536, 65_536),
        (20_000, 20_000),
    ] {
        push(
            format!("{width} by {height}, with little behind it"),
            file(&[&ihdr(width, height, 8, 2, 0), &idat]),
        );
    }
    for length in [0, 1, 12, 14, 25] {
        let header = chunk(
            b"IHDR",
            &[0, 0, 0, 9, 0, 0, 0, 9, 8, 2, 0, 0, 0].iter().copied().cycle().take(length).collect::<Vec<_>>(),
        );
        push(format!("a header of {length} bytes"), file(&[&header, &idat]));
    }
}

fn structure(files: &mut Vec<BadFile>) {
    let header = ihdr(96, 60, 8, 2, 0);
    let rows = 60 * (1 + 96 * 3);
    let good = chunk(b"IDAT", &zlib_zeros(rows));
    let mut push = |what: &str, parts: &[&[u8]]| {
        files.push(BadFile::new("png-structure", what, PNG, [SIGNATURE, &parts.concat()].concat()));
    };
    let end = chunk(b"IEND", b"");
    push("no data", &[&header, &end]);
    push("no header", &[&good, &end]);
    push("no end", &[&header, &good]);
    push("two headers", &[&header, &ihdr(9000, 4000, 8, 2, 0), &good, &end]);
    push("a header behind the data", &[&header, &good, &ihdr(9000, 4000, 8, 2, 0), &good, &end]);
    push("an end before the data", &[&header, &end, &good]);
    push("empty data", &[&header, &chunk(b"IDAT", b""), &end]);
    push("ten thousand empty data chunks", &[&header, &chunk(b"IDAT", b"").repeat(10_000), &good, &end]);
    push("fifty thousand comments", &[&header, &chunk(b"tEXt", b"a\0b").repeat(50_000), &good, &end]);
    push(
        "data in pieces of a byte",
        &[
            &header,
            &zlib_zeros(rows).iter().map(|b| chunk(b"IDAT", &[*b])).collect::<Vec<_>>().concat(),
            &end,
        ],
    );
    push("data in two places", &[&header, &good, &chunk(b"tEXt", b"a\0b"), &good, &end]);
    push("data that is no stream", &[&header, &chunk(b"IDAT", &[0xA5; 500]), &end]);
    push("data that ends early", &[&header, &chunk(b"IDAT", &zlib_zeros(rows / 2)), &end]);
    push("a byte of data", &[&header, &chunk(b"IDAT", &[0x78]), &end]);
    push("filters that do not exist", &[&header, &chunk(b"IDAT", &zlib_stored(&vec![9; rows])), &end]);
    push("a critical chunk nobody knows", &[&header, &chunk(b"XXXX", b"1"), &good, &end]);
    push("a chunk name of no letters", &[&header, &chunk(b"\0\xFF1 ", b"1"), &good, &end]);
    push("a chunk of four gigabytes", &[&header, &[0xFF, 0xFF, 0xFF, 0xFF], b"tEXt", &good, &end]);
    push(
        "data of two gigabytes that are not there",
        &[&header, &[0x7F, 0xFF, 0xFF, 0xFF], b"IDAT", &zlib_zeros(rows)],
    );
    push("a palette of 257", &[&ihdr(96, 60, 8, 3, 0), &chunk(b"PLTE", &[7; 771]), &good, &end]);
    push(
        "a palette of one",
        &[
            &ihdr(96, 60, 8, 3, 0),
            &chunk(b"PLTE", &[7; 3]),
            &chunk(b"IDAT", &zlib_stored(&vec![4; 97 * 60])),
            &end,
        ],
    );
    push(
        "a palette that is no multiple of three",
        &[&ihdr(96, 60, 8, 3, 0), &chunk(b"PLTE", &[7; 5]), &good, &end],
    );
    push("no palette", &[&ihdr(96, 60, 8, 3, 0), &good, &end]);
    push("transparency for nothing", &[&ihdr(96, 60, 8, 3, 0), &chunk(b"tRNS", &[0; 300]), &good, &end]);
    let comment = chunk(b"tEXt", b"a\0b");
    push("a comment with a wrong checksum", &[&header, &comment[..comment.len() - 1], &[0x5A], &good, &end]);
    push("a wrong checksum", &[&header[..header.len() - 1], &[0x5A], &good, &end]);
    for (what, block) in [
        ("exif in a circle", jpeg::tiff(&[jpeg::entry(0x8769, 4, 1, [0, 0, 0, 8])], 1, 8)),
        ("exif that says nine", jpeg::tiff(&[jpeg::orientation(9)], 1, 0)),
        (
            "exif that counts too far",
            jpeg::tiff(&[jpeg::entry(0x0112, 3, u32::MAX, [0, 0, 0, 8])], 65_535, 0),
        ),
        ("empty exif", Vec::new()),
    ] {
        push(what, &[&header, &chunk(b"eXIf", &block), &good, &end]);
    }
}

fn animations(files: &mut Vec<BadFile>) {
    let header = ihdr(96, 60, 8, 2, 0);
    let rows = 60 * (1 + 96 * 3);
    let stream = zlib_zeros(rows);
    let control = |frames: u32| chunk(b"acTL", &[frames.to_be_bytes(), [0; 4]].concat());
    let frame = |number: u32, width: u32, height: u32, x: u32| {
        let numbers = [number, width, height, x, 0].map(u32::to_be_bytes).concat();
        chunk(b"fcTL", &[&numbers[..], &[0, 1, 0, 10, 0, 0]].concat())
    };
    let more = |number: u32| chunk(b"fdAT", &[&number.to_be_bytes()[..], &stream].concat());
    let mut push =
        |what: &str, parts: &[&[u8]]| files.push(BadFile::new("png-animated", what, PNG, file(parts)));
    let data = chunk(b"IDAT", &stream);
    push("two frames", &[&header, &control(2), &frame(0, 96, 60, 0), &data, &frame(1, 96, 60, 0), &more(2)]);
    push("the first frame is not shown", &[&header, &control(1), &data, &frame(0, 96, 60, 0), &more(1)]);
    push("four thousand million frames", &[&header, &control(u32::MAX), &frame(0, 96, 60, 0), &data]);
    push("no frame", &[&header, &control(0), &data]);
    push("a frame larger than the picture", &[&header, &control(1), &frame(0, 60_000, 60_000, 0), &data]);
    push("a frame outside the picture", &[&header, &control(1), &frame(0, 96, 60, u32::MAX), &data]);
    push(
        "numbers out of order",
        &[&header, &control(2), &frame(7, 96, 60, 0), &data, &frame(3, 96, 60, 0), &more(3)],
    );
    let all: Vec<u8> =
        (0..2000).flat_map(|i| [frame(1 + 2 * i, 96, 60, 0), more(2 + 2 * i)].concat()).collect();
    push("two thousand frames", &[&header, &control(2001), &frame(0, 96, 60, 0), &data, &all]);
}

fn bombs(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("png-bomb", what, PNG, bytes));
    let small = ihdr(96, 60, 8, 2, 0);
    let good = chunk(b"IDAT", &zlib_zeros(60 * (1 + 96 * 3)));
    let bomb = zlib_zeros(BOMB);
    push("small sides, two gigabytes of data", file(&[&small, &chunk(b"IDAT", &bomb)]));
    push("forty million pixels", black(8000, 5000, 8, 2));
    push("forty million pixels with alpha", black(8000, 5000, 8, 6));
    push("forty million deep pixels", black(8000, 5000, 16, 2));
    push("forty million deep pixels with alpha", black(8000, 5000, 16, 6));
    push("forty million bits", black(8000, 5000, 1, 0));
    push("forty million colours of a palette", black(8000, 5000, 8, 3));
    push("as wide as may be", black(16_384, 2441, 8, 2));
    push(
        "forty million interlaced pixels",
        file(&[&ihdr(8000, 5000, 8, 2, 1), &chunk(b"IDAT", &zlib_zeros(8000 * 15_100))]),
    );
    push("400 million pixels", black(20_000, 20_000, 1, 0));
    push("400 million colour pixels", black(20_000, 20_000, 8, 2));
    for (name, what) in [(b"iCCP", "profile"), (b"zTXt", "compressed comment")] {
        let data = [b"p\0\0".as_slice(), &bomb[..]].concat();
        push(&format!("a {what} of two gigabytes"), file(&[&small, &chunk(name, &data), &good]));
        push(
            &format!("a {what} of two gigabytes behind the picture"),
            file(&[&small, &good, &chunk(name, &data)]),
        );
        let some = [b"p\0\0".as_slice(), &zlib_zeros(100_000_000)].concat();
        push(
            &format!("ten times a {what} of a hundred megabytes"),
            file(&[&small, &chunk(name, &some).repeat(10), &good]),
        );
    }
    let data = [b"p\0\x01\0\0\0".as_slice(), &bomb[..]].concat();
    push("an international comment of two gigabytes", file(&[&small, &chunk(b"iTXt", &data), &good]));
    push(
        "a comment of nearly two megabytes",
        file(&[&small, &chunk(b"tEXt", &[b"a\0".as_slice(), &vec![b'b'; 2_000_000]].concat()), &good]),
    );
    push(
        "exif of nearly two megabytes",
        file(&[&small, &chunk(b"eXIf", &jpeg::tiff(&vec![jpeg::orientation(6); 65_535], 65_535, 8)), &good]),
    );
    for (what, length) in [("one byte short of full", FULL - 1), ("full", FULL)] {
        let mut bytes = rich();
        bytes.resize(length, 0);
        push(what, bytes);
    }
    let mut bytes = rich();
    bytes.resize(FULL + 1, 0);
    files.push(BadFile::new("too-large", "a PNG and zeros behind it", PNG, bytes));
}
