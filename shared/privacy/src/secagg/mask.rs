//! Masks: a ChaCha20 keystream read as entries of `Z_(2^b)`.
//!
//! An entry of b bits is the next b/8 bytes of the keystream, little-endian: every value of
//! `Z_(2^b)` is equally likely, the top one included. The keystream can be entered anywhere, so a
//! vector is masked chunk by chunk, in any order and on any number of threads.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::keys::Secret;

/// Bytes masked at once: whole entries of every width and whole blocks of the cipher (a multiple of
/// 192), and small enough for the first cache of a phone's core.
const CHUNK_BYTES: usize = 192 * 128;

/// How a mask enters a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

impl Sign {
    /// Of the mask of a pair, in the vector of `own`: the lower member adds, the higher subtracts.
    pub(super) fn of_pair(own: u32, peer: u32) -> Self {
        if own < peer { Self::Plus } else { Self::Minus }
    }
}

/// One mask: the seed of its keystream, and its sign.
pub(super) type Mask = (Secret, Sign);

/// Applies masks to a packed vector, on this thread, in memory for one chunk.
///
/// `bits` is 16, 24 or 32 and divides the vector into whole entries.
pub(super) fn apply(vector: &mut [u8], bits: u8, masks: &[Mask]) {
    let mut stream = Zeroizing::new(vec![0; CHUNK_BYTES]);
    for (index, chunk) in vector.chunks_mut(CHUNK_BYTES).enumerate() {
        apply_to_chunk(chunk, index, bits, masks, &mut stream);
    }
}

/// As [`apply`], on all threads of the current pool.
pub(super) fn apply_parallel(vector: &mut [u8], bits: u8, masks: &[Mask]) {
    vector.par_chunks_mut(CHUNK_BYTES).enumerate().for_each_init(
        || Zeroizing::new(vec![0; CHUNK_BYTES]),
        |stream, (index, chunk)| apply_to_chunk(chunk, index, bits, masks, stream),
    );
}

fn apply_to_chunk(chunk: &mut [u8], index: usize, bits: u8, masks: &[Mask], stream: &mut [u8]) {
    let stream = &mut stream[..chunk.len()];
    for (seed, sign) in masks {
        keystream(seed, (index * CHUNK_BYTES) as u64, stream);
        match sign {
            Sign::Plus => add(chunk, stream, bits),
            Sign::Minus => subtract(chunk, stream, bits),
        }
    }
}

/// The keystream of `seed` from byte `offset` on. A seed masks one vector once, so the nonce is
/// zero. 2^26 bytes, the longest vector, are far below the 2^38 of the counter.
fn keystream(seed: &Secret, offset: u64, out: &mut [u8]) {
    let mut cipher = ChaCha20::new((&**seed).into(), &[0; 12].into());
    cipher.seek(offset);
    cipher.write_keystream(out);
}

/// `vector += other` entry by entry, modulo 2^b. Both hold the same number of whole entries.
pub(super) fn add(vector: &mut [u8], other: &[u8], bits: u8) {
    lanes(vector, other, bits, u16::wrapping_add, u32::wrapping_add);
}

/// `vector -= other` entry by entry, modulo 2^b.
pub(super) fn subtract(vector: &mut [u8], other: &[u8], bits: u8) {
    lanes(vector, other, bits, u16::wrapping_sub, u32::wrapping_sub);
}

fn lanes(vector: &mut [u8], other: &[u8], bits: u8, narrow: impl Fn(u16, u16) -> u16, wide: impl Fn(u32, u32) -> u32) {
    debug_assert_eq!(vector.len(), other.len());
    match bits {
        16 => {
            for (a, b) in vector.as_chunks_mut().0.iter_mut().zip(other.as_chunks().0) {
                *a = narrow(u16::from_le_bytes(*a), u16::from_le_bytes(*b)).to_le_bytes();
            }
        }
        24 => {
            // Sums and differences modulo 2^32 agree modulo 2^24.
            let widen = |v: &[u8; 3]| u32::from_le_bytes([v[0], v[1], v[2], 0]);
            for (a, b) in vector.as_chunks_mut().0.iter_mut().zip(other.as_chunks().0) {
                let [x, y, z, _] = wide(widen(a), widen(b)).to_le_bytes();
                *a = [x, y, z];
            }
        }
        _ => {
            for (a, b) in vector.as_chunks_mut().0.iter_mut().zip(other.as_chunks().0) {
                *a = wide(u32::from_le_bytes(*a), u32::from_le_bytes(*b)).to_le_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests;
