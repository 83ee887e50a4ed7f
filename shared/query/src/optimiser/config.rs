//! Which optimiser, its settings, and what can be wrong with them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OptimiserKind {
    /// `w <- w + eta m`, `m <- momentum m + Delta`; plain averaging with momentum 0.
    Sgd,
    /// Adam with bias-corrected moments, aware of the noise it is given: see
    /// [`ServerOptimiser::step`].
    Adam,
    /// FedYogi: the second moment moves by its sign, so it cannot grow at once.
    Yogi,
    /// FedAdagrad: the second moment only grows.
    Adagrad,
}

impl FromStr for OptimiserKind {
    type Err = OptimiserError;

    fn from_str(s: &str) -> Result<Self, OptimiserError> {
        match s {
            "sgd" => Ok(Self::Sgd),
            "adam" => Ok(Self::Adam),
            "yogi" => Ok(Self::Yogi),
            "adagrad" => Ok(Self::Adagrad),
            _ => Err(OptimiserError::Unknown(s.to_owned())),
        }
    }
}

/// Settings of a server optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimiserConfig {
    /// Which optimiser.
    pub kind: OptimiserKind,
    /// Server learning rate, eta.
    pub learning_rate: f64,
    /// First-moment decay: momentum of SGD, `beta_1` of the adaptive ones.
    pub momentum: f64,
    /// Second-moment decay, `beta_2`.
    pub beta2: f64,
    /// Adaptivity, tau: added to the root of the second moment. For Adam, in units of the clip norm
    /// and only a floor: what noise there is sets a higher one.
    pub tau: f64,
    /// Share of the last rounds whose iterates are averaged into the published model, 0 to 1.
    /// Averaging lowers the noise of the result and costs no privacy.
    pub averaging: f64,
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self { kind: OptimiserKind::Adam, learning_rate: 0.3, momentum: 0.9, beta2: 0.99, tau: 2e-5, averaging: 0.0 }
    }
}

impl OptimiserConfig {
    /// Whether a first moment outlasts its step.
    pub(super) fn keeps_m(&self) -> bool {
        self.kind != OptimiserKind::Sgd || self.momentum > 0.0
    }

    /// Whether there is a second moment.
    pub(super) fn keeps_v(&self) -> bool {
        self.kind != OptimiserKind::Sgd
    }
}

/// Settings or state that can't be used.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum OptimiserError {
    /// No optimiser of this name.
    #[error("server optimiser: expected sgd, adam, yogi or adagrad, found {0}")]
    Unknown(String),
    /// A setting outside its range.
    #[error("server optimiser, {field}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// The update's length is not the model's.
    #[error("server optimiser: expected an update of {expected} values, found {found}")]
    Dimension {
        /// The model's dimension.
        expected: usize,
        /// The update's.
        found: usize,
    },
    /// Stored state that no step leaves behind.
    #[error("server optimiser state, {vector}: expected {expected}, found {found}")]
    Value {
        /// Which of its vectors.
        vector: &'static str,
        /// What a number of it is.
        expected: &'static str,
        /// What was found.
        found: f32,
    },
    /// Stored state that does not fit.
    #[error("server optimiser state: expected {expected} bytes, found {found}")]
    State {
        /// Bytes expected.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
}
