//! INV-8: a file of an LSTM model is refused with a reason, or it reads lines, the same on every engine.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tesseract_lstm::{Engine, LineImage, Model, PixelFormat, Recognizer};

/// A line with a few strokes.
fn pixels(width: u32, height: u32) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).map(move |x| if (x / 3 + y / 5) % 3 == 0 { 20 } else { 230 }))
        .collect()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = Model::from_bytes(bytes) else { return };
    // Most heights are small; a network that is a thousand pixels high is one that Tesseract never trained.
    if model.line_height() > 96 {
        return;
    }
    let pictures = [(40, 12), (9, 30)].map(|(width, height)| (width, height, pixels(width, height)));
    let lines: Vec<_> = pictures
        .iter()
        .map(|(width, height, pixels)| {
            LineImage::new(*width, *height, PixelFormat::Grey, pixels).expect("the length fits the size")
        })
        .collect();
    let mut readings = Engine::available().map(|engine| Recognizer::new(&[&model], engine).recognize(&lines));
    let first = readings.next().expect("the portable engine runs anywhere");
    assert!(readings.all(|other| other == first));
});
