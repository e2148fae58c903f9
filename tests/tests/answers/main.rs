//! The API's answers, word for word: a fixed script of requests to every route, compared with a committed recording.
//!
//! The functions run behind the routes of `template.yaml`, with the demo data and without a worker, so that no answer
//! depends on a reading or on luck. Ids, times, tokens, signatures, ports and durations are replaced by their names
//! ([`normalise`]); everything else must be the same byte for byte: status, headers, the order of JSON fields.
//!
//! `FILOT_RECORD_ANSWERS=1` writes the recording anew. With `FILOT_PROGRAMS=<folder>` the functions of another build
//! answer, so that an older version can be recorded and compared.

#![expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting of the product")]

mod normalise;
mod recorder;
mod script;

use std::collections::BTreeSet;

use filot_e2e::{Options, Result, Stack};
use filot_edge::api::ROUTES;
use recorder::Recorder;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_the_recorded_one() -> Result<()> {
    let options = Options { without_worker: true, demo_data: true, ..Options::default() };
    let stack = Stack::start(options).await?;
    let mut recorder = Recorder::new(&stack)?;
    script::run(&mut recorder).await?;

    let routes: BTreeSet<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let missing: Vec<_> = routes.difference(recorder.routes()).collect();
    assert!(missing.is_empty(), "the script asks nothing of {missing:?}");

    eprintln!("answers: {} requests, {} routes", recorder.count(), routes.len());
    if std::env::var_os("FILOT_RECORD_ANSWERS").is_some() {
        return recorder.write();
    }
    let differences = recorder.differences()?;
    assert!(
        differences.is_empty(),
        "{} answers are not the recorded ones:\n\n{}",
        differences.len(),
        differences.join("\n\n")
    );
    Ok(())
}
