//! JPEG: a plain grey one of any size written by hand, and the two cards.

use super::bytes::Draw;
use super::file::{BadFile, FULL, JPEG, KTP, NPWP};

pub(super) fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() + 2).min(0xFFFF) as u16;
    [&[0xFF, marker][..], &length.to_be_bytes(), data].concat()
}

/// The parts of a picture that is all one grey. Its codes have one bit, and all bits of the picture are zero.
struct Parts {
    frame_marker: u8,
    precision: u8,
    width: u16,
    height: u16,
    components: u8,
    sampling: u8,
}

impl Default for Parts {
    fn default() -> Self {
        Self { frame_marker: 0xC0, precision: 8, width: 640, height: 400, components: 1, sampling: 0x11 }
    }
}

impl Parts {
    fn sized(width: u16, height: u16) -> Self {
        Self { width, height, ..Self::default() }
    }

    fn tables() -> Vec<u8> {
        let mut quantities = vec![0];
        quantities.extend([1; 64]);
        let huffman = |class: u8| {
            let mut table = vec![class, 1];
            table.extend([0; 15]);
            table.push(0);
            segment(0xC4, &table)
        };
        [segment(0xDB, &quantities), huffman(0x00), huffman(0x10)].concat()
    }

    fn frame(&self) -> Vec<u8> {
        let mut data = vec![self.precision];
        data.extend(self.height.to_be_bytes());
        data.extend(self.width.to_be_bytes());
        data.push(self.components);
        data.extend((1..=self.components).flat_map(|id| [id, self.sampling, 0]));
        segment(self.frame_marker, &data)
    }

    fn scan(&self, spectral: [u8; 3]) -> Vec<u8> {
        let mut data = vec![self.components];
        data.extend((1..=self.components).flat_map(|id| [id, 0x00]));
        data.extend(spectral);
        segment(0xDA, &data)
    }

    /// Enough zero bits for every block of every component.
    fn picture(&self) -> Vec<u8> {
        let blocks = usize::from(self.width).div_ceil(8) * usize::from(self.height).div_ceil(8);
        vec![0; (2 * blocks * usize::from(self.components)).div_ceil(8)]
    }

    fn header(&self) -> Vec<u8> {
        [Self::tables(), self.frame(), self.scan([0, 63, 0])].concat()
    }

    fn file(&self) -> Vec<u8> {
        self.file_with(&[])
    }

    fn file_with(&self, before: &[u8]) -> Vec<u8> {
        [&[0xFF, 0xD8][..], before, &self.header(), &self.picture(), &[0xFF, 0xD9]].concat()
    }
}

/// A grey picture that every decoder reads.
pub(super) fn plain(width: u16, height: u16) -> Vec<u8> {
    Parts::sized(width, height).file()
}

/// How long the header of a JPEG is, the first scan's included.
fn header_length(file: &[u8]) -> usize {
    let mut at = 2;
    while let Some(&[_, marker, high, low]) = file.get(at..at + 4).and_then(|b| b.first_chunk()) {
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xDA {
            break;
        }
    }
    at.min(file.len())
}

/// An entry of an EXIF directory, big endian.
pub(super) fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
}

/// A TIFF block with one directory.
pub(super) fn tiff(entries: &[Vec<u8>], count: u16, next: u32) -> Vec<u8> {
    [b"MM\0\x2a\0\0\0\x08", &count.to_be_bytes()[..], &entries.concat(), &next.to_be_bytes()].concat()
}

fn exif(tiff: &[u8]) -> Vec<u8> {
    segment(0xE1, &[b"Exif\0\0", tiff].concat())
}

pub(super) fn orientation(value: u16) -> Vec<u8> {
    let [high, low] = value.to_be_bytes();
    entry(0x0112, 3, 1, [high, low, 0, 0])
}

/// With a segment behind the start marker.
pub(super) fn with_segment(file: &[u8], segment: &[u8]) -> Vec<u8> {
    [&file[..2], segment, &file[2..]].concat()
}

pub(super) fn make(files: &mut Vec<BadFile>) {
    cuts(files);
    flips(files);
    variants(files);
    exifs(files);
    structure(files);
    large(files);
}

fn cuts(files: &mut Vec<BadFile>) {
    for (name, file) in [("ktp", KTP), ("npwp", NPWP)] {
        let header = header_length(file);
        for at in 0..=header {
            files.push(BadFile::new("jpeg-header-cut", format!("{name} at {at}"), JPEG, file[..at].to_vec()));
        }
        let data = file.len() - header;
        for part in 1..6 {
            let at = header + data * part / 6;
            files.push(BadFile::new("jpeg-data-cut", format!("{name} at {at}"), JPEG, file[..at].to_vec()));
        }
    }
}

fn flips(files: &mut Vec<BadFile>) {
    let mut draw = Draw::new("jpeg flips");
    // A card takes a reader a second; the plain picture, a hundredth of it.
    for (name, file) in [("ktp", KTP), ("npwp", NPWP)] {
        let header = header_length(file);
        for i in 0..16 {
            let bad = draw.flipped(file, 2, header, 1 + i % 3);
            files.push(BadFile::new("jpeg-header-flip", format!("{name} {i}"), JPEG, bad));
        }
        for i in 0..8 {
            let bad = draw.flipped(file, header, file.len(), 1 + 9 * i * i);
            files.push(BadFile::new("jpeg-data-flip", format!("{name} {i}"), JPEG, bad));
        }
    }
    let small = plain(64, 40);
    for i in 0..200 {
        let bad = draw.flipped(&small, 2, header_length(&small), 1 + i % 2);
        files.push(BadFile::new("jpeg-header-flip", format!("plain {i}"), JPEG, bad));
    }
}

fn variants(files: &mut Vec<BadFile>) {
    let mut push = |what: String, parts: &Parts| {
        files.push(BadFile::new("jpeg-variant", what, JPEG, parts.file()));
    };
    for frame_marker in 0xC0..=0xCF_u8 {
        for components in [1, 3, 4] {
            push(
                format!("frame {frame_marker:02x}, {components}"),
                &Parts { frame_marker, components, ..Parts::default() },
            );
        }
    }
    for precision in [0, 1, 7, 9, 10, 12, 16, 255] {
        for frame_marker in [0xC0, 0xC1, 0xC2] {
            push(
                format!("{precision} bits, frame {frame_marker:02x}"),
                &Parts { precision, frame_marker, ..Parts::default() },
            );
        }
    }
    for components in [0, 2, 5, 10, 255] {
        push(format!("{components} components"), &Parts { components, ..Parts::default() });
    }
    for sampling in [0x00, 0x01, 0x10, 0x22, 0x44, 0x88, 0xF1, 0x1F, 0xFF, 0x33] {
        for components in [1, 3] {
            push(
                format!("sampling {sampling:02x}, {components}"),
                &Parts { sampling, components, ..Parts::default() },
            );
        }
    }
    for (width, height) in [(0, 0), (0, 9), (9, 0), (1, 1), (1, 65_535), (65_535, 1), (7, 9)] {
        push(format!("{width} by {height}"), &Parts::sized(width, height));
    }
}

fn exifs(files: &mut Vec<BadFile>) {
    let mut push = |what: String, block: &[u8]| {
        let file = Parts::sized(320, 200).file_with(block);
        files.push(BadFile::new("jpeg-exif", what, JPEG, file));
    };
    for value in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 65_535] {
        push(format!("orientation {value}"), &exif(&tiff(&[orientation(value)], 1, 0)));
    }
    for kind in [0, 1, 2, 4, 5, 7, 12, 13, 65_535] {
        push(
            format!("orientation of type {kind}"),
            &exif(&tiff(&[entry(0x0112, kind, 1, [0, 6, 0, 0])], 1, 0)),
        );
    }
    for count in [0, 2, 1000, u32::MAX / 2, u32::MAX] {
        push(format!("{count} orientations"), &exif(&tiff(&[entry(0x0112, 3, count, [0, 0, 0, 8])], 1, 0)));
        push(format!("a note of {count}"), &exif(&tiff(&[entry(0x927C, 7, count, [0, 0, 0, 8])], 1, 0)));
    }
    for count in [0, 2, 500, 65_535] {
        push(format!("{count} entries that are not there"), &exif(&tiff(&[orientation(6)], count, 0)));
    }
    for next in [8, 9, 1000, u32::MAX, 0x8000_0000] {
        push(format!("next directory at {next}"), &exif(&tiff(&[orientation(6)], 1, next)));
    }
    let inner = |tag| entry(tag, 4, 1, [0, 0, 0, 8]);
    push(
        "directories in a circle".into(),
        &exif(&tiff(&[inner(0x8769), inner(0x8825), inner(0x014A)], 3, 8)),
    );
    let many = vec![orientation(3); 5000];
    push("five thousand orientations".into(), &exif(&tiff(&many, 5000, 0)));
    for (what, start) in [
        ("mixed order", &b"IM\0\x2a\0\0\0\x08"[..]),
        ("little endian in name", b"II\0\x2a\0\0\0\x08"),
        ("another magic", b"MM\0\x2b\0\0\0\x08"),
        ("first directory in the header", b"MM\0\x2a\0\0\0\0"),
        ("first directory far away", b"MM\0\x2a\xff\xff\xff\xff"),
        ("nothing", b""),
    ] {
        push(what.into(), &exif(start));
    }
    push("full of zeros".into(), &exif(&vec![0; 65_000]));
    push("full of ones".into(), &exif(&vec![0xFF; 65_000]));
    push("fifty blocks".into(), &exif(&tiff(&[orientation(6)], 1, 0)).repeat(50));
    push("without its padding".into(), &segment(0xE1, b"Exif"));
    let whole = tiff(&[orientation(6), inner(0x8769), inner(0x8825)], 3, 26);
    for at in 0..whole.len() {
        push(format!("cut at {at}"), &exif(&whole[..at]));
    }
    let mut draw = Draw::new("exif flips");
    for i in 0..40 {
        push(format!("flipped {i}"), &exif(&draw.flipped(&whole, 0, whole.len(), 1 + i % 4)));
    }
    for (name, value) in [("ktp", 6), ("npwp", 3)] {
        let card = if name == "ktp" { KTP } else { NPWP };
        let turned = with_segment(card, &exif(&tiff(&[orientation(value)], 1, 8)));
        files.push(BadFile::new("jpeg-exif", format!("{name} said to be turned, in a circle"), JPEG, turned));
    }
}

fn structure(files: &mut Vec<BadFile>) {
    let parts = Parts::sized(64, 40);
    let (frame, scan, picture) = (parts.frame(), parts.scan([0, 63, 0]), parts.picture());
    let tables = Parts::tables();
    let mut push = |what: &str, pieces: &[&[u8]]| {
        let file = [&[0xFF, 0xD8][..], &pieces.concat()].concat();
        files.push(BadFile::new("jpeg-structure", what, JPEG, file));
    };
    push("without tables", &[&frame, &scan, &picture, &[0xFF, 0xD9]]);
    push("without quantities", &[&tables[69..], &frame, &scan, &picture]);
    push("without an end", &[&tables, &frame, &scan, &picture]);
    push("without a picture", &[&tables, &frame, &scan]);
    push("two frames", &[&tables, &frame, &Parts::sized(9000, 4000).frame(), &scan, &picture]);
    push(
        "a second frame behind the scan",
        &[&tables, &frame, &scan, &picture, &Parts::sized(9000, 4000).frame(), &scan],
    );
    push("a scan before its frame", &[&tables, &scan, &frame, &picture]);
    push("an end before the scan", &[&tables, &frame, &[0xFF, 0xD9], &scan, &picture]);
    push(
        "a picture in a picture",
        &[&segment(0xE2, KTP.get(..60_000).unwrap_or_default()), &tables, &frame, &scan, &picture],
    );
    push("a segment of length 0", &[&[0xFF, 0xE0, 0, 0], &tables, &frame, &scan, &picture]);
    push("a segment of length 1", &[&[0xFF, 0xE0, 0, 1], &tables, &frame, &scan, &picture]);
    push("a segment beyond the end", &[&tables, &frame, &[0xFF, 0xE0, 0xFF, 0xFF], &scan, &picture]);
    push("bytes between its segments", &[&tables, &[0, 7, 0xFF, 0, 0x61], &frame, b"xyz", &scan, &picture]);
    let colour = Parts { components: 3, sampling: 0x21, ..Parts::sized(64, 40) };
    let colour_frame = colour.frame();
    // Eighty bits of each component: its forty blocks, two bits a block.
    let alone = |id: u8| [segment(0xDA, &[1, id, 0, 0, 63, 0]), vec![0; 10]].concat();
    let (one, two, three) = (alone(1), alone(2), alone(3));
    push("a scan for each component", &[&tables, &colour_frame, &one, &two, &three, &[0xFF, 0xD9]]);
    push("a scan for each component, the last one first", &[&tables, &colour_frame, &three, &two, &one]);
    push("a scan too few", &[&tables, &colour_frame, &one, &two, &[0xFF, 0xD9]]);
    push("ten thousand scans of one component", &[&tables, &colour_frame, &one.repeat(10_000)]);
    push("restarts every block", &[&segment(0xDD, &[0, 1]), &tables, &frame, &scan, &picture]);
    push("a hundred thousand restarts", &[&tables, &frame, &scan, &[0xFF, 0xD0].repeat(100_000)]);
    push("half a megabyte of padding", &[&vec![0xFF; 500_000], &tables, &frame, &scan, &picture]);
    push("thirty thousand comments", &[&segment(0xFE, b"").repeat(30_000), &tables, &frame, &scan, &picture]);
    push(
        "a height that comes later",
        &[
            &tables,
            &Parts { height: 0, ..Parts::sized(64, 0) }.frame(),
            &scan,
            &picture,
            &segment(0xDC, &[0, 40]),
        ],
    );
    push(
        "a code table with too many codes",
        &[&segment(0xC4, &[[0].as_slice(), &[255; 16], &[0; 240]].concat()), &frame, &scan, &picture],
    );
    push("a code table that is cut", &[&segment(0xC4, &[0, 1, 0, 0]), &frame, &scan, &picture]);
    push("quantities of zero", &[&segment(0xDB, &[0; 65]), &tables[69..], &frame, &scan, &picture]);
    push(
        "quantities for a sixteenth table",
        &[&segment(0xDB, &[[0x0F].as_slice(), &[1; 64]].concat()), &tables, &frame, &scan, &picture],
    );
    push(
        "a scan of a component that is not there",
        &[&tables, &frame, &segment(0xDA, &[1, 9, 0, 0, 63, 0]), &picture],
    );
    push("a scan of no component", &[&tables, &frame, &segment(0xDA, &[0, 0, 63, 0]), &picture]);
    push(
        "a scan with a table that is not there",
        &[&tables, &frame, &segment(0xDA, &[1, 1, 0x33, 0, 63, 0]), &picture],
    );
    push(
        "a profile in two hundred pieces",
        &[
            &(0..200_u8)
                .map(|i| segment(0xE2, &[b"ICC_PROFILE\0", &[i, 200][..], &[0; 500]].concat()))
                .collect::<Vec<_>>()
                .concat(),
            &tables,
            &frame,
            &scan,
            &picture,
        ],
    );
    push(
        "Adobe says CMYK, the frame says grey",
        &[&segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02"), &tables, &frame, &scan, &picture],
    );
    let four = Parts { components: 4, ..Parts::sized(320, 200) };
    for transform in [0, 1, 2, 3, 255] {
        let adobe = segment(0xEE, &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat());
        files.push(BadFile::new("jpeg-cmyk", format!("transform {transform}"), JPEG, four.file_with(&adobe)));
    }
    files.push(BadFile::new("jpeg-cmyk", "without Adobe's word", JPEG, four.file()));
}

fn large(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, file: Vec<u8>| files.push(BadFile::new("jpeg-large", what, JPEG, file));
    let colour = |width, height| Parts { components: 3, ..Parts::sized(width, height) };
    push("forty million pixels of grey", plain(8000, 5000));
    push("forty million pixels of colour", colour(8000, 5000).file());
    push("as wide as may be", plain(16_384, 2441));
    push("as high as may be", plain(2441, 16_384));
    push("one pixel too wide", plain(16_385, 8));
    push("one pixel too many", plain(8000, 5001));
    push("as large as the format goes", Parts::sized(65_535, 65_535).header_only());
    push("forty million pixels turned on their side", {
        Parts { components: 3, ..Parts::sized(8000, 5000) }.file_with(&exif(&tiff(&[orientation(6)], 1, 0)))
    });
    push("forty million pixels of CMYK", Parts { components: 4, ..Parts::sized(8000, 5000) }.file());
    push(
        "forty million pixels that are not there",
        Parts { components: 3, ..Parts::sized(8000, 5000) }.header_only(),
    );
    push("forty million progressive pixels", progressive(8000, 5000, 1));
    push("a hundred progressive scans", progressive(8000, 5000, 100));
    push("as many progressive scans as fit", progressive(8000, 5000, 25_000));
    push("as many progressive scans of a small picture", progressive(800, 500, 60_000));
    for (what, extra) in [("one byte short of full", 1), ("full", 0)] {
        let mut file = KTP.to_vec();
        file.resize(FULL - extra, 0);
        push(what, file);
    }
    let mut file = KTP.to_vec();
    file.resize(FULL + 1, 0);
    files.push(BadFile::new("too-large", "a card and zeros behind it", JPEG, file));
}

impl Parts {
    fn header_only(&self) -> Vec<u8> {
        [&[0xFF, 0xD8][..], &self.header()].concat()
    }
}

/// A progressive picture whose every further scan says "nothing new" for 32767 blocks in one word.
fn progressive(width: u16, height: u16, scans: usize) -> Vec<u8> {
    let parts = Parts { frame_marker: 0xC2, ..Parts::sized(width, height) };
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    // One code of one bit: the end of a band that is 2^14 blocks long, and 14 bits more.
    let mut runs = vec![0x10, 1];
    runs.extend([0; 15]);
    runs.push(0xE0);
    let mut file = [&[0xFF, 0xD8][..], &Parts::tables(), &parts.frame(), &segment(0xC4, &runs)].concat();
    file.extend(parts.scan([0, 0, 0]));
    file.extend(vec![0; blocks.div_ceil(8)]);
    let band = [parts.scan([1, 63, 0]), vec![0; (15 * blocks.div_ceil(1 << 14)).div_ceil(8)]].concat();
    for _ in 0..scans {
        if file.len() + band.len() > FULL - 2 {
            break;
        }
        file.extend(&band);
    }
    file.extend([0xFF, 0xD9]);
    file
}
