//! A user's full name and phone, sealed.

use chrono::{DateTime, Utc};

use crate::db::{Db, Store, p};
use crate::error::{Miss, Result};
use crate::origin::Caller;
use crate::row::get;
use crate::sealing::Column;

/// A profile. Personal: never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// Full name.
    pub full_name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").finish_non_exhaustive()
    }
}

impl Store {
    /// The caller's profile; an empty one when nothing was ever said.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session.
    pub async fn profile(&self, caller: &Caller, now: DateTime<Utc>) -> Result<Profile> {
        let (session, user) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
        let sql = "SELECT pr.full_name, pr.phone \
                   FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
                   LEFT JOIN profiles pr ON pr.user_id = u.id \
                   WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3";
        let row = self.client().await?.fetch_opt(sql, &[p(&session), p(&user), p(&now)]).await?;
        let row = row.ok_or(Miss::SessionEnded)?;
        let open = |column, name| -> Result<Option<String>> {
            self.sealer().open_text(column, user, get::<Option<&[u8]>>(&row, name)?)
        };
        Ok(Profile { full_name: open(Column::FullName, "full_name")?, phone: open(Column::Phone, "phone")? })
    }

    /// Replaces the caller's profile.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session.
    pub async fn put_profile(&self, caller: &Caller, profile: &Profile, now: DateTime<Utc>) -> Result<()> {
        let (session, user) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
        let name = self.sealer().seal_text(Column::FullName, user, profile.full_name.as_deref())?;
        let phone = self.sealer().seal_text(Column::Phone, user, profile.phone.as_deref())?;
        // The session is locked, so that whoever erases the user, and ends their sessions for it, is not written over.
        let sql = "INSERT INTO profiles (user_id, full_name, phone, updated_at) \
                   SELECT u.id, $4, $5, $3 FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
                   WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 \
                   FOR SHARE OF s \
                   ON CONFLICT (user_id) DO UPDATE SET full_name = EXCLUDED.full_name, phone = EXCLUDED.phone, \
                     updated_at = EXCLUDED.updated_at";
        let params = [p(&session), p(&user), p(&now), p(&name), p(&phone)];
        match self.client().await?.change(sql, &params).await? {
            0 => Err(Miss::SessionEnded.into()),
            _ => Ok(()),
        }
    }
}
