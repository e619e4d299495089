//! Metrics, as Prometheus reads them.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Route and status: never an account.
type Labels = [(&'static str, String); 2];

/// Bounds of answering times, in seconds.
const SECONDS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The service's metrics.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    pub(super) epoch: Gauge,
    pub(super) accounts: Gauge,
    pub(super) proofs: Counter,
    pub(super) limited: Counter,
    pub(super) store_errors: Counter,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("zkmargin_venue"),
            requests: Family::default(),
            seconds: Histogram::new(SECONDS),
            epoch: Gauge::default(),
            accounts: Gauge::default(),
            proofs: Counter::default(),
            limited: Counter::default(),
            store_errors: Counter::default(),
        };
        let Self { registry, requests, seconds, epoch, accounts, proofs, limited, store_errors } =
            &mut metrics;
        registry.register("requests", "Requests answered", requests.clone());
        registry.register("request_seconds", "Time to answer", seconds.clone());
        registry.register("epoch", "The epoch that paths are of", epoch.clone());
        registry.register("accounts", "Accounts in its tree", accounts.clone());
        registry.register("proofs_accepted", "Proofs verified and stored", proofs.clone());
        registry.register("limited", "Requests above their rate", limited.clone());
        registry.register("store_errors", "Failures of the database", store_errors.clone());
        metrics
    }

    /// Counts an answer.
    pub(super) fn answered(&self, route: &str, status: u16, took: Duration) {
        let labels = [("route", route.to_owned()), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// The text that Prometheus reads.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
