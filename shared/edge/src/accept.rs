//! The media type that a caller prefers, by its `Accept` header (RFC 9110, section 12.5.1).

/// Whether Prometheus text is preferred to JSON. JSON is the answer without a preference.
pub fn prefers_prometheus(accept: Option<&str>) -> bool {
    let Some(accept) = accept else { return false };
    // A scraper of Prometheus names OpenMetrics first and takes the plain text format as well.
    let text = quality(accept, &["text/plain", "application/openmetrics-text"]);
    let json = quality(accept, &["application/json", "application/*", "*/*"]);
    text > json
}

/// The best weight that one of these types is named with, in thousandths; 0 when none is.
fn quality(accept: &str, types: &[&str]) -> u16 {
    let weights = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next()?;
        if !types.iter().any(|known| media.eq_ignore_ascii_case(known)) {
            return None;
        }
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(weight.map_or(1000, thousandths))
    });
    weights.max().unwrap_or(0)
}

/// A weight is 0 to 1 with at most three digits; any other text counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
fn thousandths(weight: &str) -> u16 {
    weight.parse::<f32>().map_or(0, |weight| (weight.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrapers_get_text_and_everybody_else_json() {
        for text in [
            "text/plain",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
            "application/json;q=0.1, Text/Plain",
        ] {
            assert!(prefers_prometheus(Some(text)), "{text}");
        }
        for json in [
            None,
            Some(""),
            Some("*/*"),
            Some("application/json"),
            Some("application/json, text/plain, */*"),
            Some("text/html,application/xhtml+xml,*/*;q=0.8"),
            Some("text/plain;q=0"),
            Some("text/plain;q=oops"),
            Some("text/plain;q=0.2,application/json;q=0.9"),
        ] {
            assert!(!prefers_prometheus(json), "{json:?}");
        }
    }
}
