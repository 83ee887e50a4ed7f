use std::path::PathBuf;

use silhouette_model::TaskError;
use silhouette_privacy::accounting::{self, calibrate::CalibrateError};
use silhouette_privacy::{ChargeError, ParameterError};
use silhouette_query::{AdaptiveClipError, OptimiserError, OptimiserKind};
use silhouette_round::{ConfigError, MaskedError, ScheduleError};
use silhouette_wire::{ManifestError, Mode, QueryKind};
use thiserror::Error;

/// A configuration that can't be carried out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A file could not be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not a configuration.
    #[error("configuration: {0}")]
    Parse(String),
    /// There is no task.
    #[error("configuration: expected task_file or [task], found neither")]
    NoTask,
    /// There are two tasks.
    #[error("configuration: expected task_file or [task], found both")]
    TwoTasks,
    /// A masked sum over two devices tells each of them the other's part.
    #[error("devices: expected at least 3, found {found}")]
    TooFewDevices {
        /// What was asked for.
        found: u32,
    },
    /// Only masked rounds have an active mode.
    #[error("active_mode: expected mode distributed, found {0}")]
    ActiveMode(Mode),
    /// A masked round can't invite more devices than its noise and its graph are made for.
    #[error("over_selection: expected 1 in mode distributed, found {0}; choose min_reports below the cohort instead")]
    OverSelection(f64),
    /// An evaluation after more rounds of training than there are.
    #[error("evaluate_every: {0}")]
    Schedule(#[from] ScheduleError),
    /// A query about labels in a task without any.
    #[error("{query}: expected a task with labels, found one without")]
    NoLabels {
        /// The kind of query.
        query: QueryKind,
    },
    /// A tree of noise beside other kinds of query, whose rounds would leave holes in it.
    #[error("noise: expected \"independent\" with evaluate_every or label_counts, found \"tree\"")]
    TreeAlongside,
    /// What a tree takes off again, this optimiser has already divided by something else.
    #[error("optimiser.kind: expected \"sgd\" with noise = \"tree\", found {0:?}")]
    TreeOptimiser(OptimiserKind),
    /// The clip can't move.
    #[error(transparent)]
    AdaptiveClip(#[from] AdaptiveClipError),
    /// Groups are for sums nobody sees into.
    #[error("groups: expected 1 in mode {mode}, where each report is checked by itself, found {found}")]
    Groups {
        /// The mode.
        mode: Mode,
        /// Groups asked for.
        found: u32,
    },
    /// A trimmed mean of fewer groups than it leaves out.
    #[error("min_groups: expected 2 trim + 1 = {least} to the {groups} groups, found {found}")]
    MinGroups {
        /// The fewest that leave something.
        least: u32,
        /// Groups of a round.
        groups: u32,
        /// What was asked for, or follows from `trim`.
        found: u32,
    },
    /// Noise is stated twice or not at all.
    #[error("configuration: expected exactly one of epsilon and noise_multiplier")]
    OneOfTwo,
    /// The folder belongs to other terms.
    #[error("configuration, {term}: this folder was started with {stored}, the configuration says {found}")]
    OtherTerms {
        /// The first term that differs.
        term: &'static str,
        /// As it was promised to the devices.
        stored: String,
        /// As it would be now.
        found: String,
    },
    /// The task.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A number of the promise.
    #[error(transparent)]
    Promise(#[from] accounting::ParameterError),
    /// The promise cannot be kept.
    #[error(transparent)]
    Calibrate(#[from] CalibrateError),
    /// A number of the release.
    #[error(transparent)]
    Release(#[from] ParameterError),
    /// A round that can't be charged.
    #[error(transparent)]
    Charge(#[from] ChargeError),
    /// A number that shapes the rounds.
    #[error(transparent)]
    Round(#[from] ConfigError),
    /// A setting of the optimiser.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    /// The masked rounds.
    #[error(transparent)]
    Masked(#[from] MaskedError),
    /// A term of the manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}
