//! PDF: objects numbered from 1 with a table of their places, damaged in every way that costs nothing to read.

use super::bytes::{Draw, zlib_stored};
use super::file::{BadFile, FULL, KTP, PDF};

/// A stream object.
pub(super) fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A file of these objects; the first is the root.
pub(super) fn file(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = String::new();
    for (i, object) in objects.iter().enumerate() {
        places.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.extend(format!("{} 0 obj\n", i + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let (start, size) = (out.len(), objects.len() + 1);
    out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n<< /Size {size} ").bytes());
    if !trailer.contains("/Root") {
        out.extend(b"/Root 1 0 R ");
    }
    out.extend(format!("{trailer} >>\nstartxref\n{start}\n%%EOF\n").bytes());
    out
}

/// A page that draws `content` and has `more` objects, the first of which is number 5.
pub(super) fn page(keys: &str, content: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    page_of_stream(keys, stream("", content), more)
}

/// The same with the stream object of the content given.
pub(super) fn page_of_stream(keys: &str, content: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let media = if keys.contains("/MediaBox") { "" } else { "/MediaBox [0 0 400 250]" };
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R {media} /Contents 4 0 R {keys} >>").into_bytes(),
        content,
    ];
    objects.extend_from_slice(more);
    file(&objects, "")
}

/// A page that shows one image of these keys and this data.
pub(super) fn image(keys: &str, data: &[u8]) -> Vec<u8> {
    let object = stream(&format!("/Type /XObject /Subtype /Image {keys}"), data);
    page("/Resources << /XObject << /I 5 0 R >> >>", b"q 400 0 0 250 0 0 cm /I Do Q", &[object])
}

const GREY: &str = "/ColorSpace /DeviceGray /BitsPerComponent 8";

/// A small whole file with a picture in it.
fn small() -> Vec<u8> {
    image(&format!("/Width 8 /Height 5 {GREY} /Filter /FlateDecode"), &zlib_stored(&[0x99; 40]))
}

pub(super) fn make(files: &mut Vec<BadFile>) {
    cuts_and_flips(files);
    encrypted(files);
    pages(files);
    boxes(files);
    structure(files);
    sizes(files);
}

fn cuts_and_flips(files: &mut Vec<BadFile>) {
    let whole = small();
    for at in 0..whole.len() {
        files.push(BadFile::new("pdf-cut", format!("at {at}"), PDF, whole[..at].to_vec()));
    }
    // With an end mark behind the cut, only the reader can tell.
    for at in (9..whole.len()).step_by(17) {
        let cut = [&whole[..at], b"\n%%EOF"].concat();
        files.push(BadFile::new("pdf-cut-ended", format!("at {at}"), PDF, cut));
    }
    let mut draw = Draw::new("pdf flips");
    for i in 0..60 {
        let bad = draw.flipped(&whole, 8, whole.len() - 6, 1 + i % 5);
        files.push(BadFile::new("pdf-flip", i.to_string(), PDF, bad));
    }
    let card = image("/Width 1 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", KTP);
    for i in 0..10 {
        let bad = draw.flipped(&card, 9, card.len() - 6, 1 + 10 * i);
        files.push(BadFile::new("pdf-flip", format!("a card, {i}"), PDF, bad));
    }
}

fn encrypted(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("pdf-encrypted", what, PDF, bytes));
    let objects = |first: &str| {
        vec![
            first.as_bytes().to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 250] >>".to_vec(),
            b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O (oooooooooooooooooooooooooooooooo) /U (uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu) >>".to_vec(),
        ]
    };
    let root = "<< /Type /Catalog /Pages 2 0 R >>";
    let id = "/ID [(0123456789abcdef) (0123456789abcdef)]";
    for (what, key) in [
        ("by reference", "/Encrypt 4 0 R".to_owned()),
        ("in place", "/Encrypt << /Filter /Standard /V 1 /R 2 /O () /U () /P -4 >>".to_owned()),
        ("with a name in hex", "/#45ncrypt 4 0 R".to_owned()),
        ("without a space", "/Encrypt<</Filter/Standard/V 5/R 6>>".to_owned()),
        ("by a handler nobody knows", "/Encrypt << /Filter /Mine /V 4 >>".to_owned()),
        ("with an object that is not there", "/Encrypt 99 0 R".to_owned()),
        ("with itself", "/Encrypt 1 0 R".to_owned()),
        ("with nothing", "/Encrypt null".to_owned()),
        ("behind a long comment", format!("%{}\n/Encrypt 4 0 R", "x".repeat(9000))),
    ] {
        push(what, file(&objects(root), &format!("{id} {key}")));
    }
    for version in [0, 1, 2, 3, 4, 5, 6, -1, i32::MAX] {
        for revision in [0, 2, 3, 4, 5, 6, 7] {
            let key = format!(
                "{id} /Encrypt << /Filter /Standard /V {version} /R {revision} /Length 128 /P -44 /O (o) /U (u) >>"
            );
            push(&format!("version {version}, revision {revision}"), file(&objects(root), &key));
        }
    }
    // Not encrypted at all: the word is somewhere else.
    push("only in a name", file(&objects("<< /Type /Catalog /Pages 2 0 R /Encryption 1 >>"), id));
    push("only in a string", file(&objects("<< /Type /Catalog /Pages 2 0 R /Note (/Encrypt ) >>"), id));
}

fn pages(files: &mut Vec<BadFile>) {
    let mut push = |what: String, objects: &[Vec<u8>]| {
        files.push(BadFile::new("pdf-pages", what, PDF, file(objects, "")))
    };
    let root = || b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
    let leaf = || b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 250] >>".to_vec();
    let tree =
        |kids: &str, count: i64| format!("<< /Type /Pages /Kids [{kids}] /Count {count} >>").into_bytes();
    for pages in [0, 2, 3, 10, 100, 1500, 6000, 12_000] {
        let kids: String = (0..pages).map(|i| format!("{} 0 R ", i + 3)).collect();
        let mut objects = vec![root(), tree(&kids, pages)];
        objects.extend((0..pages).map(|_| leaf()));
        push(format!("{pages} pages"), &objects);
    }
    push(
        "one page a hundred thousand times".into(),
        &[root(), tree(&"3 0 R ".repeat(100_000), 100_000), leaf()],
    );
    for count in [0, 2, -1, 1_000_000_000, i64::MAX] {
        push(format!("one page, said to be {count}"), &[root(), tree("3 0 R", count), leaf()]);
    }
    for depth in [10, 200, 5000, 20_000] {
        let mut objects = vec![root()];
        objects.extend(
            (0..depth).map(|i| format!("<< /Type /Pages /Kids [{} 0 R] /Count 1 >>", i + 3).into_bytes()),
        );
        objects.push(leaf());
        push(format!("{depth} levels"), &objects);
    }
    push("the tree is its own kid".into(), &[root(), tree("2 0 R", 1)]);
    push("the root is the kid".into(), &[root(), tree("1 0 R", 1)]);
    push("two trees, each the kid of the other".into(), &[root(), tree("3 0 R", 1), tree("2 0 R", 1)]);
    push("many times its own kid".into(), &[root(), tree(&"2 0 R ".repeat(50), 1), leaf()]);
    let bushy: Vec<_> = (0..24).map(|i| tree(&format!("{0} 0 R {0} 0 R", i + 3), 2)).collect();
    push("twice two kids, 24 levels deep".into(), &[vec![root()], bushy, vec![leaf()]].concat());
    push("no tree".into(), &[b"<< /Type /Catalog >>".to_vec()]);
    push("a tree that is a number".into(), &[root(), b"17".to_vec()]);
    push(
        "a root that is its own tree".into(),
        &[b"<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] /Count 1 >>".to_vec()],
    );
    push(
        "kids that are a page".into(),
        &[root(), b"<< /Type /Pages /Kids 3 0 R /Count 1 >>".to_vec(), leaf()],
    );
    push(
        "kids of all sorts".into(),
        &[root(), tree("null true (x) /N 1.5 << >> [3 0 R] 99 0 R 3 1 R", 9), leaf()],
    );
    push(
        "a page without a type".into(),
        &[root(), tree("3 0 R", 1), b"<< /MediaBox [0 0 400 250] >>".to_vec()],
    );
    push(
        "parents in a circle".into(),
        &[root(), b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 3 0 R >>".to_vec(), leaf()],
    );
}

fn boxes(files: &mut Vec<BadFile>) {
    for keys in [
        "/MediaBox [0 0 0 0]",
        "/MediaBox [0 0 -400 -250]",
        "/MediaBox [400 250 0 0]",
        "/MediaBox [0 0 400]",
        "/MediaBox [0 0 400 250 9 9]",
        "/MediaBox []",
        "/MediaBox null",
        "/MediaBox (box)",
        "/MediaBox 3 0 R",
        "/MediaBox [/A /B /C /D]",
        "/MediaBox [0 0 1e38 1e38]",
        "/MediaBox [0 0 99999999999999999999 1]",
        "/MediaBox [0 0 340282350000000000000000000000000000000 340282350000000000000000000000000000000]",
        "/MediaBox [-340282350000000000000000000000000000000 0 340282350000000000000000000000000000000 9]",
        "/MediaBox [0 0 0.0000001 0.0000001]",
        "/MediaBox [0 0 1000000 1]",
        "/MediaBox [0 0 1 1000000]",
        "/MediaBox [0 0 14400 14400]",
        "/MediaBox [1e9 1e9 1000000400 1000000250]",
        "/MediaBox [0 0 400 10.7]",
        "/CropBox [0 0 0 0]",
        "/CropBox [900 900 1000 1000]",
        "/CropBox [-9e9 -9e9 9e9 9e9]",
        "/CropBox [10 10 11 11]",
        "/Rotate 90",
        "/Rotate 45",
        "/Rotate -90",
        "/Rotate 2147483647",
        "/Rotate (x)",
        "/Rotate 1e30",
        "/UserUnit 0",
        "/UserUnit -1",
        "/UserUnit 1000000",
        "/UserUnit 1e-30",
        "/UserUnit (u)",
        "/Contents 3 0 R",
        "/Contents [4 0 R 4 0 R 3 0 R]",
        "/Contents null",
        "/Resources 3 0 R",
        "/Resources (r)",
        "/Annots [3 0 R]",
        "/Group << /S /Transparency /CS /DeviceCMYK >>",
        "/Metadata 3 0 R",
        "/Parent 3 0 R",
    ] {
        files.push(BadFile::new("pdf-page-keys", keys, PDF, page(keys, b"0 0 50 50 re f", &[])));
    }
}

fn structure(files: &mut Vec<BadFile>) {
    let whole = small();
    let text = |what: &str| what.as_bytes().to_vec();
    let swapped = |from: &str, to: &str| {
        let at = whole.windows(from.len()).rposition(|w| w == from.as_bytes()).unwrap_or_default();
        [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
    };
    let start = whole.windows(4).position(|w| w == b"xref").unwrap_or_default().to_string();
    let mut push = |what: &str, bytes: Vec<u8>| files.push(BadFile::new("pdf-structure", what, PDF, bytes));
    for version in ["0.9", "1.", "1.x", "9.9", "2.0", "1.10", "   ", "-1."] {
        push(&format!("version {version:?}"), [b"%PDF-", version.as_bytes(), &whole[8..]].concat());
    }
    for place in ["0", "-1", "99999999", "18446744073709551616", "9", "x", ""] {
        push(
            &format!("its table at {place:?}"),
            swapped(&format!("startxref\n{start}"), &format!("startxref\n{place}")),
        );
    }
    for (what, key) in [
        ("its own predecessor", format!("/Prev {start}")),
        ("a predecessor far away", "/Prev 99999999".to_owned()),
        ("a table beside it that is itself", format!("/XRefStm {start}")),
        ("a size of four thousand million", "/Size 4294967295".to_owned()),
        ("a size below nothing", "/Size -5".to_owned()),
        ("another root", "/Root 99 0 R".to_owned()),
        ("a root that is a number", "/Root 17".to_owned()),
        ("a key of a megabyte", format!("/{} 1", "K".repeat(1_000_000))),
        ("a string that does not end", "/Note (".to_owned()),
        ("a string in hex that does not end", "/Note <41".to_owned()),
        ("a hundred thousand brackets", format!("/Deep {}", "[".repeat(100_000))),
        (
            "a hundred thousand whole brackets",
            format!("/Deep {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ),
        (
            "a hundred thousand dictionaries",
            format!("/Deep {}{}", "<</A".repeat(100_000), ">>".repeat(100_000)),
        ),
        ("a hundred thousand parentheses", format!("/Deep {}{}", "(".repeat(100_000), ")".repeat(100_000))),
    ] {
        push(what, swapped("/Root 1 0 R", &format!("/Root 1 0 R {key}")));
    }
    push("zeros behind it", [&whole[..], &[0; 80_000]].concat());
    push("a web page behind it", [&whole[..], &b"<html></html>\n".repeat(400)].concat());
    push("a kilobyte before it", [&[b' '; 1019], &whole[..]].concat());
    push("more than a kilobyte before it", [&[b' '; 1020], &whole[..]].concat());
    push("nothing but its marks", text("%PDF-1.7\n%%EOF"));
    push("a table of nothing", text("%PDF-1.7\nxref\n0 0\ntrailer\n<< >>\nstartxref\n9\n%%EOF"));
    push("two megabytes of comments", [b"%PDF-1.7\n", &b"%x\n".repeat(690_000)[..], b"%%EOF"].concat());
    push(
        "a hundred thousand times obj",
        [b"%PDF-1.7\n".as_slice(), &b"1 0 obj ".repeat(100_000), b"%%EOF"].concat(),
    );
    push(
        "a hundred thousand objects",
        [b"%PDF-1.7\n".as_slice(), &b"1 0 obj null endobj ".repeat(90_000), b"%%EOF"].concat(),
    );
    push(
        "a hundred thousand trailers",
        [b"%PDF-1.7\n".as_slice(), &b"trailer << /Root 1 0 R >>\n".repeat(70_000), b"%%EOF"].concat(),
    );
    push("a hundred thousand ends", [b"%PDF-1.7\n".as_slice(), &b"%%EOF\n".repeat(100_000)].concat());
    push(
        "a stream that is longer than the file",
        page_of_stream("", text("<< /Length 99999999 >>\nstream\nq Q\nendstream"), &[]),
    );
    push(
        "a stream whose length is itself",
        page_of_stream("", text("<< /Length 4 0 R >>\nstream\nq Q\nendstream"), &[]),
    );
    push(
        "a stream whose length is below nothing",
        page_of_stream("", text("<< /Length -7 >>\nstream\nq Q\nendstream"), &[]),
    );
    push(
        "a stream whose filter is itself",
        page_of_stream("", text("<< /Length 3 /Filter 4 0 R >>\nstream\nq Q\nendstream"), &[]),
    );
    push(
        "a thousand filters",
        page_of_stream("", stream(&format!("/Filter [{}]", "/ASCIIHexDecode ".repeat(1000)), b"71>"), &[]),
    );
    push("a reference in a circle", page_of_stream("", text("5 0 R"), &[text("6 0 R"), text("5 0 R")]));
    push(
        "a chain of ten thousand references",
        page_of_stream(
            "",
            text("5 0 R"),
            &(6..10_006).map(|i| format!("{i} 0 R").into_bytes()).collect::<Vec<_>>(),
        ),
    );
}

fn sizes(files: &mut Vec<BadFile>) {
    let padded = |length: usize| {
        let rest = page("", &[b' '; 100], &[]).len() - 100;
        // The length itself has more digits than that of a hundred.
        let mut bytes = page("", &vec![b' '; length - rest - 12], &[]);
        bytes.resize(length, b'\n');
        bytes
    };
    for (what, length) in [("one byte short of full", FULL - 1), ("full", FULL)] {
        files.push(BadFile::new("pdf-full", what, PDF, padded(length)));
    }
    files.push(BadFile::new("too-large", "a PDF one byte too long", PDF, padded(FULL + 1)));
}
