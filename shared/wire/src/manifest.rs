//! The terms of a task, signed by its owner, and of each of its rounds, signed by the key the owner
//! named for that.

mod kind;
mod noise;
mod signed;
mod task;
mod validate;

use serde::{Deserialize, Serialize};

pub use kind::QueryKind;
pub use noise::{AdaptiveClip, Correlation};
pub use signed::{SignError, SignedManifest, VerifyError};
pub use task::{SignedTask, TaskTerms};
pub use validate::ManifestError;

use crate::{
    extensions::Extensions,
    ids::{ContentHash, TaskId},
    mode::Mode,
};

/// How a device trains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LocalTraining {
    /// Passes over the local records.
    pub epochs: u32,
    /// Records per step.
    pub batch: u32,
    /// Step size.
    pub learning_rate: f64,
    /// Pull towards the model the round started from; 0 for none.
    pub proximal_mu: f64,
    /// Whether each pass takes the records in an order drawn anew; otherwise in the order they stand.
    pub shuffled: bool,
}

/// The terms of one round. Everything that decides how much a device gives away is in here, so that
/// the device can recompute the cost instead of believing a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Protocol version; equal to the one compiled in.
    pub protocol: u16,
    /// The task.
    pub task: TaskId,
    /// The round, from 1, strictly increasing.
    pub round: u64,
    /// What is computed.
    pub query: QueryKind,
    /// Where the noise is added.
    pub mode: Mode,
    /// Hash of the bytes of the model file.
    pub model: ContentHash,
    /// Hash of the manifest of the vector's layout.
    pub layout: ContentHash,
    /// d: length of the private vector; what is released may be longer.
    pub dimension: u32,
    /// c: largest norm of one device's vector in this round.
    pub clip: f64,
    /// How the clip of the next round follows from this one's sum; `None` for one clip throughout.
    pub adaptive_clip: Option<AdaptiveClip>,
    /// z: standard deviation of the noise on the sum, in units of the longest released vector: of
    /// `clip`, or with an adaptive clip of the clipped vector and its indicator together.
    pub noise_multiplier: f64,
    /// Whether the noise of one round depends on that of another.
    pub correlation: Correlation,
    /// Grid steps in the norm of the longest released vector: without an adaptive clip the scale is
    /// s = `clip_units` / `clip`.
    pub clip_units: u32,
    /// b: bits of one value on the wire, 16, 24 or 32; sums are taken modulo 2^b.
    pub modulus_bits: u8,
    /// n: devices invited.
    pub cohort: u32,
    /// `N_min`: a round with fewer reports publishes nothing.
    pub min_reports: u32,
    /// gamma: share of the cohort that may be corrupt.
    pub corrupt_fraction: f64,
    /// rho: what one participation costs.
    pub rho: f64,
    /// delta at which the cost is shown as an epsilon.
    pub delta: f64,
    /// K: most participations of one device in rounds of this kind of query.
    pub max_participations: u32,
    /// B: rounds, of any kind, between two participations of one device; 1 allows every round.
    pub min_separation: u32,
    /// Time from the assignment to the end of the round, in milliseconds.
    pub deadline_ms: u64,
    /// Per cent of all texts, by a hash of each, that no device trains on: they are what evaluation
    /// looks at. 0 where the task has none, at most 50.
    pub held_out: u8,
    /// How to train.
    pub training: LocalTraining,
    /// Public randomness of the round, for what all devices draw alike.
    pub seed: u64,
    /// Additions.
    pub extensions: Extensions,
}
