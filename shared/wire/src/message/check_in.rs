use serde::{Deserialize, Serialize};

use super::Message;
use crate::{
    error_code::ErrorCode,
    frame::MessageType,
    ids::{ContentHash, Nonce, TaskId},
    manifest::SignedManifest,
};

/// Hints for the choice of a cohort. They are all the aggregator learns about the device's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Availability {
    /// The device is on a charger.
    pub charging: bool,
    /// The network costs nothing.
    pub unmetered: bool,
    /// Nobody is using the device.
    pub idle: bool,
}

/// A device offers to take part in the next round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckIn {
    /// The task.
    pub task: TaskId,
    /// Last round of the task the device has seen; 0 before the first.
    pub last_round: u64,
    /// State of the device.
    pub available: Availability,
}

impl Message for CheckIn {
    const TYPE: MessageType = MessageType::CheckIn;
}

/// Answer to [`CheckIn`], possibly held back until the cohort is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckInReply {
    /// The device is in the cohort.
    Assigned {
        /// The terms of the round, signed by the owner of the task.
        manifest: SignedManifest,
        /// Names this participation; returned with the upload.
        nonce: Nonce,
    },
    /// Not now: come back after a delay drawn evenly between the two.
    Wait {
        /// Shortest delay in milliseconds.
        min_ms: u64,
        /// Longest delay in milliseconds.
        max_ms: u64,
    },
    /// The task is over.
    Finished {
        /// The final model.
        model: ContentHash,
        /// The last round.
        round: u64,
    },
    /// Not granted.
    Refused(ErrorCode),
}

impl Message for CheckInReply {
    const TYPE: MessageType = MessageType::CheckInReply;

    fn check(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Wait { min_ms, max_ms } if min_ms > max_ms => Err(ErrorCode::Malformed),
            _ => Ok(()),
        }
    }
}
