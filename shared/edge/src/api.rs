//! The routes, as one table: who may call each, how often, and which function answers.
//!
//! `template.yaml`, the rate limits, the OpenAPI document and the suite that tries every kind of caller on every route
//! are all checked against this table or made from it: a route that is not here does not exist, and one that is here
//! is tested.

use filot_platform::Role;

/// How a caller shows who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Auth {
    /// Anybody.
    Public,
    /// A token of Stack Auth, as bearer.
    StackToken,
    /// A refresh token of ours, in the body.
    RefreshToken,
    /// An access token of ours, as bearer.
    AccessToken,
    /// The service key, as bearer.
    ServiceKey,
    /// The service key, as bearer; in development nothing.
    ServiceKeyInProduction,
    /// The service key, as bearer, and a signature over the body.
    SignedCallback,
}

/// How often a caller may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// No limit of ours: monitoring must not be refused.
    None,
    /// 60 a minute per user, or per address before login.
    PerCaller,
    /// 10 a minute, counted for each function alone: expensive routes and those that guard an account.
    Sensitive,
    /// 600 a minute: internal callers.
    Internal,
}

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// As the gateway knows it, with `{parameters}`.
    pub path: &'static str,
    /// Which function answers.
    pub role: Role,
    /// Who may call.
    pub auth: Auth,
    /// How often.
    pub limit: Limit,
    /// Whether an `Idempotency-Key` is honoured.
    pub takes_idempotency_key: bool,
}

/// Largest body of a route that takes no file.
const BODY_BYTES_MAX: usize = 64 * 1024;

impl Route {
    /// Largest body that is taken, in bytes. A form is bounded where it is read, part by part.
    pub fn body_bytes_max(&self) -> usize {
        if self.role == Role::DocumentsUpload { usize::MAX } else { BODY_BYTES_MAX }
    }

    const fn new(method: &'static str, path: &'static str, role: Role, auth: Auth, limit: Limit) -> Self {
        Self { method, path, role, auth, limit, takes_idempotency_key: false }
    }

    const fn idempotent(self) -> Self {
        Self { takes_idempotency_key: true, ..self }
    }
}

/// Every route there is.
pub const ROUTES: &[Route] = &[
    Route::new("GET", "/health", Role::Health, Auth::Public, Limit::None),
    Route::new("GET", "/metrics", Role::Metrics, Auth::ServiceKeyInProduction, Limit::Internal),
    Route::new("GET", "/openapi.json", Role::OpenApi, Auth::Public, Limit::None),
    Route::new("POST", "/auth/register", Role::AuthRegister, Auth::StackToken, Limit::Sensitive),
    Route::new("POST", "/auth/login", Role::AuthLogin, Auth::StackToken, Limit::Sensitive),
    Route::new("POST", "/auth/refresh", Role::AuthRefresh, Auth::RefreshToken, Limit::Sensitive),
    Route::new("POST", "/auth/logout", Role::AuthLogout, Auth::AccessToken, Limit::Sensitive),
    Route::new("GET", "/auth/me", Role::AuthMe, Auth::AccessToken, Limit::PerCaller),
    Route::new("GET", "/profile", Role::Profile, Auth::AccessToken, Limit::PerCaller),
    Route::new("PUT", "/profile", Role::Profile, Auth::AccessToken, Limit::PerCaller),
    Route::new("POST", "/documents/upload", Role::DocumentsUpload, Auth::AccessToken, Limit::Sensitive)
        .idempotent(),
    Route::new("GET", "/documents", Role::DocumentsList, Auth::AccessToken, Limit::PerCaller),
    Route::new("GET", "/documents/{id}", Role::DocumentsGet, Auth::AccessToken, Limit::PerCaller),
    Route::new("DELETE", "/documents/{id}", Role::DocumentsDelete, Auth::AccessToken, Limit::PerCaller),
    Route::new(
        "GET",
        "/documents/{id}/download",
        Role::DocumentsDownload,
        Auth::AccessToken,
        Limit::PerCaller,
    ),
    Route::new(
        "POST",
        "/documents/{id}/process",
        Role::DocumentsProcess,
        Auth::AccessToken,
        Limit::Sensitive,
    )
    .idempotent(),
    Route::new(
        "GET",
        "/verification/status/{id}",
        Role::VerificationStatus,
        Auth::AccessToken,
        Limit::PerCaller,
    ),
    Route::new(
        "POST",
        "/verification/{id}/escalate",
        Role::VerificationEscalate,
        Auth::AccessToken,
        Limit::Sensitive,
    )
    .idempotent(),
    Route::new("POST", "/internal/reviews", Role::ReviewCallback, Auth::SignedCallback, Limit::Internal),
    Route::new(
        "POST",
        "/internal/reviews/{reviewId}/callback",
        Role::ReviewCallback,
        Auth::SignedCallback,
        Limit::Internal,
    ),
    Route::new("GET", "/internal/reviews/{reviewId}", Role::ReviewGet, Auth::ServiceKey, Limit::Internal),
    Route::new(
        "GET",
        "/internal/reviews/{reviewId}/file",
        Role::ReviewFile,
        Auth::ServiceKey,
        Limit::Internal,
    ),
    Route::new("POST", "/internal/ocr/queue", Role::OcrQueueStatus, Auth::ServiceKey, Limit::Internal),
];

/// The route of a request that the gateway let through to `role`. A function URL knows no resource; the function behind
/// it has one kind of route.
pub fn route(role: Role, method: &str, resource: Option<&str>) -> Option<&'static Route> {
    let mut of_role = ROUTES.iter().filter(|route| route.role == role);
    match resource {
        Some(resource) => of_role.find(|route| route.method == method && route.path == resource),
        None => of_role.find(|route| route.method == method),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_route_is_there_once() {
        let names: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(names.len(), ROUTES.len());
    }

    #[test]
    fn routes_of_one_function_are_one_kind_of_route() {
        for one in ROUTES {
            for other in ROUTES.iter().filter(|other| other.role == one.role) {
                assert_eq!((one.auth, one.limit), (other.auth, other.limit), "{}", one.path);
            }
        }
    }

    #[test]
    fn a_request_finds_its_route() {
        let found = route(Role::Profile, "PUT", Some("/profile"));
        assert_eq!(found.map(|route| route.method), Some("PUT"));
        assert_eq!(route(Role::Profile, "DELETE", Some("/profile")), None);
        assert_eq!(route(Role::Health, "GET", Some("/profile")), None);
        assert!(route(Role::ReviewCallback, "POST", None).is_some());
        assert_eq!(route(Role::ReviewCallback, "GET", None), None);
        assert_eq!(route(Role::Scoring, "POST", None), None);
    }
}
