//! [`Release`]: what may leave a device.

use std::ops::Range;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use silhouette_wire::{ContentHash, Run, pack};
use zeroize::Zeroize;

use super::{Bounded, ReleaseError};

/// A vector of integers that may leave the device: bounded, rounded, noised where the mode says
/// so, packed little-endian.
pub struct Release {
    /// `None` where noise has touched every entry.
    bounded: Option<InRuns>,
    bytes: OnceLock<Vec<u8>>,
    dimension: usize,
    modulus_bits: u8,
}

/// Integers that bear no noise yet, where they are not zero, and the bound that their squared norm obeys.
pub(crate) struct InRuns {
    pub(crate) runs: Vec<Run>,
    /// Run after run.
    pub(crate) k: Vec<i32>,
    pub(crate) bound: u128,
}

impl InRuns {
    /// The entries of the vector, one run at a time, and what they hold.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Range<usize>, &[i32])> {
        self.runs.iter().scan(&self.k[..], |rest, run| {
            let (these, after) = rest.split_at_checked(run.len as usize)?;
            *rest = after;
            Some((run.range(), these))
        })
    }
}

impl Release {
    /// Takes integers that fit `modulus_bits`; everywhere else are zeros.
    pub(super) fn sparse(
        runs: Vec<Run>,
        Bounded { k, bound }: Bounded,
        dimension: usize,
        modulus_bits: u8,
    ) -> Result<Self, ReleaseError> {
        let half = 1_i64 << (modulus_bits - 1);
        // None is longer than the whole vector.
        let fits =
            bound < u128::from(half.unsigned_abs()).pow(2) || k.iter().all(|&k| (-half..half).contains(&k.into()));
        if !fits {
            return Err(ReleaseError::Pack(format!("a value does not fit {modulus_bits} bits")));
        }
        Ok(Self { bounded: Some(InRuns { runs, k, bound }), bytes: OnceLock::new(), dimension, modulus_bits })
    }

    /// Takes every entry, and keeps it packed only: a device may hold it for a while.
    pub(super) fn dense(mut values: Vec<i64>, modulus_bits: u8) -> Result<Self, ReleaseError> {
        let bytes = pack(&values, modulus_bits).map_err(|e| ReleaseError::Pack(e.to_string()))?;
        // Erasing empties the vector: its length is taken first.
        let dimension = values.len();
        values.zeroize();
        Ok(Self { bounded: None, bytes: OnceLock::from(bytes), dimension, modulus_bits })
    }

    /// The packed bytes as they go on the wire: every entry, zeros too, so that the length tells
    /// nothing about which features a person's texts hold.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get_or_init(|| {
            let width = usize::from(self.modulus_bits / 8);
            let mut bytes = vec![0; self.dimension * width];
            for (places, k) in self.bounded.iter().flat_map(InRuns::iter) {
                for (i, k) in places.zip(k) {
                    bytes[i * width..(i + 1) * width].copy_from_slice(&k.to_le_bytes()[..width]);
                }
            }
            bytes
        })
    }

    /// The packed bytes, to be masked in place; no other copy stays behind.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.as_bytes();
        if let Some(mut bounded) = self.bounded.take() {
            bounded.k.zeroize();
        }
        self.bytes.take().unwrap_or_default()
    }

    /// The integers without noise, for a sum in the same process; `None` if there is noise on them.
    pub(crate) fn bounded(&self) -> Option<&InRuns> {
        self.bounded.as_ref()
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
