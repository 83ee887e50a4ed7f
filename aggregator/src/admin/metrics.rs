//! What may be counted. No device ids, and nothing that one device alone decides: reports are
//! counted when their round is published, as one number.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use silhouette_query::evaluate::Evaluation;
use silhouette_wire::ErrorCode;

use crate::storage::{Progress, RoundState};

/// Seconds of a round: from a demo's quarter of a second to three days.
const FIRST_BUCKET: f64 = 0.25;
const BUCKET_FACTOR: f64 = 4.0;
const BUCKETS: u16 = 10;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CodeLabel {
    code: u16,
    reason: &'static str,
}

pub(crate) struct Metrics {
    registry: Registry,
    rounds: Family<StateLabel, Gauge>,
    reports: Counter,
    refused: Family<CodeLabel, Counter>,
    up: Counter,
    down: Counter,
    seconds: Histogram,
    waiting: Gauge,
    rho: Gauge<f64, AtomicU64>,
    epsilon: Gauge<f64, AtomicU64>,
    accuracy: Gauge<f64, AtomicU64>,
    accuracy_error: Gauge<f64, AtomicU64>,
}

impl Metrics {
    /// Metrics of a task that stands at `progress`; its devices have spent up to `epsilon`.
    pub(crate) fn new(progress: &Progress, epsilon: f64) -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("silhouette"),
            rounds: Family::default(),
            reports: Counter::default(),
            refused: Family::default(),
            up: Counter::default(),
            down: Counter::default(),
            seconds: Histogram::new(exponential_buckets(FIRST_BUCKET, BUCKET_FACTOR, BUCKETS)),
            waiting: Gauge::default(),
            rho: Gauge::default(),
            epsilon: Gauge::default(),
            accuracy: Gauge::default(),
            accuracy_error: Gauge::default(),
        };
        metrics.accuracy.set(f64::NAN);
        metrics.accuracy_error.set(f64::NAN);
        metrics.round(RoundState::Open, 0);
        metrics.round(RoundState::Published, count(progress.published));
        metrics.round(RoundState::Abandoned, count(progress.abandoned));
        metrics.rho.set(progress.spent_rho);
        metrics.epsilon.set(epsilon);
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let r = &mut self.registry;
        r.register("rounds", "Rounds by state", self.rounds.clone());
        r.register("reports", "Reports in published sums", self.reports.clone());
        r.register("uploads_refused", "Uploads refused, by wire code", self.refused.clone());
        let bytes = || Unit::Bytes;
        r.register_with_unit("received", "Releases received", bytes(), self.up.clone());
        r.register_with_unit("sent", "Model files handed out, as if whole", bytes(), self.down.clone());
        let help = "From a round's opening to its publication";
        r.register_with_unit("round_duration", help, Unit::Seconds, self.seconds.clone());
        r.register("devices_waiting", "Check-ins held", self.waiting.clone());
        r.register("rho_spent", "Rho charged by all rounds together", self.rho.clone());
        let help = "Epsilon so far of a device that joined as often as it could";
        r.register("epsilon_spent", help, self.epsilon.clone());
        let help = "Accuracy by the last private evaluation; NaN before the first";
        r.register("private_accuracy", help, self.accuracy.clone());
        let help = "Standard error of private_accuracy, from the noise";
        r.register("private_accuracy_error", help, self.accuracy_error.clone());
        self
    }

    /// A private evaluation is out; one that the noise drowned leaves the last figures.
    pub(crate) fn evaluated(&self, evaluation: &Evaluation) {
        if let Some(accuracy) = evaluation.accuracy {
            self.accuracy.set(accuracy.value);
            self.accuracy_error.set(accuracy.standard_error);
        }
    }

    pub(crate) fn to_text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }

    pub(crate) fn round(&self, state: RoundState, change: i64) {
        self.rounds.get_or_create(&StateLabel { state: state.name() }).inc_by(change);
    }

    /// A round opened: it costs `rho`, and its devices may have spent up to `epsilon` now.
    pub(crate) fn charged(&self, rho: f64, epsilon: f64) {
        self.rho.inc_by(rho);
        self.epsilon.set(epsilon);
    }

    pub(crate) fn published(&self, reports: usize, seconds: f64) {
        self.reports.inc_by(reports as u64);
        self.seconds.observe(seconds);
    }

    pub(crate) fn refused(&self, code: ErrorCode) {
        let label = CodeLabel { code: code.number(), reason: code.words() };
        self.refused.get_or_create(&label).inc();
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.up.inc_by(bytes);
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.down.inc_by(bytes);
    }

    /// Bytes received and sent so far.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        (self.up.get(), self.down.get())
    }

    pub(crate) fn waiting(&self, devices: usize) {
        self.waiting.set(i64::try_from(devices).unwrap_or(i64::MAX));
    }

    pub(crate) fn rho(&self) -> f64 {
        self.rho.get()
    }
}

fn count(rounds: u64) -> i64 {
    i64::try_from(rounds).unwrap_or(i64::MAX)
}
