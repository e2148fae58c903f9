//! INV-8: a JPEG or PNG is decoded to a picture of bounded size, or refused with a reason about the file.
#![no_main]

use filot_domain::ReasonCode;
use filot_media::{FileKind, inspect};
use filot_ocr::pipeline::{WORKING_SIDE, decode_picture};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Larger pictures are legal and slow; the corpus of bad files contains some.
const PIXELS_MAX: u64 = 1 << 18;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let looked = inspect(bytes, None);
    match looked {
        Ok(found) if found.kind == FileKind::Pdf => return Corpus::Reject,
        Ok(found) => {
            let side = |side: Option<u32>| u64::from(side.unwrap_or(1));
            if side(found.width) * side(found.height) > PIXELS_MAX {
                return Corpus::Reject;
            }
        }
        // Refused before the decoder.
        Err(_) => return Corpus::Keep,
    }
    match decode_picture(bytes, 0) {
        Ok(picture) => {
            let (width, height) = picture.dimensions();
            assert!((1..=WORKING_SIDE).contains(&width) && (1..=WORKING_SIDE).contains(&height));
            // Both header parsers agree on the size, up to a turn by the orientation.
            if width.max(height) < WORKING_SIDE {
                let declared = looked.map(|found| (found.width, found.height)).unwrap_or_default();
                let (width, height) = (Some(width), Some(height));
                assert!(declared == (width, height) || declared == (height, width), "{declared:?}");
            }
        }
        Err(error) => {
            assert!(matches!(error.reason, ReasonCode::FileUnreadable | ReasonCode::ImageTooLarge));
        }
    }
    Corpus::Keep
});
