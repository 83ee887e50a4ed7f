//! Shamir's secret sharing over GF(2^8), byte by byte, for secrets of 32 bytes (Shamir 1979).
//!
//! The field arithmetic and the polynomials are those of `vsss-rs`; this wrapper fixes the sizes,
//! erases what it holds, and notices shares that do not belong together.

use chacha20::ChaCha20Rng;
use subtle::ConstantTimeEq;
use thiserror::Error;
use vsss_rs::Gf256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::keys::Secret;

/// Why a secret was not shared or not put together again.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShamirError {
    /// The numbers do not fit: 2 <= t <= k <= 255.
    #[error("secret sharing: expected 2 <= threshold <= shares <= 255")]
    Numbers,
    /// There are fewer shares than the threshold.
    #[error("secret sharing: expected at least {threshold} shares, found {found}")]
    TooFew {
        /// t.
        threshold: usize,
        /// Shares offered.
        found: usize,
    },
    /// Two shares have the same coordinate, or one has the coordinate zero.
    #[error("secret sharing: a coordinate occurs twice or is zero")]
    Coordinate,
    /// The shares do not lie on one polynomial: at least one is false.
    #[error("secret sharing: the shares contradict each other")]
    Inconsistent,
}

/// The value of the polynomials at one coordinate. Erased when dropped; no `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct Share {
    pub(super) x: u8,
    pub(super) y: [u8; 32],
}

/// Shares for the coordinates 1 to `holders`; any `threshold` of them give the secret back, fewer
/// tell nothing.
pub(super) fn split(
    secret: &[u8; 32],
    threshold: u32,
    holders: usize,
    rng: &mut ChaCha20Rng,
) -> Result<Vec<Share>, ShamirError> {
    let threshold = threshold as usize;
    if threshold < 2 || threshold > holders || holders > 255 {
        return Err(ShamirError::Numbers);
    }
    let mut raw = Gf256::split_bytes(threshold, holders, secret, rng).map_err(|_| ShamirError::Numbers)?;
    let shares = raw.iter().map(|bytes| {
        let (&x, y) = bytes.split_first().ok_or(ShamirError::Numbers)?;
        Ok(Share { x, y: y.try_into().map_err(|_| ShamirError::Numbers)? })
    });
    let shares = shares.collect();
    raw.iter_mut().for_each(Zeroize::zeroize);
    shares
}

/// The secret of `shares`, of which there must be `threshold` or more.
///
/// With more than `threshold` it is computed twice, the second time with the last share in the place
/// of the last of the first ones. The two differ for certain if exactly one of those shares is
/// false: each share's weight is never zero, and differs between the two.
pub(super) fn combine(shares: &[Share], threshold: u32) -> Result<Secret, ShamirError> {
    let threshold = threshold as usize;
    if threshold < 2 {
        return Err(ShamirError::Numbers);
    }
    if shares.len() < threshold {
        return Err(ShamirError::TooFew { threshold, found: shares.len() });
    }
    let secret = interpolate(&shares[..threshold])?;
    if shares.len() > threshold {
        let last = &shares[shares.len() - 1];
        let again: Vec<Share> = shares[..threshold - 1].iter().chain([last]).cloned().collect();
        let again = interpolate(&again)?;
        if !bool::from(secret.ct_eq(&*again)) {
            return Err(ShamirError::Inconsistent);
        }
    }
    Ok(secret)
}

fn interpolate(shares: &[Share]) -> Result<Secret, ShamirError> {
    let raw: Vec<Vec<u8>> = shares.iter().map(|share| [&[share.x][..], &share.y].concat()).collect();
    let raw = Zeroizing::new(raw);
    let secret = Gf256::combine_bytes(&*raw).map_err(|_| ShamirError::Coordinate)?;
    let secret = Zeroizing::new(secret);
    Ok(Zeroizing::new(secret.as_slice().try_into().map_err(|_| ShamirError::Numbers)?))
}

#[cfg(test)]
mod tests;
