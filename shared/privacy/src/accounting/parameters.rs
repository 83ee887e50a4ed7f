//! Validated numbers: a value of one of these types is always inside its range.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A number is outside the range of its type, or is not a number at all.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The number lies outside the range.
    #[error("{name}: expected {expected}, found {found}")]
    OutOfRange {
        /// What the number stands for.
        name: &'static str,
        /// The range, in words.
        expected: &'static str,
        /// The number that was given.
        found: f64,
    },
    /// The text does not hold a number.
    #[error("{name}: expected {expected}, found text that is not a number")]
    NotANumber {
        /// What the number stands for.
        name: &'static str,
        /// The range, in words.
        expected: &'static str,
    },
}

/// One validated `f64` newtype: range check, access, text and serde, all through `new`.
macro_rules! parameter {
    ($(#[$doc:meta])* $name:ident, $label:literal, $expected:literal, |$x:ident| $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            #[doc = concat!("Accepts ", $expected, ".")]
            ///
            /// # Errors
            /// [`ParameterError::OutOfRange`] for anything else, `NaN` and infinities included.
            pub fn new($x: f64) -> Result<Self, ParameterError> {
                if $valid {
                    Ok(Self($x))
                } else {
                    let (name, expected, found) = ($label, $expected, $x);
                    Err(ParameterError::OutOfRange { name, expected, found })
                }
            }

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = ParameterError;

            fn try_from(value: f64) -> Result<Self, ParameterError> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl FromStr for $name {
            type Err = ParameterError;

            fn from_str(text: &str) -> Result<Self, ParameterError> {
                let (name, expected) = ($label, $expected);
                let value = text
                    .trim()
                    .parse()
                    .map_err(|_| ParameterError::NotANumber { name, expected })?;
                Self::new(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

parameter!(
    /// `epsilon` of (epsilon, delta)-differential privacy, in natural logarithms.
    Epsilon,
    "epsilon",
    "a positive, finite number",
    |x| x.is_finite() && x > 0.0
);

parameter!(
    /// `delta` of (epsilon, delta)-differential privacy.
    Delta,
    "delta",
    "a number above 0 and below 1",
    |x| x > 0.0 && x < 1.0
);

parameter!(
    /// `rho` of zero-concentrated differential privacy (BS16, Definition 1.1). Zero means that
    /// nothing was sent yet.
    Rho,
    "rho",
    "a number between 0 and 1e100",
    |x| (0.0..=1e100).contains(&x)
);

parameter!(
    /// `z`: standard deviation of the noise over the L2 sensitivity.
    NoiseMultiplier,
    "noise multiplier",
    "a number between 1e-6 and 1e9",
    |x| (1e-6..=1e9).contains(&x)
);

parameter!(
    /// `q`: the probability with which a user takes part in one round.
    SamplingRate,
    "sampling rate",
    "a number above 0, at most 1",
    |x| x > 0.0 && x <= 1.0
);

impl Epsilon {
    /// A computed bound as an epsilon: one at or below zero becomes the smallest positive number,
    /// one that is not a number the largest.
    pub(super) fn from_bound(bound: f64) -> Self {
        let bound = if bound.is_nan() { f64::MAX } else { bound };
        Self(bound.clamp(f64::MIN_POSITIVE, f64::MAX))
    }
}

impl Rho {
    /// Nothing spent.
    pub const ZERO: Self = Self(0.0);

    /// A computed bound as a `rho`; whatever leaves the range costs the most a `rho` can hold.
    pub(super) fn from_bound(bound: f64) -> Self {
        let bound = if bound.is_nan() { f64::MAX } else { bound };
        Self(bound.clamp(0.0, 1e100))
    }
}

impl SamplingRate {
    /// Every user takes part in every round: no amplification.
    pub const EVERYONE: Self = Self(1.0);
}

/// Which pairs of data sets must look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Adjacency {
    /// One user's messages are replaced by zeros ("zero-out"); the number of users is public.
    AddOrRemoveUser,
    /// One user's messages are replaced by those of any other user.
    ReplaceUser,
}

impl Adjacency {
    /// The largest L2 distance between neighbouring sums, in units of one user's norm bound.
    #[must_use]
    pub const fn sensitivity_factor(self) -> f64 {
        match self {
            Self::AddOrRemoveUser => 1.0,
            Self::ReplaceUser => 2.0,
        }
    }
}

impl fmt::Display for Adjacency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AddOrRemoveUser => "add or remove one user (zero-out)",
            Self::ReplaceUser => "replace one user",
        })
    }
}
