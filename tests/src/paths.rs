//! Paths of the repository, of the built programs, and of the logs.

use std::path::{Path, PathBuf};

use crate::Result;

/// The repository's root.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// The folder with the built programs: the one that `FILOT_PROGRAMS` names, else the one of the program that runs,
/// `target/<profile>`.
///
/// # Errors
///
/// The functions or the worker are not built there.
pub fn programs() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("FILOT_PROGRAMS") {
        return Ok(named.into());
    }
    let own = std::env::current_exe()?;
    own.ancestors()
        .skip(1)
        .take(3)
        .find(|dir| dir.join("gpu-worker").is_file() && dir.join("documents-upload").is_file())
        .map(Path::to_owned)
        .ok_or_else(|| {
            "the functions and the worker are not built in this profile: cargo build --workspace".into()
        })
}

/// A built program.
pub fn program(name: &str) -> Result<PathBuf> {
    Ok(programs()?.join(name))
}

/// Logs and other traces of running stacks.
pub fn run_dir() -> Result<PathBuf> {
    let dir = root().join(".local/run");
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// The Python that `./dev` prepared, or the one of the machine.
pub fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("FILOT_PYTHON") {
        return named.into();
    }
    let installed = root().join(".local/venv/bin/python");
    if installed.is_file() { installed } else { "python3".into() }
}
