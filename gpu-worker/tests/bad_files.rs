//! INV-8: the whole corpus of bad files through the two doors that a file has to pass, the header check of the upload
//! and the reader process, with the worker's own bounds on memory and time.
//!
//! Every file is looked at. Of those that would be taken, every picture that is light is decoded, and a reader gets all
//! that are heavy and some of each other class: what the decoders make of two files of one class differs, what comes
//! after that does not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use filot_domain::DocumentType;
use filot_ocr::pipeline::{WORKING_SIDE, decode_picture};
use filot_platform::variables::{Default, VARIABLES};
use filot_reader::pool::{Pool, PoolConfig, PoolError};
use filot_reader::process::Death;
use filot_testkit::bad_files::{self, BadFile, HEAVY, spread};
use futures::StreamExt;
use gpu_worker::role::{QueueChoice, Role};
use gpu_worker::settings::{Settings, retry_policy};
use nix::sys::resource::{UsageWho, getrusage};
use tokio_util::sync::CancellationToken;

/// The header check reads a file once: two megabytes, unoptimised, on a busy machine.
const LOOK_LIMIT: Duration = Duration::from_secs(2);
/// What a reader that died on the file before may take to be replaced.
const REPLACED_WITHIN: Duration = Duration::from_secs(15);
const READERS: usize = 2;
/// Files of one class that a reader gets, if the class is not a heavy one.
const READ_PER_CLASS: usize = 12;

/// A number of the worker's configuration, as it is where nobody sets it.
fn configured(name: &str) -> u64 {
    let variable = VARIABLES.iter().find(|variable| variable.name == name).unwrap();
    match variable.default {
        Default::Value(text) => text.parse().unwrap(),
        _ => panic!("{name} has no default"),
    }
}

fn pool() -> PoolConfig {
    let settings = Settings {
        queues: QueueChoice::Auto,
        readers: Some(READERS),
        concurrency: None,
        lease_s: 60,
        retry: retry_policy(3, true),
        engine: "tesseract".to_owned(),
        tessdata_dir: None,
        reader_memory_mb: configured("OCR_READER_MEMORY_MB"),
        read_limit: Duration::from_secs(configured("OCR_READER_DEADLINE_S")),
        port: 0,
    };
    let role = Role { queues: Vec::new(), readers: READERS, concurrency: READERS };
    settings.pool(&role, PathBuf::from(env!("CARGO_BIN_EXE_gpu-worker")))
}

fn listed(counts: &BTreeMap<String, usize>) -> String {
    counts.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(", ")
}

/// Those that the upload would take; the others by the reason that they are refused with.
fn looked_at(files: Vec<BadFile>) -> (Vec<BadFile>, BTreeMap<String, usize>) {
    let (mut taken, mut refused) = (Vec::new(), BTreeMap::new());
    for file in files {
        let began = Instant::now();
        let found = filot_media::inspect(&file.bytes, Some(file.mime));
        assert!(began.elapsed() < LOOK_LIMIT, "INV-8: {} took {:?}", file.name, began.elapsed());
        match found {
            Ok(found) => {
                let pixels = u64::from(found.width.unwrap_or(1)) * u64::from(found.height.unwrap_or(1));
                assert!((1..=filot_media::MAX_PIXELS).contains(&pixels), "INV-8: {}", file.name);
                taken.push(file);
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                *refused.entry(error.to_string()).or_default() += 1;
            }
        }
    }
    (taken, refused)
}

/// Decodes what a process may decode that has no bounds of its own.
fn decoded(files: &[BadFile]) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    let light = |file: &&BadFile| !HEAVY.contains(&file.class) && !file.bytes.starts_with(b"%PDF-");
    for file in files.iter().filter(light) {
        let outcome = match decode_picture(&file.bytes, 0) {
            Ok(picture) => {
                let (width, height) = picture.dimensions();
                assert!(width.max(height) <= WORKING_SIDE && width * height > 0, "INV-8: {}", file.name);
                "decoded".to_owned()
            }
            Err(error) => error.reason.to_string(),
        };
        assert!(
            ["decoded", "file_unreadable", "image_too_large"].contains(&outcome.as_str()),
            "{}",
            file.name
        );
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}

/// What became of a file in a reader, as the document records it.
async fn read(pool: &Pool, limit: Duration, file: BadFile) -> (BadFile, String, Duration) {
    let began = Instant::now();
    let claimed = if file.bytes.len().is_multiple_of(2) { DocumentType::Ktp } else { DocumentType::Npwp };
    let outcome = match pool.read(Bytes::from(file.bytes.clone()), Some(claimed)).await {
        Ok(card) => format!("read as {}", card.reading.kind),
        Err(PoolError::Unreadable(why)) => {
            assert!(!why.message.is_empty(), "INV-8: {}", file.name);
            why.reason.to_string()
        }
        Err(PoolError::Died(Death::Crashed)) => panic!("INV-8: a reader crashed on {}", file.name),
        Err(PoolError::Died(death)) => format!("{} ({death:?})", death.reason()),
        Err(PoolError::Refused) => panic!("INV-8: no reader took {}", file.name),
    };
    let took = began.elapsed();
    assert!(took < limit + REPLACED_WITHIN, "INV-8: {} took {took:?}", file.name);
    (file, outcome, took)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv_8_no_bad_file_crashes_hangs_or_bursts_the_reader() {
    let files = bad_files::corpus();
    let all = files.len();
    assert!(all >= 2000, "the corpus has {all} files");
    let (taken, refused) = looked_at(files);
    let (count, decoded) = (taken.len(), decoded(&taken));
    let taken = spread(taken, |class| if HEAVY.contains(&class) { usize::MAX } else { READ_PER_CLASS });
    let given = taken.len();

    let config = pool();
    let limit = config.read_limit;
    let draining = CancellationToken::new();
    let (pool, supervisors) = Pool::start(config, draining.clone());
    pool.first_reader().await.unwrap();
    let began = Instant::now();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut slowest: Vec<(Duration, String)> = Vec::new();
    let mut reads = futures::stream::iter(taken.into_iter().map(|file| read(&pool, limit, file)))
        .buffer_unordered(READERS);
    while let Some((file, outcome, took)) = reads.next().await {
        if took > limit / 4 || outcome.contains('(') {
            slowest.push((took, format!("{outcome}: {}", file.name)));
        }
        *outcomes.entry(outcome).or_default() += 1;
    }
    drop(reads);
    // A card still is read, by readers that saw all this.
    let card = pool.read(Bytes::from_static(bad_files::KTP), Some(DocumentType::Ktp)).await.unwrap();
    assert_eq!(card.reading.kind, filot_domain::CardKind::Ktp);
    draining.cancel();
    supervisors.ended().await;

    // Of all children together, the largest: in kilobytes.
    let peak_mb = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() / 1024;
    let own_mb = getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss() / 1024;
    slowest.sort();
    for (took, what) in slowest.iter().rev() {
        println!("  {:5.1} s {what}", took.as_secs_f64());
    }
    println!(
        "bad files: {all}, refused: {}; {count} taken; decoded: {}; {given} given to readers in {:.0} s: {}; a reader's largest memory {peak_mb} MB, ours {own_mb} MB",
        listed(&refused),
        listed(&decoded),
        began.elapsed().as_secs_f64(),
        listed(&outcomes),
    );
    let bound_mb = i64::try_from(configured("OCR_READER_MEMORY_MB")).unwrap();
    assert!(peak_mb <= bound_mb, "INV-8: a reader held {peak_mb} MB");
}
