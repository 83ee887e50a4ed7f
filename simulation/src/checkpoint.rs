//! A run that was stopped, and goes on to the same end.
//!
//! After a round a checkpoint holds everything that the rounds to come depend on: the model's parameters and their
//! average, the server optimiser, what each device has spent and joined, the clip, the noise of a tree, how far the
//! coordinator's randomness has been used, and the records so far. What a round charged is in the checkpoint that holds
//! its result, so a run that goes on has counted every result it builds on. Rounds after the checkpoint are done again,
//! from the same seed and to the same bits, at the same charge.
//!
//! The file is written beside its place, brought to the disk and renamed, so there is always a whole one or none. It
//! ends with its own SHA-256; one that is cut, changed, longer than the run can make it, or of other data or settings
//! is refused. It holds no text and no id, but its noise and its seed are no secret either: it is a simulation's.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::federation::{FederationError, RoundRecord, State};
use identity::Identity;

pub(crate) mod exact;
pub(crate) mod file;
pub(crate) mod identity;

/// When checkpoints are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointEvery {
    /// Never.
    Never,
    /// After every so many rounds, at least 1.
    Rounds(u64),
    /// After the first round that ends so many seconds after the last checkpoint, or the start.
    Seconds(u64),
}

/// Where a run is kept, and whether it goes on from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// The file. Its folder has to exist.
    pub path: PathBuf,
    /// How often.
    pub every: CheckpointEvery,
    /// Whether to go on from the file, which has to be there. Without it there must be none: an unfinished run is not
    /// thrown away by accident.
    pub resume: bool,
}

impl Checkpoints {
    /// Deletes the file of a run whose results are safe elsewhere.
    ///
    /// # Errors
    /// When the system refuses to.
    pub fn forget(&self) -> Result<(), CheckpointError> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(self.failed(source)),
            _ => Ok(()),
        }
    }

    fn failed(&self, source: std::io::Error) -> CheckpointError {
        CheckpointError::File { path: self.path.clone(), source }
    }
}

/// A checkpoint that can't be written, or gone on from.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The system refused.
    #[error("checkpoint {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A run is to go on and there is none.
    #[error("checkpoint {}: expected that of a stopped run to go on from, found none", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A run is to begin where another is not finished.
    #[error(
        "checkpoint {}: expected none at the start of a run, found that of an unfinished one: go on with it \
         (--resume), or delete it to begin anew",
        path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// The file is cut, changed or no checkpoint.
    #[error("checkpoint {}, {field}: expected {expected}, found {found}", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// What of it.
        field: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The checkpoint is of another run.
    #[error("checkpoint {} is of another run: {what}: expected {expected}, found {found} in the checkpoint", path.display())]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// This run's.
        expected: String,
        /// The checkpoint's.
        found: String,
    },
    /// A run with a virtual clock can't be put down.
    #[error("checkpoint {}: expected a run without a virtual clock (--trace), found one with it", path.display())]
    Clock {
        /// The file.
        path: PathBuf,
    },
    /// Its parts do not fit the run.
    #[error("checkpoint {}: {source}", path.display())]
    Federation {
        /// The file.
        path: PathBuf,
        /// Which part.
        source: Box<FederationError>,
    },
}

/// The readable part of a checkpoint.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    identity: Identity,
    round: u64,
    now: u64,
    random_position: String,
    /// The bits of the clip norm.
    clip: u64,
    /// Seconds of training and evaluation so far.
    seconds: f64,
    /// Bytes of the optimiser, the average, the tree and the devices, in this order; absent parts have none.
    sections: [Option<u64>; 4],
    /// As [`exact`] writes them.
    records: serde_json::Value,
}

/// A run as it was put down.
pub(crate) struct Saved {
    pub(crate) state: State,
    pub(crate) records: Vec<RoundRecord>,
    pub(crate) seconds: f64,
}

/// What bounds a checkpoint of a run.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Parameters of the model.
    pub(crate) parameters: usize,
    /// Entries of a released vector.
    pub(crate) released: usize,
    /// Devices.
    pub(crate) devices: usize,
    /// Rounds of all kinds.
    pub(crate) rounds: u64,
    /// Labels of the task.
    pub(crate) labels: usize,
}

impl Bounds {
    /// The most bytes that a checkpoint can have.
    fn most(&self) -> u64 {
        // A record's own fields, and two figures for each label where it counts them.
        let record = 4_096 + 128 * self.labels as u64;
        let head = (1 << 20) + self.rounds.saturating_mul(record);
        let vectors = 64 + 20 * self.parameters as u64;
        let tree = 64 + 65 * 8 * (self.released as u64 + 1);
        // Five whole numbers of at most ten bytes.
        head.saturating_add(vectors + tree + 50 * self.devices as u64)
    }
}

/// Refuses to begin where an unfinished run is.
pub(crate) fn ensure_none(path: &Path) -> Result<(), CheckpointError> {
    if path.exists() { Err(CheckpointError::Unfinished { path: path.to_owned() }) } else { Ok(()) }
}
