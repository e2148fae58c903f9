use proptest::prelude::*;

use super::*;

const CONTENT_TYPE: &str = "multipart/form-data; boundary=XX";

fn part(headers: &str, body: &[u8]) -> Vec<u8> {
    [b"--XX\r\nContent-Disposition: form-data; ", headers.as_bytes(), b"\r\n\r\n", body, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Bytes {
    [parts.concat(), b"--XX--\r\n".to_vec()].concat().into()
}

async fn read(parts: &[Vec<u8>]) -> Result<UploadRequest, AppError> {
    read_upload(Some(CONTENT_TYPE), form(parts)).await
}

fn code(result: Result<UploadRequest, AppError>) -> &'static str {
    result.err().map_or("fine", |error| error.code.as_str())
}

fn file(bytes: &[u8]) -> Vec<u8> {
    part("name=\"file\"; filename=\"../../etc/passwd\"\r\nContent-Type: image/png", bytes)
}

#[tokio::test]
async fn both_parts_are_read_in_any_order_and_others_are_skipped() {
    let kind = part("name=\"type\"", b"KTP");
    let other = part("name=\"comment\"", b"hello");
    for parts in [[kind.clone(), other.clone(), file(b"abc")], [file(b"abc"), other.clone(), kind.clone()]] {
        let upload = read(&parts).await.unwrap();
        assert_eq!(upload.document_type.as_deref(), Some("KTP"));
        let file = upload.file.unwrap();
        assert_eq!(&file.bytes[..], b"abc");
        assert_eq!(file.content_type.as_deref(), Some("image/png"));
    }
}

#[tokio::test]
async fn bounds_hold() {
    let largest = vec![7; usize::try_from(FILE_BYTES_MAX).unwrap()];
    assert_eq!(code(read(&[file(&largest)]).await), "fine");
    let larger = [largest.clone(), vec![7]].concat();
    assert_eq!(code(read(&[file(&larger)]).await), "file_too_large");
    let huge = vec![7; usize::try_from(FORM_BYTES_MAX).unwrap() + 1];
    assert_eq!(code(read(&[file(&huge)]).await), "file_too_large");
    assert_eq!(code(read(&[part("name=\"type\"", &[b'K'; 2000])]).await), "malformed_form");
    let many = vec![part("name=\"x\"", b""); 9];
    assert_eq!(code(read(&many).await), "malformed_form");
}

#[tokio::test]
async fn what_is_no_form_of_ours_is_refused() {
    let twice = part("name=\"type\"", b"KTP");
    assert_eq!(code(read(&[twice.clone(), twice]).await), "malformed_form");
    for content_type in [None, Some("application/json"), Some("multipart/form-data")] {
        assert_eq!(code(read_upload(content_type, Bytes::new()).await), "unsupported_media_type");
    }
    assert_eq!(
        code(read_upload(Some(CONTENT_TYPE), Bytes::from_static(b"--XX\r\nContent-")).await),
        "malformed_form"
    );
}

#[tokio::test]
async fn a_boundary_needs_no_quotes() {
    for boundary in ["a/b", "a=b", "a:b", "a?b", "(a)b", "-_.'+,ab", "----WebKitFormBoundary7MA4YWxk", "a b"]
    {
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nKTP\r\n--{boundary}--\r\n"
        );
        for content_type in [
            format!("multipart/form-data; boundary={boundary}"),
            format!("Multipart/Form-Data;charset=utf-8;Boundary=\"{boundary}\" ; x=y"),
            format!("multipart/form-data; boundary={boundary}; charset=utf-8"),
        ] {
            let upload = read_upload(Some(&content_type), body.clone().into()).await.unwrap();
            assert_eq!(upload.document_type.as_deref(), Some("KTP"), "{content_type}");
        }
    }
    for bad in [
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"XX",
        "multipart/mixed; boundary=XX",
    ] {
        assert_eq!(code(read_upload(Some(bad), form(&[])).await), "unsupported_media_type", "{bad}");
    }
}

#[tokio::test]
async fn a_part_is_named_by_its_name_alone() {
    for headers in [
        "filename=\"a name=b.jpg\"; name=\"file\"",
        "filename=\"a; name=b.jpg\"; name=\"file\"",
        "filename=\"a \\\"; name=\\\"x.jpg\"; name=file",
        "filename=\"C:\\foto\\ktp.jpg\"; NAME = \"file\"",
        "name=\"file\"; filename=\"name.jpg\"; filename*=UTF-8''name%3D.jpg",
        "filename=ktp=1.jpg; name=file",
    ] {
        let upload = read(&[part("name=\"type\"", b"KTP"), part(headers, b"abc")]).await.unwrap();
        assert_eq!(upload.file.map(|file| file.bytes).as_deref(), Some(&b"abc"[..]), "{headers}");
    }
    for nameless in ["filename=\"name\"", "filename=\"name=file", "x"] {
        assert!(read(&[part(nameless, b"abc")]).await.unwrap().file.is_none(), "{nameless}");
    }
}

#[tokio::test]
async fn a_part_type_is_passed_on_as_it_was_sent() {
    for declared in ["image/*", "*/*", "multipart/form-data", "undefined"] {
        let sent = part(&format!("name=\"file\"; filename=\"a\"\r\nContent-Type: {declared}"), b"abc");
        let file = read(&[sent]).await.unwrap().file.unwrap();
        assert_eq!(file.content_type.as_deref(), Some(declared));
    }
}

proptest! {
    #[test]
    fn inv_8_no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let framed = [b"--XX\r\n".to_vec(), body.clone(), b"\r\n--XX--\r\n".to_vec()].concat();
        for body in [body, framed] {
            let _ = runtime.block_on(read_upload(Some(CONTENT_TYPE), body.into()));
        }
    }
}
