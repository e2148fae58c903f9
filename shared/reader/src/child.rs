//! The reader process: loads the models once, then answers one question after the other until its stdin closes.
//!
//! It owns no connection, secret or lease, and gets none from its environment: the files it decodes are untrusted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::fd::OwnedFd;

use filot_domain::{CardReading, DocumentType, ReasonCode};

use crate::protocol::{Answer, ProtocolError, Question, read_frame, write_frame};

/// A card that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadCard {
    /// Fields, text and quality of the card.
    pub reading: CardReading,
    /// Milliseconds spent in each stage.
    pub stage_ms: BTreeMap<String, f64>,
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Why, for machines.
    pub reason: ReasonCode,
    /// Why, for people; no file content.
    pub message: String,
}

/// Answers questions with `read` until the input closes.
///
/// # Errors
/// The pipe broke, or a frame was not understood.
pub fn serve<R, W, F>(input: R, output: W, ready: &Answer, mut read: F) -> Result<(), ProtocolError>
where
    R: Read,
    W: Write,
    F: FnMut(&[u8], Option<DocumentType>) -> Result<ReadCard, Unreadable>,
{
    let mut input = BufReader::new(input);
    let mut output = BufWriter::new(output);
    write_frame(&mut output, ready, &[])?;
    while let Some((Question { job, claimed }, file)) = read_frame::<_, Question>(&mut input)? {
        match read(&file, claimed) {
            Ok(ReadCard { reading, stage_ms }) => {
                let body = serde_json::to_vec(&reading).map_err(ProtocolError::Header)?;
                write_frame(&mut output, &Answer::Read { job, stage_ms }, &body)?;
            }
            Err(Unreadable { reason, message }) => {
                write_frame(&mut output, &Answer::Unreadable { job, reason, message }, &[])?;
            }
        }
    }
    Ok(())
}

/// Takes stdout for the protocol alone: whatever a C library prints from now on goes to stderr, not between two frames.
///
/// # Errors
/// The system has no descriptor left.
pub fn take_stdout() -> std::io::Result<File> {
    let pipe: OwnedFd = nix::unistd::dup(std::io::stdout())?;
    nix::unistd::dup2_stdout(std::io::stderr())?;
    Ok(File::from(pipe))
}

/// Makes a panic say where it happened and nothing else: its message may quote what was just read from a card.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let _ = writeln!(std::io::stderr(), "the reader panicked at {place}");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Report;

    #[test]
    fn answers_in_order_and_ends_with_its_input() {
        let mut questions = Vec::new();
        for (job, body) in [(1, b"good".as_slice()), (2, b"bad")] {
            write_frame(&mut questions, &Question { job, claimed: Some(DocumentType::Ktp) }, body).unwrap();
        }
        let ready = Answer::Ready {
            engine: "test".to_owned(),
            models: "none".to_owned(),
            missing: Report::default(),
        };
        let mut answers = Vec::new();
        serve(questions.as_slice(), &mut answers, &ready, |file, claimed| {
            assert_eq!(claimed, Some(DocumentType::Ktp));
            if file == b"good" {
                Ok(ReadCard { reading: CardReading::default(), stage_ms: BTreeMap::new() })
            } else {
                Err(Unreadable { reason: ReasonCode::FileUnreadable, message: "no".to_owned() })
            }
        })
        .unwrap();
        let mut answers = answers.as_slice();
        let mut next = || read_frame::<_, Answer>(&mut answers).unwrap();
        assert_eq!(next().unwrap().0, ready);
        let (read, body) = next().unwrap();
        assert_eq!(read, Answer::Read { job: 1, stage_ms: BTreeMap::new() });
        assert_eq!(serde_json::from_slice::<CardReading>(&body).unwrap(), CardReading::default());
        assert!(matches!(next().unwrap().0, Answer::Unreadable { job: 2, .. }));
        assert!(next().is_none());
    }
}
