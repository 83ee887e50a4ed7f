//! Why public numbers are refused.

use thiserror::Error;

/// Why a set of public numbers was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ParameterError {
    /// A field is outside its range.
    #[error("{field}: expected {expected}, found {found}")]
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// The bound on a coordinate does not fit the modulus.
    #[error("modulus_bits: a coordinate may reach {reach:.0}, which {bits} bits do not hold")]
    ModulusTooSmall {
        /// The largest magnitude a coordinate may take.
        reach: f64,
        /// The bits offered.
        bits: u8,
    },
    /// The grid of a masked release follows from the other numbers, and this is another one.
    #[error("clip_units: {expected} follow from the round's numbers, found {found}")]
    Grid {
        /// Recomputed.
        expected: u32,
        /// Stated.
        found: u32,
    },
    /// Noise from a tree asks for something else.
    #[error("noise from a tree: expected {0}")]
    Tree(&'static str),
    /// Nobody's noise is left to count on.
    #[error(
        "corrupt_fraction: of {min_reports} reports {corrupt} may be corrupt, so no honest noise is left to count on"
    )]
    NoHonestNoise {
        /// `N_min`.
        min_reports: u32,
        /// `ceil(gamma n)`.
        corrupt: u32,
    },
}
