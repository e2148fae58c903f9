use super::*;
use crate::error_code::ErrorKind;

/// The smallest thing that is a picture to the header's eye.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0, 1, 0,
    0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

fn request(kind: &str, bytes: &'static [u8], key: Option<&str>) -> UploadRequest {
    UploadRequest {
        document_type: Some(kind.to_owned()),
        file: Some(UploadedFile {
            bytes: Bytes::from_static(bytes),
            content_type: Some("image/png".to_owned()),
        }),
        idempotency_key: key.map(str::to_owned),
    }
}

fn fields(request: UploadRequest) -> Vec<&'static str> {
    validate(request)
        .err()
        .map_or_else(Vec::new, |error| error.errors.iter().map(|error| error.field).collect())
}

#[test]
fn everything_is_validated_and_told_at_once() {
    assert!(fields(request("KTP", PNG, None)).is_empty());
    assert_eq!(fields(UploadRequest::default()), ["type", "file"]);
    let long = "k".repeat(256);
    for key in ["", "with space", "tab\t", &long] {
        assert_eq!(fields(request("ktp", b"", Some(key))), ["type", "file", "Idempotency-Key"], "{key:?}");
    }
    assert_eq!(fields(request("KTP", b"hello", None)), ["file"]);
}

#[test]
fn a_file_that_is_too_large_is_told_apart() {
    let mut large = request("KTP", PNG, None);
    if let Some(file) = &mut large.file {
        file.bytes = vec![0; 2 * 1024 * 1024 + 1].into();
    }
    assert_eq!(
        validate(large).err().map(|error| (error.kind(), error.code)),
        Some((ErrorKind::TooLarge, ErrorCode::FileTooLarge))
    );
}

#[test]
fn one_idempotency_key_means_one_type_and_one_content() {
    let hash = |kind| {
        validate(request(kind, PNG, Some("k")))
            .ok()
            .and_then(|valid| valid.idempotency)
            .map(|key| key.request_hash)
    };
    assert!(hash("KTP").is_some());
    assert_eq!(hash("KTP"), hash("KTP"));
    assert_ne!(hash("KTP"), hash("NPWP"));
}

#[test]
fn a_key_in_storage_is_made_of_our_ids_alone() {
    let user = UserId::from_uuid(Uuid::from_u128(1));
    let document = DocumentId::from_uuid(Uuid::from_u128(2));
    assert_eq!(
        object_key(user, document),
        "documents/00000000-0000-0000-0000-000000000001/00000000-0000-0000-0000-000000000002"
    );
}
