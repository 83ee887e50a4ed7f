//! Why an upload is not added, or a sum not closed.

use thiserror::Error;

use super::NoiseTreeError;
use crate::noise::NoiseError;

/// Why one upload was not added. The sum is as it was.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoldError {
    /// The packed vector has another length than the manifest says.
    #[error("upload: expected {expected} bytes, found {found}")]
    Length {
        /// Bytes the manifest implies.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// The vector is longer than any honest device's can be.
    #[error("upload: the vector's norm exceeds the bound of this round")]
    Norm,
    /// The packed vector could not be read.
    #[error("upload: {0}")]
    Unpack(String),
    /// The cohort is full: every further upload would raise the sum above what was planned for.
    #[error("upload: the round has its {0} reports already")]
    Full(u32),
}

/// Why no result was made.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum FinishError {
    /// Fewer reports than `N_min`: the sum is dropped unseen.
    #[error("round: expected at least {expected} reports, found {found}")]
    TooFewReports {
        /// `N_min`.
        expected: u32,
        /// Reports folded.
        found: u32,
    },
    /// More reports than the noise and the mean were planned for: the sum is dropped unseen.
    #[error("round: expected at most {most} reports, found {found}")]
    TooManyReports {
        /// The cohort.
        most: u32,
        /// Reports folded.
        found: u32,
    },
    /// The sum of masked vectors is longer than honest ones can add up to: somebody sent something
    /// else than a release, and nobody can tell who.
    #[error("round: the sum's norm is {found:.0} grid steps, honest reports add up to at most {most:.0}")]
    SumTooLong {
        /// The bound of the sum test.
        most: f64,
        /// The norm found.
        found: f64,
    },
    /// The noise source failed.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// Independent noise in the place of a tree's.
    #[error("round: the noise of this release is a tree's, and none was given")]
    Tree,
    /// The tree's noise.
    #[error(transparent)]
    NoiseTree(#[from] NoiseTreeError),
}
