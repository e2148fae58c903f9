//! How each principal is authenticated.

use filot_app::auth::principal::{Nobody, Operator, Reviewer, Service, SignedInUser};
use filot_app::auth::reviewer::{self, CallbackSignature};
use filot_app::auth::{StackIdentity, service};
use filot_app::context::Context;
use filot_app::error::{AppError, Result};
use http::header::HeaderName;

use crate::api::Auth;
use crate::call::Call;

const SIGNATURE: HeaderName = HeaderName::from_static("x-buli2-signature");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-buli2-timestamp");

/// A request's proof, as far as it can be verified without a server.
#[derive(Debug)]
pub enum Presented {
    /// The route asks for nothing that can be checked at once.
    Nothing,
    /// A valid access token.
    User(SignedInUser),
    /// An active service key.
    Service(Service),
    /// No proof, or one that is not valid.
    Invalid(AppError),
}

impl Presented {
    fn service(self) -> Result<Service> {
        match self {
            Self::Service(service) => Ok(service),
            other => Err(other.refusal()),
        }
    }

    fn refusal(self) -> AppError {
        match self {
            Self::Invalid(error) => error,
            _ => AppError::unauthenticated("the route's proof was not asked for"),
        }
    }
}

/// A principal that a handler may take. Principals have no public constructors: a handler gets its own from here alone.
pub trait Principal: Sized + Send + Sync + 'static {
    /// The proofs of the routes that such a handler may answer.
    const PROOFS: &'static [Auth];

    /// The caller. `presented` was verified when the request was counted, and is not verified again.
    ///
    /// # Errors
    /// `unauthenticated` and its like for a caller who has not proven to be one.
    fn authenticate(
        presented: Presented,
        context: &Context,
        call: &Call,
    ) -> impl Future<Output = Result<Self>> + Send;
}

impl Principal for Nobody {
    const PROOFS: &'static [Auth] = &[Auth::Public, Auth::RefreshToken];

    async fn authenticate(_: Presented, _: &Context, _: &Call) -> Result<Self> {
        Ok(Self)
    }
}

impl Principal for SignedInUser {
    const PROOFS: &'static [Auth] = &[Auth::AccessToken];

    async fn authenticate(presented: Presented, _: &Context, _: &Call) -> Result<Self> {
        match presented {
            Presented::User(user) => Ok(user),
            other => Err(other.refusal()),
        }
    }
}

impl Principal for StackIdentity {
    const PROOFS: &'static [Auth] = &[Auth::StackToken];

    /// Stack Auth's keys may have to be fetched: after the request was counted, not before.
    async fn authenticate(_: Presented, context: &Context, call: &Call) -> Result<Self> {
        context.stack()?.verify(call.bearer()?, call.now).await
    }
}

impl Principal for Service {
    const PROOFS: &'static [Auth] = &[Auth::ServiceKey];

    async fn authenticate(presented: Presented, _: &Context, _: &Call) -> Result<Self> {
        presented.service()
    }
}

impl Principal for Operator {
    const PROOFS: &'static [Auth] = &[Auth::ServiceKeyInProduction];

    async fn authenticate(presented: Presented, context: &Context, _: &Call) -> Result<Self> {
        service::operator(context.metrics_are_open(), presented.service())
    }
}

impl Principal for Reviewer {
    const PROOFS: &'static [Auth] = &[Auth::SignedCallback];

    /// The body is signed: after its size was looked at, not before.
    async fn authenticate(presented: Presented, context: &Context, call: &Call) -> Result<Self> {
        let signature = CallbackSignature {
            signature: call.header(&SIGNATURE),
            timestamp: call.header(&TIMESTAMP),
            review: call.path_text("reviewId"),
        };
        reviewer::verify(
            presented.service()?,
            &context.signature_secrets(),
            &signature,
            call.body(),
            call.now,
        )
    }
}
