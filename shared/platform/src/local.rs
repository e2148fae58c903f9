//! Secrets of the local stack. They are published here, so they protect nothing: `FILOT_ENV=local` alone takes them,
//! and staging and production refuse to start with one of them.
//!
//! The events in `events/` carry tokens that are signed with them.

/// `JWT_SECRET`
pub const JWT_SECRET: &str = "filot-local-jwt-secret-for-one-machine-only";
/// `SERVICE_INTERNAL_KEY`
pub const SERVICE_INTERNAL_KEY: &str = "filot-local-service-key-for-one-machine-only";
/// `BULI2_API_KEY`
pub const BULI2_API_KEY: &str = "filot-local-buli2-api-key-for-one-machine-only";
/// `BULI2_SIGNATURE_SECRET`
pub const BULI2_SIGNATURE_SECRET: &str = "filot-local-buli2-signature-for-one-machine-only";
/// `SEALING_KEY`: 32 bytes, base64.
pub const SEALING_KEY: &str = "local:Zmlsb3QtbG9jYWwtc2VhbGluZy1rZXktMzItYnl0ZXM=";
/// `IDENTITY_HASH_KEY`
pub const IDENTITY_HASH_KEY: &str = "filot-local-identity-hash-key-for-one-machine-only";
/// `ORIGIN_SECRET`
pub const ORIGIN_SECRET: &str = "filot-local-origin-secret-for-one-machine-only";
/// `STACK_PROJECT_ID`
pub const STACK_PROJECT_ID: &str = "00000000-0000-4000-8000-00000000f170";

/// Every one that must never guard anything real.
pub const PUBLISHED: [&str; 8] = [
    JWT_SECRET,
    SERVICE_INTERNAL_KEY,
    BULI2_API_KEY,
    BULI2_SIGNATURE_SECRET,
    SEALING_KEY,
    IDENTITY_HASH_KEY,
    ORIGIN_SECRET,
    // The default of the legacy service.
    "dev-secret-change-in-production",
];
