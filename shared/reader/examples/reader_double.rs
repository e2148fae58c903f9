//! A test double of the reader process: speaks the real protocol through the real `serve`, sets the real bounds, and
//! misbehaves as the file tells it to. Only the tests start it; it is in no image that is deployed.
//!
//! The file is a command: `read`, `unreadable`, `hang`, `abort`, `panic`, `memory`, `garbage`, `wrong-job`, `chatter`.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "misbehaving is its purpose"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use filot_domain::{CardReading, DocumentType, ReasonCode};
use filot_reader::child::{ReadCard, Unreadable, serve, silence_panics, take_stdout};
use filot_reader::limits;
use filot_reader::protocol::{Answer, write_frame};

fn main() {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_default();
    if mode == "exit" {
        std::process::exit(3);
    }
    silence_panics();
    if let Err(error) = limits::apply(512, std::os::unix::process::parent_id()) {
        eprintln!("{error}");
        std::process::exit(1);
    }
    let Ok(stdout) = take_stdout() else { std::process::exit(1) };
    let Ok(mut raw) = stdout.try_clone() else { std::process::exit(1) };
    let ready = if mode == "unable" {
        Answer::Unable { message: "no models here".to_owned() }
    } else {
        Answer::Ready { engine: "double".to_owned(), models: "none".to_owned() }
    };
    let mut asked = 0;
    let _ = serve(std::io::stdin(), stdout, &ready, |file, claimed| {
        asked += 1;
        behave(file, claimed, asked, &mut raw)
    });
}

fn behave(
    file: &[u8],
    claimed: Option<DocumentType>,
    asked: u64,
    raw: &mut impl Write,
) -> Result<ReadCard, Unreadable> {
    let command = String::from_utf8_lossy(file);
    let (command, argument) = command.split_once(' ').unwrap_or((&command, ""));
    match command {
        "hang" => std::thread::sleep(Duration::from_secs(3600)),
        // Misbehaves until the marker file exists, which it makes itself: the next try succeeds.
        "hang-once" if !Path::new(argument).exists() => {
            let _ = std::fs::write(argument, "");
            std::thread::sleep(Duration::from_secs(3600));
        }
        "abort" => std::process::abort(),
        "panic" => panic!("3171234567890123 is what the card says"),
        "memory" => {
            let hog = vec![1_u8; 4 * 1024 * 1024 * 1024];
            eprintln!("{}", hog.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        }
        "garbage" => {
            let _ = raw.write_all(&[0xff; 64]);
        }
        "wrong-job" => {
            let answer = Answer::Read { job: 4711, stage_ms: BTreeMap::new() };
            let _ = write_frame(raw, &answer, b"{}");
        }
        // A C library that prints must not end up between two frames.
        "chatter" => println!("leptonica says hello"),
        "unreadable" => {
            return Err(Unreadable { reason: ReasonCode::FileUnreadable, message: "as told".to_owned() });
        }
        _ => {}
    }
    let text = format!("{} asked {asked} claimed {claimed:?} pid {}", command, std::process::id());
    let reading = CardReading { text, ..CardReading::default() };
    Ok(ReadCard { reading, stage_ms: BTreeMap::from([("recognise".to_owned(), 1.5)]) })
}
