use std::sync::{Arc, Mutex};

use super::*;

#[test]
fn a_metric_is_one_emf_line() {
    let line = emf(
        NAMESPACE,
        MetricName::HttpRequestDurationMs,
        12.5,
        &[("route", "GET /health"), ("status", "200")],
        7,
    );
    assert_eq!(
        line,
        json!({
            "_aws": {"Timestamp": 7, "CloudWatchMetrics": [{
                "Namespace": "FiLot",
                "Dimensions": [["route", "status"]],
                "Metrics": [{"Name": "filot.http.request_duration_ms", "Unit": "Milliseconds"}],
            }]},
            "route": "GET /health",
            "status": "200",
            "filot.http.request_duration_ms": 12.5,
        })
    );
}

#[test]
fn inv_7_no_dimension_shows_an_identity() {
    let line = emf(NAMESPACE, MetricName::Decision, 1.0, &[("outcome", "3174095203900001")], 7);
    assert!(!line.to_string().contains("3174095203900001"));
}

/// Keeps the lines instead of writing them.
#[derive(Clone)]
struct Kept {
    lines: Arc<JsonLines>,
    kept: Arc<Mutex<Vec<Value>>>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Kept {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.lines.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.lines.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        self.kept.lock().unwrap().push(self.lines.line(event, &context));
    }
}

/// The lines that `work` writes.
fn lines_of(work: impl FnOnce()) -> Vec<Value> {
    let lines = Arc::new(JsonLines { service: "test" });
    let kept = Kept { lines, kept: Arc::default() };
    tracing::subscriber::with_default(Registry::default().with(kept.clone()), work);
    kept.kept.lock().unwrap().clone()
}

#[test]
fn our_crates_speak_at_the_level_and_libraries_only_warn() {
    let lines = Kept { lines: Arc::new(JsonLines { service: "test" }), kept: Arc::default() };
    tracing::subscriber::with_default(Registry::default().with(filter("debug")).with(lines.clone()), || {
        tracing::debug!(target: "filot_reader::pool", "ours");
        tracing::debug!(target: "gpu_worker::run", "ours");
        tracing::trace!(target: "filot_store::db", "below the level");
        tracing::info!(target: "hyper::client", "a library's");
        tracing::warn!(target: "hyper::client", "a library's warning");
    });
    let kept = lines.kept.lock().unwrap();
    let messages: Vec<_> = kept.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["ours", "ours", "a library's warning"]);
}

#[test]
fn inv_7_every_kind_of_field_is_masked() {
    let lines = lines_of(|| {
        let secret = crate::Secret::from("hunter2".to_owned());
        tracing::info!(
            nik = 3_174_095_203_900_001_u64,
            signed = 3_174_095_203_900_001_i64,
            float = 3_174_095_203_900_001_f64,
            wide = 3_174_095_203_900_001_u128,
            text = "siti@example.com",
            display = %"phone +6281234567890",
            debug = ?vec!["3174095203900001"],
            token = ?secret,
            status = 200,
            duration_ms = 12.5,
            "read 3174095203900001"
        );
    });
    let line = lines[0].to_string();
    for leak in ["3174", "siti", "8123", "hunter2"] {
        assert!(!line.contains(leak), "{leak} in {line}");
    }
    assert_eq!((&lines[0]["status"], &lines[0]["duration_ms"]), (&json!(200), &json!(12.5)));
}

#[test]
fn a_line_has_the_fields_of_its_span_and_no_other_line_has() {
    let lines = lines_of(|| {
        let outer =
            tracing::info_span!("request", correlation_id = "correlation-1", mail = "siti@example.com");
        outer.in_scope(|| tracing::warn!(queue = "gpu", "not enqueued"));
        tracing::info!("outside");
    });
    let [line, outside] = lines.as_slice() else { panic!("{lines:?}") };
    for (name, expected) in [
        ("correlationId", "correlation-1"),
        ("mail", "***"),
        ("level", "WARN"),
        ("service", "test"),
        ("queue", "gpu"),
        ("message", "not enqueued"),
    ] {
        assert_eq!(line[name], expected, "{name} in {line}");
    }
    assert!(line["timestamp"].as_str().is_some_and(|text| text.ends_with('Z')), "{line}");
    assert!(outside.get("correlationId").is_none(), "{outside}");
}

#[test]
fn a_span_inside_another_adds_its_fields() {
    let lines = lines_of(|| {
        tracing::info_span!("request", correlation_id = "correlation-1").in_scope(|| {
            let span = tracing::info_span!("document", document_id = tracing::field::Empty);
            span.record("document_id", "document-1");
            span.in_scope(|| tracing::info!("read"));
        });
    });
    assert_eq!(lines[0]["correlationId"], "correlation-1");
    assert_eq!(lines[0]["documentId"], "document-1");
}

#[test]
fn inv_8_a_field_has_a_bound_and_is_masked_before_it_is_cut() {
    let lines = lines_of(|| {
        tracing::info!(text = format!("{} 3174095203900001 {}", "ü".repeat(1990), "x".repeat(100_000)));
    });
    let text = lines[0]["text"].as_str().unwrap();
    assert!(text.chars().count() <= FIELD_CHARS_MAX && !text.contains('3'), "{text}");
}
