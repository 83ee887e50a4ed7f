//! The body of an upload: integers in two's complement, little-endian, 16, 24 or 32 bits each.
//!
//! The body bypasses the serialiser: it is the bulk of the traffic, it has one fixed layout, and the
//! receiver adds it up as it arrives.

mod streaming;

pub use streaming::Unpacker;

/// Why values and bytes do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The width is not one of the three.
    #[error("a value has 16, 24 or 32 bits, not {0}")]
    Width(u8),
    /// A value does not fit the width. The value itself is kept out of the message.
    #[error("the value at index {index} does not fit {bits} bits")]
    OutOfRange {
        /// Where it stands.
        index: usize,
        /// The width.
        bits: u8,
    },
    /// The bytes end inside a value.
    #[error("{0} bytes are left over after the last whole value")]
    Partial(usize),
}

/// Whether values may have this many bits.
pub const fn is_width(bits: u8) -> bool {
    matches!(bits, 16 | 24 | 32)
}

/// Bytes taken by `dimension` values; `None` for an unknown width or an absurd length.
pub fn packed_len(dimension: u64, bits: u8) -> Option<u64> {
    if !is_width(bits) {
        return None;
    }
    dimension.checked_mul(u64::from(bits / 8))
}

fn width(bits: u8) -> Result<usize, PackError> {
    if is_width(bits) { Ok(usize::from(bits / 8)) } else { Err(PackError::Width(bits)) }
}

/// Packs values in [-2^(bits-1), 2^(bits-1)).
pub fn pack(values: &[i64], bits: u8) -> Result<Vec<u8>, PackError> {
    let width = width(bits)?;
    let half = 1_i64 << (bits - 1);
    let mut bytes = Vec::with_capacity(values.len() * width);
    for (index, value) in values.iter().enumerate() {
        if !(-half..half).contains(value) {
            return Err(PackError::OutOfRange { index, bits });
        }
        bytes.extend_from_slice(&value.to_le_bytes()[..width]);
    }
    Ok(bytes)
}

/// Unpacks a body that is in memory as a whole.
pub fn unpack(bytes: &[u8], bits: u8) -> Result<Vec<i64>, PackError> {
    let width = width(bits)?;
    let values = bytes.chunks_exact(width);
    match values.remainder().len() {
        0 => Ok(values.map(value).collect()),
        left => Err(PackError::Partial(left)),
    }
}

/// One value of two to four bytes, with its sign extended.
fn value(bytes: &[u8]) -> i64 {
    let raw = bytes.iter().rev().fold(0_i64, |sum, &byte| sum << 8 | i64::from(byte));
    let unused = 64 - 8 * bytes.len() as u32;
    raw << unused >> unused
}
