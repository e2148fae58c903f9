//! Principals: callers whose proof was verified, one type for each kind of proof.
//!
//! Only the verifying functions of [`crate::auth`] construct them; [`Nobody`] has proven nothing and [`SystemTask`] needs no
//! proof. A use case that takes a principal can only be called after its proof was verified.

use std::ops::Deref;

use filot_store::{Actor, Caller};

/// Anybody: nothing is proven, or the proof is part of the input (a refresh token in the body).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nobody;

/// A user and their session, by a valid access token. Whether the session still lives, the database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedInUser(Caller);

impl SignedInUser {
    pub(super) const fn proven(caller: Caller) -> Self {
        Self(caller)
    }
}

impl Deref for SignedInUser {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// A service of ours, by an active service key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service(());

impl Service {
    pub(super) const fn proven() -> Self {
        Self(())
    }
}

/// A reader of the metrics: a service, and outside guarded environments anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator(());

impl Operator {
    pub(super) const fn proven() -> Self {
        Self(())
    }
}

/// The reviewer, BULI2: by an active service key and a signature over the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewer {
    signed_path: bool,
}

impl Reviewer {
    pub(super) const fn proven(signed_path: bool) -> Self {
        Self { signed_path }
    }

    /// Whether the review of the path was signed as well. Otherwise only the body can name one.
    pub const fn signed_path(&self) -> bool {
        self.signed_path
    }
}

/// A function of ours that no caller asked, by its name: `scoring`, `sweeper`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemTask(pub &'static str);

/// A principal that changes documents: the timeline names who did it.
pub trait Acts {
    /// As the timeline names it.
    fn actor(&self) -> Actor;
}

impl Acts for SignedInUser {
    fn actor(&self) -> Actor {
        Actor::User
    }
}

impl Acts for Reviewer {
    fn actor(&self) -> Actor {
        Actor::Reviewer
    }
}

impl Acts for SystemTask {
    fn actor(&self) -> Actor {
        Actor::Function(self.0)
    }
}
