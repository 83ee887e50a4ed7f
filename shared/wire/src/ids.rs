//! Names of things: tasks, contents, devices, participations.

mod task;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use task::TaskId;

use crate::hex;

/// Why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The task name is empty or too long.
    #[error("a task name has 1 to 64 bytes, this one has {0}")]
    TaskLength(usize),
    /// The task name holds a character outside `a-z 0-9 . _ -`.
    #[error("a task name is made of a-z, 0-9, '.', '_' and '-'")]
    TaskCharacter,
    /// The text is not the expected number of lower-case hexadecimal digits.
    #[error("expected {expected} lower-case hexadecimal digits")]
    Hex {
        /// How many digits the name has.
        expected: usize,
    },
}

/// SHA-256 of some content: a model file, a layout, a manifest, an upload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// Hashes content that is in memory.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }
}

/// Who a device is to the aggregator: SHA-256 of the public key in its certificate (the DER of the
/// subject public key info).
///
/// It survives the renewal of the certificate as long as the device keeps its key, and it says
/// nothing about the person behind it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId(pub [u8; 32]);

impl DeviceId {
    /// Derives the name from the DER of a subject public key info.
    pub fn of_public_key(spki_der: &[u8]) -> Self {
        Self(Sha256::digest(spki_der).into())
    }
}

/// One participation: drawn by the aggregator when it assigns a round, returned with the upload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Nonce(pub [u8; 16]);

macro_rules! hexadecimal {
    ($name:ident, $bytes:literal, $shown:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex::write(&self.0[..$shown], out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "("))?;
                hex::write(&self.0[..$shown], out)?;
                out.write_str(")")
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                hex::read::<$bytes>(text).map(Self).ok_or(IdError::Hex { expected: 2 * $bytes })
            }
        }
    };
}

hexadecimal!(ContentHash, 32, 32);
// Eight bytes tell devices apart in a log and are too few to be used as a key by mistake.
hexadecimal!(DeviceId, 32, 8);
hexadecimal!(Nonce, 16, 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_hash_is_sha256_and_survives_text() {
        let hash = ContentHash::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse::<ContentHash>(), Ok(hash));
        assert!(text.to_uppercase().parse::<ContentHash>().is_err());
        assert!(text[..62].parse::<ContentHash>().is_err());
    }

    #[test]
    fn device_id_shows_eight_bytes() {
        let device = DeviceId::of_public_key(b"key");
        assert_eq!(device.to_string().len(), 16);
    }
}
