//! The upload's form, read with bounds: its two parts, each at most so large, and nothing else is kept.

use bytes::Bytes;
use filot_app::error::AppError;
use filot_app::error_code::ErrorCode;
use filot_app::upload::{UploadRequest, UploadedFile};
use futures::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use multer::{Constraints, Field, Multipart, SizeLimit};

/// Largest file that is taken.
pub const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Largest form: the file, its wrapping, and a few words.
pub const FORM_BYTES_MAX: u64 = FILE_BYTES_MAX + 64 * 1024;
const TEXT_BYTES_MAX: u64 = 1024;
/// Fields that are looked at; a form with more is not ours.
const FIELDS_MAX: usize = 8;

/// Reads the form. Unknown fields are skipped.
///
/// # Errors
/// `unsupported_media_type` for anything but a form, `file_too_large`, and `malformed_form` for a form that cannot be read,
/// has a field twice or too many fields.
pub async fn read_upload(content_type: Option<&str>, body: Bytes) -> Result<UploadRequest, AppError> {
    let boundary = content_type.and_then(boundary).ok_or_else(|| {
        AppError::new(ErrorCode::UnsupportedMediaType, "The body must be multipart/form-data.")
    })?;
    if body.len() as u64 > FORM_BYTES_MAX {
        return Err(too_large());
    }
    let limits = SizeLimit::new()
        .whole_stream(FORM_BYTES_MAX)
        .per_field(TEXT_BYTES_MAX)
        .for_field("file", FILE_BYTES_MAX);
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
    let mut form = Multipart::with_constraints(whole, boundary, Constraints::new().size_limit(limits));

    let mut upload = UploadRequest::default();
    for _ in 0..FIELDS_MAX {
        let Some(field) = form.next_field().await.map_err(refused)? else { return Ok(upload) };
        match field_name(&field).as_deref() {
            Some("type") if upload.document_type.is_none() => {
                upload.document_type = Some(field.text().await.map_err(refused)?);
            }
            Some("file") if upload.file.is_none() => upload.file = Some(read_file(field).await?),
            Some("type" | "file") => return Err(malformed("a field is there twice")),
            _ => {}
        }
    }
    if form.next_field().await.map_err(refused)?.is_some() {
        return Err(malformed("too many fields"));
    }
    Ok(upload)
}

/// The boundary of a form. Clients leave characters unquoted that a token may not have (`/`, `=`, `:`, `?`, `(`).
fn boundary(content_type: &str) -> Option<String> {
    let (essence, parameters) = content_type.split_once(';')?;
    let is_form = essence.trim().eq_ignore_ascii_case("multipart/form-data");
    parameter(parameters.as_bytes(), "boundary").filter(|boundary| is_form && !boundary.is_empty())
}

/// The `name` of a part, wherever it stands in its `Content-Disposition` and whatever the file's name is.
fn field_name(field: &Field<'_>) -> Option<String> {
    let disposition = field.headers().get(CONTENT_DISPOSITION)?.as_bytes();
    let parameters = disposition.iter().position(|byte| *byte == b';')?;
    parameter(disposition.get(parameters..)?, "name")
}

/// The first parameter of this name in a header's `; name=value; name="value"`. A value without quotes ends at the next
/// semicolon.
fn parameter(mut rest: &[u8], wanted: &str) -> Option<String> {
    // Every turn consumes the equals sign that it finds.
    loop {
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let (name, behind) = (rest.get(..equals)?, rest.get(equals + 1..)?.trim_ascii_start());
        let name = name.rsplit(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let value;
        (value, rest) = match behind.strip_prefix(b"\"") {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = behind.iter().position(|byte| *byte == b';').unwrap_or(behind.len());
                let (value, behind) = behind.split_at(end);
                (value.trim_ascii().to_vec(), behind)
            }
        };
        if name.eq_ignore_ascii_case(wanted.as_bytes()) {
            return String::from_utf8(value).ok();
        }
    }
}

/// The text up to the closing quote, and what follows it.
fn unquote(quoted: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut text, mut at) = (Vec::new(), 0);
    loop {
        match *quoted.get(at)? {
            b'"' => return Some((text, quoted.get(at + 1..)?)),
            // Only a quote is escaped: some clients send paths with backslashes.
            b'\\' if quoted.get(at + 1) == Some(&b'"') => {
                text.push(b'"');
                at += 2;
            }
            byte => {
                text.push(byte);
                at += 1;
            }
        }
    }
}

async fn read_file(field: Field<'_>) -> Result<UploadedFile, AppError> {
    let content_type =
        field.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bytes = field.bytes().await.map_err(refused)?;
    Ok(UploadedFile { bytes, content_type })
}

fn refused(error: multer::Error) -> AppError {
    match error {
        multer::Error::FieldSizeExceeded { field_name: Some(name), .. } if name == "file" => too_large(),
        multer::Error::StreamSizeExceeded { .. } => too_large(),
        // The error's text may quote the client's body.
        _ => malformed("it cannot be parsed"),
    }
}

fn too_large() -> AppError {
    AppError::new(ErrorCode::FileTooLarge, "The file is larger than 2 MB.")
}

fn malformed(why: &'static str) -> AppError {
    AppError::new(ErrorCode::MalformedForm, "The form cannot be read.").logged(why)
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
