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

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Map<String, Value>>>);

impl<S: Subscriber> Layer<S> for Kept {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
}

#[test]
fn inv_7_every_kind_of_field_is_masked() {
    let kept = Kept::default();
    tracing::subscriber::with_default(Registry::default().with(kept.clone()), || {
        let secret = crate::Secret::from("hunter2");
        tracing::info!(
            nik = 3_174_095_203_900_001_u64,
            signed = 3_174_095_203_900_001_i64,
            text = "siti@example.com",
            display = %"phone +6281234567890",
            debug = ?vec!["3174095203900001"],
            token = ?secret,
            status = 200,
            "read 3174095203900001"
        );
    });
    let line = Value::Object(kept.0.lock().unwrap().clone()).to_string();
    for leak in ["3174", "siti", "8123", "hunter2"] {
        assert!(!line.contains(leak), "{leak} in {line}");
    }
    assert!(line.contains("200"));
}
