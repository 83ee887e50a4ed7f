//! Why a run stopped.

use silhouette_client::LocalRoundError;
use silhouette_model::{EngineError, ModelError, TaskError};
use silhouette_privacy::noise::NoiseError;
use silhouette_privacy::secagg::{Ended, Refused};
use silhouette_privacy::{BufferError, FinishError, FoldError, ParameterError};
use silhouette_query::label_counts::LengthError;
use silhouette_query::train::AbsorbError;
use silhouette_query::{AdaptiveClipError, OptimiserError};
use silhouette_round::{MaskedError, Refusal};
use silhouette_wire::manifest::SignError;
use thiserror::Error;

use crate::config::ConfigError;
use crate::device::PoisonError;
use crate::people::PersonError;
use crate::shard::ShardError;
use crate::trace::TraceError;

/// Why a run stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FederationError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The task.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The release's public numbers.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The manifest could not be made.
    #[error(transparent)]
    Manifest(#[from] SignError),
    /// The worker threads could not be started.
    #[error("worker threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The aggregator's noise could not be drawn.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// A device did not take part.
    #[error("a device did not take part: {0}")]
    Device(Refusal),
    /// A device's contribution was not made.
    #[error(transparent)]
    Contribute(#[from] LocalRoundError),
    /// A device's ledger holds something else than the round costs.
    #[error("round {round}, device {user}: expected a ledger that holds what the round costs, found another charge")]
    Ledger {
        /// The device.
        user: usize,
        /// The round.
        round: u64,
    },
    /// A device had nothing to report.
    #[error("a device had nothing to report")]
    NoReport,
    /// The masked round could not be opened.
    #[error(transparent)]
    Masked(#[from] MaskedError),
    /// A request in a masked round was refused.
    #[error("masked round: {0}")]
    MaskedRequest(#[from] Refused),
    /// The masked round ended without a sum.
    #[error("masked round: {0}")]
    Unmask(#[from] Ended),
    /// An upload did not fit the sum.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// No result could be made.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// The server optimiser.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    /// The clip can't move.
    #[error(transparent)]
    AdaptiveClip(#[from] AdaptiveClipError),
    /// The sum of an evaluation or of label counts.
    #[error(transparent)]
    Figures(#[from] LengthError),
    /// The groups' sums.
    #[error(transparent)]
    Absorb(#[from] AbsorbError),
    /// A malicious device.
    #[error(transparent)]
    Poison(#[from] PoisonError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Prediction.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Somebody who could not be made, or read.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// A range of a round's devices, or a part of its sum.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// Whoever was to train the devices could not.
    #[error("round {round}: {source}")]
    Workers {
        /// The round.
        round: u64,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Real masks where devices are spread over shards.
    #[error(
        "secure-aggregation: expected to be off where devices are trained in shards: masks need all devices of a round in one place, and leaving them out gives the same model"
    )]
    MaskedShards,
    /// A state to go on from that is none of this run.
    #[error("{what}: expected {expected}, found {found}")]
    State {
        /// Which part.
        what: &'static str,
        /// What this run has.
        expected: String,
        /// What the state has.
        found: String,
    },
    /// The round configuration.
    #[error(transparent)]
    Round(#[from] silhouette_round::ConfigError),
    /// A device trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The weighted sum of a buffer.
    #[error(transparent)]
    Buffer(#[from] BufferError),
    /// A version of the model that devices at work started from is gone.
    #[error("buffer: the model of version {0} is gone, though an update from it counts")]
    Version(u64),
    /// With a virtual clock: nobody comes who may.
    #[error(
        "round {round}: expected {wanted} devices, found {there} in 7 virtual days, of {waiting} that may still take part (a device joins at most {most} rounds); look at the trace, raise --participations, or ask for fewer --rounds"
    )]
    Deserted {
        /// The round.
        round: u64,
        /// Devices there at the same time, or updates in the buffer.
        there: usize,
        /// Devices, or updates, a round needs.
        wanted: usize,
        /// Devices below their limit of participations.
        waiting: usize,
        /// That limit.
        most: u32,
    },
    /// With a virtual clock: nothing comes of rounds any more.
    #[error(
        "round {round}: expected a report, found none in {rounds} rounds in a row: of their devices {vanished} vanished and {late} came after the deadline; lower drop_out or lengthen the windows in the trace, or raise --deadline"
    )]
    NoReports {
        /// The last of them.
        round: u64,
        /// How many.
        rounds: usize,
        /// Devices that vanished.
        vanished: usize,
        /// Devices that were late.
        late: usize,
    },
    /// Without rounds: nobody gets as far as an update any more.
    #[error(
        "version {version}: expected an update, found that the last {vanished} devices all vanished; lower drop_out or lengthen the windows in the trace"
    )]
    NoUpdates {
        /// The version that waits for it.
        version: u64,
        /// Devices in a row.
        vanished: usize,
    },
    /// No cohort could be formed.
    #[error("round {0}: no cohort could be formed")]
    NoCohort(u64),
}
