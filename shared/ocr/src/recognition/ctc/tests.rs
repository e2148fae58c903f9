use super::*;
use crate::recognition::engine::TextClass;
use crate::recognition::ensemble::{NAMED_OTHERWISE, settle};

fn crop(bytes: &[u8], class: TextClass) -> LineImage {
    LineImage {
        image: crate::image::resample::luma(&crate::image::decode::decode(bytes).unwrap().image),
        class,
    }
}

fn name() -> LineImage {
    crop(include_bytes!("../../../tests/fixtures/lines/name.png"), TextClass::Name)
}

/// Symbols a step apart, all of one confidence.
fn line_of(text: &str, confidence: f32) -> Line {
    let symbol = |(i, character)| Symbol { character, confidence, left: i, right: i + 1 };
    Line { symbols: (0..).zip(text.chars()).map(symbol).collect() }
}

/// What the network would say of a line that shows this text beyond doubt.
fn seen(text: &str) -> Seen {
    let class = |c: char| ALPHABET.chars().position(|known| known == c).unwrap() + 1;
    let step = |sure: usize| {
        let mut step = [(0.01_f32 / (CLASSES - 1) as f32).ln(); CLASSES];
        step[sure] = 0.99_f32.ln();
        step
    };
    let steps = text.chars().flat_map(|c| [step(class(c)), step(NONE)]).collect();
    Seen { steps, columns: 3.0, class: TextClass::Name }
}

#[test]
fn lines_that_the_engine_misreads_are_read() {
    for (image, text) in [
        (name(), "PUJI KADIR"),
        (
            crop(include_bytes!("../../../tests/fixtures/lines/address.png"), TextClass::Upper),
            "JL. KARTINI NO.115",
        ),
        (crop(include_bytes!("../../../tests/fixtures/lines/rt-rw.png"), TextClass::Digits), "003/009"),
    ] {
        let seen = look(&image).unwrap();
        assert_eq!(seen.line().text(), text);
        // From left to right, within the picture, and sure of it.
        let line = seen.line();
        assert!(line.symbols.is_sorted_by_key(|symbol| symbol.left));
        assert!(line.symbols.iter().all(|symbol| symbol.right <= image.image.width() + 3));
        assert!(line.confidence().min > 0.5, "{:?}", line.confidence());
    }
}

#[test]
fn only_the_characters_of_a_class_are_seen() {
    let digits = LineImage { class: TextClass::Digits, ..name() };
    assert!(look(&digits).unwrap().line().text().chars().all(|c| !c.is_ascii_alphabetic()));
    assert_eq!(look(&digits).unwrap().log_likelihood("PUJI"), Some(f32::NEG_INFINITY));
}

#[test]
fn what_has_no_room_for_a_letter_or_for_a_card_is_not_looked_at() {
    let of = |width, height| {
        let image = image::GrayImage::from_pixel(width, height, image::Luma([255]));
        look(&LineImage { image, class: TextClass::Upper })
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
    let seen = Seen { steps: vec![step; 3], columns: 1.0, class: TextClass::Upper };
    let likely = |text: &str| seen.log_likelihood(text).unwrap().exp();
    assert!((likely("") - 0.125).abs() < 1e-6);
    // Of the 27 ways: A__ _A_ __A (1/4 * 1/4 each), AA_ _AA (1/16 * 1/2 each), AAA.
    assert!((likely("A") - (3.0 / 16.0 + 2.0 / 32.0 + 1.0 / 64.0)).abs() < 1e-6, "{}", likely("A"));
    // The same letter twice needs "none" between: A_A.
    assert!((likely("AA") - 1.0 / 32.0).abs() < 1e-6, "{}", likely("AA"));
    // AB_ A_B _AB, AAB ABB.
    assert!((likely("AB") - (3.0 / 32.0 + 2.0 / 64.0)).abs() < 1e-6, "{}", likely("AB"));
    assert_eq!(likely("ABAB"), 0.0);
    assert_eq!(seen.log_likelihood("a"), None);
}

#[test]
fn two_readers_that_agree_are_surer_than_one() {
    let mut line = line_of(": BUDI SANTOSO,", 0.9);
    settle(&mut line, &seen("BUDI SANTOSO"));
    assert_eq!(line.text(), ": BUDI SANTOSO,");
    assert!(line.symbols[2..14].iter().all(|symbol| symbol.confidence > 0.95));
    assert_eq!(line.symbols[0].confidence, 0.9, "what is no value is left alone");
}

#[test]
fn where_two_readers_differ_the_likelier_stays_in_doubt() {
    let inverse_calibration = |line: &Line, c: char| {
        let of_it = line.symbols.iter().filter(|symbol| symbol.character == c);
        of_it.map(|symbol| symbol.confidence).fold(1.0, f32::min)
    };
    // A letter that one of them has otherwise.
    let mut line = line_of("BUNI", 0.98);
    settle(&mut line, &seen("BUDI"));
    assert_eq!(line.text(), "BUDI");
    let most = crate::text::confidence::inverse_calibration(NAMED_OTHERWISE);
    assert!(inverse_calibration(&line, 'D') <= most && inverse_calibration(&line, 'B') > most);
    // A letter that only one of them has: it is in doubt, or what it would stand beside.
    for (engine, network) in
        [("PUJ", "PUJI"), ("PUJI", "PUJ"), ("UJI", "PUJI"), ("PUJI", "UJI"), ("PJI", "PUJI")]
    {
        let mut line = line_of(engine, 0.9);
        settle(&mut line, &seen(network));
        assert_eq!(line.text(), network);
        assert!(line.confidence().min <= most, "{engine} {network}");
    }
    // What the network is not sure of does not go before what the engine is sure of.
    let mut faint = seen("BUDI");
    for step in &mut faint.steps {
        *step = [(1.0 / CLASSES as f32).ln(); CLASSES];
    }
    let mut line = line_of("BUNI", 0.99);
    settle(&mut line, &faint);
    assert_eq!(line.text(), "BUNI");
    assert!(line.confidence().min <= most);
    // Nothing against nothing, and something against nothing.
    let mut nothing = Line::default();
    settle(&mut nothing, &seen(""));
    assert_eq!(nothing, Line::default());
    settle(&mut nothing, &seen("BUDI"));
    assert_eq!(nothing.text(), "BUDI");
}
