//! Loading: order of sources, every problem at once, what production refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;

use super::*;

const GOOD_KEY: &str = "k9Jq2mZx8Vb4Tn6Rw0Ys3Pd5Lf7Hg1Cc";

/// Every variable that a deployment has to set, with a value that passes.
fn good() -> BTreeMap<&'static str, String> {
    let value = |variable: &Variable| match variable.name {
        "FILOT_ENV" => "production".to_owned(),
        "SEALING_KEY" => format!("a:{GOOD_KEY}"),
        "DATABASE_URL"
        | "DATABASE_WORKER_URL"
        | "DATABASE_SCORING_URL"
        | "DATABASE_REVIEWS_URL"
        | "DATABASE_MIGRATE_URL" => "postgres://host.example/x?sslmode=require".to_owned(),
        "REDIS_URL" => "rediss://host.example".to_owned(),
        name if name.ends_with("_URL") || name.ends_with("_ENDPOINT") => "https://host.example/x".to_owned(),
        _ => GOOD_KEY.to_owned(),
    };
    VARIABLES
        .iter()
        .filter(|variable| matches!(variable.default, Default::Required | Default::Local(_)))
        .map(|variable| (variable.name, value(variable)))
        .collect()
}

async fn load(role: Role, env: &BTreeMap<&'static str, String>) -> Result<Config, ConfigErrors> {
    Config::load_from(role, |name| env.get(name).cloned(), |_| ready(Ok(BTreeMap::new()))).await
}

#[tokio::test]
async fn every_role_loads_from_environment_and_secrets_manager() {
    for role in Role::ALL {
        load(role, &good()).await.unwrap();
        let mut env = good();
        let secrets: BTreeMap<String, Secret> = VARIABLES
            .iter()
            .filter_map(|variable| {
                Some((variable.secret?.to_owned(), Secret::from(env.remove(variable.name)?)))
            })
            .collect();
        Config::load_from(role, |name| env.get(name).cloned(), |_| ready(Ok(secrets))).await.unwrap();
    }
}

#[tokio::test]
async fn only_what_the_environment_lacks_is_fetched_in_one_call() {
    let mut env = good();
    env.remove("JWT_SECRET");
    env.extend(["ORIGIN_SECRET", "REDIS_PASSWORD"].map(|name| (name, GOOD_KEY.to_owned())));
    let mut asked = Vec::new();
    let config = Config::load_from(
        Role::AuthMe,
        |name| env.get(name).cloned(),
        |names| {
            asked = names;
            ready(Ok([(
                "filot/jwt-secret".to_owned(),
                Secret::from(format!("new:{GOOD_KEY},old:{GOOD_KEY}")),
            )]
            .into()))
        },
    )
    .await
    .unwrap();
    assert_eq!(asked, ["filot/jwt-secret"]);
    let ids: Vec<_> = config.token_keys.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["new", "old"]);
}

#[tokio::test]
async fn a_local_machine_has_defaults_and_asks_nobody() {
    let needed = [
        ("FILOT_ENV", "local"),
        ("DATABASE_URL", "postgres://localhost/x"),
        ("REDIS_URL", "redis://localhost"),
    ];
    let env: BTreeMap<_, _> = needed.into();
    let env = |name: &str| env.get(name).map(ToString::to_string);
    let config =
        Config::load_from(Role::AuthMe, env, |_| ready(Err(FetchError::Away("was asked".to_owned()))))
            .await
            .unwrap();
    assert_eq!(config.token_keys.first().map(|(_, key)| key.expose()), Some(local::JWT_SECRET));
    assert_eq!(config.origin_secrets.first().map(Secret::expose), Some(local::ORIGIN_SECRET));
}

/// INV-6: nobody is believed for want of a secret.
#[tokio::test]
async fn inv_6_without_an_origin_secret_there_is_none() {
    assert!(load(Role::AuthMe, &good()).await.unwrap().origin_secrets.is_empty());
}

#[tokio::test]
async fn every_problem_is_told_at_once_and_no_value() {
    let env = [
        ("FILOT_ENV", "production"),
        ("JWT_SECRET", "hunter2-short"),
        ("OCR_GPU_ENABLED", "maybe"),
        ("LOG_LEVEL", "loud"),
        ("CF_R2_ENDPOINT", "http://clear.example"),
    ];
    let env: BTreeMap<_, _> = env.into_iter().map(|(name, text)| (name, text.to_owned())).collect();
    let problems = load(Role::DocumentsUpload, &env).await.unwrap_err();
    let text = problems.to_string();
    for name in [
        "JWT_SECRET",
        "OCR_GPU_ENABLED",
        "LOG_LEVEL",
        "CF_R2_ENDPOINT",
        "DATABASE_URL",
        "filot/sealing-key",
        "OCR_CPU_QUEUE_URL",
    ] {
        assert!(text.contains(name), "{name} is not told: {text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("maybe"), "{text}");
    assert!(matches!(&problems, ConfigErrors::Problems(all) if all.len() >= 8), "{text}");
}

#[tokio::test]
async fn inv_6_guarded_deployments_refuse_weak_keys() {
    let keys: Vec<&Variable> = VARIABLES.iter().filter(|variable| variable.guard == Guard::Key).collect();
    assert!(keys.len() >= 6);
    for environment in ["staging", "production"] {
        for variable in &keys {
            let role = Role::ALL.into_iter().find(|role| variable.is_read_by(*role)).unwrap();
            let mut refused = vec![
                "short".to_owned(),
                format!("{GOOD_KEY},short"),
                "dev-secret-change-in-production".to_owned(),
            ];
            if let Default::Local(published) | Default::UnsetOrLocal(published) = variable.default {
                refused.push(published.to_owned());
                refused.push(format!("id:{GOOD_KEY},{published}"));
            }
            for text in refused {
                let mut env = good();
                env.insert("FILOT_ENV", environment.to_owned());
                env.insert(variable.name, text);
                let problems = load(role, &env).await.unwrap_err();
                assert!(problems.to_string().contains(variable.name), "{}: {problems}", variable.name);
            }
        }
    }
}

#[tokio::test]
async fn a_deployment_that_does_not_say_what_it_is_does_not_start() {
    for environment in [None, Some("prod"), Some("")] {
        let mut env = good();
        env.remove("FILOT_ENV");
        if let Some(text) = environment {
            env.insert("FILOT_ENV", text.to_owned());
        }
        let problems = load(Role::Health, &env).await.unwrap_err();
        assert!(problems.to_string().contains("FILOT_ENV"), "{problems}");
    }
}

#[tokio::test]
async fn secrets_manager_away_is_told() {
    let env: BTreeMap<_, _> = [("FILOT_ENV", "production".to_owned())].into();
    let failed = Config::load_from(
        Role::Health,
        |name| env.get(name).cloned(),
        |_| ready(Err(FetchError::Away("Secrets Manager does not answer".to_owned()))),
    )
    .await
    .unwrap_err();
    assert_eq!(failed, ConfigErrors::Away("Secrets Manager does not answer".to_owned()));
}

#[tokio::test]
async fn inv_7_the_configuration_shows_no_secret() {
    for role in Role::ALL {
        let shown = format!("{:?}", load(role, &good()).await.unwrap());
        let database_url = good().remove("DATABASE_URL").unwrap();
        let hidden = shown.replace(&format!("bucket: {GOOD_KEY:?}"), "");
        for name in ["access_key_id", "project_id", "scoring_function", "review_dispatch_function"] {
            assert!(!hidden.contains(&format!("Secret({name}")));
        }
        if role.needs(Section::AppDatabase) {
            assert!(!shown.contains(&format!("url: {database_url:?}, max_connections")), "{shown}");
        }
        assert!(!shown.contains("Secret(\""), "{shown}");
    }
}

#[test]
fn names_and_secret_paths_are_unique() {
    let names: BTreeSet<_> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(names.len(), VARIABLES.len());
    let paths: Vec<_> = VARIABLES.iter().filter_map(|variable| variable.secret).collect();
    assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len());
    assert!(paths.iter().all(|path| path.starts_with("filot/")));
}

#[tokio::test]
async fn inv_6_a_key_is_not_split_into_an_id_and_a_short_rest() {
    let long_id = format!("{GOOD_KEY}:q7");
    for text in [long_id.as_str(), "ab:q7", "ab cd:k9Jq2mZx8Vb4Tn6Rw0Ys3Pd5Lf7Hg1Cc"] {
        let mut env = good();
        env.insert("JWT_SECRET", text.to_owned());
        let problems = load(Role::AuthMe, &env).await.unwrap_err();
        assert!(problems.to_string().contains("JWT_SECRET"), "{problems}");
    }
}

#[tokio::test]
async fn inv_6_published_keys_are_for_one_machine_only() {
    let mut env = good();
    env.insert("FILOT_ENV", "development".to_owned());
    env.insert("JWT_SECRET", local::JWT_SECRET.to_owned());
    let problems = load(Role::AuthMe, &env).await.unwrap_err();
    assert!(problems.to_string().contains("published"), "{problems}");
}

#[tokio::test]
async fn identity_data_does_not_travel_in_clear() {
    let clear = [("DATABASE_WORKER_URL", "postgres://host.example/x"), ("REDIS_URL", "redis://host.example")];
    for (name, text) in clear {
        let mut env = good();
        env.insert(name, text.to_owned());
        let problems = load(Role::GpuWorker, &env).await.unwrap_err();
        assert!(problems.to_string().contains(name), "{problems}");
    }
}
