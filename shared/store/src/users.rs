//! Users: who registered, and what they see of themselves.

use chrono::{DateTime, Utc};
use filot_domain::UserId;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, begin, commit, p};
use crate::error::{Miss, Result, StoreError};
use crate::origin::Caller;
use crate::row::{get, parse};
use crate::sealing::Column;

/// A user's permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Their own things.
    User,
    /// Operations.
    Admin,
}

/// A user to register.
#[derive(Clone)]
pub struct NewUser {
    /// Id if the user is new.
    pub id: UserId,
    /// The identity provider's id (`sub`).
    pub stack_user_id: String,
    /// E-mail address; stored in lower case.
    pub email: String,
    /// Full name, sealed.
    pub full_name: Option<String>,
    /// Telephone number, sealed.
    pub phone: Option<String>,
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A registered user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// The identity provider's id.
    pub stack_user_id: String,
    /// E-mail address in lower case.
    pub email: String,
    /// Their permissions.
    pub role: Role,
    /// When they registered.
    pub created_at: DateTime<Utc>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// The user after a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The user.
    pub user: User,
    /// Whether this call created them.
    pub created: bool,
}

/// A user's own verification state, derived from their documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum UserVerification {
    /// No KTP of theirs is approved or under way.
    Unverified,
    /// A KTP is under way.
    Pending,
    /// A KTP is approved.
    Verified,
}

/// A user's own data, as the user may see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Me {
    /// The user.
    pub user: User,
    /// Full name.
    pub full_name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Whether they are verified.
    pub verification: UserVerification,
}

impl std::fmt::Debug for Me {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, verification, .. } = self;
        f.debug_struct("Me").field("user", user).field("verification", verification).finish_non_exhaustive()
    }
}

/// The columns of `users u` that [`user`] reads.
pub(crate) const USER_COLUMNS: &str = "u.id, u.stack_user_id, u.email, u.role, u.created_at";

/// A user out of [`USER_COLUMNS`].
pub(crate) fn user(row: &Row) -> Result<User> {
    Ok(User {
        id: UserId::from_uuid(get(row, "id")?),
        stack_user_id: get(row, "stack_user_id")?,
        email: get(row, "email")?,
        role: parse(row, "role")?,
        created_at: get(row, "created_at")?,
    })
}

impl Store {
    /// Creates a user and their profile, or finds the one who has this `stack_user_id`.
    ///
    /// # Errors
    /// `StoreError::EmailTaken` if another user has this address.
    pub async fn register_user(&self, new: &NewUser, now: DateTime<Utc>) -> Result<Registered> {
        let id = new.id.as_uuid();
        let email = new.email.trim().to_lowercase();
        let name = self.sealer().seal_text(Column::FullName, id, new.full_name.as_deref())?;
        let phone = self.sealer().seal_text(Column::Phone, id, new.phone.as_deref())?;
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        // Whichever of the two unique constraints it runs into: of two first registrations of one account at once, the
        // second may meet the first at the address before it meets it at the account.
        let inserted = tx
            .fetch_opt(
                "INSERT INTO users AS u (id, stack_user_id, email, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING \
                 RETURNING u.id, u.stack_user_id, u.email, u.role, u.created_at",
                &[p(&id), p(&new.stack_user_id), p(&email), p(&now)],
            )
            .await?;
        let registered = match inserted {
            Some(row) => {
                tx.change(
                    "INSERT INTO profiles (user_id, full_name, phone, updated_at) VALUES ($1, $2, $3, $4)",
                    &[p(&id), p(&name), p(&phone), p(&now)],
                )
                .await?;
                Registered { user: user(&row)?, created: true }
            }
            None => {
                let sql = format!(
                    "SELECT {USER_COLUMNS} FROM users u WHERE stack_user_id = $1 AND deleted_at IS NULL"
                );
                let row = tx.fetch_opt(&sql, &[p(&new.stack_user_id)]).await?;
                let row = row.ok_or(StoreError::EmailTaken)?;
                Registered { user: user(&row)?, created: false }
            }
        };
        commit(tx).await?;
        Ok(registered)
    }

    /// The user with this id at the identity provider.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn find_user_by_stack_id(&self, stack_user_id: &str) -> Result<Option<User>> {
        let sql =
            format!("SELECT {USER_COLUMNS} FROM users u WHERE stack_user_id = $1 AND deleted_at IS NULL");
        let row = self.client().await?.fetch_opt(&sql, &[p(&stack_user_id)]).await?;
        row.as_ref().map(user).transpose()
    }

    /// The caller's own data.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session.
    pub async fn me(&self, caller: &Caller, now: DateTime<Utc>) -> Result<Me> {
        let (session, user_id) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
        let sql = format!(
            "SELECT {USER_COLUMNS}, pr.full_name, pr.phone, \
               EXISTS (SELECT FROM documents d WHERE d.user_id = u.id AND d.type = 'KTP' AND d.status <> 'erased' \
                 AND d.verification_status IN ('auto_approved', 'manually_approved')) AS verified, \
               EXISTS (SELECT FROM documents d WHERE d.user_id = u.id AND d.type = 'KTP' \
                 AND d.status IN ('uploaded', 'processing', 'ocr_completed', 'ai_evaluated')) AS pending \
             FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
             LEFT JOIN profiles pr ON pr.user_id = u.id \
             WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3"
        );
        let row = self.client().await?.fetch_opt(&sql, &[p(&session), p(&user_id), p(&now)]).await?;
        let row = row.ok_or(Miss::SessionEnded)?;
        let open = |column, name| -> Result<Option<String>> {
            self.sealer().open_text(column, user_id, get::<Option<&[u8]>>(&row, name)?)
        };
        let verification = match (get(&row, "verified")?, get(&row, "pending")?) {
            (true, _) => UserVerification::Verified,
            (false, true) => UserVerification::Pending,
            (false, false) => UserVerification::Unverified,
        };
        Ok(Me {
            user: user(&row)?,
            full_name: open(Column::FullName, "full_name")?,
            phone: open(Column::Phone, "phone")?,
            verification,
        })
    }
}

/// A UUID column as an id of ours.
pub(crate) fn user_id(row: &Row, column: &'static str) -> Result<UserId> {
    get::<Uuid>(row, column).map(UserId::from_uuid)
}
