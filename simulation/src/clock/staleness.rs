//! How much less an update counts when the model has moved on.

use std::fmt;
use std::str::FromStr;

use silhouette_privacy::Weight;

use crate::config::ConfigError;

/// Largest exponent, in quarters: 2.
const MOST_QUARTERS: u32 = 8;

/// The weight of an update that started `tau` versions ago, `s(tau)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// All updates count the same, `s = 1`.
    Constant,
    /// `s = (1 + tau)^(-a)` with `a` so many quarters, rounded down to 256ths ([`Weight::polynomial`]).
    Polynomial {
        /// `4 a`, 1 to 8.
        quarters: u32,
    },
}

impl Default for Staleness {
    /// FedBuff's, `1 / sqrt(1 + tau)`.
    fn default() -> Self {
        Self::Polynomial { quarters: 2 }
    }
}

impl Staleness {
    /// The weight, at most 1.
    pub fn weight(self, tau: u64) -> Weight {
        match self {
            Self::Constant => Weight::ONE,
            Self::Polynomial { quarters } => Weight::polynomial(tau, quarters),
        }
    }
}

impl fmt::Display for Staleness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => out.write_str("constant"),
            Self::Polynomial { quarters } => write!(out, "polynomial:{}", f64::from(*quarters) / 4.0),
        }
    }
}

impl FromStr for Staleness {
    type Err = ConfigError;

    /// `constant`, or `polynomial:A` with A from 0.25 to 2 in steps of 0.25.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::Setting {
            field: "staleness",
            expected: "constant, or polynomial:A with A from 0.25 to 2 in steps of 0.25".into(),
            found: text.to_owned(),
        };
        if text == "constant" {
            return Ok(Self::Constant);
        }
        let exponent: f64 = text.strip_prefix("polynomial:").and_then(|a| a.parse().ok()).ok_or_else(wrong)?;
        let quarters = exponent * 4.0;
        let whole = (1..=MOST_QUARTERS).find(|&whole| f64::from(whole) == quarters);
        whole.map(|quarters| Self::Polynomial { quarters }).ok_or_else(wrong)
    }
}
