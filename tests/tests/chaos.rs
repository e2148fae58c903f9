//! A small fault run. `./dev chaos` is the full one.

use std::time::Duration;

use filot_e2e::Result;
use filot_e2e::chaos::{Settings, storm};

/// INV-1, INV-2, INV-3, INV-5: faults are injected while documents flow, and no document is lost or decided twice.
#[tokio::test(flavor = "multi_thread")]
async fn inv_1_2_3_5_no_document_is_lost_or_decided_twice() -> Result<()> {
    let settings = Settings {
        documents: 60,
        seed: 20_261,
        length: Duration::from_secs(60),
        cards: 12,
        prints_progress: false,
    };
    let outcome = storm(settings).await?;
    println!("{}", outcome.report);
    assert!(outcome.is_clean(), "INV-1, INV-2, INV-3 or INV-5 is broken: see above");
    assert_eq!(outcome.accepted, settings.documents, "INV-1: an upload was never accepted");
    for fault in [
        "worker killed (SIGKILL)",
        "Postgres killed and restarted",
        "Redis away",
        "storage answers 500",
        "message delivered again",
    ] {
        assert!(outcome.faults.get(fault).is_some_and(|times| *times > 0), "it never happened: {fault}");
    }
    Ok(())
}
