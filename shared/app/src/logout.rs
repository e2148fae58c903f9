//! `POST /auth/logout`: the caller's session ends, and with it every token of it.

use chrono::{DateTime, Utc};
use filot_store::{Caller, Store};

use crate::error::Result;

/// Ends the caller's session. Doing it again finds no session: the access token has stopped working like everywhere else.
pub async fn logout(store: &Store, caller: &Caller, now: DateTime<Utc>) -> Result<()> {
    Ok(store.end_session(caller, now).await?)
}
