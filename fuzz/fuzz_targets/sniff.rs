//! INV-8: a file that the upload accepts is within the limits, whatever its other bytes are.
#![no_main]

use filot_media::{FileKind, MAX_BYTES, MAX_PIXELS, MAX_SIDE, MediaError, inspect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let found = match inspect(bytes, None) {
        Ok(found) => found,
        Err(error) => {
            // A declared type never makes a bad file acceptable.
            assert!(!matches!(error, MediaError::TypeMismatch { .. }));
            for kind in [FileKind::Jpeg, FileKind::Png, FileKind::Pdf] {
                assert!(inspect(bytes, Some(kind.mime())).is_err());
            }
            return;
        }
    };
    assert!((1..=MAX_BYTES).contains(&bytes.len()));
    for kind in [FileKind::Jpeg, FileKind::Png, FileKind::Pdf] {
        let declared = inspect(bytes, Some(kind.mime()));
        if kind == found.kind {
            assert_eq!(declared, Ok(found));
        } else {
            assert_eq!(declared, Err(MediaError::TypeMismatch { content: found.kind }));
        }
    }
    match (found.kind, found.width, found.height) {
        (FileKind::Pdf, None, None) => assert!(bytes[found.begins_at..].starts_with(b"%PDF-")),
        (FileKind::Jpeg | FileKind::Png, Some(width), Some(height)) => {
            assert!((1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height));
            assert!(u64::from(width) * u64::from(height) <= MAX_PIXELS);
            // Bytes after the picture change nothing.
            if bytes.len() < MAX_BYTES {
                assert_eq!(inspect(&[bytes, b"\0"].concat(), None), Ok(found));
            }
        }
        other => panic!("{other:?}"),
    }
});
