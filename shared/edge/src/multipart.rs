//! The upload's form, read with bounds: its two parts, each at most so large, and nothing else is kept.

use bytes::Bytes;
use filot_app::error::AppError;
use filot_app::error_code::ErrorCode;
use filot_app::upload::{UploadRequest, UploadedFile};
use futures::stream;
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
    let boundary = content_type.and_then(|value| multer::parse_boundary(value).ok()).ok_or_else(|| {
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
        match field.name() {
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

async fn read_file(field: Field<'_>) -> Result<UploadedFile, AppError> {
    let content_type = field.content_type().map(|mime| mime.essence_str().to_owned());
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
