//! What a participant is told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use silhouette_model::bert::BertEncoder;
use silhouette_round::{Conditions, Policy};
use silhouette_transport::client::ClientLimits;
use silhouette_wire::TaskId;
use silhouette_wire::message::Availability;

use crate::local::Randomness;

/// How often and how patiently a broken exchange is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// Tries of one upload, each on a new connection with the same nonce and bytes; it counts once.
    pub upload: u32,
    /// Tries of one download; each goes on where the last was cut.
    pub fetch: u32,
    /// First wait after a failed connection; doubles each time.
    pub first_wait: Duration,
    /// Longest wait.
    pub longest_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        // Four tries with doubling waits bridge a change of network (seconds), and a minute's wait
        // between connections keeps a long outage cheap for the battery.
        Self { upload: 4, fetch: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(60) }
    }
}

/// A participant's settings.
#[derive(Clone)]
pub struct ParticipantConfig {
    pub(super) address: SocketAddr,
    pub(super) server_name: String,
    pub(super) task: TaskId,
    pub(super) conditions: Arc<dyn Fn() -> Conditions + Send + Sync>,
    pub(super) policy: Policy,
    pub(super) available: Availability,
    pub(super) limits: ClientLimits,
    pub(super) retries: Retries,
    pub(super) randomness: Randomness,
    pub(super) identity_folder: Option<PathBuf>,
    pub(super) encoder_weights: Option<Arc<BertEncoder>>,
}

impl ParticipantConfig {
    /// Takes part in `task` at `address`, whose certificate has to name `server_name`. The host's
    /// `conditions` are asked before every decision: consent can be withdrawn at any time.
    pub fn new(
        address: SocketAddr,
        server_name: impl Into<String>,
        task: TaskId,
        conditions: impl Fn() -> Conditions + Send + Sync + 'static,
    ) -> Self {
        Self {
            address,
            server_name: server_name.into(),
            task,
            conditions: Arc::new(conditions),
            policy: Policy::default(),
            available: Availability::default(),
            limits: ClientLimits::default(),
            retries: Retries::default(),
            randomness: Randomness::System,
            identity_folder: None,
            encoder_weights: None,
        }
    }

    /// Where the identity is stored. With it the certificate is renewed before it ends and the new
    /// one is kept there; without it, it ends when it ends.
    #[must_use]
    pub fn identity_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.identity_folder = Some(folder.into());
        self
    }

    /// The weights of a sentence encoder, for tasks on one. A task on other weights, or any where there are none, is one
    /// that this device can't take part in.
    #[must_use]
    pub fn encoder_weights(mut self, weights: Arc<BertEncoder>) -> Self {
        self.encoder_weights = Some(weights);
        self
    }

    /// The weakest terms accepted.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What the aggregator is told of the device's state.
    #[must_use]
    pub fn available(mut self, available: Availability) -> Self {
        self.available = available;
        self
    }

    /// How long a device waits for replies, and how much it takes.
    #[must_use]
    pub fn limits(mut self, limits: ClientLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How broken exchanges are tried again.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Where noise and rounding come from; anything but the system's is for tests.
    #[must_use]
    pub fn randomness(mut self, randomness: Randomness) -> Self {
        self.randomness = randomness;
        self
    }
}
