//! The parsers against files made here byte by byte, and against anything at all.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap();
    [&[0xFF, marker][..], &length.to_be_bytes(), data].concat()
}

fn frame(marker: u8, precision: u8, width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut data = vec![precision];
    data.extend(height.to_be_bytes());
    data.extend(width.to_be_bytes());
    data.push(components);
    data.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
    segment(marker, &data)
}

fn scan() -> Vec<u8> {
    [segment(0xDA, &[1, 1, 0, 0, 63, 0]), vec![0x55; 40]].concat()
}

fn jpeg_of(parts: &[Vec<u8>]) -> Vec<u8> {
    [&[0xFF, 0xD8][..], &parts.concat()].concat()
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    jpeg_of(&[segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"), frame(0xC0, 8, width, height, 3), scan()])
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [&name[..], data].concat();
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &named, &png::crc(&named).to_be_bytes()].concat()
}

fn ihdr(width: u32, height: u32, rest: [u8; 5]) -> Vec<u8> {
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &rest].concat())
}

fn png_of(parts: &[Vec<u8>]) -> Vec<u8> {
    [kind::PNG_SIGNATURE, &parts.concat()].concat()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    png_of(&[ihdr(width, height, [8, 2, 0, 0, 0]), chunk(b"IDAT", &[0; 10]), chunk(b"IEND", &[])])
}

/// The PDF is ours, so the offset is right.
fn pdf(trailer: &str) -> Vec<u8> {
    let body = "%PDF-1.7\n1 0 obj << /Type /Catalog /Note (/Encrypt ) >> endobj\n";
    let at = body.len();
    format!("{body}xref\n0 1\n0000000000 65535 f \ntrailer\n<< {trailer} >>\nstartxref\n{at}\n%%EOF\n")
        .into_bytes()
}

fn pdf_with_stream(dictionary: &str) -> Vec<u8> {
    let body = "%PDF-1.5\n1 0 obj << /Type /Catalog >> endobj\n";
    let at = body.len();
    format!("{body}2 0 obj << /Type /XRef {dictionary} >> stream\n/Encrypt \nendstream endobj\nstartxref\n{at}\n%%EOF")
        .into_bytes()
}

fn refused(bytes: &[u8]) -> MediaError {
    inspect(bytes, None).unwrap_err()
}

#[test]
fn says_what_a_file_is() {
    let picture = |kind| Inspected { kind, width: Some(1024), height: Some(640), begins_at: 0 };
    assert_eq!(inspect(&jpeg(1024, 640), None).unwrap(), picture(FileKind::Jpeg));
    assert_eq!(inspect(&png(1024, 640), None).unwrap(), picture(FileKind::Png));
    let paper = Inspected { kind: FileKind::Pdf, width: None, height: None, begins_at: 0 };
    assert_eq!(inspect(&pdf("/Root 1 0 R"), None).unwrap(), paper);
    assert_eq!(inspect(&pdf_with_stream("/Root 1 0 R"), None).unwrap(), paper);
}

#[test]
fn the_declared_type_must_agree() {
    let files =
        [(FileKind::Jpeg, jpeg(9, 9)), (FileKind::Png, png(9, 9)), (FileKind::Pdf, pdf("/Root 1 0 R"))];
    for (kind, bytes) in files {
        let silent = [
            "",
            "application/octet-stream",
            "Binary/Octet-Stream",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "image/*",
            "*/*",
            "undefined",
            kind.mime(),
        ];
        for silent in silent.into_iter().map(Some).chain([None]) {
            assert_eq!(inspect(&bytes, silent).unwrap().kind, kind, "{silent:?}");
        }
        for declared in [
            "image/jpeg",
            "image/jpg",
            "image/pjpeg",
            "IMAGE/PNG; x=y",
            "image/x-png",
            "application/pdf",
            "application/x-pdf",
            "text/html",
            "image/gif",
        ] {
            let essence = declared.split(';').next().unwrap().to_ascii_lowercase();
            let essence = essence.replace("jpg", "jpeg").replace("pjpeg", "jpeg").replace("x-", "");
            let answer = inspect(&bytes, Some(declared)).map(|found| found.kind);
            let expected = if essence == kind.mime() {
                Ok(kind)
            } else {
                Err(MediaError::TypeMismatch { content: kind })
            };
            assert_eq!(answer, expected, "{declared}");
        }
    }
}

#[test]
fn size_is_looked_at_first() {
    assert_eq!(refused(&[]), MediaError::Empty);
    let mut full = jpeg(9, 9);
    full.resize(MAX_BYTES, 0);
    assert!(inspect(&full, None).is_ok());
    full.push(0);
    assert_eq!(refused(&full), MediaError::TooManyBytes);
}

#[test]
fn other_kinds_are_refused() {
    for bytes in
        [&b"GIF89a"[..], b"RIFF\0\0\0\0WEBP", b"<svg/>", b"MZ", b"\xFF\xD9", b"%PDF 1.7", b"\x89PNG\n"]
    {
        assert_eq!(refused(bytes), MediaError::UnknownKind, "{bytes:?}");
    }
}

#[test]
fn pictures_are_bounded() {
    assert_eq!(refused(&jpeg(0, 10)), MediaError::NoPixels);
    assert_eq!(refused(&png(10, 0)), MediaError::NoPixels);
    assert_eq!(refused(&png(MAX_SIDE + 1, 1)), MediaError::TooManyPixels);
    assert!(inspect(&png(MAX_SIDE, 1), None).is_ok());
    assert_eq!(refused(&jpeg(8000, 5001)), MediaError::TooManyPixels);
    assert!(inspect(&jpeg(8000, 5000), None).is_ok());
    assert_eq!(refused(&png(0x7FFF_FFFF, 0x7FFF_FFFF)), MediaError::TooManyPixels);
    assert_eq!(refused(&png(0x8000_0000, 1)), MediaError::Damaged(FileKind::Png));
}

#[test]
fn jpeg_markers() {
    let damaged = MediaError::Damaged(FileKind::Jpeg);
    let unsupported = MediaError::Unsupported(FileKind::Jpeg);
    let cases = [
        // Progressive, grey, padding before a marker, a lone restart marker, a table in the frames' range.
        (jpeg_of(&[frame(0xC2, 8, 9, 9, 1), scan()]), None),
        (jpeg_of(&[vec![0xFF, 0xFF], frame(0xC0, 8, 9, 9, 3), vec![0xFF, 0xD0], scan()]), None),
        (jpeg_of(&[segment(0xC4, &[0; 17]), frame(0xC1, 8, 9, 9, 4), scan()]), None),
        // Bytes that belong to no segment, as some cameras leave them.
        (jpeg_of(&[vec![0; 50], frame(0xC0, 8, 9, 9, 3), b"\x01\xFF\0abc".to_vec(), scan()]), None),
        (jpeg_of(&[frame(0xC9, 8, 9, 9, 3), scan()]), Some(unsupported)),
        (jpeg_of(&[frame(0xC3, 8, 9, 9, 3), scan()]), Some(unsupported)),
        (jpeg_of(&[frame(0xC1, 12, 9, 9, 3), scan()]), Some(unsupported)),
        (jpeg_of(&[frame(0xC0, 8, 9, 9, 2), scan()]), Some(unsupported)),
        // Colour that is finer than brightness.
        (
            jpeg_of(&[segment(0xC0, &[8, 0, 9, 0, 9, 3, 1, 0x21, 0, 2, 0x12, 0, 3, 0x12, 0]), scan()]),
            Some(unsupported),
        ),
        (jpeg_of(&[segment(0xC0, &[8, 0, 9, 0, 9, 3, 1, 0x22, 0, 2, 0x21, 0, 3, 0x11, 0]), scan()]), None),
        (jpeg_of(&[frame(0xC0, 8, 9, 9, 3), frame(0xC0, 8, 90, 90, 3), scan()]), Some(damaged)),
        (jpeg_of(&[scan()]), Some(damaged)),
        (jpeg_of(&[frame(0xC0, 8, 9, 9, 3)]), Some(damaged)),
        (jpeg_of(&[frame(0xC0, 8, 9, 9, 3), vec![0xFF, 0xD9]]), Some(damaged)),
        (jpeg_of(&[vec![0xFF, 0xE0, 0, 1], scan()]), Some(damaged)),
        (jpeg_of(&[segment(0xC0, &[8, 0, 9, 0, 9, 3, 1]), scan()]), Some(damaged)),
        (jpeg_of(&[vec![0xFF; 100]]), Some(damaged)),
    ];
    for (index, (bytes, expected)) in cases.iter().enumerate() {
        assert_eq!(inspect(bytes, None).err(), *expected, "case {index}");
    }
}

#[test]
fn png_chunks() {
    let data = chunk(b"IDAT", &[0; 10]);
    let gamma = chunk(b"gAMA", &[0, 0, 0xB1, 0x8F]);
    assert!(inspect(&png_of(&[ihdr(9, 9, [16, 6, 0, 0, 1]), gamma.clone(), data.clone()]), None).is_ok());
    let palette = chunk(b"PLTE", &[7; 6]);
    assert!(inspect(&png_of(&[ihdr(9, 9, [1, 3, 0, 0, 0]), palette, data.clone()]), None).is_ok());
    let header = ihdr(9, 9, [8, 2, 0, 0, 0]);
    // A comment or a gamma with a wrong checksum is read past.
    let (mut comment, mut wrong_gamma) = (chunk(b"tEXt", b"a\0b"), gamma.clone());
    (comment[13], wrong_gamma[8]) = (comment[13] ^ 1, 7);
    assert!(inspect(&png_of(&[header.clone(), comment, wrong_gamma, data.clone()]), None).is_ok());
    let mut wrong_palette = chunk(b"PLTE", &[7; 6]);
    wrong_palette[8] = 8;
    let mut wrong_crc = header.clone();
    wrong_crc[11] ^= 1;
    let mut long = chunk(b"gAMA", &[0; 4]);
    long[0] = 0x7F;
    for (index, parts) in [
        vec![wrong_crc, data.clone()],
        vec![ihdr(9, 9, [8, 3, 0, 0, 0]), wrong_palette, data.clone()],
        vec![header.clone(), long, data.clone()],
        vec![header.clone()],
        vec![header.clone(), chunk(b"IEND", &[])],
        vec![header.clone(), header, data.clone()],
        vec![gamma, data.clone()],
        vec![chunk(b"IHDR", &[0; 12]), data.clone()],
        vec![chunk(b"IHDR", &[0, 0, 0, 9, 0, 0, 0, 9, 8, 2, 0, 0, 0, 0]), data.clone()],
        vec![ihdr(9, 9, [4, 2, 0, 0, 0]), data.clone()],
        vec![ihdr(9, 9, [16, 3, 0, 0, 0]), data.clone()],
        vec![ihdr(9, 9, [8, 5, 0, 0, 0]), data.clone()],
        vec![ihdr(9, 9, [8, 2, 1, 0, 0]), data.clone()],
        vec![ihdr(9, 9, [8, 2, 0, 1, 0]), data.clone()],
        vec![ihdr(9, 9, [8, 2, 0, 0, 2]), data.clone()],
        // INV-8: the decoder panics on a palette that is no whole number of colours.
        vec![ihdr(9, 9, [8, 3, 0, 0, 0]), chunk(b"PLTE", &[7; 5]), data.clone()],
        vec![ihdr(9, 9, [8, 3, 0, 0, 0]), chunk(b"PLTE", &[7; 771]), data],
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(refused(&png_of(parts)), MediaError::Damaged(FileKind::Png), "case {index}");
    }
    // The check value that the format's CRC is known by.
    assert_eq!(png::crc(b"123456789"), 0xCBF4_3926);
}

#[test]
fn pdf_ends_and_encryption() {
    let damaged = MediaError::Damaged(FileKind::Pdf);
    assert_eq!(refused(b"%PDF-1.7\n1 0 obj"), damaged);
    assert_eq!(refused(b"%PDF-x.y\n%%EOF"), damaged);
    assert_eq!(refused(b"%PDF-"), damaged);
    let unmarked = pdf("/Root 1 0 R");
    assert!(inspect(unmarked.strip_suffix(b"%%EOF\n").unwrap(), None).is_ok());
    for behind in [&b"\n\n"[..], &[0; 80_000], &b"<!DOCTYPE html><html></html>".repeat(1000)] {
        assert!(inspect(&[&pdf("/Root 1 0 R"), behind].concat(), None).is_ok());
    }

    for encrypted in [
        pdf("/Root 1 0 R /Encrypt 5 0 R"),
        pdf("/Encrypt<< /Filter /Standard >>"),
        pdf_with_stream("/Encrypt 5 0 R"),
        [&b"%PDF-1.4\ntrailer << /Encrypt 2 0 R >> startxref 0 %%EOF\n"[..], &pdf("/Root 1 0 R")[9..]]
            .concat(),
    ] {
        assert_eq!(refused(&encrypted), MediaError::Encrypted, "{}", String::from_utf8_lossy(&encrypted));
    }
    assert!(inspect(&pdf("/EncryptMetadata true"), None).is_ok());
    // Every section of a file that was changed has a trailer.
    let changed = [&pdf("/Root 1 0 R"), &pdf("/Encrypt 5 0 R")[9..], &pdf("/Root 1 0 R")[9..]].concat();
    assert_eq!(refused(&changed), MediaError::Encrypted);
    let often = format!("%PDF-1.7\n{}%%EOF", "/Encrypt ".repeat(100_000));
    assert_eq!(refused(often.as_bytes()), MediaError::Encrypted);
}

#[test]
fn a_pdf_may_begin_within_the_first_kilobyte() {
    for before in [&b"\r\n"[..], b"\xEF\xBB\xBF", b"HTTP/1.1 200 OK\r\n\r\n", &[b' '; 1019]] {
        let found = inspect(&[before, &pdf("/Root 1 0 R")].concat(), None).unwrap();
        assert_eq!((found.kind, found.begins_at), (FileKind::Pdf, before.len()));
    }
    let late = [&[b' '; 1020][..], &pdf("/Root 1 0 R")].concat();
    assert_eq!(refused(&late), MediaError::UnknownKind);
    // The first bytes decide.
    let picture = jpeg_of(&[segment(0xFE, b"%PDF-1.7"), frame(0xC0, 8, 9, 9, 3), scan()]);
    assert_eq!(inspect(&picture, None).unwrap().kind, FileKind::Jpeg);
}

/// A valid file of any kind, to be hurt.
fn valid_file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (1..2000_u16, 1..2000_u16).prop_map(|(w, h)| jpeg(w, h)),
        (1..2000_u32, 1..2000_u32).prop_map(|(w, h)| png(w, h)),
        Just(pdf("/Root 1 0 R")),
        Just(pdf_with_stream("/Root 1 0 R")),
    ]
}

proptest! {
    #[test]
    fn anything_behind_a_magic_is_answered(magic in 0..4_usize, tail in vec(any::<u8>(), 0..600)) {
        let magic: &[u8] = [&b""[..], &[0xFF, 0xD8, 0xFF], kind::PNG_SIGNATURE, b"%PDF-1.7"][magic];
        if let Ok(found) = inspect(&[magic, &tail].concat(), None) {
            prop_assert!(found.width != Some(0) && found.height != Some(0));
        }
    }

    #[test]
    fn what_is_accepted_is_within_bounds(mut bytes in valid_file(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        *at.get_mut(&mut bytes) = to;
        if let Ok(Inspected { width: Some(width), height: Some(height), .. }) = inspect(&bytes, None) {
            prop_assert!((1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height));
            prop_assert!(u64::from(width) * u64::from(height) <= MAX_PIXELS);
        }
    }

    #[test]
    fn a_header_cut_short_is_refused(bytes in valid_file(), keep in any::<prop::sample::Index>()) {
        // A picture's data begins less than 70 bytes from the end of what is made here; a PDF needs the mark of its end.
        let end = bytes.windows(9).rposition(|found| found == b"startxref");
        let spared = end.map_or(70, |end| bytes.len() - end - 8);
        prop_assume!(bytes.len() > spared);
        let keep = keep.index(bytes.len() - spared);
        prop_assert!(inspect(&bytes[..keep], None).is_err());
    }

    #[test]
    fn sides_are_read_as_written(width in 1..=5000_u16, height in 1..=8000_u16) {
        for bytes in [jpeg(width, height), png(width.into(), height.into())] {
            let found = inspect(&bytes, None).unwrap();
            prop_assert_eq!((found.width, found.height), (Some(width.into()), Some(height.into())));
        }
    }
}
