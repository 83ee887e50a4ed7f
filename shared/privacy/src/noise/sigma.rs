//! A standard deviation that a sampler can use exactly.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Parts of one: every standard deviation is a whole number of sixteenths. Small enough a power of
/// two that squares of numerators fit 128 bits, fine enough that rounding up costs at most 1/32 of
/// variance at `sigma = 4`, and nothing to speak of above.
const PARTS: u64 = 16;

/// `2^40`, in sixteenths.
const LARGEST: u64 = PARTS << 40;

/// A standard deviation is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SigmaError {
    /// Zero, negative or not a number.
    #[error("sigma: expected a positive number")]
    NotPositive,
    /// Above `2^40`, or infinite.
    #[error("sigma: expected at most 2^40")]
    TooLarge,
}

/// A standard deviation `p/16`, `0 < p/16 <= 2^40`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct DyadicSigma(u64);

impl DyadicSigma {
    /// The smallest `p/16` that is at least `sigma`: more noise than asked for, never less.
    ///
    /// # Errors
    /// When `sigma` is not above 0 and at most `2^40`.
    pub fn rounded_up(sigma: f64) -> Result<Self, SigmaError> {
        if sigma.is_nan() || sigma <= 0.0 {
            return Err(SigmaError::NotPositive);
        }
        // Multiplying by a power of two is exact, so the ceiling is the true one.
        let sixteenths = (sigma * PARTS as f64).ceil();
        if sixteenths > LARGEST as f64 {
            return Err(SigmaError::TooLarge);
        }
        Self::from_sixteenths(sixteenths as u64)
    }

    /// Exactly `sixteenths / 16`.
    ///
    /// # Errors
    /// When that is not above 0 and at most `2^40`.
    pub const fn from_sixteenths(sixteenths: u64) -> Result<Self, SigmaError> {
        match sixteenths {
            0 => Err(SigmaError::NotPositive),
            1..=LARGEST => Ok(Self(sixteenths)),
            _ => Err(SigmaError::TooLarge),
        }
    }

    /// The numerator `p` of `p/16`.
    #[must_use]
    pub const fn sixteenths(self) -> u64 {
        self.0
    }

    /// The standard deviation as a float, without rounding.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64 / PARTS as f64
    }
}

impl TryFrom<u64> for DyadicSigma {
    type Error = SigmaError;

    fn try_from(sixteenths: u64) -> Result<Self, SigmaError> {
        Self::from_sixteenths(sixteenths)
    }
}

impl From<DyadicSigma> for u64 {
    fn from(sigma: DyadicSigma) -> Self {
        sigma.0
    }
}

impl fmt::Display for DyadicSigma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{PARTS}", self.0)
    }
}
