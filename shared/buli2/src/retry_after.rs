//! The `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date.

use chrono::{DateTime, TimeDelta, Utc};

/// How long the other side asks us to wait from `now`; `None` if it does not, or not legibly. Never negative, at most a
/// day: what it means beyond that is "give up", and the outbox does not.
pub(crate) fn parse(value: Option<&str>, now: DateTime<Utc>) -> Option<TimeDelta> {
    let value = value?.trim();
    let asked = match value.parse::<u32>() {
        Ok(seconds) => TimeDelta::seconds(i64::from(seconds)),
        Err(_) => DateTime::parse_from_rfc2822(value).ok()?.with_timezone(&Utc) - now,
    };
    Some(asked.clamp(TimeDelta::zero(), TimeDelta::days(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        let now = DateTime::parse_from_rfc3339("2026-11-20T12:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(parse(Some("120"), now), Some(TimeDelta::seconds(120)));
        assert_eq!(parse(Some("Fri, 20 Nov 2026 12:01:30 GMT"), now), Some(TimeDelta::seconds(90)));
        assert_eq!(parse(Some("Fri, 20 Nov 2026 11:00:00 GMT"), now), Some(TimeDelta::zero()));
        assert_eq!(parse(Some("4294967295"), now), Some(TimeDelta::days(1)));
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(parse(Some(nonsense), now), None, "{nonsense:?}");
        }
        assert_eq!(parse(None, now), None);
    }
}
