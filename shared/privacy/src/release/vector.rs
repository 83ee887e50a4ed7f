//! [`Release`]: what may leave a device.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use silhouette_wire::{ContentHash, pack};
use zeroize::Zeroize;

use super::ReleaseError;

/// A vector of integers that may leave the device: bounded, rounded, noised where the mode says
/// so, packed little-endian.
pub struct Release {
    /// The entries that are not zero, by rising index; `None` where noise has touched every entry.
    entries: Option<Vec<(u32, i64)>>,
    bytes: OnceLock<Vec<u8>>,
    dimension: usize,
    modulus_bits: u8,
}

impl Release {
    /// Takes integers that fit `modulus_bits`, zeros left out.
    pub(super) fn sparse(entries: Vec<(u32, i64)>, dimension: usize, modulus_bits: u8) -> Result<Self, ReleaseError> {
        let half = 1_i64 << (modulus_bits - 1);
        if entries.iter().any(|&(_, k)| !(-half..half).contains(&k)) {
            return Err(ReleaseError::Pack(format!("a value does not fit {modulus_bits} bits")));
        }
        Ok(Self { entries: Some(entries), bytes: OnceLock::new(), dimension, modulus_bits })
    }

    /// Takes every entry, and keeps it packed only: a device may hold it for a while.
    pub(super) fn dense(mut values: Vec<i64>, modulus_bits: u8) -> Result<Self, ReleaseError> {
        let bytes = pack(&values, modulus_bits).map_err(|e| ReleaseError::Pack(e.to_string()))?;
        // Erasing empties the vector: its length is taken first.
        let dimension = values.len();
        values.zeroize();
        Ok(Self { entries: None, bytes: OnceLock::from(bytes), dimension, modulus_bits })
    }

    /// The packed bytes as they go on the wire: every entry, zeros too, so that the length tells
    /// nothing about which features a person's texts hold.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get_or_init(|| {
            let width = usize::from(self.modulus_bits / 8);
            let mut bytes = vec![0; self.dimension * width];
            for &(i, k) in self.entries.iter().flatten() {
                let at = i as usize * width;
                bytes[at..at + width].copy_from_slice(&k.to_le_bytes()[..width]);
            }
            bytes
        })
    }

    /// The packed bytes, to be masked in place; no other copy stays behind.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.as_bytes();
        self.entries.zeroize();
        self.bytes.take().unwrap_or_default()
    }

    /// The entries that are not zero, for a sum in the same process; `None` if all may be.
    pub(crate) fn entries(&self) -> Option<&[(u32, i64)]> {
        self.entries.as_deref()
    }

    /// Entries of the released vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Bits of one entry.
    pub fn modulus_bits(&self) -> u8 {
        self.modulus_bits
    }

    /// SHA-256 of the packed bytes.
    pub fn sha256(&self) -> ContentHash {
        ContentHash(Sha256::digest(self.as_bytes()).into())
    }
}
