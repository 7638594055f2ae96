//! What the program measures, as text for Prometheus (its exposition format 0.0.4) on a listener of its own, off by default.
//!
//! A small recorder for the facade `metrics`: the exporters that exist bring more crates than this whole library needs. What is
//! measured is in `meter.rs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::Server;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit, set_global_recorder,
};

/// Seconds: from a token that is checked in memory to an issuer that lets one wait.
const BOUNDS: [f64; 11] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Measurements(Arc<Mutex<Families>>);

/// By name.
type Families = BTreeMap<String, Family>;

#[derive(Default)]
struct Family {
    help: String,
    /// By their labels as they are printed.
    counters: BTreeMap<String, Arc<AtomicU64>>,
    /// The bits of an `f64`.
    gauges: BTreeMap<String, Arc<AtomicU64>>,
    histograms: BTreeMap<String, Arc<Buckets>>,
}

/// How many values lie within each bound and not within the one before.
#[derive(Debug, Default)]
struct Buckets {
    within: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl Measurements {
    /// From now on everything that this process measures is kept here. Fails when somebody else keeps it already.
    pub fn record() -> io::Result<Self> {
        let this = Self::default();
        set_global_recorder(this.clone()).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(this)
    }

    /// Answers `GET /metrics` for whoever reaches this listener.
    pub fn serve(self, listener: TcpListener) -> io::Result<Server> {
        let shown = Data::new(self);
        let server = HttpServer::new(move || App::new().app_data(shown.clone()).route("/metrics", web::get().to(show)));
        Ok(server.workers(1).disable_signals().listen(listener)?.run())
    }

    /// One line per value, under the name and type of its family.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, family) in self.families().iter() {
            family.write(name, &mut text);
        }
        text
    }

    fn families(&self) -> MutexGuard<'_, Families> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn family<T>(&self, name: &str, within: impl FnOnce(&mut Family) -> T) -> T {
        within(self.families().entry(name.to_owned()).or_default())
    }

    fn describe(&self, name: &KeyName, description: &SharedString) {
        self.family(name.as_str(), |family| family.help = description.to_string());
    }
}

async fn show(measurements: Data<Measurements>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(measurements.text())
}

impl Family {
    fn write(&self, name: &str, text: &mut String) {
        let values = [(&self.counters, "counter"), (&self.gauges, "gauge")];
        for (values, kind) in values.into_iter().filter(|(values, _)| !values.is_empty()) {
            self.head(name, kind, text);
            for (labels, value) in values {
                let value = value.load(Ordering::Relaxed);
                let _ = match kind {
                    "gauge" => writeln!(text, "{name}{} {}", braced(labels, ""), f64::from_bits(value)),
                    _ => writeln!(text, "{name}{} {value}", braced(labels, "")),
                };
            }
        }
        if !self.histograms.is_empty() {
            self.head(name, "histogram", text);
        }
        for (labels, buckets) in &self.histograms {
            buckets.write(name, labels, text);
        }
    }

    fn head(&self, name: &str, kind: &str, text: &mut String) {
        if !self.help.is_empty() {
            let _ = writeln!(text, "# HELP {name} {}", escaped(&self.help));
        }
        let _ = writeln!(text, "# TYPE {name} {kind}");
    }
}

impl Buckets {
    fn write(&self, name: &str, labels: &str, text: &mut String) {
        let mut so_far = 0;
        for (bound, within) in BOUNDS.iter().zip(&self.within) {
            so_far += within.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{} {so_far}", braced(labels, &format!("le=\"{bound}\"")));
        }
        let (count, sum) = (self.count.load(Ordering::Relaxed), f64::from_bits(self.sum.load(Ordering::Relaxed)));
        let _ = writeln!(text, "{name}_bucket{} {count}", braced(labels, "le=\"+Inf\""));
        let _ = writeln!(text, "{name}_sum{} {sum}", braced(labels, ""));
        let _ = writeln!(text, "{name}_count{} {count}", braced(labels, ""));
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        if let Some(at) = BOUNDS.iter().position(|bound| value <= *bound) {
            self.within[at].fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let add = |sum: u64| Some((f64::from_bits(sum) + value).to_bits());
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl Recorder for Measurements {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let counter = |family: &mut Family| Arc::clone(family.counters.entry(labels(key)).or_default());
        Counter::from_arc(self.family(key.name(), counter))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let gauge = |family: &mut Family| Arc::clone(family.gauges.entry(labels(key)).or_default());
        Gauge::from_arc(self.family(key.name(), gauge))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let histogram = |family: &mut Family| Arc::clone(family.histograms.entry(labels(key)).or_default());
        Histogram::from_arc(self.family(key.name(), histogram))
    }
}

fn labels(key: &Key) -> String {
    let pairs =
        key.labels().map(|label| format!("{}=\"{}\"", label.key(), escaped(label.value()).replace('"', "\\\"")));
    pairs.collect::<Vec<_>>().join(",")
}

fn braced(labels: &str, more: &str) -> String {
    let both: Vec<&str> = [labels, more].into_iter().filter(|part| !part.is_empty()).collect();
    if both.is_empty() { String::new() } else { format!("{{{}}}", both.join(",")) }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};

    #[test]
    fn the_text_is_that_of_prometheus() {
        let measurements = Measurements::default();
        with_local_recorder(&measurements, || {
            describe_counter!("a_total", "Counts a.");
            counter!("a_total", "x" => "1").increment(1);
            counter!("a_total", "x" => "1").increment(2);
            counter!("a_total", "x" => "say \"\\\n").increment(1);
            gauge!("b").set(1.5);
            histogram!("c").record(0.002);
            histogram!("c").record(7.0);
        });
        let text = measurements.text();
        let lines: Vec<&str> = text.lines().collect();
        let head = ["# HELP a_total Counts a.", "# TYPE a_total counter", "a_total{x=\"1\"} 3"];
        assert_eq!(lines[..3], head);
        assert_eq!(lines[3..6], ["a_total{x=\"say \\\"\\\\\\n\"} 1", "# TYPE b gauge", "b 1.5"]);
        assert_eq!(lines[6..8], ["# TYPE c histogram", "c_bucket{le=\"0.0001\"} 0"]);
        for line in
            ["c_bucket{le=\"0.0025\"} 1", "c_bucket{le=\"5\"} 1", "c_bucket{le=\"+Inf\"} 2", "c_sum 7.002", "c_count 2"]
        {
            assert!(lines.contains(&line), "{line} in\n{text}");
        }
    }
}
