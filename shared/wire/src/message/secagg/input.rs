use serde::{Deserialize, Serialize};

use super::Participation;
use crate::{
    defaults::MAX_DIMENSION, error_code::ErrorCode, frame::MessageType, ids::ContentHash, message::Message, pack,
};

/// Round 2: announces a masked vector; its packed bytes follow the frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecaggMaskedInput {
    /// The participation.
    pub at: Participation,
    /// Length of the vector.
    pub dimension: u32,
    /// Bits per value: 16, 24 or 32.
    pub modulus_bits: u8,
    /// Length of the body in bytes: dimension times bits, over eight.
    pub byte_len: u64,
    /// SHA-256 of the body.
    pub sha256: ContentHash,
}

impl Message for SecaggMaskedInput {
    const TYPE: MessageType = MessageType::SecaggMaskedInput;

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
