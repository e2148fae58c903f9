//! PDF that unpacks, draws or recurses without end.

use super::bytes::{zlib_stored, zlib_zeros};
use super::file::{BadFile, KTP, PDF};
use super::jpeg;
use super::pdf::{file, image, page, page_of_stream, stream};

const GREY: &str = "/ColorSpace /DeviceGray /BitsPerComponent 8";
/// As much as a stream of two megabytes can hold.
const BOMB: usize = 2_000_000_000;

pub(super) fn make(files: &mut Vec<BadFile>) {
    unpacking(files);
    images(files);
    drawing(files);
    recursion(files);
    object_streams(files);
}

fn unpacking(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("pdf-bomb", what, PDF, bytes));
    let flate = |count| stream("/Filter /FlateDecode", &zlib_zeros(count));
    push("a page of two gigabytes", page_of_stream("", flate(BOMB), &[]));
    push("a page of two hundred megabytes", page_of_stream("", flate(200_000_000), &[]));
    push("a page of twenty megabytes", page_of_stream("", flate(20_000_000), &[]));
    let twice = zlib_stored(&zlib_zeros(1_000_000_000));
    push("packed twice", page_of_stream("", stream("/Filter [/FlateDecode /FlateDecode]", &twice), &[]));
    let predicted = "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 255 /BitsPerComponent 255 >>";
    push(
        "a predictor of two gigabytes a row",
        page_of_stream("", stream(predicted, &zlib_zeros(10_000)), &[]),
    );
    let nothing =
        "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 0 /Colors 0 /BitsPerComponent 0 >>";
    push("a predictor of no columns", page_of_stream("", stream(nothing, &zlib_zeros(10_000)), &[]));
    push(
        "runs of 128",
        page_of_stream("", stream("/Filter /RunLengthDecode", &[0x81, b' '].repeat(900_000)), &[]),
    );
    push(
        "zeros of base 85",
        page_of_stream("", stream("/Filter /ASCII85Decode", &vec![b'z'; 1_900_000]), &[]),
    );
    push("zeros of LZW", page_of_stream("", stream("/Filter /LZWDecode", &vec![0xFF; 1_900_000]), &[]));
    for filter in [
        "FlateDecode",
        "LZWDecode",
        "RunLengthDecode",
        "ASCII85Decode",
        "ASCIIHexDecode",
        "CCITTFaxDecode",
        "JBIG2Decode",
        "JPXDecode",
        "DCTDecode",
        "Crypt",
        "Nothing",
    ] {
        push(
            &format!("{filter} of what it is not"),
            page_of_stream("", stream(&format!("/Filter /{filter}"), &[0xA7; 3000]), &[]),
        );
    }
}

fn images(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("pdf-image", what, PDF, bytes));
    let sized = |width: i64, height: i64, keys: &str| format!("/Width {width} /Height {height} {keys}");
    let flate = format!("{GREY} /Filter /FlateDecode");
    push("sixty thousand by sixty thousand", image(&sized(60_000, 60_000, &flate), &zlib_zeros(BOMB)));
    push("forty million pixels", image(&sized(8000, 5000, &flate), &zlib_zeros(40_000_000)));
    push("forty million pixels of two gigabytes", image(&sized(8000, 5000, &flate), &zlib_zeros(BOMB)));
    push("forty million pixels that are not there", image(&sized(8000, 5000, GREY), b"x"));
    for (width, height) in [(0, 0), (-1, -1), (1, 0), (4_294_967_297, 1), (1, i64::MAX), (16_385, 1)] {
        push(&format!("{width} by {height}"), image(&sized(width, height, GREY), b"x"));
    }
    push("without a size", image(&flate, &zlib_zeros(BOMB)));
    for bits in ["0", "3", "16", "32", "-8", "1000000", "(x)"] {
        push(
            &format!("{bits} bits"),
            image(
                &format!("/Width 99 /Height 99 /ColorSpace /DeviceRGB /BitsPerComponent {bits}"),
                &[7; 9999],
            ),
        );
    }
    for space in [
        "/Nothing",
        "5 0 R",
        "[/ICCBased 5 0 R]",
        "[/Indexed /DeviceRGB 255 (x)]",
        "[/Indexed /DeviceRGB 2147483647 <00>]",
        "[/Indexed [/Indexed [/Indexed /DeviceRGB 1 (abc)] 1 (a)] 1 (a)]",
        "[/Separation /A /DeviceRGB 5 0 R]",
        "[/DeviceN [] /DeviceRGB 5 0 R]",
        "[/Lab << /WhitePoint [0 0 0] >>]",
        "[/CalRGB << /Gamma [0 0 0] /WhitePoint [0 0 0] >>]",
        "/Pattern",
    ] {
        push(
            &format!("of the colours {space}"),
            image(&format!("/Width 99 /Height 99 /BitsPerComponent 8 /ColorSpace {space}"), &[7; 99 * 99]),
        );
    }
    // Two headers: the one of the PDF and the one of the picture inside.
    let dct = "/Width 10 /Height 10 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode";
    push("a small size around a large JPEG", image(dct, &jpeg::plain(16_000, 2500)));
    push("a small size around a JPEG of four thousand million", image(dct, &jpeg::plain(65_500, 400)));
    push("a small size around a card", image(dct, KTP));
    push("a small size around half a card", image(dct, &KTP[..KTP.len() / 2]));
    let jpx = [
        b"\xFF\x4F\xFF\x51\0\x29\0\0".as_slice(),
        &60_000_u32.to_be_bytes(),
        &60_000_u32.to_be_bytes(),
        &[0; 8],
        &60_000_u32.to_be_bytes(),
        &60_000_u32.to_be_bytes(),
        &[0; 8],
        &[0, 1, 7, 1, 1],
        b"\xFF\x52\0\x0C\0\0\0\x01\0\x05\x04\x04\0\0",
        b"\xFF\x5C\0\x13\x40",
        &[0x40; 16],
        b"\xFF\x90\0\x0A\0\0\0\0\0\0\0\x01\xFF\x93",
        &[0; 64],
        b"\xFF\xD9",
    ]
    .concat();
    push(
        "a small size around a JPEG 2000 of sixty thousand",
        image("/Width 10 /Height 10 /Filter /JPXDecode", &jpx),
    );
    let jbig = [
        &[0, 0, 0, 0, 0x30, 0, 1, 0, 0, 0, 19][..],
        &60_000_u32.to_be_bytes(),
        &60_000_u32.to_be_bytes(),
        &[0; 11],
    ]
    .concat();
    push(
        "a small size around a JBIG2 of sixty thousand",
        image("/Width 10 /Height 10 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode", &jbig),
    );
    let fax = "/Width 10 /Height 10 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode /DecodeParms";
    push(
        "a fax of a million columns",
        image(&format!("{fax} << /K -1 /Columns 1000000 /Rows 1000000 >>"), &[0xFF; 1000]),
    );
    push(
        "a fax of four thousand million columns",
        image(&format!("{fax} << /K 0 /Columns 2147483647 >>"), &[0x55; 1000]),
    );
    let mask = stream(
        &format!("/Type /XObject /Subtype /Image {} /Filter /FlateDecode", sized(4000, 2500, GREY)),
        &zlib_zeros(10_000_000),
    );
    let masked =
        stream(&format!("/Type /XObject /Subtype /Image {} /SMask 6 0 R", sized(9, 9, GREY)), &[7; 81]);
    push(
        "a small one with a large mask",
        page("/Resources << /XObject << /I 5 0 R >> >>", b"400 0 0 250 0 0 cm /I Do", &[masked, mask]),
    );
    let own = stream(&format!("/Type /XObject /Subtype /Image {} /SMask 5 0 R", sized(9, 9, GREY)), &[7; 81]);
    push(
        "its own mask",
        page("/Resources << /XObject << /I 5 0 R >> >>", b"400 0 0 250 0 0 cm /I Do", &[own]),
    );
    let inline = |size: &str| [b"BI ", size.as_bytes(), b" /CS /G /BPC 8 ID x EI"].concat();
    push("in the page itself, sixty thousand by sixty thousand", page("", &inline("/W 60000 /H 60000"), &[]));
    push("in the page itself, below nothing", page("", &inline("/W -5 /H -5"), &[]));
    let packed =
        [b"BI /W 16000 /H 2500 /CS /G /BPC 8 /F /Fl ID ".as_slice(), &zlib_zeros(40_000_000), b" EI"]
            .concat();
    push("in the page itself, forty million pixels", page("", &packed.repeat(20), &[]));
    let large = stream(
        &format!("/Type /XObject /Subtype /Image {} /Filter /FlateDecode", sized(8000, 5000, GREY)),
        &zlib_zeros(40_000_000),
    );
    push(
        "forty million pixels, drawn three hundred times",
        page(
            "/Resources << /XObject << /I 5 0 R >> >>",
            &b"q 400 0 0 250 0 0 cm /I Do Q ".repeat(300),
            &[large],
        ),
    );
}

fn drawing(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("pdf-drawing", what, PDF, bytes));
    push("a line of a hundred million dashes", page("", b"[0.0001] 0 d 0 0 m 10000 0 l S", &[]));
    push("a dash of nothing", page("", b"[0 0] 0 d 0 0 m 400 250 l S", &[]));
    push("a dash below nothing", page("", b"[-1 -2] -3 d 0 0 m 400 250 l S", &[]));
    push("a line as wide as numbers go", page("", b"1e38 w 0 0 m 400 250 l S", &[]));
    push("curves that go far away", page("", b"0 0 m 1e37 1e37 -1e37 1e37 9e36 -9e36 c S f*", &[]));
    push("a matrix of nothing", page("", b"0 0 0 0 0 0 cm 0 0 400 250 re f", &[]));
    push(
        "a matrix as large as numbers go",
        page("", b"1e38 1e38 1e38 1e38 1e38 1e38 cm 1e38 0 0 1e38 0 0 cm 0 0 4 2 re f", &[]),
    );
    push(
        "a hundred thousand lines",
        page("", &[b"0 0 m ".as_slice(), &b"400 250 l 0 9 l ".repeat(60_000), b"S"].concat(), &[]),
    );
    push("a hundred thousand full pages", page("", &b"0 0 400 250 re f ".repeat(100_000), &[]));
    push("a hundred thousand clips", page("", &b"0 0 400 250 re W n ".repeat(100_000), &[]));
    push("a hundred thousand saved states", page("", &b"q ".repeat(100_000), &[]));
    push("a hundred thousand states never saved", page("", &b"Q ".repeat(100_000), &[]));
    push("a hundred thousand numbers", page("", &b"1 ".repeat(900_000), &[]));
    push("a hundred thousand brackets", page("", &b"[".repeat(100_000), &[]));
    push("a hundred thousand dictionaries", page("", &b"<</A ".repeat(100_000), &[]));
    push("a text that does not end", page("", b"BT /F 9 Tf (", &[]));
    push("a font that is not there", page("", b"BT /F 1e30 Tf (hello) Tj ET", &[]));
    let tile = |step: &str| {
        stream(
            &format!(
                "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] {step} /Resources << >>"
            ),
            b"0 0 5 5 re f",
        )
    };
    for step in ["/XStep 0 /YStep 0", "/XStep 0.001 /YStep 0.001", "/XStep -1e30 /YStep 1e-30"] {
        let keys = "/Resources << /Pattern << /P 5 0 R >> >>";
        push(&format!("tiles of {step}"), page(keys, b"/Pattern cs /P scn 0 0 400 250 re f", &[tile(step)]));
    }
    for (what, function) in [
        (
            "a function of a thousand million samples",
            stream(
                "/FunctionType 0 /Domain [0 1 0 1] /Range [0 1 0 1 0 1] /Size [40000 40000] /BitsPerSample 8",
                b"x",
            ),
        ),
        (
            "a function that is itself",
            b"<< /FunctionType 3 /Domain [0 1] /Functions [6 0 R 6 0 R] /Bounds [0.5] /Encode [0 1 0 1] >>"
                .to_vec(),
        ),
        (
            "a program of brackets",
            stream("/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1]", &b"{".repeat(100_000)),
        ),
        (
            "a program of brackets that close in comments",
            stream("/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1]", &b"{%}\n".repeat(100_000)),
        ),
        (
            "a program that turns its stack",
            stream(
                "/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1]",
                b"{ 2147483647 copy 2147483647 -2147483647 roll 0 idiv }",
            ),
        ),
        (
            "an exponent of nothing",
            b"<< /FunctionType 2 /Domain [0 1] /N -1e30 /C0 [0 0 0] /C1 [1 1 1] >>".to_vec(),
        ),
    ] {
        let shading = b"<< /ShadingType 1 /ColorSpace /DeviceRGB /Function 6 0 R /Domain [0 1 0 1] /Matrix [400 0 0 250 0 0] >>".to_vec();
        push(
            &format!("{what}, over a plane"),
            page("/Resources << /Shading << /S 5 0 R >> >>", b"/S sh", &[shading, function.clone()]),
        );
        let axis = b"<< /ShadingType 2 /ColorSpace /DeviceRGB /Function 6 0 R /Coords [0 0 400 0] /Extend [true true] >>".to_vec();
        push(
            &format!("{what}, along an axis"),
            page("/Resources << /Shading << /S 5 0 R >> >>", b"/S sh", &[axis, function]),
        );
    }
    for kind in [4, 6] {
        let mesh = stream(
            &format!(
                "/ShadingType {kind} /ColorSpace /DeviceRGB /BitsPerCoordinate 8 /BitsPerComponent 8 /BitsPerFlag 8 /VerticesPerRow 2 /Decode [0 400 0 250 0 1 0 1 0 1]"
            ),
            &(0..6000_u32).map(|i| (i * 37 % 251) as u8).collect::<Vec<_>>(),
        );
        push(
            &format!("a mesh of kind {kind}"),
            page("/Resources << /Shading << /S 5 0 R >> >>", b"/S sh", &[mesh]),
        );
    }
}

fn recursion(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("pdf-recursion", what, PDF, bytes));
    let form = |draws: &str, next: usize| {
        stream(
            &format!(
                "/Type /XObject /Subtype /Form /BBox [0 0 400 250] /Resources << /XObject << /N {next} 0 R >> >>"
            ),
            draws.as_bytes(),
        )
    };
    let keys = "/Resources << /XObject << /N 5 0 R >> >>";
    push("a form that draws itself", page(keys, b"/N Do", &[form("/N Do", 5)]));
    push("a form that draws itself twice", page(keys, b"/N Do", &[form("/N Do /N Do", 5)]));
    push("two forms that draw each other", page(keys, b"/N Do", &[form("/N Do", 6), form("/N Do", 5)]));
    for (times, levels) in [(1, 500), (10, 12)] {
        let forms: Vec<_> = (0..levels)
            .map(|i| form(&"/N Do ".repeat(times), i + 6))
            .chain([form("0 0 9 9 re f", 5)])
            .collect();
        push(
            &format!("each form draws {times} times the next, {levels} levels"),
            page(keys, b"/N Do", &forms),
        );
    }
    let group = |content: &str, next: usize| {
        stream(
            &format!(
                "/Type /XObject /Subtype /Form /BBox [0 0 400 250] /Group << /S /Transparency >> /Resources << /XObject << /N {next} 0 R >> >>"
            ),
            content.as_bytes(),
        )
    };
    let groups: Vec<_> = (0..200).map(|i| group("/N Do", i + 6)).chain([group("0 0 9 9 re f", 5)]).collect();
    push("two hundred groups in each other", page(keys, b"/N Do", &groups));
    push("a hundred groups", page(keys, &b"/N Do ".repeat(100), &[group("0 0 400 250 re f", 5)]));
    let soft = "/Resources << /ExtGState << /G << /SMask << /S /Luminosity /G 5 0 R >> >> >> /XObject << /N 5 0 R >> >>";
    let masked = stream(
        &format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 400 250] /Group << /S /Transparency /CS /DeviceGray >> {soft}"
        ),
        b"/G gs 0 0 400 250 re f",
    );
    push("a mask that is masked by itself", page(soft, b"/G gs 0 0 400 250 re f", &[masked]));
    let pattern = stream(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 /Resources << /Pattern << /P 5 0 R >> >>",
        b"/Pattern cs /P scn 0 0 9 9 re f",
    );
    push(
        "a pattern of itself",
        page("/Resources << /Pattern << /P 5 0 R >> >>", b"/Pattern cs /P scn 0 0 400 250 re f", &[pattern]),
    );
    let glyph = b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 65 /LastChar 65 /Widths [9] /Encoding << /Differences [65 /A] >> /CharProcs << /A 6 0 R >> /Resources << /Font << /F 5 0 R >> >> >>".to_vec();
    push(
        "a letter that is written with itself",
        page(
            "/Resources << /Font << /F 5 0 R >> >>",
            b"BT /F 9 Tf (AAAA) Tj ET",
            &[glyph, stream("", b"9 0 d0 BT /F 9 Tf (AA) Tj ET")],
        ),
    );
    let note = b"<< /Type /Annot /Subtype /Stamp /Rect [0 0 400 250] /AP << /N 6 0 R >> >>".to_vec();
    push("a note that shows itself", page("/Annots [5 0 R 5 0 R]", b"", &[note, form("/N Do", 6)]));
}

fn object_streams(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("pdf-objects", what, PDF, bytes));
    let packed = |keys: &str, content: &[u8]| stream(&format!("/Type /ObjStm {keys}"), content);
    let zeros = zlib_zeros(BOMB);
    push(
        "an object stream of two gigabytes",
        with_table(&[packed("/N 1 /First 4 /Filter /FlateDecode", &zeros)], &[(2, 3), (2, 3)]),
    );
    push("ten object streams of a hundred megabytes", {
        let streams: Vec<_> =
            (0..10).map(|_| packed("/N 1 /First 4 /Filter /FlateDecode", &zlib_zeros(100_000_000))).collect();
        with_table(&streams, &[(2, 3), (2, 4), (2, 5), (2, 6), (2, 7), (2, 8), (2, 9), (2, 10)])
    });
    push(
        "an object stream inside itself",
        with_table(
            &[packed("/N 2 /First 10 /Extends 3 0 R", b"1 0 3 30   << /Type /Catalog /Pages 2 0 R >>")],
            &[(2, 3), (2, 3), (2, 3)],
        ),
    );
    push(
        "object streams inside each other",
        with_table(
            &[packed("/N 1 /First 4", b"4 0 << >>"), packed("/N 1 /First 4", b"3 0 << >>")],
            &[(2, 3), (2, 4), (2, 4), (2, 3)],
        ),
    );
    push(
        "as many objects as numbers go",
        with_table(&[packed("/N 2147483647 /First 4", b"1 0 << /Type /Catalog >>")], &[(2, 3)]),
    );
    push(
        "an object before the first",
        with_table(&[packed("/N 1 /First -100", b"1 0 << /Type /Catalog >>")], &[(2, 3)]),
    );
    push(
        "a first object beyond the end",
        with_table(&[packed("/N 1 /First 999999999", b"1 0 << /Type /Catalog >>")], &[(2, 3)]),
    );
    push(
        "offsets that lie",
        with_table(&[packed("/N 3 /First 30", b"1 999999 2 -5 3 18446744073709 << >>")], &[(2, 3)]),
    );
    let numbers: String = (0..100_000).map(|i| format!("{i} 0 ")).collect();
    push(
        "a hundred thousand objects at one place",
        with_table(
            &[packed(
                &format!("/N 100000 /First {}", numbers.len()),
                &[numbers.as_bytes(), b"<< /Type /Catalog >>"].concat(),
            )],
            &[(2, 3)],
        ),
    );
    for keys in [
        "/W [8 8 8] /Size 2147483647",
        "/W [0 0 0] /Size 9",
        "/W [-1 2 1] /Size 9",
        "/W [1 2147483647 1] /Size 9",
        "/W [] /Size 9",
        "/W [1 2 1] /Size 9 /Index [0 2147483647]",
        "/W [1 2 1] /Size 9 /Index [-5 9]",
        "/W [1 2 1] /Size 9 /Prev 9",
    ] {
        let table = stream(&format!("/Type /XRef {keys} /Root 1 0 R"), &[0; 90]);
        let bytes = [b"%PDF-1.7\n1 0 obj\n".as_slice(), &table, b"\nendobj\nstartxref\n9\n%%EOF"].concat();
        push(&format!("a table of {keys}"), bytes);
    }
    let bomb = stream("/Type /XRef /W [1 2 1] /Size 100000000 /Root 1 0 R /Filter /FlateDecode", &zeros);
    push(
        "a table of two gigabytes",
        [b"%PDF-1.7\n1 0 obj\n".as_slice(), &bomb, b"\nendobj\nstartxref\n9\n%%EOF"].concat(),
    );
    let many: Vec<_> = (0..40_000).map(|_| b"null".to_vec()).collect();
    push(
        "forty thousand objects",
        file(
            &[
                vec![
                    b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
                    b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
                ],
                many,
            ]
            .concat(),
            "",
        ),
    );
}

/// Object streams from number 3 on, and a table that says in which of them objects 1, 2, … are.
fn with_table(streams: &[Vec<u8>], inside: &[(u8, u8)]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut rows = vec![[0, 0, 0, 0, 0]];
    rows.extend(inside.iter().map(|(kind, holder)| [*kind, 0, 0, *holder, 0]));
    rows.resize(rows.len().max(3), [0; 5]);
    rows.truncate(3);
    for (i, object) in streams.iter().enumerate() {
        let [_, b, c, d] = (out.len() as u32).to_be_bytes();
        rows.push([1, b, c, d, 0]);
        out.extend(format!("{} 0 obj\n", i + 3).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let (start, size) = (out.len(), rows.len());
    out.extend(format!("{size} 0 obj\n").bytes());
    out.extend(stream(&format!("/Type /XRef /W [1 3 1] /Size {size} /Root 1 0 R"), &rows.concat()));
    out.extend(format!("\nendobj\nstartxref\n{start}\n%%EOF\n").bytes());
    out
}
