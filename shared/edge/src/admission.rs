//! Admission: finds the route of a request, verifies its proof once, counts it, and limits its body.
//!
//! A caller is counted as the user of a valid access token, the service of a valid key, else by the client's address. The
//! address is the gateway's. `CF-Connecting-IP` is believed only together with the origin secret, which Cloudflare adds.

use std::net::IpAddr;

use filot_app::auth::service;
use filot_app::context::Context;
use filot_app::error::AppError;
use filot_app::error_code::ErrorCode;
use filot_app::limits::{LimitKey, LimitStatus, Quota};
use filot_platform::{Role, Secret};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::api::{self, Auth, Limit, Route};
use crate::call::Call;
use crate::event::UNDECODABLE;
use crate::principal::Presented;

const ORIGIN_SECRET: HeaderName = HeaderName::from_static("x-origin-secret");
const CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The outcome of admission, and the limit headers of the answer either way.
#[derive(Debug)]
pub(crate) struct Admission {
    /// `RateLimit-*`; none when the route has no limit or nothing could be counted.
    pub(crate) headers: HeaderMap,
    /// The request's proof, or why it is refused.
    pub(crate) outcome: Result<Presented, AppError>,
}

/// Admits a request or refuses it: 400 for an event that cannot be decoded, 404 for an unknown route, 429 for one too many,
/// 413 for a body too large, in this order.
pub(crate) async fn admit(role: Role, context: &Context, call: &Call) -> Admission {
    if !call.is_decoded() {
        let refusal = AppError::new(ErrorCode::MalformedBody, UNDECODABLE);
        return Admission { headers: HeaderMap::new(), outcome: Err(refusal) };
    }
    // The gateway lets nothing else through; a function URL takes every method.
    let Some(route) = api::route(role, call.method().as_str(), call.resource()) else {
        return Admission { headers: HeaderMap::new(), outcome: Err(AppError::not_found()) };
    };
    let (presented, known) = present(route.auth, context, call);
    let status = match (quota(route), context.limiter()) {
        (Some(quota), Some(limiter)) => {
            let address = || LimitKey::Address(client_address(call, context.origin_secrets()));
            limiter.take(quota, known.unwrap_or_else(address), call.now).await
        }
        _ => None,
    };
    let outcome = match status.and_then(|status| status.refusal()) {
        Some(refusal) => Err(refusal),
        None if call.body().len() > route.body_bytes_max() => {
            Err(AppError::new(ErrorCode::PayloadTooLarge, "The body is larger than is accepted."))
        }
        None => Ok(presented),
    };
    Admission { headers: status.map(headers).unwrap_or_default(), outcome }
}

const fn quota(route: &Route) -> Option<Quota> {
    match route.limit {
        Limit::None => None,
        Limit::PerCaller => Some(Quota::PER_CALLER),
        Limit::Sensitive => Some(Quota::sensitive(route.role.name())),
        Limit::Internal => Some(Quota::INTERNAL),
    }
}

/// Verifies the proof that the route asks for, once. A verified caller is also the key of the count.
fn present<'c>(auth: Auth, context: &Context, call: &'c Call) -> (Presented, Option<LimitKey<'c>>) {
    let known = match auth {
        Auth::AccessToken => {
            let user = call.bearer().and_then(|token| context.access_tokens().verify(token, call.now));
            user.map(|user| (Presented::User(user), LimitKey::User(user.user_id)))
        }
        Auth::ServiceKey | Auth::ServiceKeyInProduction | Auth::SignedCallback => {
            call.bearer().and_then(|key| {
                let service = service::verify(context.service_keys(), key)?;
                Ok((Presented::Service(service), LimitKey::Service(key)))
            })
        }
        Auth::Public | Auth::StackToken | Auth::RefreshToken => return (Presented::Nothing, None),
    };
    match known {
        Ok((presented, key)) => (presented, Some(key)),
        Err(error) => (Presented::Invalid(error), None),
    }
}

/// Where a request came from.
fn client_address(call: &Call, origin_secrets: &[Secret]) -> Option<IpAddr> {
    let is_from_cloudflare =
        call.header(&ORIGIN_SECRET).is_some_and(|presented| service::is_one_of(origin_secrets, presented));
    let connecting = call.header(&CONNECTING_IP).filter(|_| is_from_cloudflare);
    connecting.and_then(|text| text.trim().parse().ok()).or_else(|| call.gateway_address())
}

fn headers(status: LimitStatus) -> HeaderMap {
    HeaderMap::from_iter([
        (LIMIT, HeaderValue::from(status.limit)),
        (REMAINING, HeaderValue::from(status.remaining)),
        (RESET, HeaderValue::from(status.resets_in_s)),
    ])
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
