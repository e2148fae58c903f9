//! The protocol between a pool and a reader process: frames on the reader's stdin and stdout.
//!
//! A frame is eight bytes of lengths (header, body; big endian), a JSON header and a body of bytes. Both lengths are
//! checked before anything is allocated, because the other end may be a process that an untrusted file has corrupted.
//! This module must not know what a card is beyond its type, nor who is at which end.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use bytes::Bytes;
use filot_domain::{DocumentType, ReasonCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::sandbox::Report;

/// Longest header, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Longest body, in bytes: twice the largest upload, and far more than any reading.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of lengths before the header.
pub const PREFIX_BYTES: usize = 8;

/// A failed exchange between the two ends.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The other end closed in the middle of a frame, or the pipe broke.
    #[error("the pipe to the reader failed")]
    Io(#[from] io::Error),
    /// A length is beyond its bound.
    #[error("a frame's {part} has {bytes} bytes, more than {max}")]
    TooLong {
        /// `header` or `body`.
        part: &'static str,
        /// Length that was announced or wanted.
        bytes: usize,
        /// Its bound.
        max: usize,
    },
    /// A header is not what this version speaks.
    #[error("a frame's header is not understood")]
    Header(#[source] serde_json::Error),
    /// An answer to a question that was not asked.
    #[error("the reader answered out of turn")]
    OutOfTurn,
}

/// A question of the pool. The body is the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// Numbers the questions of one pair of pipes.
    pub job: u64,
    /// The claimed type of the document; `None` lets the reader find out.
    pub claimed: Option<DocumentType>,
}

/// An answer of the reader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The models are loaded. Said once, before the first question.
    Ready {
        /// The line engine, with its version.
        engine: String,
        /// Directory of its models, or `default`.
        models: String,
        /// The protections that the platform does not have.
        missing: Report,
    },
    /// The models cannot be loaded: asking again is of no use. Said once, instead of `Ready`.
    Unable {
        /// For people; no file content.
        message: String,
    },
    /// A card was read. The body is the reading as JSON.
    Read {
        /// The question.
        job: u64,
        /// Milliseconds spent in each stage.
        stage_ms: BTreeMap<String, f64>,
    },
    /// The file cannot be read.
    Unreadable {
        /// The question.
        job: u64,
        /// Why, for machines.
        reason: ReasonCode,
        /// Why, for people; no file content.
        message: String,
    },
}

/// The lengths at the front of a frame, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// Bytes of header.
    pub header: usize,
    /// Bytes of body.
    pub body: usize,
}

impl Prefix {
    /// Lengths that are within bounds.
    ///
    /// # Errors
    /// A length is beyond its bound.
    pub fn new(header: usize, body: usize) -> Result<Self, ProtocolError> {
        check("header", header, HEADER_BYTES_MAX)?;
        check("body", body, BODY_BYTES_MAX)?;
        Ok(Self { header, body })
    }

    /// Reads the lengths of a frame.
    ///
    /// # Errors
    /// A length is beyond its bound.
    pub fn parse(bytes: [u8; PREFIX_BYTES]) -> Result<Self, ProtocolError> {
        let [a, b, c, d, e, f, g, h] = bytes;
        let length = |bytes| usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX);
        Self::new(length([a, b, c, d]), length([e, f, g, h]))
    }

    /// The lengths as they stand in front of a frame.
    pub fn to_bytes(self) -> [u8; PREFIX_BYTES] {
        // Both are below their bounds, which are below 2^32.
        let header = u32::try_from(self.header).unwrap_or(u32::MAX).to_be_bytes();
        let body = u32::try_from(self.body).unwrap_or(u32::MAX).to_be_bytes();
        let mut bytes = [0; PREFIX_BYTES];
        bytes[..4].copy_from_slice(&header);
        bytes[4..].copy_from_slice(&body);
        bytes
    }
}

fn check(part: &'static str, bytes: usize, max: usize) -> Result<(), ProtocolError> {
    if bytes <= max { Ok(()) } else { Err(ProtocolError::TooLong { part, bytes, max }) }
}

fn encode<H: Serialize>(header: &H, body: &[u8]) -> Result<(Vec<u8>, Prefix), ProtocolError> {
    let header = serde_json::to_vec(header).map_err(ProtocolError::Header)?;
    let prefix = Prefix::new(header.len(), body.len())?;
    let mut front = Vec::with_capacity(PREFIX_BYTES + header.len());
    front.extend_from_slice(&prefix.to_bytes());
    front.extend_from_slice(&header);
    Ok((front, prefix))
}

/// Writes one frame and flushes it.
///
/// # Errors
/// The pipe broke, or the frame is too long.
pub fn write_frame<W: Write, H: Serialize>(
    output: &mut W,
    header: &H,
    body: &[u8],
) -> Result<(), ProtocolError> {
    let (front, _) = encode(header, body)?;
    output.write_all(&front)?;
    output.write_all(body)?;
    output.flush()?;
    Ok(())
}

/// Reads one frame; `None` when the other end closed between two frames.
///
/// # Errors
/// The pipe broke within a frame, or the frame is too long or not understood.
pub fn read_frame<R: Read, H: DeserializeOwned>(
    input: &mut R,
) -> Result<Option<(H, Vec<u8>)>, ProtocolError> {
    let mut prefix = [0; PREFIX_BYTES];
    let mut filled = 0;
    while filled < PREFIX_BYTES {
        match input.read(&mut prefix[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let prefix = Prefix::parse(prefix)?;
    let mut header = vec![0; prefix.header];
    input.read_exact(&mut header)?;
    let header = serde_json::from_slice(&header).map_err(ProtocolError::Header)?;
    let mut body = vec![0; prefix.body];
    input.read_exact(&mut body)?;
    Ok(Some((header, body)))
}

/// [`write_frame`] for the worker's end.
///
/// # Errors
/// The pipe broke, or the frame is too long.
pub async fn send_frame<W: AsyncWrite + Unpin, H: Serialize>(
    output: &mut W,
    header: &H,
    body: &[u8],
) -> Result<(), ProtocolError> {
    let (front, _) = encode(header, body)?;
    output.write_all(&front).await?;
    output.write_all(body).await?;
    output.flush().await?;
    Ok(())
}

/// [`read_frame`] for the worker's end, where the reader never closes first while all is well.
///
/// # Errors
/// The pipe broke, or the frame is too long or not understood.
pub async fn receive_frame<R: AsyncRead + Unpin, H: DeserializeOwned>(
    input: &mut R,
) -> Result<(H, Bytes), ProtocolError> {
    let mut prefix = [0; PREFIX_BYTES];
    input.read_exact(&mut prefix).await?;
    let prefix = Prefix::parse(prefix)?;
    let mut header = vec![0; prefix.header];
    input.read_exact(&mut header).await?;
    let header = serde_json::from_slice(&header).map_err(ProtocolError::Header)?;
    let mut body = vec![0; prefix.body];
    input.read_exact(&mut body).await?;
    Ok((header, body.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn question() -> impl Strategy<Value = Question> {
        (any::<u64>(), prop_oneof![Just(None), Just(Some(DocumentType::Ktp)), Just(Some(DocumentType::Npwp))])
            .prop_map(|(job, claimed)| Question { job, claimed })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(question in question(), body in prop::collection::vec(any::<u8>(), 0..4096)) {
            let mut pipe = Vec::new();
            write_frame(&mut pipe, &question, &body).unwrap();
            write_frame(&mut pipe, &question, b"next").unwrap();
            let mut input = pipe.as_slice();
            let (header, read): (Question, _) = read_frame(&mut input).unwrap().unwrap();
            prop_assert_eq!((header, read), (question.clone(), body));
            let (_, read): (Question, _) = read_frame(&mut input).unwrap().unwrap();
            prop_assert_eq!(read, b"next");
            prop_assert!(read_frame::<_, Question>(&mut input).unwrap().is_none());
        }

        #[test]
        fn both_ends_speak_the_same(question in question(), body in prop::collection::vec(any::<u8>(), 0..4096)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut sync = Vec::new();
            write_frame(&mut sync, &question, &body).unwrap();
            let mut sent = Vec::new();
            runtime.block_on(send_frame(&mut sent, &question, &body)).unwrap();
            prop_assert_eq!(&sync, &sent);
            let (header, read) = runtime.block_on(receive_frame::<_, Question>(&mut sent.as_slice())).unwrap();
            prop_assert_eq!((header, read.as_ref()), (question, body.as_slice()));
        }

        #[test]
        fn a_cut_frame_is_an_error_and_never_a_frame(
            question in question(),
            body in prop::collection::vec(any::<u8>(), 0..64),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut pipe = Vec::new();
            write_frame(&mut pipe, &question, &body).unwrap();
            let cut = cut.index(pipe.len());
            let got = read_frame::<_, Question>(&mut &pipe[..cut]);
            if cut == 0 {
                prop_assert!(got.unwrap().is_none());
            } else {
                prop_assert!(got.is_err());
            }
        }

        #[test]
        fn noise_neither_panics_nor_allocates_beyond_the_bounds(noise in prop::collection::vec(any::<u8>(), 0..64)) {
            // A length beyond its bound is refused from the prefix alone, before any buffer of that size exists.
            if let Ok(Some((_, body))) = read_frame::<_, Answer>(&mut noise.as_slice()) {
                prop_assert!(body.len() <= noise.len());
            }
        }
    }

    #[test]
    fn lengths_at_and_beyond_the_bounds() {
        assert!(Prefix::new(HEADER_BYTES_MAX, BODY_BYTES_MAX).is_ok());
        assert!(matches!(
            Prefix::new(HEADER_BYTES_MAX + 1, 0),
            Err(ProtocolError::TooLong { part: "header", .. })
        ));
        assert!(matches!(
            Prefix::new(0, BODY_BYTES_MAX + 1),
            Err(ProtocolError::TooLong { part: "body", .. })
        ));
        assert!(matches!(Prefix::parse([0xff; PREFIX_BYTES]), Err(ProtocolError::TooLong { .. })));
        let prefix = Prefix { header: 17, body: 70_000 };
        assert_eq!(Prefix::parse(prefix.to_bytes()).unwrap(), prefix);
    }

    #[test]
    fn an_answer_keeps_its_form() {
        let answer = Answer::Unreadable {
            job: 7,
            reason: ReasonCode::PdfUnsupported,
            message: "the PDF has no page".to_owned(),
        };
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            serde_json::json!({
                "is": "unreadable", "job": 7, "reason": "pdf_unsupported", "message": "the PDF has no page"
            })
        );
    }
}
