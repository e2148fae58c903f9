//! What is none of the three, says it is another of the three, or is two things at once.

use super::bytes::Draw;
use super::file::{BadFile, FULL, JPEG, KTP, NPWP, PDF, PNG};
use super::{jpeg, pdf, png};

const TYPES: [(&str, &str); 3] = [("JPEG", JPEG), ("PNG", PNG), ("PDF", PDF)];

pub(super) fn make(files: &mut Vec<BadFile>) {
    wrong_types(files);
    disagreeing(files);
    polyglots(files);
    tiny(files);
    random(files);
}

fn wrong_types(files: &mut Vec<BadFile>) {
    let mut archive = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
    archive.extend([0; 200]);
    let starts: [(&str, &[u8]); 34] = [
        ("GIF", b"GIF89a\x01\0\x01\0\0\0\0;"),
        ("BMP", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"),
        ("TIFF", b"II\x2a\0\x08\0\0\0\0\0"),
        ("TIFF the other way", b"MM\0\x2a\0\0\0\x08\0\0"),
        ("WebP", b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0"),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("AVIF", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1"),
        ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n"),
        ("JPEG 2000 bare", b"\xFF\x4F\xFF\x51\0\x29"),
        ("JPEG XL", b"\xFF\x0A\xFA\x7F"),
        ("JPEG XL boxed", b"\0\0\0\x0cJXL \r\n\x87\n"),
        ("ICO", b"\0\0\x01\0\x01\0\x10\x10"),
        ("PSD", b"8BPS\0\x01\0\0"),
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        ("HTML", b"<!doctype html><script>1</script>"),
        ("XML with entities", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ("JSON", b"{\"type\":\"KTP\"}"),
        ("text", b"this is no picture"),
        ("a script", b"#!/bin/sh\nexit 1\n"),
        ("PHP", b"<?php exit; ?>"),
        ("ELF", b"\x7fELF\x02\x01\x01\0"),
        ("a DOS program", b"MZ\x90\0\x03\0\0\0"),
        ("ZIP", &archive),
        ("RAR", b"Rar!\x1a\x07\x01\0"),
        ("7z", b"7z\xbc\xaf\x27\x1c\0\x04"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("bzip2", b"BZh91AY&SY"),
        ("an old Office file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("RTF", b"{\\rtf1 hello}"),
        ("PostScript", b"%!PS-Adobe-3.0\n"),
        ("MP4", b"\0\0\0\x18ftypmp42\0\0\0\0"),
        ("DjVu", b"AT&TFORM\0\0\0\x10DJVU"),
        ("zeros", &[0; 300]),
        ("ones", &[0xFF; 300]),
    ];
    for (what, bytes) in starts {
        for (name, mime) in TYPES {
            files.push(BadFile::new("wrong-type", format!("{what} as {name}"), mime, bytes.to_vec()));
        }
    }
}

fn disagreeing(files: &mut Vec<BadFile>) {
    let contents =
        [("JPEG", jpeg::plain(64, 40)), ("PNG", png::black(64, 40, 8, 2)), ("PDF", pdf::page("", b"", &[]))];
    for (content, bytes) in &contents {
        for declared in [
            JPEG,
            PNG,
            PDF,
            "image/gif",
            "image/webp",
            "text/html",
            "application/zip",
            "image/svg+xml",
            "image/*",
        ] {
            if !declared.to_uppercase().ends_with(content) {
                files.push(BadFile::new(
                    "disagreeing",
                    format!("{content} as {declared}"),
                    declared,
                    bytes.clone(),
                ));
            }
        }
        // The magic of another, or its own in the wrong place.
        for (name, mime) in TYPES {
            let magic: &[u8] = match name {
                "JPEG" => &[0xFF, 0xD8, 0xFF],
                "PNG" => png::SIGNATURE,
                _ => b"%PDF-1.7\n",
            };
            let bad = [magic, bytes].concat();
            files.push(BadFile::new(
                "disagreeing",
                format!("{content} behind the magic of {name}"),
                mime,
                bad,
            ));
        }
        for (what, before) in [
            ("a byte", &b" "[..]),
            ("a line", b"\r\n"),
            ("a byte-order mark", b"\xEF\xBB\xBF"),
            ("a kilobyte", &[b' '; 1024]),
        ] {
            let bad = [before, bytes].concat();
            let mime = TYPES.iter().find(|(name, _)| name == content).map_or(PDF, |(_, mime)| mime);
            files.push(BadFile::new("disagreeing", format!("{content} behind {what}"), mime, bad));
        }
    }
}

fn polyglots(files: &mut Vec<BadFile>) {
    let mut push = |what: &str, mime, bytes: Vec<u8>| files.push(BadFile::new("polyglot", what, mime, bytes));
    let page = pdf::page("", b"0 0 50 50 re f", &[]);
    let picture = png::black(64, 40, 8, 2);
    let archive = [b"PK\x03\x04".as_slice(), &[0; 80], b"PK\x05\x06", &[0; 18]].concat();
    let html = b"<html><script>alert(1)</script></html>";
    let php = b"<?php system($_GET['c']); ?>";
    let comment = |data: &[u8]| jpeg::with_segment(NPWP, &jpeg::segment(0xFE, data));
    push("a PDF in a comment of a JPEG", JPEG, comment(&page));
    push("a PDF in a comment of a JPEG, sent as PDF", PDF, comment(&page));
    push("HTML in a comment of a JPEG", JPEG, comment(html));
    push("PHP in a comment of a JPEG", JPEG, comment(php));
    push("a ZIP in a comment of a JPEG", JPEG, comment(&archive));
    push("a PNG in a comment of a JPEG", JPEG, comment(&picture));
    push("a script that is a JPEG", JPEG, comment(b"*/=1;alert(1);/*"));
    for (what, data) in [
        ("a PDF", &page[..]),
        ("a ZIP", &archive),
        ("HTML", html),
        ("a PNG", &picture),
        ("another JPEG", KTP),
    ] {
        push(&format!("a JPEG and {what} behind it"), JPEG, [NPWP, data].concat());
        push(&format!("a PNG and {what} behind it"), PNG, [&picture, data].concat());
        push(&format!("a PDF and {what} behind it"), PDF, [&page, data].concat());
        push(&format!("a PDF, {what}, and its end mark again"), PDF, [&page, data, b"\n%%EOF"].concat());
    }
    for (what, data) in [("a PDF", &page[..]), ("a ZIP", &archive), ("HTML", html), ("PHP", php)] {
        let chunk = png::chunk(b"tEXt", &[b"Comment\0", data].concat());
        push(
            &format!("{what} in a comment of a PNG"),
            PNG,
            [&picture[..33], &chunk, &picture[33..]].concat(),
        );
        let own = png::chunk(b"prVt", data);
        push(
            &format!("{what} in a chunk of its own of a PNG"),
            PNG,
            [&picture[..33], &own, &picture[33..]].concat(),
        );
        push(
            &format!("{what} in a comment of a PDF"),
            PDF,
            [b"%PDF-1.7\n%", data, b"\n", &page[9..]].concat(),
        );
        push(&format!("{what} in a stream of a PDF"), PDF, pdf::page("", data, &[]));
    }
    push("a PDF in a PDF", PDF, pdf::page("", b"", &[pdf::stream("/Type /EmbeddedFile", &page)]));
    push(
        "a PDF with a script",
        PDF,
        pdf::page("/AA << /O << /S /JavaScript /JS (app.alert(1)) >> >>", b"", &[]),
    );
    push("a PDF that opens a file", PDF, pdf::page("/AA << /O << /S /Launch /F (calc.exe) >> >>", b"", &[]));
    push(
        "a PDF that asks another machine",
        PDF,
        pdf::page("/AA << /O << /S /URI /URI (http://127.0.0.1:1/) >> >>", b"", &[]),
    );
    push(
        "a PDF whose picture is elsewhere",
        PDF,
        pdf::image(
            "/Width 9 /Height 9 /ColorSpace /DeviceGray /BitsPerComponent 8 /F (/etc/passwd) /FFilter /DCTDecode",
            b"",
        ),
    );
}

fn tiny(files: &mut Vec<BadFile>) {
    for (name, mime) in TYPES {
        files.push(BadFile::new("empty", format!("as {name}"), mime, Vec::new()));
    }
    let mut draw = Draw::new("tiny");
    for length in 1..40 {
        files.push(BadFile::new("tiny", format!("{length} bytes"), TYPES[length % 3].1, draw.bytes(length)));
    }
    for (what, byte) in [("zeros", 0), ("ones", 0xFF), ("spaces", b' ')] {
        files.push(BadFile::new("wrong-type", format!("two megabytes of {what}"), JPEG, vec![byte; FULL]));
        files.push(BadFile::new(
            "too-large",
            format!("{what}, one byte too many"),
            JPEG,
            vec![byte; FULL + 1],
        ));
    }
}

fn random(files: &mut Vec<BadFile>) {
    let mut draw = Draw::new("random");
    let header: Vec<u8> = png::black(64, 40, 8, 2)[..33].to_vec();
    let starts: [(&str, &str, &[u8], &[u8]); 5] = [
        ("JPEG", JPEG, &[0xFF, 0xD8, 0xFF], b""),
        ("PNG", PNG, png::SIGNATURE, b""),
        ("PNG with a header", PNG, &header, b""),
        ("PDF", PDF, b"%PDF-1.7\n", b""),
        ("PDF with an end", PDF, b"%PDF-1.7\n", b"\n%%EOF\n"),
    ];
    for (what, mime, start, end) in starts {
        for i in 0..40 {
            let length = 1 + draw.below(1 << (3 + i % 12));
            let bytes = [start, &draw.bytes(length), end].concat();
            files.push(BadFile::new("random", format!("{what} {i}"), mime, bytes));
        }
    }
    // Noise where the decoders expect noise: the heads are whole, the data is not.
    let small = jpeg::plain(64, 40);
    let head = small.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap_or_default() + 10;
    for i in 0..40 {
        let length = 100 + draw.below(5000);
        let bytes = [&small[..head], &draw.bytes(length)].concat();
        files.push(BadFile::new("random-data", format!("JPEG {i}"), JPEG, bytes));
        let length = 100 + draw.below(5000);
        let data = png::chunk(b"IDAT", &draw.bytes(length));
        let bytes = [&header[..], &data, &png::chunk(b"IEND", b"")].concat();
        files.push(BadFile::new("random-data", format!("PNG {i}"), PNG, bytes));
    }
}
