use std::fmt;

use super::{Correlation, LocalTraining, Manifest, QueryKind};
use crate::{
    defaults::{MAX_BATCH, MAX_COHORT, MAX_DEADLINE_MS, MAX_DIMENSION, MAX_EPOCHS, MAX_PARAMETER, PROTOCOL_VERSION},
    pack,
};

/// A field of a manifest is outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("manifest field {field}: expected {expected}, found {found}")]
pub struct ManifestError {
    /// The field.
    pub field: &'static str,
    /// Its range, in words.
    pub expected: &'static str,
    /// What it holds. A term of the round, never anything about a person.
    pub found: String,
}

pub(super) fn ensure(
    holds: bool,
    field: &'static str,
    expected: &'static str,
    found: impl fmt::Display + Copy,
) -> Result<(), ManifestError> {
    if holds { Ok(()) } else { Err(ManifestError { field, expected, found: found.to_string() }) }
}

/// Finite, above zero, and small enough to compute with. NaN fails every comparison.
pub(super) fn positive(field: &'static str, value: f64) -> Result<(), ManifestError> {
    ensure(value > 0.0 && value <= MAX_PARAMETER, field, "a number in (0, 1e9]", value)
}

fn not_negative(field: &'static str, value: f64) -> Result<(), ManifestError> {
    ensure((0.0..=MAX_PARAMETER).contains(&value), field, "a number in [0, 1e9]", value)
}

impl Manifest {
    /// Checks that every field is in its range and that the fields agree with each other.
    ///
    /// It says nothing about whether the terms are good: that is the policy of the device.
    pub fn validate(&self) -> Result<(), ManifestError> {
        ensure(self.protocol == PROTOCOL_VERSION, "protocol", "1", self.protocol)?;
        ensure(self.round >= 1, "round", "at least 1", self.round)?;
        ensure((1..=MAX_DEADLINE_MS).contains(&self.deadline_ms), "deadline_ms", "1 to a week", self.deadline_ms)?;
        self.validate_vector()?;
        self.validate_cohort()?;
        self.validate_privacy()?;
        self.validate_query()?;
        self.training.validate(self.query)
    }

    fn validate_vector(&self) -> Result<(), ManifestError> {
        let (dimension, bits) = (self.dimension, self.modulus_bits);
        ensure((1..=MAX_DIMENSION).contains(&dimension), "dimension", "1 to 2^24", dimension)?;
        ensure(pack::is_width(bits), "modulus_bits", "16, 24 or 32", bits)?;
        positive("clip", self.clip)?;
        // One device alone must fit: a vector may put its whole norm into one coordinate.
        ensure(
            self.clip_units >= 1 && u64::from(self.clip_units) < 1 << (bits - 1),
            "clip_units",
            "at least 1 and below 2^(modulus_bits - 1)",
            self.clip_units,
        )
    }

    fn validate_cohort(&self) -> Result<(), ManifestError> {
        ensure((1..=MAX_COHORT).contains(&self.cohort), "cohort", "1 to 2^20", self.cohort)?;
        ensure((1..=self.cohort).contains(&self.min_reports), "min_reports", "1 to cohort", self.min_reports)?;
        ensure(
            (0.0..1.0).contains(&self.corrupt_fraction),
            "corrupt_fraction",
            "a number in [0, 1)",
            self.corrupt_fraction,
        )
    }

    fn validate_privacy(&self) -> Result<(), ManifestError> {
        positive("noise_multiplier", self.noise_multiplier)?;
        if let Some(adaptive) = &self.adaptive_clip {
            adaptive.validate(self.clip, self.noise_multiplier)?;
        }
        self.correlation.validate(self.mode, self.round, self.adaptive_clip.is_some())?;
        positive("rho", self.rho)?;
        ensure(self.delta > 0.0 && self.delta < 1.0, "delta", "a number in (0, 1)", self.delta)?;
        let participations = self.max_participations;
        ensure(participations >= 1, "max_participations", "at least 1", participations)?;
        ensure(self.min_separation >= 1, "min_separation", "at least 1", self.min_separation)
    }
}

impl Manifest {
    fn validate_query(&self) -> Result<(), ManifestError> {
        let least = u8::from(self.query == QueryKind::Evaluate);
        let range = if least == 0 { "0 to 50" } else { "1 to 50" };
        ensure((least..=50).contains(&self.held_out), "held_out", range, self.held_out)?;
        // What is published of these is a figure, not a sum over rounds, and no vector is longer than its clip.
        let plain = self.query == QueryKind::Train || self.adaptive_clip.is_none();
        ensure(plain, "adaptive_clip", "none but in rounds of training", "an adaptive clip")?;
        let fresh = self.query == QueryKind::Train || self.correlation == Correlation::Independent;
        ensure(fresh, "correlation", "independent noise but in rounds of training", "a tree")
    }
}

impl LocalTraining {
    fn validate(&self, query: QueryKind) -> Result<(), ManifestError> {
        // A query without training leaves these at zero; they still have to be numbers.
        let least = u32::from(query == QueryKind::Train);
        ensure((least..=MAX_EPOCHS).contains(&self.epochs), "training.epochs", "1 to 1000", self.epochs)?;
        ensure((least..=MAX_BATCH).contains(&self.batch), "training.batch", "1 to 65536", self.batch)?;
        not_negative("training.proximal_mu", self.proximal_mu)?;
        match query {
            QueryKind::Train => positive("training.learning_rate", self.learning_rate),
            QueryKind::Evaluate | QueryKind::LabelCounts => not_negative("training.learning_rate", self.learning_rate),
        }
    }
}
