//! Lines and metrics, as they leave a process: one JSON object per line on standard output.
//!
//! Every text passes [`crate::mask()`] on its way out. Metrics are CloudWatch's embedded metric format: a line that the
//! log service turns into a metric, so that no call and no agent is needed.

use std::fmt;
use std::io::Write;
use std::sync::OnceLock;

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

use crate::mask::mask;

/// CloudWatch namespace of every metric, unless configured.
const NAMESPACE: &str = "FiLot";
/// More dimensions than this make no metric, but a bill.
const DIMENSIONS_MAX: usize = 9;
/// Longest text of one field of a line.
const FIELD_CHARS_MAX: usize = 2000;

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Settings that are needed before the configuration is loaded: a process that cannot start must be able to log why.
struct Settings {
    level: String,
    metrics_are_on: bool,
    namespace: String,
}

impl Settings {
    #[expect(clippy::disallowed_methods, reason = "lines are written before the configuration is read")]
    fn from_environment() -> Self {
        let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
        let metrics_are_on =
            !std::env::var("METRICS_ENABLED").is_ok_and(|value| matches!(value.as_str(), "false" | "0"));
        let namespace = std::env::var("METRICS_NAMESPACE").unwrap_or_else(|_| NAMESPACE.to_owned());
        Self { level, metrics_are_on, namespace }
    }
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $metric:ident = $name:literal in $unit:literal;)+) => {
        /// Every metric there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum MetricName {
            $($(#[$doc])* $metric,)+
        }

        impl MetricName {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$metric),+];

            /// Its name in CloudWatch.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$metric => concat!("filot.", $name),)+ }
            }

            /// Its unit in CloudWatch.
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$metric => $unit,)+ }
            }
        }
    };
}

metrics! {
    /// Messages waiting, by queue.
    QueueLength = "queue_length" in "Count";
    /// Documents a worker has in hand.
    GpuActiveJobs = "gpu.active_jobs" in "Count";
    /// Time of a document in a worker.
    GpuProcessingTimeMs = "gpu.processing_time_ms" in "Milliseconds";
    /// Time of one stage of reading.
    OcrStageMs = "ocr.stage_ms" in "Milliseconds";
    /// From upload to decision.
    VerificationLatencyMs = "verification.latency_ms" in "Milliseconds";
    /// Decisions, by outcome.
    Decision = "decision" in "Count";
    /// Calls to BULI2 that have to be made again.
    Buli2RetryCount = "buli2.retry_count" in "Count";
    /// 0 closed, 1 half-open, 2 open.
    CircuitBreakerState = "circuit_breaker.state" in "None";
    /// Time of a request, by route and status.
    HttpRequestDurationMs = "http.request_duration_ms" in "Milliseconds";
    /// How long BULI2 has had the oldest review that it has not decided; 0 if there is none.
    ReviewOldestAgeS = "review.oldest_age_s" in "Seconds";
    /// Times that Redis was needed and away.
    RedisUnavailable = "redis.unavailable" in "Count";
}

/// Starts logging to standard output. `service` names the process in every line. Doing it twice changes nothing.
pub fn init(service: &'static str) {
    let level = &SETTINGS.get_or_init(Settings::from_environment).level;
    let _ = Registry::default().with(filter(level)).with(JsonLines { service }).try_init();
    std::panic::set_hook(Box::new(|info| {
        // Where, not what: a panic's message may quote the data it met.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "filot", place, "panic");
    }));
}

/// Passes FiLot's own lines at `level`, and the warnings of libraries: below warnings these say nothing about
/// FiLot, and what they quote is not ours to know.
fn filter(level: &str) -> EnvFilter {
    // A directive is for every target that begins with its name: `filot_store` and all the others.
    EnvFilter::try_new(format!("warn,filot={level},gpu_worker={level}"))
        .unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Writes one value of a metric.
pub fn metric(name: MetricName, value: f64, dimensions: &[(&str, &str)]) {
    let settings = SETTINGS.get_or_init(Settings::from_environment);
    if settings.metrics_are_on {
        let line = emf(&settings.namespace, name, value, dimensions, Utc::now().timestamp_millis());
        write_line(&line);
    }
}

fn emf(
    namespace: &str,
    name: MetricName,
    value: f64,
    dimensions: &[(&str, &str)],
    timestamp_ms: i64,
) -> Value {
    let dimensions = &dimensions[..dimensions.len().min(DIMENSIONS_MAX)];
    let keys: Vec<&str> = dimensions.iter().map(|(key, _)| *key).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": timestamp_ms,
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": [keys],
                "Metrics": [{"Name": name.name(), "Unit": name.unit()}],
            }],
        }),
    );
    for (key, text) in dimensions {
        line.insert((*key).to_owned(), json!(mask(text)));
    }
    line.insert(name.name().to_owned(), json!(value));
    Value::Object(line)
}

/// There is nowhere to report that the log cannot be written.
fn write_line(line: &Value) {
    let _ = std::io::stdout().lock().write_all(format!("{line}\n").as_bytes());
}

/// Turns events into lines. The fields of the spans around an event stand in its line too: whoever opens a span with
/// `document_id` and `correlation_id` need not repeat them.
struct JsonLines {
    service: &'static str,
}

impl JsonLines {
    fn line<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Value
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut line = Map::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(SpanFields(fields)) = span.extensions().get() {
                line.extend(fields.clone());
            }
        }
        event.record(&mut Fields(&mut line));
        line.insert("timestamp".to_owned(), json!(Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)));
        line.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        line.insert("service".to_owned(), json!(self.service));
        line.insert("target".to_owned(), json!(event.metadata().target()));
        Value::Object(line)
    }
}

/// The fields of a span, masked when they were recorded.
struct SpanFields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JsonLines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Map::new();
            attributes.record(&mut Fields(&mut fields));
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Fields(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        write_line(&self.line(event, &context));
    }
}

/// Collects the fields of an event or a span, masked and cut to a length that a line may have.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        // Ids have one name in lines, messages and answers.
        let name = match field.name() {
            "correlation_id" => "correlationId",
            "document_id" => "documentId",
            "review_id" => "reviewId",
            "user_id" => "userId",
            name => name,
        };
        self.0.insert(name.to_owned(), value);
    }

    /// A number may be a NIK as well: it is looked at as text, and stays a number if it is harmless.
    fn put_number(&mut self, field: &Field, text: &str, number: Value) {
        let is_harmless = mask(text) == text;
        self.put(field, if is_harmless { number } else { json!("***") });
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // Only a whole number can be an identity; the digits of a measure are none.
        let text = if value.fract() == 0.0 { value.to_string() } else { String::new() };
        self.put_number(field, &text, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put_number(field, &value.to_string(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put_number(field, &value.to_string(), json!(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.record_str(field, &value.to_string());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.record_str(field, &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // Masked before it is cut: half a number would not be recognised any more.
        let masked = mask(value);
        let cut = masked.char_indices().nth(FIELD_CHARS_MAX).map_or(masked.len(), |(at, _)| at);
        self.put(field, json!(masked.get(..cut).unwrap_or_default()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
#[path = "telemetry_tests.rs"]
mod tests;
