use serde::{Deserialize, Serialize};

use super::Message;
use crate::{
    defaults::MAX_DIMENSION,
    error_code::ErrorCode,
    frame::MessageType,
    ids::{ContentHash, Nonce, TaskId},
    pack,
};

/// Announces a released vector; its packed bytes follow the frame.
///
/// Sending the same upload again after a cut is safe: it is counted once and answered with the same
/// receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The task.
    pub task: TaskId,
    /// The round.
    pub round: u64,
    /// The nonce of the assignment.
    pub nonce: Nonce,
    /// The manifest the device acted on.
    pub manifest_hash: ContentHash,
    /// Length of the vector.
    pub dimension: u32,
    /// Bits per value: 16, 24 or 32.
    pub modulus_bits: u8,
    /// Length of the body in bytes: dimension times bits, over eight.
    pub byte_len: u64,
    /// SHA-256 of the body.
    pub sha256: ContentHash,
}

impl Message for Upload {
    const TYPE: MessageType = MessageType::Upload;

    fn check(&self) -> Result<(), ErrorCode> {
        if self.dimension == 0 || self.dimension > MAX_DIMENSION {
            return Err(ErrorCode::WrongDimension);
        }
        match pack::packed_len(u64::from(self.dimension), self.modulus_bits) {
            None => Err(ErrorCode::Malformed),
            Some(length) if length != self.byte_len => Err(ErrorCode::WrongLength),
            Some(_) => Ok(()),
        }
    }
}

/// Answer to [`Upload`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UploadReply {
    /// Arrived whole and counted, once.
    Receipt {
        /// The round it counts in.
        round: u64,
        /// SHA-256 of what arrived.
        sha256: ContentHash,
        /// Whether it had arrived before.
        duplicate: bool,
    },
    /// Not counted.
    Refused(ErrorCode),
}

impl Message for UploadReply {
    const TYPE: MessageType = MessageType::UploadReply;
}
