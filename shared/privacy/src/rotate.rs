//! The randomised Hadamard rotation: spreads a vector's energy evenly over its coordinates.
//!
//! `x = H D u / sqrt(d')` with `D` the diagonal of public random signs and `d'` the next power of
//! two (PRIVACY specification, section 4, step 2; Kairouz, Liu, Steinke 2021, section 3). It serves
//! the tight modulus of the masked mode; `central` and `local` have room and do not rotate.

use chacha20::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a rotation was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotateError {
    /// The rotated length is not a power of two.
    #[error("rotated vector: expected a power-of-two length, found {found}")]
    NotAPowerOfTwo {
        /// The length found.
        found: usize,
    },
    /// The original dimension does not fit the rotated vector.
    #[error("original dimension: expected at most {most}, found {found}")]
    Dimension {
        /// The rotated length.
        most: usize,
        /// The dimension asked for.
        found: usize,
    },
}

/// The public random signs `D` of a round: one bit per coordinate from ChaCha20.
fn flip_signs(x: &mut [f32], seed: u64) {
    let key: [u8; 32] =
        Sha256::new().chain_update(b"silhouette/rotation/1\0").chain_update(seed.to_le_bytes()).finalize().into();
    let mut signs = ChaCha20Rng::from_seed(key);
    for block in x.chunks_mut(64) {
        let bits = signs.next_u64();
        for (i, value) in block.iter_mut().enumerate() {
            if bits >> i & 1 == 1 {
                *value = -*value;
            }
        }
    }
}

/// The fast Walsh-Hadamard transform in place, scaled to be an isometry.
fn hadamard(x: &mut [f32]) {
    let n = x.len();
    let mut half = 1;
    while half < n {
        for block in x.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    let scale = (1.0 / (n as f64).sqrt()) as f32;
    x.iter_mut().for_each(|v| *v *= scale);
}

/// Rotates `u` of length d; the result has length `d.next_power_of_two()`.
pub fn rotate(mut u: Vec<f32>, seed: u64) -> Vec<f32> {
    u.resize(u.len().next_power_of_two(), 0.0);
    flip_signs(&mut u, seed);
    hadamard(&mut u);
    u
}

/// Undoes [`rotate`] and cuts the result to its original dimension.
///
/// # Errors
/// When the length is no power of two or `dimension` exceeds it.
pub fn unrotate(x: Vec<f32>, dimension: usize, seed: u64) -> Result<Vec<f32>, RotateError> {
    if !x.len().is_power_of_two() {
        return Err(RotateError::NotAPowerOfTwo { found: x.len() });
    }
    if dimension > x.len() {
        return Err(RotateError::Dimension { most: x.len(), found: dimension });
    }
    Ok(unrotate_padded(x, dimension, seed))
}

/// [`unrotate`] for a length that is known to be a power of two of at least `dimension`.
pub(crate) fn unrotate_padded(mut x: Vec<f32>, dimension: usize, seed: u64) -> Vec<f32> {
    hadamard(&mut x);
    flip_signs(&mut x, seed);
    x.truncate(dimension);
    x
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rotation_is_an_isometry_with_an_inverse(u in prop::collection::vec(-10.0_f32..10.0, 1..300), seed: u64) {
            let norm = |v: &[f32]| v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let x = rotate(u.clone(), seed);
            prop_assert!((norm(&x) - norm(&u)).abs() <= 1e-5 * norm(&u).max(1.0));
            let back = unrotate(x, u.len(), seed).unwrap();
            for (a, b) in u.iter().zip(&back) {
                prop_assert!((a - b).abs() <= 1e-4);
            }
        }
    }

    #[test]
    fn one_spike_is_spread_evenly() {
        let mut u = vec![0.0; 1024];
        u[17] = 1.0;
        let x = rotate(u, 5);
        assert!(x.iter().all(|v| (v.abs() - 1.0 / 32.0).abs() < 1e-6));
    }

    #[test]
    fn wrong_lengths_are_refused() {
        assert_eq!(unrotate(vec![0.0; 3], 3, 1), Err(RotateError::NotAPowerOfTwo { found: 3 }));
        assert_eq!(unrotate(vec![0.0; 4], 5, 1), Err(RotateError::Dimension { most: 4, found: 5 }));
    }
}
