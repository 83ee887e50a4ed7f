//! Rounds over the network: what devices ask for, and the one task that decides.
//!
//! Everything that changes a round (check-ins, reports, the clock, a finished result) is a message
//! to one task, the conductor, which owns the [`Coordinator`](silhouette_round::Coordinator) and
//! the running sum. A lock around the coordinator would have to be held across the durable write
//! that opens a round, or be given up in the middle of carrying out instructions whose order
//! matters; one task with an inbox needs neither, and the order of arrival is the order of effects.
//! Noise and model files are made beside it, so that it goes on answering meanwhile.

mod conductor;
mod event;
mod handler;
mod models;
mod opened;
mod outcome;
mod requests;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::{broadcast, mpsc};

pub use event::Event;

use crate::admin::Metrics;
use crate::aggregator::ManifestSeed;
use crate::enrolment::Tokens;
use crate::ownership::Ownership;
use crate::plan::Plan;
use crate::storage::Storage;
use models::Models;
use requests::Request;
use silhouette_transport::Enroller;

pub(crate) use conductor::Conductor;
pub(crate) use outcome::State;

/// What a service is made of.
pub(crate) struct Parts {
    pub(crate) plan: Arc<Plan>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) ownership: Ownership,
    /// Where manifests' seeds come from, if not from the operating system.
    pub(crate) seeds: Option<ManifestSeed>,
}

/// What the endpoint calls: it asks the store what only the store knows, and the conductor for the
/// rest.
pub(crate) struct Service {
    plan: Arc<Plan>,
    storage: Arc<Storage>,
    metrics: Arc<Metrics>,
    enroller: Arc<Enroller<Tokens>>,
    models: Models,
    /// Unbounded, but never long: the endpoint bounds connections and streams, each request waits
    /// for its answer, and a report is folded faster than the network brings the next one.
    requests: mpsc::UnboundedSender<Request>,
    tickets: AtomicU64,
}

impl Service {
    pub(crate) fn new(parts: &Parts, enroller: Arc<Enroller<Tokens>>) -> (Arc<Self>, mpsc::UnboundedReceiver<Request>) {
        let (requests, inbox) = mpsc::unbounded_channel();
        let service = Self {
            plan: Arc::clone(&parts.plan),
            storage: Arc::clone(&parts.storage),
            metrics: Arc::clone(&parts.metrics),
            models: Models::new(Arc::clone(&parts.storage)),
            enroller,
            requests,
            tickets: AtomicU64::new(0),
        };
        (Arc::new(service), inbox)
    }
}
