//! INV-8: the upload form returns the parts that were sent, and nothing larger than its limits.
#![no_main]

use bytes::Bytes;
use filot_app::error_code::ErrorCode;
use filot_edge::multipart::{FILE_BYTES_MAX, read_upload};
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;

const CONTENT_TYPE: &str = "multipart/form-data; boundary=XX";

fuzz_target!(|input: &[u8]| {
    // The input as a body, with our boundary or with its first line as content type.
    let (first, rest) = match input.iter().position(|b| *b == b'\n') {
        Some(at) => input.split_at(at),
        None => (&b""[..], input),
    };
    let named = std::str::from_utf8(first).ok();
    for (content_type, body) in [(Some(CONTENT_TYPE), input), (named, rest)] {
        let body = Bytes::copy_from_slice(body);
        match block_on(read_upload(content_type, body.clone())) {
            Ok(upload) => {
                let within = |part: &[u8]| part.is_empty() || body.windows(part.len()).any(|w| w == part);
                if let Some(file) = upload.file {
                    assert!(file.bytes.len() as u64 <= FILE_BYTES_MAX);
                    assert!(within(&file.bytes), "a file that is not in the body");
                }
                assert!(upload.document_type.is_none_or(|text| text.len() <= 3 * 1024));
                assert!(upload.idempotency_key.is_none());
            }
            Err(error) => {
                let code = error.code;
                assert!(matches!(
                    code,
                    ErrorCode::MalformedForm | ErrorCode::FileTooLarge | ErrorCode::UnsupportedMediaType
                ));
            }
        }
    }
    // The input as the file of a good form is returned unchanged.
    if !input.windows(6).any(|w| w == b"\r\n--XX") {
        let body = [
            b"--XX\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nKTP\r\n\
              --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n",
            input,
            b"\r\n--XX--\r\n",
        ]
        .concat();
        let upload = block_on(read_upload(Some(CONTENT_TYPE), body.into())).expect("a good form");
        assert_eq!(upload.document_type.as_deref(), Some("KTP"));
        assert_eq!(upload.file.expect("the file").bytes, input);
    }
});
