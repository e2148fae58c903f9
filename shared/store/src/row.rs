//! Reading rows: a stored value that this crate would not have written is an error, never a default.

use std::str::FromStr;

use filot_domain::ReasonCode;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::{Result, StoreError};

/// A column's value.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &'static str) -> Result<T> {
    row.try_get(column).map_err(|_| StoreError::Corrupt { what: column })
}

/// A text column that spells one of our enums or ids.
pub(crate) fn parse<T: FromStr>(row: &Row, column: &'static str) -> Result<T> {
    get::<&str>(row, column)?.parse().map_err(|_| StoreError::Corrupt { what: column })
}

/// The same, when it may be NULL.
pub(crate) fn parse_opt<T: FromStr>(row: &Row, column: &'static str) -> Result<Option<T>> {
    let text: Option<&str> = get(row, column)?;
    text.map(|text| text.parse().map_err(|_| StoreError::Corrupt { what: column })).transpose()
}

/// A count that is never negative.
pub(crate) fn count(row: &Row, column: &'static str) -> Result<u32> {
    u32::try_from(get::<i32>(row, column)?).map_err(|_| StoreError::Corrupt { what: column })
}

/// A score.
pub(crate) fn score_opt(row: &Row, column: &'static str) -> Result<Option<u8>> {
    let score: Option<i16> = get(row, column)?;
    score.map(|score| u8::try_from(score).map_err(|_| StoreError::Corrupt { what: column })).transpose()
}

/// A `text[]` of reason codes.
pub(crate) fn reasons(row: &Row, column: &'static str) -> Result<Vec<ReasonCode>> {
    get::<Vec<&str>>(row, column)?
        .into_iter()
        .map(|code| code.parse().map_err(|_| StoreError::Corrupt { what: column }))
        .collect()
}

/// Reason codes as they are stored.
pub(crate) fn codes(reasons: &[ReasonCode]) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.into()).collect()
}
