//! INV-2: a step along an edge that the table does not have does not compile.
//!
//! The programs in `ui/` are given to the compiler with the library as it was built for this test.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of compiled crates that this test stands in.
fn crates() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// The library: the newest, where builds with other settings left theirs.
fn library() -> PathBuf {
    let builds = fs::read_dir(crates()).unwrap().map(|entry| entry.unwrap().path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("libfilot_domain-") && name.ends_with(".rlib")
    };
    builds.filter(is_ours).max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap()).unwrap()
}

/// The codes of the compiler's errors on a program of `ui/`; none if it compiles.
fn errors(program: &str) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(program);
    let output = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--error-format=json"])
        .arg(source)
        .args(["--out-dir", env!("CARGO_TARGET_TMPDIR")])
        .arg("--extern")
        .arg(format!("filot_domain={}", library().display()))
        .arg("-L")
        .arg(format!("dependency={}", crates().display()))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let codes: Vec<String> = said
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["level"] == "error")
        .filter_map(|message| message["code"]["code"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(output.status.success(), codes.is_empty(), "{said}");
    codes
}

#[test]
fn inv_2_legal_steps_compile() {
    assert_eq!(errors("legal_steps.rs"), [""; 0]);
}

#[test]
fn inv_2_illegal_steps_do_not_compile() {
    // No such edge leaves this state.
    assert_eq!(errors("decide_a_completed_document.rs"), ["E0277"]);
    assert_eq!(errors("claim_an_erased_document.rs"), ["E0277"]);
    // A state is only witnessed from a row.
    assert_eq!(errors("forge_a_state.rs"), ["E0451"]);
}
