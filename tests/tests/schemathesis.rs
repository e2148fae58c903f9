//! The API against its own OpenAPI document: schemathesis generates valid and invalid requests from `docs/openapi.json`
//! and compares every answer with it.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use filot_e2e::stack::account::Account;
use filot_e2e::stack::world::World;
use filot_e2e::{Options, Result, Stack, paths};
use filot_edge::api::{ROUTES, Route};
use filot_platform::local;
use serde_json::json;

/// INV-6, INV-8: every answer is described by the document, none is 5xx, no invalid value is accepted, and no route
/// ignores missing credentials.
#[tokio::test(flavor = "multi_thread")]
async fn inv_8_every_answer_matches_the_openapi_document() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let world = World::new(&stack).await?;
    let leaving = Account::new(&stack).await?;
    let existing = json!({
        "id": [world.approved, world.failed, world.rejected],
        "disposable id": [world.disposable],
        "reviewId": world.reviews.iter().map(|review| review.id.clone()).collect::<Vec<_>>(),
        "undecided reviewId": [world.undecided.id],
    });
    let folder = paths::root().join("tests/schemathesis");
    let environment: BTreeMap<_, _> = [
        ("FILOT_ACCESS_TOKEN", world.owner.access.clone()),
        ("FILOT_LEAVING_TOKEN", leaving.access),
        ("FILOT_STACK_TOKEN", world.owner.stack_token.clone()),
        ("FILOT_SERVICE_KEY", local::SERVICE_INTERNAL_KEY.to_owned()),
        ("FILOT_SIGNATURE_SECRET", local::BULI2_SIGNATURE_SECRET.to_owned()),
        ("FILOT_EXISTING", existing.to_string()),
        ("FILOT_REDIS", stack.redis.url()),
        ("SCHEMATHESIS_HOOKS", "hooks".to_owned()),
        ("PYTHONPATH", folder.display().to_string()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
    ]
    .into();
    let clock = Instant::now();
    let mut command = Command::new(paths::python());
    command
        .args(["-m", "schemathesis.cli", "--no-color", "--config-file"])
        .arg(folder.join("schemathesis.toml"))
        .arg("run")
        .arg(paths::root().join("docs/openapi.json"))
        .args(["--url", stack.api.base()])
        // It writes its caches into its working directory.
        .current_dir(stack.logs())
        .envs(environment);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The warnings above the summary are printed too.
    std::fs::create_dir_all(paths::root().join(".local/run"))?;
    std::fs::write(paths::root().join(".local/run/schemathesis.log"), &said)?;
    let summary: Vec<_> = said.lines().skip_while(|line| !line.contains("SUMMARY")).collect();
    eprintln!("schemathesis: {:.0} s\n{}", clock.elapsed().as_secs_f64(), summary.join("\n"));
    let answered: BTreeMap<String, u64> =
        serde_json::from_slice(&std::fs::read(stack.logs().join("answered.json"))?)?;
    for Route { method, path, .. } in ROUTES {
        let name = format!("{method} {path} ");
        let statuses: Vec<_> =
            answered.iter().filter_map(|(what, times)| Some((what.strip_prefix(&name)?, times))).collect();
        let told = statuses.iter().map(|(status, times)| format!("{status} x {times}")).collect::<Vec<_>>();
        eprintln!("schemathesis: {method} {path}: {}", told.join(", "));
        // An operation that only answered 401 or 404 was not really tried.
        let reached = statuses.iter().any(|(status, _)| status.starts_with(['2', '3']) || **status == *"422");
        assert!(reached || !output.status.success(), "{method} {path} was never reached");
    }
    // A phase without any test succeeds too, so that each must report that it ran.
    for phase in ["Examples", "Coverage", "Fuzzing", "Stateful"] {
        let ran = summary.iter().any(|line| line.contains("\u{2705}") && line.contains(phase));
        assert!(ran || !output.status.success(), "{phase} did not run: {}", summary.join("\n"));
    }
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
