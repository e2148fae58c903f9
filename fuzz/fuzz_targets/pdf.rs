//! INV-8: a PDF is rendered to a picture of bounded size, or refused with a reason about the file.
#![no_main]

use filot_domain::ReasonCode;
use filot_media::{FileKind, inspect};
use filot_ocr::pipeline::{WORKING_SIDE, decode_picture};
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // The renderer may panic, and the product catches it. A panic that reaches the fuzzer is a finding.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        if !inspect(bytes, None).is_ok_and(|found| found.kind == FileKind::Pdf) {
            return;
        }
        match decode_picture(bytes, 0) {
            Ok(picture) => {
                let (width, height) = picture.dimensions();
                assert!((1..=WORKING_SIDE).contains(&width) && (1..=WORKING_SIDE).contains(&height));
            }
            Err(error) => {
                assert!(matches!(error.reason, ReasonCode::PdfUnsupported | ReasonCode::ImageTooLarge));
            }
        }
    }
);
