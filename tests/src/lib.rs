//! The local stack and the end-to-end suites.
