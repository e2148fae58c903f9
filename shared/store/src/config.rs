//! The store's configuration: the connection and the keys.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use filot_domain::fraud::FraudPolicy;
use filot_platform::config::Database;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Result, StoreError};

/// The connection and the keys.
pub struct StoreConfig {
    /// `postgres://…`; `sslmode=require` turns TLS on, with verification against the public roots.
    pub url: String,
    /// Connections this process may hold: 1 in a function, a few in the worker.
    pub max_connections: usize,
    /// Keys of the sealed fields.
    pub sealing: SealingKeys,
    /// Key of the identity hashes.
    pub identity_hash: IdentityHashKey,
    /// How long refusals are remembered, and how often may be tried.
    pub fraud: FraudPolicy,
}

/// A setting that no store can be made from. Names the variable, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {why}")]
pub struct ConfigError {
    /// As the environment has it.
    pub variable: &'static str,
    /// For the log.
    pub why: String,
}

impl ConfigError {
    pub(crate) fn of(variable: &'static str) -> impl FnOnce(StoreError) -> Self {
        move |error| Self { variable, why: error.to_string() }
    }
}

impl TryFrom<&Database> for StoreConfig {
    type Error = ConfigError;

    fn try_from(database: &Database) -> std::result::Result<Self, ConfigError> {
        let mut keys = Vec::with_capacity(database.sealing_keys.len());
        for (id, text) in &database.sealing_keys {
            let key = BASE64_STANDARD.decode(text.expose()).ok().and_then(|bytes| bytes.try_into().ok());
            let key = key.ok_or_else(|| ConfigError {
                variable: "SEALING_KEY",
                why: format!("{id} is not 32 bytes in base64"),
            })?;
            keys.push((id.clone(), key));
        }
        let active = keys.first().map(|(id, _)| id.clone()).unwrap_or_default();
        Ok(Self {
            url: database.url.expose().to_owned(),
            max_connections: database.max_connections,
            sealing: SealingKeys::new(active, keys).map_err(ConfigError::of("SEALING_KEY"))?,
            identity_hash: IdentityHashKey::new(database.identity_hash_key.expose().as_bytes())
                .map_err(ConfigError::of("IDENTITY_HASH_KEY"))?,
            fraud: FraudPolicy {
                memory: TimeDelta::days(database.fraud.memory_days.into()),
                attempts_per_user: database.fraud.attempts_per_user,
                attempts_per_identity: database.fraud.attempts_per_identity,
                attempts_window: TimeDelta::days(database.fraud.attempts_window_days.into()),
            },
        })
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig").field("max_connections", &self.max_connections).finish_non_exhaustive()
    }
}

/// The AES-256 keys of the sealed fields, by id. New values are sealed under the active one; the others open what was
/// sealed before a rotation.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealingKeys {
    #[zeroize(skip)]
    active: String,
    #[zeroize(skip)]
    keys: BTreeMap<String, Key>,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Key([u8; 32]);

impl SealingKeys {
    /// Keys by id (1 to 32 bytes of printable ASCII each), `active` being one of them.
    ///
    /// # Errors
    /// An id is malformed, or `active` is not among the keys.
    pub fn new(
        active: impl Into<String>,
        keys: impl IntoIterator<Item = (String, [u8; 32])>,
    ) -> Result<Self> {
        let active = active.into();
        let keys: BTreeMap<String, Key> = keys.into_iter().map(|(id, key)| (id, Key(key))).collect();
        let well_formed =
            |id: &String| (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        if !keys.keys().all(well_formed) {
            return Err(StoreError::Config(
                "a sealing key's id is not 1 to 32 printable characters".to_owned(),
            ));
        }
        if !keys.contains_key(&active) {
            return Err(StoreError::Config("the active sealing key is not among the keys".to_owned()));
        }
        Ok(Self { active, keys })
    }

    pub(crate) fn active(&self) -> (&str, Option<&[u8; 32]>) {
        (&self.active, self.get(&self.active))
    }

    pub(crate) fn get(&self, id: &str) -> Option<&[u8; 32]> {
        self.keys.get(id).map(|key| &key.0)
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKeys(active {}, {} keys)", self.active, self.keys.len())
    }
}

/// The HMAC key of the identity hashes and of the marks of documents. It cannot be rotated without hashing every number again.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct IdentityHashKey(Vec<u8>);

impl IdentityHashKey {
    /// A key of at least 32 bytes.
    ///
    /// # Errors
    /// The key is shorter than 32 bytes.
    pub fn new(key: &[u8]) -> Result<Self> {
        if key.len() < 32 {
            return Err(StoreError::Config("the identity hash key is shorter than 32 bytes".to_owned()));
        }
        Ok(Self(key.to_vec()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for IdentityHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityHashKey(…)")
    }
}
