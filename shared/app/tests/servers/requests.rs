//! Requests of every principal. Each is proven the way the product proves it: there is no other way to make one.

use axum::Router;
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};
use filot_app::auth::access::Lifetime;
use filot_app::auth::principal::{Nobody, Operator, Reviewer, Service, SignedInUser, SystemTask};
use filot_app::auth::reviewer::{self, CallbackSignature, SignatureSecrets};
use filot_app::auth::stack::{StackProject, StackVerifier};
use filot_app::auth::{AccessTokens, StackIdentity, service};
use filot_app::request_context::RequestContext;
use filot_buli2::signature::sign;
use filot_platform::Secret;
use filot_store::{Caller, seed};
use filot_testkit::stack_auth;

use crate::correlation_id;

const KEY: &str = "a-secret-of-32-bytes-or-more-for-tests";

fn request<P>(principal: P, now: DateTime<Utc>) -> RequestContext<P> {
    RequestContext { principal, correlation_id: correlation_id(), now }
}

pub(crate) fn tokens() -> AccessTokens {
    AccessTokens::new([("1", &Secret::from(KEY.to_owned()))], Lifetime::AsIssued)
}

/// The demo user and their session.
pub(crate) fn caller() -> Caller {
    Caller { user_id: seed::USER, session_id: seed::SESSION }
}

/// A request with a token of this caller's.
pub(crate) fn of(caller: Caller, now: DateTime<Utc>) -> RequestContext<SignedInUser> {
    with_token(tokens().issue(caller, now).unwrap().token.expose(), now)
}

/// A request with this access token.
pub(crate) fn with_token(token: &str, now: DateTime<Utc>) -> RequestContext<SignedInUser> {
    request(tokens().verify(token, now).unwrap(), now)
}

/// A request of the demo user.
pub(crate) fn user(now: DateTime<Utc>) -> RequestContext<SignedInUser> {
    of(caller(), now)
}

pub(crate) fn nobody(now: DateTime<Utc>) -> RequestContext<Nobody> {
    request(Nobody, now)
}

fn known_service() -> Service {
    service::verify(&[Secret::from(KEY.to_owned())], KEY).unwrap()
}

pub(crate) fn service(now: DateTime<Utc>) -> RequestContext<Service> {
    request(known_service(), now)
}

pub(crate) fn operator(now: DateTime<Utc>) -> RequestContext<Operator> {
    request(service::operator(false, Ok(known_service())).unwrap(), now)
}

pub(crate) fn reviewer(now: DateTime<Utc>) -> RequestContext<Reviewer> {
    let secrets = [Secret::from(KEY.to_owned())];
    let secrets = SignatureSecrets { secrets: &secrets, require_timestamp: false };
    let signed = sign(KEY.as_bytes(), None, b"{}");
    let presented = CallbackSignature { signature: Some(&signed), timestamp: None, review: None };
    request(reviewer::verify(known_service(), &secrets, &presented, b"{}", now).unwrap(), now)
}

pub(crate) fn task(name: &'static str, now: DateTime<Utc>) -> RequestContext<SystemTask> {
    request(SystemTask(name), now)
}

/// A request with a token of Stack Auth, whose keys are served here.
pub(crate) async fn stack(user: &str, email: &str, now: DateTime<Utc>) -> RequestContext<StackIdentity> {
    let keys = || async { stack_auth::jwks().to_string() };
    let router = Router::new().fallback(get(keys));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let issuers = [stack_auth::ISSUER.to_owned()];
    let project = StackProject::new(&api, stack_auth::PROJECT_ID, &issuers).unwrap();
    let expires_at = now + TimeDelta::minutes(10);
    let claims = stack_auth::claims(user, email, now.timestamp(), expires_at.timestamp());
    let token = stack_auth::sign(&claims).unwrap();
    request(StackVerifier::new(project).unwrap().verify(&token, now).await.unwrap(), now)
}
