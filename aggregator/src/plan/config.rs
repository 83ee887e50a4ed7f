//! The configuration file.

use std::path::Path;

use serde::{Deserialize, Serialize};
use silhouette_model::Task;
use silhouette_query::{AdaptiveClipConfig, OptimiserConfig};
use silhouette_round::RoundConfig;
use silhouette_wire::{LocalTraining, Mode};

use super::PlanError;

/// Whether the noise of one round depends on that of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum NoiseChoice {
    /// Fresh noise in every round.
    #[default]
    Independent,
    /// One tree of noise over all rounds; mode central only.
    Tree,
}

/// What an operator writes: `aggregator/sample.toml` shows and explains every key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    /// Path of the task file, relative to the configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_file: Option<String>,
    /// Seed of the first model.
    #[serde(default = "defaults::model_seed")]
    pub model_seed: u64,
    /// Rounds of training.
    pub rounds: u64,
    /// After every so many rounds of training the devices evaluate the model; 0 for never.
    #[serde(default)]
    pub evaluate_every: u64,
    /// Whether the very first round counts labels.
    #[serde(default)]
    pub label_counts: bool,
    /// The share of rho that evaluation gets.
    #[serde(default = "defaults::evaluation_share")]
    pub evaluation_share: f64,
    /// The share of rho that label counts get.
    #[serde(default = "defaults::label_counts_share")]
    pub label_counts_share: f64,
    /// Per cent of all texts that no device trains on, where the devices evaluate.
    #[serde(default = "defaults::held_out")]
    pub held_out: u8,
    /// Evaluations one device may join.
    #[serde(default = "defaults::max_participations")]
    pub max_evaluations: u32,
    /// Reports wanted, n; with groups, in each of them.
    pub cohort: u32,
    /// Fewest reports of which a result is made, `N_min`; with groups, of each of them.
    pub min_reports: u32,
    /// Groups a round's devices are split into, mode `distributed` only; 1 for none.
    #[serde(default = "defaults::groups")]
    pub groups: u32,
    /// Values of each coordinate left out at each end of the groups' means.
    #[serde(default)]
    pub trim: u32,
    /// Fewest groups that must come to a sum; `2 trim + 1` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_groups: Option<u32>,
    /// Devices invited per report wanted.
    #[serde(default = "defaults::over_selection")]
    pub over_selection: f64,
    /// From the invitation to the end of the round.
    #[serde(default = "defaults::deadline_ms")]
    pub deadline_ms: u64,
    /// How long to wait for a full cohort.
    #[serde(default = "defaults::gathering_ms")]
    pub gathering_ms: u64,
    /// How long a check-in is held.
    #[serde(default = "defaults::hold_ms")]
    pub hold_ms: u64,
    /// When a device that was not needed comes back: earliest and latest.
    #[serde(default = "defaults::retry_ms")]
    pub retry_ms: (u64, u64),
    /// Who adds the noise.
    pub mode: Mode,
    /// Masked rounds in the active mode: devices sign what they send each other, with identities that
    /// the enrolment authority endorsed.
    #[serde(default)]
    pub active_mode: bool,
    /// The promise; or else a noise multiplier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// The delta of every epsilon.
    pub delta: f64,
    /// Noise standard deviation over sensitivity, z; or else an epsilon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_multiplier: Option<f64>,
    /// Whether the noise of one round depends on that of another.
    #[serde(default)]
    pub noise: NoiseChoice,
    /// Largest norm of one update, c; in the first round, if the clip is adaptive.
    pub clip: f64,
    /// Rounds of training one device may join, K.
    #[serde(default = "defaults::max_participations")]
    pub max_participations: u32,
    /// Rounds between two participations, B.
    #[serde(default = "defaults::min_separation")]
    pub min_separation: u32,
    /// How the clip follows a quantile of the norms; one clip throughout when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive_clip: Option<AdaptiveClipConfig>,
    /// What a device does with the model.
    #[serde(default = "defaults::training", deserialize_with = "training::read")]
    pub training: LocalTraining,
    /// What the aggregator does with the mean update.
    #[serde(default)]
    pub optimiser: OptimiserConfig,
    /// The task itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
}

impl TaskConfig {
    /// Reads a configuration. A task file it names is not read yet.
    ///
    /// # Errors
    /// When the text is not TOML, or has unknown or missing keys.
    pub fn from_toml(text: &str) -> Result<Self, PlanError> {
        toml::from_str(text).map_err(|e| PlanError::Parse(e.to_string()))
    }

    /// Fewest groups that must come to a sum. One whose sum is then rejected as too long counts, and is
    /// one of those that trimming would have left out.
    pub fn fewest_groups(&self) -> u32 {
        self.min_groups.unwrap_or_else(|| self.trim.saturating_mul(2).saturating_add(1))
    }

    /// Reads a configuration file and the task file it names.
    ///
    /// # Errors
    /// When a file can't be read, or does not say what it should.
    pub fn load(path: &Path) -> Result<Self, PlanError> {
        let mut config = Self::from_toml(&read(path)?)?;
        if let Some(name) = config.task_file.take() {
            if config.task.is_some() {
                return Err(PlanError::TwoTasks);
            }
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            config.task = Some(Task::from_toml(&read(&folder.join(name))?)?);
        }
        Ok(config)
    }

    /// The configuration as a file.
    ///
    /// # Errors
    /// When it can't be written as TOML.
    pub fn to_toml(&self) -> Result<String, PlanError> {
        toml::to_string_pretty(self).map_err(|e| PlanError::Parse(e.to_string()))
    }
}

fn read(path: &Path) -> Result<String, PlanError> {
    std::fs::read_to_string(path).map_err(|source| PlanError::File { path: path.to_owned(), source })
}

/// What a key that was left out means. The pace is the coordinator's own default.
mod defaults {
    use super::{LocalTraining, RoundConfig};

    pub(super) fn model_seed() -> u64 {
        1
    }

    pub(super) fn evaluation_share() -> f64 {
        0.1
    }

    pub(super) fn label_counts_share() -> f64 {
        0.02
    }

    pub(super) fn held_out() -> u8 {
        20
    }

    pub(super) fn groups() -> u32 {
        RoundConfig::default().groups
    }

    pub(super) fn over_selection() -> f64 {
        RoundConfig::default().over_selection
    }

    pub(super) fn deadline_ms() -> u64 {
        RoundConfig::default().deadline
    }

    pub(super) fn gathering_ms() -> u64 {
        RoundConfig::default().gathering
    }

    pub(super) fn hold_ms() -> u64 {
        RoundConfig::default().hold
    }

    pub(super) fn retry_ms() -> (u64, u64) {
        RoundConfig::default().retry
    }

    pub(super) fn max_participations() -> u32 {
        RoundConfig::default().max_participations
    }

    pub(super) fn min_separation() -> u32 {
        RoundConfig::default().min_separation
    }

    /// One step over all of a device's texts: what the frozen bag learns best with
    /// (docs/benchmarks.md), and no device is kept busy.
    pub(super) fn training() -> LocalTraining {
        LocalTraining { epochs: 1, batch: 65_536, learning_rate: 3.0, proximal_mu: 0.0, shuffled: true }
    }
}

/// Reads the table `training`, of which every key may be left out.
mod training {
    use serde::{Deserialize, Deserializer};

    use super::{LocalTraining, defaults};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Table {
        epochs: u32,
        batch: u32,
        learning_rate: f64,
        proximal_mu: f64,
        shuffled: bool,
    }

    impl Default for Table {
        fn default() -> Self {
            let LocalTraining { epochs, batch, learning_rate, proximal_mu, shuffled } = defaults::training();
            Self { epochs, batch, learning_rate, proximal_mu, shuffled }
        }
    }

    pub(super) fn read<'de, D: Deserializer<'de>>(input: D) -> Result<LocalTraining, D::Error> {
        let Table { epochs, batch, learning_rate, proximal_mu, shuffled } = Table::deserialize(input)?;
        Ok(LocalTraining { epochs, batch, learning_rate, proximal_mu, shuffled })
    }
}
