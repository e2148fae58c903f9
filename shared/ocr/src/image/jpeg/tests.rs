use std::fmt::Write as _;

use filot_media::jpeg::Segment;

use super::encode::Writer;
use super::header::write_segment;
use super::*;

/// The same numbers in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A frame of this size and sampling, its coefficients drawn at random.
fn frame(width: u16, height: u16, sampling: &[u8]) -> Frame {
    let mut header = vec![8];
    header.extend(height.to_be_bytes());
    header.extend(width.to_be_bytes());
    header.push(sampling.len() as u8);
    header.extend((1..).zip(sampling).flat_map(|(id, sampling)| [id, *sampling, 0]));
    let mut frame = Frame::of(Segment { marker: 0xC0, data: &header }).unwrap();
    make_room(&mut frame).unwrap();
    let mut draw = Draw(u64::from(width) * 977 + u64::from(height));
    for c in &mut frame.components {
        let (own, padded) = (c.own, c.padded);
        for (index, block) in c.coefficients.chunks_exact_mut(BLOCK).enumerate() {
            // What fills the last units up is not part of a scan of one component.
            if index % padded.0 >= own.0 || index / padded.0 >= own.1 {
                continue;
            }
            for _ in 0..draw.below(12) {
                block[draw.below(64) as usize] = draw.below(401) as i16 - 200;
            }
        }
    }
    frame
}

fn header() -> Header {
    let mut header = Header::default();
    let table: Vec<u8> = [0].into_iter().chain([3; 64]).collect();
    header.take(Segment { marker: 0xDB, data: &table }, false).unwrap();
    header
}

/// The file with these components in each scan, and a restart behind so many units.
fn file(frame: &Frame, scans: &[&[usize]], restart_interval: u16) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    header().write_kept(&mut out);
    write_segment(&mut out, 0xC0, &frame.header);
    write_segment(&mut out, 0xDD, &restart_interval.to_be_bytes());
    for scan in scans {
        encode::write_codes(&mut out);
        let mut data = vec![scan.len() as u8];
        data.extend(scan.iter().flat_map(|place| [frame.components[*place].id, 0]));
        data.extend([0, 63, 0]);
        write_segment(&mut out, 0xDA, &data);
        let (across, down) = if let [only] = scan { frame.components[*only].own } else { frame.units };
        let (mut bits, mut predictions) = (Writer::new(out), [0; 4]);
        for unit in 0..across * down {
            let interval = usize::from(restart_interval);
            if interval > 0 && unit > 0 && unit % interval == 0 {
                out = bits.finish();
                out.extend([0xFF, 0xD0 + ((unit / interval - 1) % 8) as u8]);
                (bits, predictions) = (Writer::new(out), [0; 4]);
            }
            for place in *scan {
                let c = &frame.components[*place];
                let (w, h) = if scan.len() == 1 { (1, 1) } else { (c.across, c.down) };
                for y in 0..h {
                    for x in 0..w {
                        let at = c.place(unit % across * w + x, unit / across * h + y);
                        bits.block(&c.coefficients[at..at + BLOCK], &mut predictions[*place]);
                    }
                }
            }
        }
        out = bits.finish();
    }
    out.extend([0xFF, 0xD9]);
    out
}

const SAMPLINGS: [&[u8]; 8] = [
    &[0x11, 0x11, 0x11],
    &[0x22, 0x11, 0x11],
    &[0x21, 0x11, 0x11],
    &[0x12, 0x11, 0x11],
    &[0x41, 0x11, 0x11],
    &[0x22, 0x22, 0x22],
    &[0x11],
    &[0x11, 0x11, 0x11, 0x11],
];

#[test]
fn several_scans_become_one_of_the_same_coefficients() {
    for sampling in SAMPLINGS {
        for (width, height) in [(61, 43), (16, 16), (33, 8), (8, 33), (1, 1)] {
            let frame = frame(width, height, sampling);
            let all: Vec<usize> = (0..sampling.len()).collect();
            let expected = encode::one_scan(&header(), &frame).unwrap();
            let single: Vec<&[usize]> = all.chunks(1).collect();
            let reversed: Vec<&[usize]> = all.chunks(1).rev().collect();
            let split: Vec<&[usize]> = [&all[..1], &all[1..]].into_iter().filter(|s| !s.is_empty()).collect();
            for scans in [single, reversed, split] {
                for interval in [0, 1, 5] {
                    let read = read_through(&file(&frame, &scans, interval)).unwrap();
                    assert!(read.is_complete(), "{sampling:x?} {width} by {height}, {scans:?}");
                    // One component is in one scan from the beginning.
                    if sampling.len() > 1 {
                        assert!(read.file == expected, "{sampling:x?} {width} by {height}, {scans:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_file_that_breaks_off_anywhere_is_not_complete() {
    let frame = frame(61, 43, &[0x22, 0x11, 0x11]);
    for (scans, interval) in [(vec![&[0, 1, 2][..]], 0), (vec![&[0, 1, 2]], 3), (vec![&[0], &[1, 2]], 0)] {
        let whole = file(&frame, &scans, interval);
        let mut rows = 0;
        for cut in 0..whole.len() - 2 {
            if let Ok(read) = read_through(&whole[..cut]) {
                assert!(!read.is_complete() && read.rows >= rows, "cut at {cut} of {}", whole.len());
                rows = read.rows;
                for behind in [&[0xFF, 0xD9][..], &[0; 500], &[0xFF; 500]] {
                    let filled = [&whole[..cut], behind].concat();
                    let is_complete = read_through(&filled).is_ok_and(|read| read.is_complete());
                    assert!(!is_complete, "filled up from {cut}");
                }
            }
        }
        assert!(rows >= 16, "{rows}");
        // Without its end marker, and with something behind it, a file is whole.
        let end = whole.len() - 2;
        for whole in
            [whole[..end].to_vec(), [&whole[..], &[0; 500]].concat(), [&whole[..], b"<html>"].concat()]
        {
            assert!(read_through(&whole).unwrap().is_complete());
        }
    }
}

#[test]
fn a_lost_restart_interval_is_missed() {
    let whole = file(&frame(61, 43, &[0x22, 0x11, 0x11]), &[&[0, 1, 2]], 2);
    let marker = |number: u8| whole.windows(2).position(|pair| pair == [0xFF, 0xD0 + number]).unwrap();
    let lost = [&whole[..marker(1)], &whole[marker(2)..]].concat();
    let read = read_through(&lost).unwrap();
    assert!(!read.is_complete() && read.rows < 43);
}

#[test]
fn a_table_that_changes_between_scans_is_refused() {
    let frame = frame(16, 16, &[0x11, 0x11]);
    let mut whole = file(&frame, &[&[0], &[1]], 0);
    let second = whole.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
    let mut segment = Vec::new();
    write_segment(&mut segment, 0xDB, &[0; 65]);
    whole.splice(second..second, segment);
    assert_eq!(read_through(&whole).err(), Some(JpegError::Damaged));
}

#[test]
fn a_frame_that_cannot_be_is_refused() {
    for header in [
        &[8, 0, 9, 0, 9, 1, 1, 0x51, 0][..],
        &[8, 0, 9, 0, 9, 1, 1, 0x01, 0],
        &[8, 0, 9, 0, 9, 1, 1, 0x11, 4],
        &[8, 0, 0, 0, 9, 1, 1, 0x11, 0],
        &[8, 0, 9, 0, 9, 2, 1, 0x11, 0],
        &[8, 0, 9],
    ] {
        assert!(Frame::of(Segment { marker: 0xC0, data: header }).is_none(), "{header:?}");
    }
    // 64,000 by 600 in colour and without subsampling is within the limit, ten times as high is not.
    let mut large = frame(8, 8, &[0x11, 0x11, 0x11]);
    large.components[0].padded = (8000, 750);
    assert_eq!(make_room(&mut large), Err(JpegError::TooLarge));
}

/// Progressive: made with libjpeg's `cjpeg -progressive -sample 2x2 -restart 2B` from a gradient of 40 by 24.
const PROGRESSIVE: &[u8] = include_bytes!("../../../tests/fixtures/progressive.jpg");
/// The same coefficients in one scan, by `jpegtran`.
const BASELINE: &[u8] = include_bytes!("../../../tests/fixtures/progressive-as-baseline.jpg");

#[test]
fn passes_become_one_scan_of_the_same_coefficients() {
    let (passes, scan) = (read_through(PROGRESSIVE).unwrap(), read_through(BASELINE).unwrap());
    assert!(passes.is_complete() && scan.is_complete() && scan.height == 24);
    let pixels = |file: &[u8]| {
        let decoder = image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(file)).unwrap();
        image::DynamicImage::from_decoder(decoder).unwrap().into_rgb8()
    };
    assert_eq!(pixels(&passes.file), pixels(BASELINE));
    assert_eq!(pixels(&scan.file), pixels(BASELINE));
}

#[test]
fn a_file_without_its_last_pass_is_not_complete() {
    let scans: Vec<usize> =
        (0..PROGRESSIVE.len() - 1).filter(|at| PROGRESSIVE[*at..].starts_with(&[0xFF, 0xDA])).collect();
    assert!(scans.len() > 5);
    for scan in &scans[1..] {
        for end in [&[][..], &[0xFF, 0xD9]] {
            let read = read_through(&[&PROGRESSIVE[..*scan], end].concat()).unwrap();
            assert!(!read.is_complete(), "cut before the scan at {scan}");
        }
    }
    let mut kept = String::new();
    for cut in 0..PROGRESSIVE.len() - 2 {
        if read_through(&PROGRESSIVE[..cut]).is_ok_and(|read| read.is_complete()) {
            let _ = write!(kept, "{cut} ");
        }
    }
    assert_eq!(kept, "");
}

proptest::proptest! {
    #[test]
    fn inv_8_no_damage_makes_it_panic(at: proptest::sample::Index, to: u8, scans: bool) {
        let frame = frame(33, 17, &[0x22, 0x11, 0x11]);
        let mut bytes = if scans { file(&frame, &[&[0], &[1], &[2]], 2) } else { PROGRESSIVE.to_vec() };
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = read_through(&bytes) {
            proptest::prop_assert!(read.rows <= read.height);
        }
    }
}
