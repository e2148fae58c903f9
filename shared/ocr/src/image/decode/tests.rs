use std::fmt::Write as _;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb};

use super::*;

/// The first picture of a file.
fn decode(bytes: &[u8]) -> Result<Decoded, ReadError> {
    PictureFile::open(bytes)?.picture(0)
}

/// 60 by 40, red in the top left quarter, blue elsewhere.
fn picture() -> RgbImage {
    RgbImage::from_fn(60, 40, |x, y| Rgb(if x < 30 && y < 20 { [230, 20, 20] } else { [20, 20, 230] }))
}

fn png(data: &[u8], width: u32, height: u32, colour: ExtendedColorType) -> Vec<u8> {
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(data, width, height, colour).unwrap();
    out
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 95).encode_image(image).unwrap();
    out
}

/// The JPEG with an EXIF block that holds nothing but an orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff =
        [b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
    let mut app1 = vec![0xFF, 0xE1, 0, (2 + 6 + tiff.len()) as u8];
    app1.extend(b"Exif\0\0");
    app1.extend(tiff);
    [&jpeg[..2], &app1, &jpeg[2..]].concat()
}

fn is_red(image: &RgbImage, x: u32, y: u32) -> bool {
    let [r, _, b] = image.get_pixel(x, y).0;
    r > 150 && b < 100
}

fn reason_of(bytes: &[u8]) -> ReasonCode {
    decode(bytes).unwrap_err().reason
}

/// A PDF with `pages` pages of 200 by 100 points, each with a black square in its lower left corner.
fn pdf(pages: usize, media: &str, trailer: &str) -> Vec<u8> {
    let content = "0 0 50 50 re f";
    let kids: String = (0..pages).map(|i| format!("{} 0 R ", 4 + i)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {pages} >>"),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    objects.extend((0..pages).map(|_| {
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [{media}] /Contents 3 0 R /Resources << >> >>")
    }));
    with_objects(&objects, trailer)
}

fn with_objects(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut text = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        offsets.push(text.len());
        let _ = write!(text, "{} 0 obj\n{object}\nendobj\n", i + 1);
    }
    let start = text.len();
    let _ = write!(text, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(text, "{offset:010} 00000 n ");
    }
    let _ = write!(
        text,
        "trailer\n<< /Size {} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    text.into_bytes()
}

#[test]
fn every_exif_orientation_comes_out_upright() {
    let upright = picture();
    // How a camera that was held that way stores the upright picture.
    let stored: [(u8, RgbImage); 8] = [
        (1, upright.clone()),
        (2, image::imageops::flip_horizontal(&upright)),
        (3, image::imageops::rotate180(&upright)),
        (4, image::imageops::flip_vertical(&upright)),
        (5, image::imageops::flip_horizontal(&image::imageops::rotate90(&upright))),
        (6, image::imageops::rotate270(&upright)),
        (7, image::imageops::flip_horizontal(&image::imageops::rotate270(&upright))),
        (8, image::imageops::rotate90(&upright)),
    ];
    for (orientation, image) in stored {
        let decoded = decode(&with_orientation(&jpeg(&image), orientation)).unwrap();
        assert_eq!(decoded.image.dimensions(), (60, 40), "orientation {orientation}");
        for (x, y, red) in [(5, 5, true), (55, 5, false), (5, 35, false), (55, 35, false)] {
            assert_eq!(is_red(&decoded.image, x, y), red, "orientation {orientation} at {x}, {y}");
        }
    }
}

#[test]
fn png_of_every_colour_type_is_read() {
    let rgb = picture();
    let gray: Vec<u8> = rgb.pixels().map(|p| p.0[0]).collect();
    let wide: Vec<u8> = rgb.as_raw().iter().flat_map(|&v| (u16::from(v) * 257).to_ne_bytes()).collect();
    let rgba: Vec<u8> = rgb.pixels().flat_map(|p| [p.0[0], p.0[1], p.0[2], 255]).collect();
    let files = [
        png(rgb.as_raw(), 60, 40, ExtendedColorType::Rgb8),
        png(&wide, 60, 40, ExtendedColorType::Rgb16),
        png(&rgba, 60, 40, ExtendedColorType::Rgba8),
    ];
    for file in files {
        let decoded = decode(&file).unwrap();
        assert_eq!(decoded.image, rgb);
    }
    let decoded = decode(&png(&gray, 60, 40, ExtendedColorType::L8)).unwrap();
    assert_eq!(decoded.image.get_pixel(5, 5).0, [230; 3]);
}

#[test]
fn alpha_is_laid_on_white() {
    let half = png(&[0, 0, 0, 0, 0, 0, 0, 128, 10, 20, 30, 255], 3, 1, ExtendedColorType::Rgba8);
    let decoded = decode(&half).unwrap();
    assert_eq!(decoded.image.as_raw(), &[255, 255, 255, 127, 127, 127, 10, 20, 30]);
}

#[test]
fn a_large_picture_is_made_smaller() {
    let decoded = decode(&jpeg(&RgbImage::from_pixel(4800, 1200, Rgb([9, 200, 9])))).unwrap();
    assert_eq!(decoded.image.dimensions(), (WORKING_SIDE, 600));
    assert!(decoded.image.get_pixel(1000, 300).0[1] > 190);
}

#[test]
fn a_header_beyond_the_limits_is_refused() {
    let mut bomb = png(&[0; 12], 2, 2, ExtendedColorType::Rgb8);
    for (width, height) in [(20_000_u32, 20_000_u32), (16_000, 16_000), (u32::MAX >> 1, 1)] {
        bomb[16..20].copy_from_slice(&width.to_be_bytes());
        bomb[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(reason_of(&bomb), ReasonCode::ImageTooLarge, "{width} x {height}");
    }
    let mut tall = jpeg(&picture());
    let sof = tall.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    tall[sof + 5..sof + 9].copy_from_slice(&[0x4E, 0x20, 0x4E, 0x20]);
    assert_eq!(reason_of(&tall), ReasonCode::ImageTooLarge);
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &b| {
        (0..8).fold(crc ^ u32::from(b), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 })
    })
}

#[test]
fn damaged_files_are_unreadable_and_nothing_panics() {
    assert_eq!(reason_of(b""), ReasonCode::FileUnreadable);
    assert_eq!(reason_of(b"GIF89a"), ReasonCode::FileUnreadable);
    assert_eq!(reason_of(&[0xFF, 0xD8, 0xFF]), ReasonCode::FileUnreadable);
    let file = png(picture().as_raw(), 60, 40, ExtendedColorType::Rgb8);
    for cut in [8, 20, 33, 40] {
        assert_eq!(reason_of(&file[..cut]), ReasonCode::FileUnreadable, "cut at {cut}");
    }
}

/// 60 by 40, and no row like another.
fn busy() -> RgbImage {
    RgbImage::from_fn(60, 40, |x, y| Rgb([(x * 4) as u8, (y * 6) as u8, (x * y % 251) as u8]))
}

#[test]
fn a_picture_that_breaks_off_says_its_share() {
    let ends = |file: &[u8], what: &[u8]| file.windows(what.len()).rposition(|w| w == what).unwrap();
    let grey: Vec<u8> = busy().pixels().map(|p| p.0[2]).collect();
    let alpha: Vec<u8> = busy().pixels().flat_map(|p| [p.0[0], p.0[1], p.0[2], 255]).collect();
    let pngs = [
        png(busy().as_raw(), 60, 40, ExtendedColorType::Rgb8),
        png(&grey, 60, 40, ExtendedColorType::L8),
        png(&alpha, 60, 40, ExtendedColorType::Rgba8),
    ];
    let jpeg = jpeg(&busy());
    let files = pngs.iter().map(|png| (png, ends(png, b"IEND") - 8 - 4)).chain([(&jpeg, jpeg.len() - 3)]);
    for (file, end) in files {
        let (mut shares, whole) = (0, decode(file).unwrap());
        assert!(whole.is_complete());
        for cut in 0..end {
            match decode(&file[..cut]) {
                // The last bytes of a compressed stream may hold no pixel any more.
                Ok(decoded) if cut + 4 > end && decoded.is_complete() => {
                    assert_eq!(decoded.image, whole.image)
                }
                Ok(decoded) => {
                    assert!(decoded.share < 1.0 && !decoded.is_complete(), "cut at {cut} of {}", file.len());
                    assert_eq!(decoded.image.dimensions(), (60, 40));
                    shares += usize::from(decoded.share > 0.3);
                }
                Err(error) => assert_eq!(error.reason, ReasonCode::FileUnreadable, "cut at {cut}"),
            }
        }
        assert!(shares > file.len() / 4, "{shares} of {} say their share", file.len());
    }
}

#[test]
fn what_is_there_of_a_cut_picture_is_seen() {
    for file in [png(busy().as_raw(), 60, 40, ExtendedColorType::Rgb8), jpeg(&busy())] {
        let (whole, half) = (decode(&file).unwrap().image, decode(&file[..file.len() * 3 / 4]).unwrap());
        let rows = (40.0 * half.share) as u32;
        assert!((10..40).contains(&rows), "{rows}");
        for (x, y) in [(0, 0), (59, 0), (30, 5), (7, rows.saturating_sub(9))] {
            let (a, b) = (whole.get_pixel(x, y).0, half.image.get_pixel(x, y).0);
            assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 8), "{a:?} and {b:?} at {x}, {y}");
        }
    }
}

/// The upload and the reader judge alike: what other programs read past is taken, and read as if it were not there.
#[test]
fn what_the_upload_takes_is_read() {
    let chunk = |name: &[u8; 4], data: &[u8], sum: u32| {
        let named = [&name[..], data].concat();
        [&(data.len() as u32).to_be_bytes()[..], &named, &(crc32(&named) ^ sum).to_be_bytes()].concat()
    };
    let png = png(busy().as_raw(), 60, 40, ExtendedColorType::Rgb8);
    let jpeg = jpeg(&busy());
    let pdf = pdf(1, "0 0 200 100", "");
    let behind = |file: &[u8], at: usize, what: &[u8]| [&file[..at], what, &file[at..]].concat();
    let first_segment = 4 + usize::from(u16::from_be_bytes([jpeg[4], jpeg[5]]));
    let files: [(&[u8], Vec<u8>, &str); 12] = [
        (&png, behind(&png, 33, &chunk(b"tEXt", b"a\0b", 1)), "a comment with a wrong checksum"),
        (&png, behind(&png, 33, &chunk(b"gAMA", &[0, 0, 1, 1], 7)), "a gamma with a wrong checksum"),
        (&png, png[..png.len() - 12].to_vec(), "no end"),
        (&png, [&png[..], &[0; 9000]].concat(), "zeros behind a PNG"),
        (&jpeg, behind(&jpeg, first_segment, &[0, 7, 9, 0xFF, 0, 0x61]), "bytes between segments"),
        (&jpeg, jpeg[..jpeg.len() - 2].to_vec(), "no end marker"),
        (&jpeg, [&jpeg[..], &[0; 9000]].concat(), "zeros behind a JPEG"),
        (&jpeg, [&jpeg[..], &jpeg].concat(), "two JPEGs"),
        (&pdf, [&pdf[..], &[0; 80_000]].concat(), "zeros behind a PDF"),
        (&pdf, [&pdf[..], &b"<html>\n".repeat(2000)].concat(), "a page behind a PDF"),
        (&pdf, [b"\r\n", &pdf[..]].concat(), "a line before a PDF"),
        (&pdf, [&[b'x'; 1019], &pdf[..]].concat(), "a kilobyte before a PDF"),
    ];
    for (plain, file, what) in files {
        assert!(filot_media::inspect(&file, None).is_ok(), "{what}");
        let decoded = decode(&file).unwrap();
        assert!(decoded.is_complete() && decoded.image == decode(plain).unwrap().image, "{what}");
    }
}

#[test]
fn what_the_upload_refuses_is_not_read() {
    let encrypted = pdf(1, "0 0 200 100", "/Encrypt << /Filter /Standard >>");
    let endless = pdf(1, "0 0 200 100", "");
    let end = endless.windows(9).rposition(|w| w == b"startxref").unwrap();
    let endless = endless[..end].to_vec();
    let mut wrong_header = png(busy().as_raw(), 60, 40, ExtendedColorType::Rgb8);
    wrong_header[30] ^= 1;
    for file in [encrypted, endless, wrong_header, b"GIF89a".to_vec(), Vec::new()] {
        assert!(filot_media::identify(&file).is_err() && decode(&file).is_err());
    }
}

/// INV-8: the decoder panics on such a palette.
#[test]
fn a_png_whose_palette_makes_the_decoder_panic_is_damaged() {
    let mut file = png(&[0; 12], 2, 2, ExtendedColorType::Rgb8);
    // Colour type 3, and five bytes of palette behind the header.
    file[25] = 3;
    let crc = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&crc.to_be_bytes());
    let named = [b"PLTE".as_slice(), &[7; 5]].concat();
    let palette = [&5_u32.to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat();
    file.splice(33..33, palette);
    assert_eq!(reason_of(&file), ReasonCode::FileUnreadable);
}

/// INV-8: a profile in a PNG may unpack to gigabytes.
#[test]
fn what_nothing_uses_in_a_png_is_not_unpacked() {
    let file = png(picture().as_raw(), 60, 40, ExtendedColorType::Rgb8);
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let named = [&name[..], data].concat();
        [&(data.len() as u32).to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
    };
    let (profile, animation) = (chunk(b"iCCP", b"p\0\0xxxx"), chunk(b"acTL", &[0; 8]));
    let exif = chunk(b"eXIf", b"MM\0\x2a\0\0\0\x08\0\0\0\0\0\0");
    let with = [&file[..33], &profile, &exif, &animation, &file[33..]].concat();
    let without = [&file[..33], &exif, &file[33..]].concat();
    assert_eq!(without_extras(&with), without);
    assert_eq!(decode(&with).unwrap().image, picture());
    for cut in 0..with.len() {
        assert!(without_extras(&with[..cut]).len() <= cut);
    }
}

#[test]
fn the_only_page_of_a_pdf_is_drawn_on_white() {
    let decoded = decode(&pdf(1, "0 0 200 100", "")).unwrap();
    assert_eq!(decoded.image.dimensions(), (WORKING_SIDE, WORKING_SIDE / 2));
    assert_eq!(decoded.image.get_pixel(100, 1100).0, [0; 3]);
    assert_eq!(decoded.image.get_pixel(1500, 100).0, [255; 3]);
}

#[test]
fn a_pdf_without_a_plain_page_is_refused() {
    for (file, what) in [
        (pdf(0, "0 0 200 100", ""), "no page"),
        (pdf(6000, "0 0 200 100", ""), "very many pages"),
        (pdf(1, "0 0 200 100", "/Encrypt << /Filter /Standard /V 1 /R 2 /O () /U () /P -4 >>"), "encrypted"),
        (pdf(1, "0 0 200 0.001", ""), "a strip"),
        (b"%PDF-1.7\nnothing else".to_vec(), "a bare header"),
        (pdf(1, "0 0 200 100", "")[..60].to_vec(), "cut off"),
    ] {
        assert_eq!(reason_of(&file), ReasonCode::PdfUnsupported, "{what}");
    }
}

#[test]
fn every_page_of_a_pdf_is_a_picture() {
    let file = pdf(3, "0 0 200 100", "");
    let file = PictureFile::open(&file).unwrap();
    assert_eq!(file.pages(), 3);
    assert_eq!(file.picture(2).unwrap().image.dimensions(), (WORKING_SIDE, WORKING_SIDE / 2));
    assert_eq!(file.picture(3).unwrap_err().reason, ReasonCode::PdfUnsupported);
}

/// A page that is one picture: its dictionary without the length, and its data.
fn page_of(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut file = with_objects(
        &[
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_owned(),
            "<< /Length 29 >>\nstream\nq 200 0 0 100 0 0 cm /I Do Q \nendstream".to_owned(),
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 3 0 R \
             /Resources << /XObject << /I 5 0 R >> >> >>"
                .to_owned(),
            format!("<< /Subtype /Image {dictionary} /Length {} >>\nstream\n@\nendstream", data.len()),
        ],
        "",
    );
    // The table behind it is a few bytes off then, as in files that were mended by hand.
    let at = file.iter().position(|byte| *byte == b'@').unwrap();
    file.splice(at..=at, data.iter().copied());
    file
}

const GREY: &str = "/Width 60 /Height 40 /BitsPerComponent 8 /ColorSpace /DeviceGray";
const COLOUR: &str = "/Width 60 /Height 40 /BitsPerComponent 8 /ColorSpace /DeviceRGB";

#[test]
fn a_picture_in_a_pdf_that_ends_early_is_not_complete() {
    let jpeg = jpeg(&busy());
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let filter = |name: &str| format!("{COLOUR} /Filter {name}");
    for (dictionary, whole) in [
        (filter("/DCTDecode"), jpeg.clone()),
        (filter("[/ASCIIHexDecode /DCTDecode]"), (hex(&jpeg) + ">").into_bytes()),
        (COLOUR.to_owned(), busy().into_raw()),
        (GREY.to_owned(), vec![200; 60 * 40]),
        (filter("/ASCIIHexDecode"), (hex(busy().as_raw()) + ">").into_bytes()),
    ] {
        let decoded = decode(&page_of(&dictionary, &whole)).unwrap();
        assert!(decoded.is_complete(), "{dictionary}");
        let decoded = decode(&page_of(&dictionary, &whole[..whole.len() * 2 / 3])).unwrap();
        assert!(!decoded.is_complete(), "{dictionary}");
    }
}

/// The renderer reads a picture in several scans as what it is once that is written anew.
#[test]
fn a_picture_of_several_scans_in_a_pdf_is_read_in_one() {
    let dictionary = "/Width 40 /Height 24 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode";
    let several = include_bytes!("../../../tests/fixtures/progressive.jpg");
    let one = include_bytes!("../../../tests/fixtures/progressive-as-baseline.jpg");
    let file = page_of(dictionary, several);
    let decoded = decode(&file).unwrap();
    assert!(decoded.is_complete());
    assert_eq!(decoded.image, decode(&page_of(dictionary, one)).unwrap().image);
}

#[test]
fn a_picture_in_a_pdf_that_cannot_be_decoded_is_missed() {
    for (dictionary, data) in [
        ("/Filter /DCTDecode", &b"\xFF\xD8\xFF\xD9"[..]),
        ("/Filter /JPXDecode", b"no picture"),
        ("/Filter /JBIG2Decode", b"no picture"),
        ("/Filter /Unheard", b"of"),
    ] {
        let decoded = decode(&page_of(&format!("{COLOUR} {dictionary}"), data)).unwrap();
        assert!(decoded.lacks_a_picture, "{dictionary}");
    }
    let mut file = page_of(GREY, &[0; 60 * 40]);
    assert!(!decode(&file).unwrap().lacks_a_picture);
    // The page draws a picture that is not in the file.
    let at = file.windows(9).position(|w| w == b"/I 5 0 R ").unwrap();
    file[at + 1] = b'J';
    assert!(decode(&file).unwrap().lacks_a_picture);
}

/// A JBIG2 picture of 16 by 16 black pixels: page information, and one region that is coded as it is.
fn jbig2() -> Vec<u8> {
    let segment = |number: u8, kind: u8, data: &[u8]| {
        [&[0, 0, 0, number, kind, 0, 1][..], &(data.len() as u32).to_be_bytes(), data].concat()
    };
    let page = [&[0, 0, 0, 16, 0, 0, 0, 16][..], &[0; 8], &[0x04, 0, 0]].concat();
    [segment(0, 48, &page), segment(1, 49, &[])].concat()
}

#[test]
fn a_jbig2_file_inside_a_pdf_is_read_without_its_header() {
    let dictionary = "/Width 16 /Height 16 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode";
    let header = b"\x97JB2\r\n\x1a\n";
    for (flags, pages) in [(1, &[0, 0, 0, 1][..]), (3, &[])] {
        let file = [&header[..], &[flags], pages, &jbig2()].concat();
        let decoded = decode(&page_of(dictionary, &file)).unwrap();
        assert!(decoded.is_complete(), "{flags}");
        assert_eq!(decoded.image.get_pixel(1200, 600).0, [0; 3]);
    }
    let decoded = decode(&page_of(dictionary, &jbig2()[..20])).unwrap();
    assert!(!decoded.is_complete());
}

/// A page that draws one picture, which declares this size.
fn with_image(width: u32, height: u32) -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_owned(),
        "<< /Length 7 >>\nstream\n/I Do  \nendstream".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 3 0 R \
         /Resources << /XObject << /I 5 0 R >> >> >>"
            .to_owned(),
        format!(
            "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8 \
             /ColorSpace /DeviceGray /Length 2 >>\nstream\nxx\nendstream"
        ),
    ];
    with_objects(&objects, "")
}

#[test]
fn an_image_in_a_pdf_is_held_to_the_limits_of_a_picture() {
    assert!(decode(&with_image(2, 1)).is_ok());
    assert_eq!(reason_of(&with_image(60_000, 60_000)), ReasonCode::ImageTooLarge);
    for (width, height) in [(0, 1), (1, 0), (0, 60_000)] {
        assert_eq!(reason_of(&with_image(width, height)), ReasonCode::PdfUnsupported, "{width} by {height}");
    }
}

/// INV-8: a shading whose colours are computed by this program.
fn with_program(program: &str) -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_owned(),
        "<< /Length 5 >>\nstream\n/S sh\nendstream".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 3 0 R \
         /Resources << /Shading << /S 5 0 R >> >> >>"
            .to_owned(),
        "<< /ShadingType 2 /ColorSpace /DeviceGray /Function 6 0 R /Coords [0 0 200 0] >>".to_owned(),
        format!(
            "<< /FunctionType 4 /Domain [0 1] /Range [0 1] /Length {} >>\nstream\n{program}\nendstream",
            program.len()
        ),
    ];
    with_objects(&objects, "")
}

#[test]
fn a_program_in_a_pdf_may_not_be_nested_too_deeply() {
    assert!(decode(&with_program("{ dup 0.5 gt { pop 1 } { pop 0 } ifelse }")).is_ok());
    for deep in ["{", "{%}\n", "{%}\r"] {
        assert_eq!(reason_of(&with_program(&deep.repeat(100_000))), ReasonCode::PdfUnsupported, "{deep:?}");
    }
}

#[test]
fn debug_output_holds_no_pixels() {
    let text = format!("{:?}", decode(&jpeg(&picture())).unwrap());
    assert!(text.len() < 100 && text.contains("(60, 40)"), "{text}");
}
