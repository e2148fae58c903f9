//! Headers of every answer: Helmet's defaults, CORS for the configured origins, and no caching of personal data.

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_SECURITY_POLICY,
    ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_DNS_PREFETCH_CONTROL,
    X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Carries the correlation id, both ways.
pub const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// What Helmet 8 sets by default.
pub static SECURITY: [(HeaderName, HeaderValue); 12] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';\
             frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';\
             script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
        ),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (X_XSS_PROTECTION, HeaderValue::from_static("0")),
];

/// Headers that a browser's script may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-Correlation-Id, Retry-After, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Idempotency-Replayed",
);

/// Sets the security headers, and forbids caching unless the route says that its answer may be kept.
pub fn secure(headers: &mut HeaderMap) {
    for (name, value) in &SECURITY {
        headers.insert(name, value.clone());
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Lets the caller's origin read the answer, if it is one of ours. Never `*`.
pub fn allow_origin(headers: &mut HeaderMap, request: &HeaderMap, origins: &[String]) {
    // The answer depends on the origin also when there is none: a cache must know.
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = request.get(ORIGIN) else { return };
    if origins.iter().any(|allowed| origin.as_bytes() == allowed.as_bytes()) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(origin: Option<&'static str>) -> HeaderMap {
        let mut request = HeaderMap::new();
        if let Some(origin) = origin {
            request.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        let mut headers = HeaderMap::new();
        allow_origin(&mut headers, &request, &["https://app.filot.me".to_owned()]);
        headers
    }

    #[test]
    fn only_configured_origins_may_read() {
        let allowed = answered(Some("https://app.filot.me"));
        assert_eq!(
            allowed.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(HeaderValue::as_bytes),
            Some(&b"https://app.filot.me"[..])
        );
        for origin in [
            None,
            Some("null"),
            Some("*"),
            Some("http://app.filot.me"),
            Some("https://app.filot.me.evil.example"),
            Some("https://APP.filot.me"),
        ] {
            let headers = answered(origin);
            assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{origin:?}");
            assert_eq!(headers.get(VARY).map(HeaderValue::as_bytes), Some(&b"Origin"[..]));
        }
    }

    #[test]
    fn every_answer_has_helmets_headers() {
        let mut headers = HeaderMap::new();
        secure(&mut headers);
        for name in [
            "content-security-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "origin-agent-cluster",
            "referrer-policy",
            "strict-transport-security",
            "x-content-type-options",
            "x-dns-prefetch-control",
            "x-download-options",
            "x-frame-options",
            "x-permitted-cross-domain-policies",
            "x-xss-protection",
            "cache-control",
        ] {
            assert!(headers.contains_key(name), "{name}");
        }
    }
}
