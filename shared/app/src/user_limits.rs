//! What a user hears who has reached a limit of their own.

use chrono::{DateTime, Utc};
use filot_store::ExceededLimit;

use crate::error::AppError;
use crate::error_code::ErrorCode;

/// Seconds after which a document that is in flight now may be read.
const IN_FLIGHT_RETRY_S: u32 = 10;

/// The refusal of a request that would exceed a limit.
pub(crate) fn refusal(exceeded: ExceededLimit, now: DateTime<Utc>) -> AppError {
    match exceeded {
        ExceededLimit::InFlight => AppError {
            retry_after_s: Some(IN_FLIGHT_RETRY_S),
            ..AppError::new(
                ErrorCode::DocumentsInFlight,
                "Other documents of yours are being read. Please wait a moment.",
            )
        },
        ExceededLimit::PerDay { free_at } => AppError {
            retry_after_s: Some(u32::try_from((free_at - now).num_seconds()).unwrap_or(0).saturating_add(1)),
            ..AppError::new(ErrorCode::DailyQuotaReached, "No more documents today. Please come back later.")
        },
        ExceededLimit::Storage => AppError::new(
            ErrorCode::StorageFull,
            "Your documents use all the storage that you have. Please delete one first.",
        ),
    }
}
