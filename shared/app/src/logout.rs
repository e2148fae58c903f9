//! `POST /auth/logout`: the caller's session ends, and with it every token of it.

use filot_store::Store;

use crate::auth::principal::SignedInUser;
use crate::error::Result;
use crate::request_context::RequestContext;

/// Ends the caller's session.
///
/// # Errors
/// `unauthenticated` when it has ended before: the access token has stopped working, as everywhere.
pub async fn logout(store: &Store, request: &RequestContext<SignedInUser>) -> Result<()> {
    Ok(store.end_session(&request.principal, request.now).await?)
}
