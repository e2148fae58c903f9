//! INV-6: a secret that is not configured refuses; it never switches a check off.

use filot_edge::api::{Auth, ROUTES};
use filot_platform::Config;
use filot_testkit::Postgres;

use super::answers::{answer, config, demo_database, role_of};
use super::checked_in;

/// A name, and a change that removes a secret from a configuration.
type Loss = (&'static str, fn(&mut Config));

/// The secrets that each kind of proof needs, each removed in turn.
fn losses(auth: Auth) -> Vec<Loss> {
    let service_keys: Loss = ("no service key", |config| config.service_keys.clear());
    let empty_service_key: Loss =
        ("an empty service key", |config| config.service_keys = vec![String::new().into()]);
    match auth {
        Auth::Public => Vec::new(),
        Auth::StackToken => vec![("no Stack Auth project", |config| config.stack_auth = None)],
        // A refresh issues an access token: without a key there is nothing to sign it with.
        Auth::RefreshToken | Auth::AccessToken => {
            vec![
                ("no token key", |config| config.token_keys.clear()),
                ("an empty token key", |config| {
                    config.token_keys = vec![("1".to_owned(), String::new().into())];
                }),
            ]
        }
        Auth::ServiceKey => vec![service_keys, empty_service_key],
        // Open outside production, whatever is configured; the end-to-end suite tries it in production.
        Auth::ServiceKeyInProduction => Vec::new(),
        Auth::SignedCallback => vec![
            service_keys,
            empty_service_key,
            ("no signature secret", |config| config.callback = None),
            ("an empty list of signature secrets", |config| {
                config.callback.iter_mut().for_each(|callback| callback.signature_secrets.clear());
            }),
            ("an empty signature secret", |config| {
                config
                    .callback
                    .iter_mut()
                    .for_each(|callback| callback.signature_secrets = vec![String::new().into()]);
            }),
        ],
    }
}

#[tokio::test]
async fn inv_6_without_its_secret_a_route_refuses_everybody() {
    let server = Postgres::shared().await.unwrap();
    let database = demo_database(&server).await;
    let events = checked_in();
    let mut tried = 0;
    for route in ROUTES {
        // A function that cannot verify or sign answers 500 and does nothing.
        let expected = if matches!(route.auth, Auth::StackToken | Auth::RefreshToken) { 500 } else { 401 };
        for (what, lose) in losses(route.auth) {
            let function = route.role.name();
            // The events that the right caller succeeds with.
            let succeeding = events.iter().filter(|(name, event)| {
                name.strip_prefix(function)
                    .is_some_and(|rest| rest.starts_with("/2") || rest.starts_with("/3"))
                    && (event["resource"].is_null() || event["resource"] == route.path)
            });
            let mut of_route = 0;
            for (name, event) in succeeding {
                let mut config = config(role_of(function), &database.app_url()).await;
                lose(&mut config);
                let status = answer(config, event).await;
                assert_eq!(status, expected, "INV-6: {name} with {what}");
                of_route += 1;
            }
            assert!(of_route > 0, "{} {} has no event of its right caller", route.method, route.path);
            tried += of_route;
        }
    }
    eprintln!("authz: unconfigured secrets: {tried} refusals");
    assert!(tried > ROUTES.len(), "only {tried} were tried");
}
