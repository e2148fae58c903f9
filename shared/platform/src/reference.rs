//! Writes `docs/configuration.md`, `.env.example` and `ops/secrets.json` from the table of variables.

use std::fmt::Write as _;

use crate::role::Role;
use crate::variables::{Default, FORMER, Guard, KEPT, VARIABLES, Variable};

/// `docs/configuration.md`: every variable with default, secret path, readers and purpose.
pub fn configuration_reference() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         Written from `shared/platform/src/variables.rs`; do not edit (`FILOT_BLESS=1 cargo test -p filot-platform` writes it \
         anew). A variable is taken from the environment; one with a secret path is looked for in Secrets Manager when the \
         environment does not have it, all of them in one call. A process that misses one, or has an unsafe one, lists every \
         problem and does not start; while Secrets Manager does not answer, functions behind the API say 503. The worker reads its secrets again every five minutes; functions when an instance starts.\n\n\
         Keys must have at least 32 characters in staging and production and must not be one of the published local ones.\n\n\
         The AWS SDK's own variables (`AWS_REGION`, credentials, `AWS_ENDPOINT_URL` for the local stack) are the SDK's.\n\n\
         | Variable | Default | Secret path | Read by | For |\n|---|---|---|---|---|\n",
    );
    for variable in VARIABLES {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            variable.name,
            default(variable),
            secret(variable),
            readers(variable),
            variable.purpose
        );
    }
    text.push_str("\n## Variables of the legacy service\n\n| Variable | |\n|---|---|\n");
    for kept in KEPT {
        let _ = writeln!(text, "| `{kept}` | kept |");
    }
    for former in FORMER {
        let _ = writeln!(text, "| `{}` | {} |", former.name, former.outcome);
    }
    text
}

/// `.env.example`: every variable with what it is when nobody sets it, or what a developer's machine takes.
pub fn environment_example() -> String {
    let mut text = String::from(
        "# Every variable of FiLot. Written from shared/platform/src/variables.rs; do not edit (FILOT_BLESS=1 cargo test -p\n\
         # filot-platform writes it anew). The values are a developer's; what is commented out has the value shown when it is\n\
         # not set. Deployments keep what is marked as a secret in Secrets Manager, under the name that stands there.\n",
    );
    for variable in VARIABLES {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n# {}\n", variable.purpose);
        if let Some(path) = variable.secret {
            let _ = writeln!(text, "# Secret: {path}");
        }
        let name = variable.name;
        let _ = match variable.default {
            Default::Required if name == "FILOT_ENV" => writeln!(text, "{name}=local"),
            Default::Required => writeln!(text, "{name}="),
            Default::Local(value) => writeln!(text, "{name}={value}"),
            Default::Value(value) | Default::UnsetOrLocal(value) => writeln!(text, "# {name}={value}"),
            Default::Unset => writeln!(text, "# {name}="),
        };
    }
    text
}

/// `ops/secrets.json`: what must and what may be in Secrets Manager, for the scripts that put it there.
pub fn secrets_manifest() -> String {
    let secrets: Vec<_> = VARIABLES
        .iter()
        .filter_map(|variable| {
            let readers = Role::ALL.into_iter().filter(|role| variable.is_read_by(*role)).map(Role::name);
            Some(serde_json::json!({
                "name": variable.secret?,
                "variable": variable.name,
                "required": matches!(variable.default, Default::Required | Default::Local(_)),
                "kind": if variable.guard == Guard::Key { "key" } else { "text" },
                "used_by": readers.collect::<Vec<_>>(),
                "for": variable.purpose,
            }))
        })
        .collect();
    format!("{:#}\n", serde_json::Value::from(secrets))
}

fn default(variable: &Variable) -> String {
    match variable.default {
        Default::Required => "required".to_owned(),
        Default::Local(_) => "required; local has a published one".to_owned(),
        Default::Value(text) => format!("`{text}`"),
        Default::Unset => "unset".to_owned(),
        Default::UnsetOrLocal(_) => "unset; local has a published one".to_owned(),
    }
}

fn secret(variable: &Variable) -> String {
    match (variable.secret, variable.guard) {
        (Some(path), Guard::Key) => format!("`{path}` (key)"),
        (Some(path), _) => format!("`{path}`"),
        (None, _) => "–".to_owned(),
    }
}

fn readers(variable: &Variable) -> String {
    let readers: Vec<_> =
        Role::ALL.into_iter().filter(|role| variable.is_read_by(*role)).map(Role::name).collect();
    if readers.len() == Role::ALL.len() { "all".to_owned() } else { readers.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's switch")]
    fn what_is_generated_is_up_to_date() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (name, fresh) in [
            ("docs/configuration.md", configuration_reference()),
            (".env.example", environment_example()),
            ("ops/secrets.json", secrets_manifest()),
        ] {
            let path = root.join(name);
            if std::env::var_os("FILOT_BLESS").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &fresh).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == fresh,
                "{name} is stale: FILOT_BLESS=1 cargo test -p filot-platform writes it anew"
            );
        }
    }

    /// Every variable of the legacy service is either kept under its name or explained.
    #[test]
    fn no_variable_of_the_legacy_service_is_forgotten() {
        for kept in KEPT {
            assert!(VARIABLES.iter().any(|variable| variable.name == *kept), "{kept}");
        }
        // As many as the legacy service's reference names.
        assert_eq!(KEPT.len() + FORMER.len(), 64);
        for former in FORMER {
            assert!(!VARIABLES.iter().any(|variable| variable.name == former.name), "{}", former.name);
            assert!(
                ["kept", "renamed", "dropped"].iter().any(|word| former.outcome.starts_with(word)),
                "{}",
                former.name
            );
        }
    }
}
