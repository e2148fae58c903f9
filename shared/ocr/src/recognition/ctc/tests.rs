use super::*;

fn crop(bytes: &[u8], class: TextClass) -> LineImage {
    LineImage {
        image: crate::image::resample::luma(&crate::pipeline::decode_picture(bytes, 0).unwrap()),
        class,
    }
}

fn name() -> LineImage {
    crop(include_bytes!("../../../tests/fixtures/lines/name.png"), TextClass::Name)
}

#[test]
fn lines_that_the_engine_misreads_are_read_right() {
    for (image, text) in [
        (name(), "PUJI KADIR"),
        (
            crop(include_bytes!("../../../tests/fixtures/lines/address.png"), TextClass::Upper),
            "JL. KARTINI NO.115",
        ),
        (crop(include_bytes!("../../../tests/fixtures/lines/rt-rw.png"), TextClass::Digits), "003/009"),
    ] {
        let output = recognise_line(&image).unwrap();
        assert_eq!(output.line().text(), text);
        // From left to right, within the picture, and sure of it.
        let line = output.line();
        assert!(line.symbols.is_sorted_by_key(|symbol| symbol.left));
        assert!(line.symbols.iter().all(|symbol| symbol.right <= image.image.width() + 3));
        assert!(line.confidence().min > 0.5, "{:?}", line.confidence());
    }
}

#[test]
fn only_the_characters_of_a_class_are_seen() {
    let digits = LineImage { class: TextClass::Digits, ..name() };
    assert!(recognise_line(&digits).unwrap().line().text().chars().all(|c| !c.is_ascii_alphabetic()));
    assert_eq!(recognise_line(&digits).unwrap().log_likelihood("PUJI"), Some(f32::NEG_INFINITY));
}

#[test]
fn a_line_too_small_or_too_long_is_not_read() {
    let of = |width, height| {
        let image = image::GrayImage::from_pixel(width, height, image::Luma([255]));
        recognise_line(&LineImage { image, class: TextClass::Upper })
    };
    for (width, height) in [(0, 0), (1, 1), (5, 40), (400, 4), (4000, 40)] {
        assert!(of(width, height).is_none(), "{width} by {height}");
    }
    assert_eq!(of(200, 40).unwrap().line(), Line::default());
}

#[test]
fn the_likelihood_adds_up_every_way_to_spread_a_text() {
    let half = 0.5_f32.ln();
    let mut step = [f32::NEG_INFINITY; CLASSES];
    // "None", A and B: 1/2, 1/4 and 1/4.
    (step[0], step[1], step[2]) = (half, 0.25_f32.ln(), 0.25_f32.ln());
    let output = CtcOutput { steps: vec![step; 3], columns: 1.0, class: TextClass::Upper };
    let likely = |text: &str| output.log_likelihood(text).unwrap().exp();
    assert!((likely("") - 0.125).abs() < 1e-6);
    // Of the 27 ways: A__ _A_ __A (1/4 * 1/4 each), AA_ _AA (1/16 * 1/2 each), AAA.
    assert!((likely("A") - (3.0 / 16.0 + 2.0 / 32.0 + 1.0 / 64.0)).abs() < 1e-6, "{}", likely("A"));
    // The same letter twice needs "none" between: A_A.
    assert!((likely("AA") - 1.0 / 32.0).abs() < 1e-6, "{}", likely("AA"));
    // AB_ A_B _AB, AAB ABB.
    assert!((likely("AB") - (3.0 / 32.0 + 2.0 / 64.0)).abs() < 1e-6, "{}", likely("AB"));
    assert_eq!(likely("ABAB"), 0.0);
    assert_eq!(output.log_likelihood("a"), None);
}
