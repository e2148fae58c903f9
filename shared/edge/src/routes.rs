//! One value per HTTP function: parse, one use case, answer. [`crate::api`] says who may call them.
//!
//! A program names the one value it serves, so that the linker leaves the others out of it.

mod auth;
mod documents;
mod ops;
mod reviews;

pub use auth::{AUTH_LOGIN, AUTH_LOGOUT, AUTH_ME, AUTH_REFRESH, AUTH_REGISTER, PROFILE};
pub use documents::{
    DOCUMENTS_DELETE, DOCUMENTS_DOWNLOAD, DOCUMENTS_GET, DOCUMENTS_LIST, DOCUMENTS_PROCESS, DOCUMENTS_UPLOAD,
    VERIFICATION_ESCALATE, VERIFICATION_STATUS,
};
pub use ops::{HEALTH, METRICS, OCR_QUEUE_STATUS, OPENAPI};
pub use reviews::{REVIEW_CALLBACK, REVIEW_FILE, REVIEW_GET};

use crate::endpoint::HttpFunction;

/// Every one of them. For tests: a program that named this would link them all.
pub static ALL: [&dyn HttpFunction; 21] = [
    HEALTH,
    METRICS,
    OPENAPI,
    OCR_QUEUE_STATUS,
    AUTH_REGISTER,
    AUTH_LOGIN,
    AUTH_REFRESH,
    AUTH_LOGOUT,
    AUTH_ME,
    PROFILE,
    DOCUMENTS_UPLOAD,
    DOCUMENTS_LIST,
    DOCUMENTS_GET,
    DOCUMENTS_DOWNLOAD,
    DOCUMENTS_PROCESS,
    DOCUMENTS_DELETE,
    VERIFICATION_STATUS,
    VERIFICATION_ESCALATE,
    REVIEW_CALLBACK,
    REVIEW_GET,
    REVIEW_FILE,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;
    use crate::api::ROUTES;

    #[test]
    fn every_function_of_the_table_has_an_endpoint() {
        let served: BTreeSet<_> = ALL.iter().map(|function| function.role().name()).collect();
        let routed: BTreeSet<_> = ROUTES.iter().map(|route| route.role.name()).collect();
        assert_eq!((ALL.len(), served), (routed.len(), routed));
    }
}
