//! INV-7: after a full run, nothing that identifies anybody and nothing that opens anything is to be read anywhere but
//! where it belongs.

mod run;
mod sources;

use filot_e2e::needles::Haystack;
use filot_e2e::redis_wire::RedisMonitor;
use filot_e2e::{Options, Result, Stack};
use run::Run;

/// INV-7: logs, metrics, error bodies, queue messages and Redis traffic of a full run, and every column of the database,
/// hold no number, name, address, telephone number, token, key or signature that was used in it.
#[tokio::test(flavor = "multi_thread")]
async fn inv_7_nothing_that_was_used_in_a_full_run_can_be_read_afterwards() -> Result<()> {
    // The most talkative level that the template allows.
    let options = Options {
        log_level: Some("debug".to_owned()),
        worker_environment: vec![("LOG_LEVEL".to_owned(), "debug".to_owned())],
        ..Options::default()
    };
    let stack = Stack::start(options).await?;
    let redis = RedisMonitor::start(&stack.redis.url()).await?;
    stack.queue_gate.record();
    let run = Run::of_everything(&stack).await?;

    let sources = sources::of(&stack, &redis, &run).await?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    for source in &sources {
        bytes += source.bytes.len();
        let haystack = Haystack::new(&source.bytes);
        for needle in run.needles.iter().filter(|needle| !source.may_hold(needle)) {
            if let Some(where_) = haystack.find(needle) {
                found.push(format!("INV-7: {} is in {}, {where_}", needle.what, source.name));
            }
        }
        // A source that holds nothing of the run proves nothing.
        for id in &source.must_hold {
            if !source.bytes.windows(id.len()).any(|part| part == id.as_bytes()) {
                found.push(format!("{} is not what it should be: {id} is not in it", source.name));
            }
        }
    }
    eprintln!("privacy: needles={} sources={} bytes={bytes}", run.needles.len(), sources.len());
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    assert!(run.needles.len() > 60, "only {} needles", run.needles.len());
    Ok(())
}
