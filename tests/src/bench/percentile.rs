//! Percentiles of measured times.

use std::time::Duration;

/// The value below which `percent` of all are; sorts.
pub(super) fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).clamp(1, values.len().max(1));
    values.get(rank - 1).copied().unwrap_or_default()
}
