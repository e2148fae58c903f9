//! Parts that hold for the whole document: its introduction, tags, servers, and the ways to prove who asks.

use utoipa::openapi::RefOr;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::server::{Server, ServerBuilder};
use utoipa::openapi::tag::{Tag, TagBuilder};

use crate::api::Auth;

/// Names of the security schemes.
const STACK_TOKEN: &str = "stackToken";
const ACCESS_TOKEN: &str = "accessToken";
const SERVICE_KEY: &str = "serviceKey";
const BULI2_SIGNATURE: &str = "buli2Signature";

/// The document's introduction: rules of every route.
pub(super) const DESCRIPTION: &str = "\
FiLot takes a photograph of an Indonesian identity card (KTP) or tax card (NPWP), reads it, scores what it read, and approves \
it, rejects it, or hands it to a human.

**Errors** are `application/problem+json` (RFC 9457) with a stable `code`; texts may change, codes do not. The gateway answers a \
few things by itself, in the same form: `not_found` for a route that does not exist, `payload_too_large` for more than it takes, \
`rate_limited` when everybody together asks too often, 400 `bad_request` for what is no request, 403 `forbidden` from a firewall in \
front of it, and 502 `bad_gateway` or 504 `timeout` when a function does not answer. Their correlation id is the gateway's own.

**Correlation**: every answer carries `X-Correlation-Id`, the request's if that has 8 to 64 letters, digits, `-` and `_` and does \
not look like a key or a person's number, else a new one.

**Limits** are counted per user, before login per address; answers of limited routes carry `RateLimit-*` headers while the \
counter can be reached.

**Objects of other users** are answered like objects that do not exist.

The people in the examples are invented.";

/// The API is where the document is.
pub(super) fn servers() -> Vec<Server> {
    vec![
        ServerBuilder::new()
            .url("./")
            .description(Some("Where this document was fetched from, without its last part."))
            .build(),
    ]
}

pub(super) fn tags() -> Vec<Tag> {
    [
        ("auth", "Who the caller is: Stack Auth proves it once, our own tokens from then on."),
        ("documents", "The caller's documents."),
        ("verification", "Where a verification stands, and asking for a human."),
        ("internal", "For our own services and for BULI2, who reviews."),
        ("operations", "How the product is doing, and this document."),
    ]
    .map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())
    .into()
}

pub(super) fn security_schemes() -> Vec<(String, RefOr<SecurityScheme>)> {
    let bearer = |format: Option<&str>, description: &str| {
        let mut http: Http =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        http.bearer_format = format.map(str::to_owned);
        SecurityScheme::Http(http)
    };
    let signature = "Hex HMAC-SHA256 with the shared secret over the raw body, or, when `X-Buli2-Timestamp` is sent, over \
                     timestamp, a full stop and the body; where the path names a review and the body does not, over \
                     timestamp, review, body, with full stops between them. The timestamp is mandatory in production.";
    [
        (STACK_TOKEN, bearer(Some("JWT"), "A token of Stack Auth, ES256.")),
        (
            ACCESS_TOKEN,
            bearer(Some("JWT"), "An access token of `POST /auth/login` or `/auth/refresh`, 15 minutes."),
        ),
        (SERVICE_KEY, bearer(None, "The key of internal callers.")),
        (
            BULI2_SIGNATURE,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "X-Buli2-Signature",
                signature,
            ))),
        ),
    ]
    .map(|(name, scheme)| (name.to_owned(), RefOr::T(scheme)))
    .into()
}

/// The security requirement of a proof.
pub(super) fn security(auth: Auth) -> Vec<SecurityRequirement> {
    let one = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    match auth {
        // The refresh token is in the body: there is no scheme for that.
        Auth::Public | Auth::RefreshToken => vec![SecurityRequirement::default()],
        Auth::StackToken => vec![one(STACK_TOKEN)],
        Auth::AccessToken => vec![one(ACCESS_TOKEN)],
        Auth::ServiceKey => vec![one(SERVICE_KEY)],
        Auth::ServiceKeyInProduction => vec![one(SERVICE_KEY), SecurityRequirement::default()],
        Auth::SignedCallback => {
            vec![one(SERVICE_KEY).add(BULI2_SIGNATURE, Vec::<String>::new())]
        }
    }
}
