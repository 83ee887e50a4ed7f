use serde::{Deserialize, Serialize};

use super::Message;
use crate::{error_code::ErrorCode, frame::MessageType, ids::ContentHash};

/// Asks for content, from some byte onwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The content.
    pub hash: ContentHash,
    /// How many bytes the device already has.
    pub offset: u64,
}

impl Message for Fetch {
    const TYPE: MessageType = MessageType::Fetch;
}

/// Answer to [`Fetch`]; the bytes from `offset` to the end follow the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyHeader {
    /// The content.
    pub hash: ContentHash,
    /// Its whole length in bytes.
    pub total_len: u64,
    /// Where the bytes that follow begin.
    pub offset: u64,
}

impl Message for BodyHeader {
    const TYPE: MessageType = MessageType::BodyHeader;

    fn check(&self) -> Result<(), ErrorCode> {
        if self.offset > self.total_len { Err(ErrorCode::WrongLength) } else { Ok(()) }
    }
}
