//! INV-7: after a full run, no personal data and no credential stands in clear anywhere but where it belongs.

mod run;
mod sources;

use filot_e2e::pii_markers::SearchedText;
use filot_e2e::stack::redis_wire::RedisMonitor;
use filot_e2e::{Options, Result, Stack};
use run::Run;

/// INV-7: logs, metrics, error bodies, queue messages and Redis traffic of a full run, and every column of the database,
/// hold no number, name, address, telephone number, token, key or signature that was used in it.
#[tokio::test(flavor = "multi_thread")]
async fn inv_7_a_full_run_leaves_no_secret_in_clear() -> Result<()> {
    // The most detailed level that the template allows.
    let options = Options {
        log_level: Some("debug".to_owned()),
        worker_environment: vec![("LOG_LEVEL".to_owned(), "debug".to_owned())],
        ..Options::default()
    };
    let stack = Stack::start(options).await?;
    let redis = RedisMonitor::start(&stack.redis.url()).await?;
    stack.queue_proxy.record();
    let run = Run::of_everything(&stack).await?;

    let sources = sources::of(&stack, &redis, &run).await?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    for source in &sources {
        bytes += source.bytes.len();
        let text = SearchedText::new(&source.bytes);
        for marker in run.markers.iter().filter(|marker| !source.may_hold(marker)) {
            if let Some(where_) = text.find(marker) {
                found.push(format!("INV-7: {} is in {}, {where_}", marker.what, source.name));
            }
        }
        // A source without any trace of the run proves nothing.
        for id in &source.must_hold {
            if !source.bytes.windows(id.len()).any(|part| part == id.as_bytes()) {
                found.push(format!("{} is not what it should be: {id} is not in it", source.name));
            }
        }
    }
    eprintln!("privacy: markers={} sources={} bytes={bytes}", run.markers.len(), sources.len());
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    assert!(run.markers.len() > 60, "only {} markers", run.markers.len());
    Ok(())
}
