//! The gate before a route: who calls, how often they may, the headers that tell them, and how much a request may bring.
//!
//! The caller is the user of a valid access token, the service of a valid key, else the client's address. The address is
//! the gateway's; Cloudflare's word for it is believed only with the origin secret, which Cloudflare adds and nobody
//! else knows.

use std::net::IpAddr;

use filot_app::auth::service;
use filot_app::context::Context;
use filot_app::error::{AppError, Kind};
use filot_app::limits::{Quota, Standing, Who};
use filot_platform::{Role, Secret};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::api::{self, Auth, Limit, Route};
use crate::call::Call;

const ORIGIN_SECRET: HeaderName = HeaderName::from_static("x-origin-secret");
const CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Lets requests through to the routes of one function.
#[derive(Debug)]
pub struct Gate<'a> {
    function: Option<(Role, &'a Context)>,
}

/// Whether a request may go on, and what its caller is told either way.
#[derive(Debug, Default)]
pub struct Admission {
    /// `RateLimit-*`; none when the route has no limit or nothing could be counted.
    pub headers: HeaderMap,
    /// Why not.
    pub refusal: Option<AppError>,
}

impl<'a> Gate<'a> {
    /// Counts what the table of routes limits.
    pub const fn new(role: Role, context: &'a Context) -> Self {
        Self { function: Some((role, context)) }
    }

    /// Lets everything through.
    pub const fn open() -> Self {
        Self { function: None }
    }

    /// Counts a request, and looks at how much it brings.
    pub async fn admit(&self, call: &Call) -> Admission {
        let Some((role, context)) = self.function else { return Admission::default() };
        // The gateway lets nothing else through; a function URL takes every method.
        let Some(route) = api::route(role, call.method().as_str(), call.resource()) else {
            return Admission { refusal: Some(AppError::not_found()), ..Admission::default() };
        };
        let mut admission = match (quota(route), context.limiter()) {
            (Some(quota), Some(limiter)) => {
                match limiter.take(quota, who(route, context, call), call.now).await {
                    Some(standing) => Admission { headers: headers(standing), refusal: standing.refusal() },
                    None => Admission::default(),
                }
            }
            _ => Admission::default(),
        };
        if admission.refusal.is_none() && call.body().len() > route.body_bytes_max() {
            admission.refusal = Some(AppError::new(
                Kind::TooLarge,
                "payload_too_large",
                "The body is larger than is accepted.",
            ));
        }
        admission
    }
}

const fn quota(route: &Route) -> Option<Quota> {
    match route.limit {
        Limit::None => None,
        Limit::PerCaller => Some(Quota::PER_CALLER),
        Limit::Sensitive => Some(Quota::sensitive(route.role.name())),
        Limit::Internal => Some(Quota::INTERNAL),
    }
}

fn who<'c>(route: &Route, context: &Context, call: &'c Call) -> Who<'c> {
    let known = match route.auth {
        Auth::AccessToken => {
            call.caller(context.access_tokens()).ok().map(|caller| Who::User(caller.user_id))
        }
        Auth::ServiceKey | Auth::ServiceKeyInProduction | Auth::SignedCallback => {
            call.bearer().ok().filter(|key| service::is_one_of(context.service_keys(), key)).map(Who::Service)
        }
        Auth::Public | Auth::StackToken | Auth::RefreshToken => None,
    };
    known.unwrap_or_else(|| Who::Address(client_address(call, context.origin_secrets())))
}

/// Where a request came from.
fn client_address(call: &Call, origin_secrets: &[Secret]) -> Option<IpAddr> {
    let is_from_cloudflare =
        call.header(&ORIGIN_SECRET).is_some_and(|presented| service::is_one_of(origin_secrets, presented));
    let told = call.header(&CONNECTING_IP).filter(|_| is_from_cloudflare);
    told.and_then(|text| text.trim().parse().ok()).or_else(|| call.gateway_address())
}

fn headers(standing: Standing) -> HeaderMap {
    HeaderMap::from_iter([
        (LIMIT, HeaderValue::from(standing.limit)),
        (REMAINING, HeaderValue::from(standing.remaining)),
        (RESET, HeaderValue::from(standing.resets_in_s)),
    ])
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
