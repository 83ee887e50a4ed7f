//! What can be wrong with a privacy loss.

use thiserror::Error;

use super::LARGEST_LOSS;
use crate::accounting::Adjacency;

/// Why a privacy loss has no figure.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PldError {
    /// Mechanisms under different neighbouring relations do not add up.
    #[error("expected mechanisms under one neighbouring relation, found \"{one}\" and \"{other}\"")]
    DifferentAdjacency {
        /// The first relation.
        one: Adjacency,
        /// The other one.
        other: Adjacency,
    },
    /// The loss of one step, or of all of them, is too large to be put on a grid.
    #[error("the privacy loss is too large for a grid: expected at most {LARGEST_LOSS} in one step, found {found}")]
    LossTooLarge {
        /// The largest loss of one step.
        found: f64,
    },
    /// A parameter is out of range.
    #[error("{name}: expected {expected}, found {found}")]
    OutOfRange {
        /// What the parameter stands for.
        name: &'static str,
        /// The range, in words.
        expected: &'static str,
        /// The value that was given.
        found: f64,
    },
    /// The noise takes so many values that they cannot be listed.
    #[error("the noise has too many values to be listed one by one")]
    SupportTooLarge,
    /// There are more steps than can be counted.
    #[error("expected at most 2^53 steps")]
    TooManySteps,
    /// The dominating pair in use is an upper bound itself.
    #[error("no lower bound: the dominating pair in use is an upper bound itself")]
    UpperBoundOnly,
}
