//! The public terms of one secure aggregation.

use silhouette_wire::manifest::Manifest;
use silhouette_wire::{ContentHash, TaskId};
use thiserror::Error;

use super::graph::{COMPLETE_UP_TO, GraphError, GraphParameters, Load, MAX_DEGREE};

/// Whom a round is protected against, beside the corrupt share of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adversary {
    /// An aggregator that follows the protocol and keeps what it sees.
    Curious,
    /// One that may lie about who survived, after an honest start (Bell et al. 2020, section 4).
    SemiMalicious,
    /// One that may lie about everything but the enrolment: signed adverts, a consistency round
    /// and the complete graph (Bonawitz et al. 2017, section 6.2).
    Active,
}

/// Milliseconds on the clock of whoever drives the state machine.
pub type Millis = u64;

/// A field of the terms is outside its range.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{field}: expected {expected}, found {found}")]
pub struct TermsError {
    /// The field.
    pub field: &'static str,
    /// What is accepted, in words.
    pub expected: &'static str,
    /// What was found; a term of the round, nothing about a person.
    pub found: String,
}

/// What both sides of a secure aggregation know beforehand.
///
/// Aggregator and devices take them from the same signed manifest. Where they differ nevertheless,
/// the devices' shares do not open and the round ends without a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The task.
    pub task: TaskId,
    /// The round.
    pub round: u64,
    /// Hash of the signed manifest: the salt of every key.
    pub manifest: ContentHash,
    /// d: entries of the vector, 1 to 2^24.
    pub dimension: usize,
    /// b: bits of an entry, 16, 24 or 32. Sums are taken modulo 2^b.
    pub modulus_bits: u8,
    /// n: devices invited, at most 2^20.
    pub cohort: u32,
    /// `N_min`: fewest survivors of whom a sum is revealed. The room between it and the members is
    /// the dropout that degree and threshold allow for.
    pub min_reports: u32,
    /// gamma: share of the cohort that may collude with the aggregator, in [0, 1).
    pub corrupt_fraction: f64,
    /// Whom the round is protected against.
    pub adversary: Adversary,
    /// Degree and threshold, where the operator fixes them; otherwise they follow from the rates.
    pub graph: Option<GraphParameters>,
    /// The round is over after this time.
    pub deadline: Millis,
}

impl Terms {
    /// The terms that a manifest implies; `hash` is that of the signed manifest, `deadline` is on
    /// the caller's clock.
    pub fn of_manifest(manifest: &Manifest, hash: ContentHash, adversary: Adversary, deadline: Millis) -> Self {
        Self {
            task: manifest.task.clone(),
            round: manifest.round,
            manifest: hash,
            dimension: manifest.dimension as usize,
            modulus_bits: manifest.modulus_bits,
            cohort: manifest.cohort,
            min_reports: manifest.min_reports,
            corrupt_fraction: manifest.corrupt_fraction,
            adversary,
            graph: None,
            deadline,
        }
    }

    /// Bytes of a packed vector.
    pub fn byte_len(&self) -> usize {
        self.dimension * usize::from(self.modulus_bits / 8)
    }

    /// Members that may collude with the aggregator: the share of the whole cohort, rounded up, as
    /// nobody knows which of the invited dropped out.
    pub fn corrupt(&self) -> u32 {
        // A rate such as 0.1 is not exact; without the margin 0.1 of 30 would be 4.
        (self.corrupt_fraction * f64::from(self.cohort) - 1e-9).ceil().max(0.0) as u32
    }

    /// Checks every range.
    ///
    /// # Errors
    /// Names the first field that is out of range. A sum must cover at least two honest members,
    /// as the sum over one is its input; and a survivor needs two neighbours to share a secret.
    pub fn validate(&self) -> Result<(), TermsError> {
        let check = |ok: bool, field, expected, found: String| {
            if ok { Ok(()) } else { Err(TermsError { field, expected, found }) }
        };
        let dimensions = 1..=crate::parameters::MAX_DIMENSION;
        check(dimensions.contains(&self.dimension), "dimension", "1 to 2^24", self.dimension.to_string())?;
        let bits = self.modulus_bits;
        check(matches!(bits, 16 | 24 | 32), "modulus_bits", "16, 24 or 32", bits.to_string())?;
        let cohort = self.cohort;
        check((3..=1 << 20).contains(&cohort), "cohort", "3 to 2^20", cohort.to_string())?;
        let gamma = self.corrupt_fraction;
        check((0.0..1.0).contains(&gamma), "corrupt_fraction", "a number in [0, 1)", gamma.to_string())?;
        check(
            self.min_reports <= cohort && self.min_reports >= (self.corrupt() + 2).max(3),
            "min_reports",
            "at least 3 and two more than may be corrupt, at most the cohort",
            self.min_reports.to_string(),
        )
    }

    /// Degree and threshold for this many members.
    ///
    /// # Errors
    /// When none serve the rates, or the fixed ones do not protect against the adversary.
    pub fn graph_parameters(&self, members: u32) -> Result<GraphParameters, GraphError> {
        let load = Load { members, corrupt: self.corrupt(), dropped: members.saturating_sub(self.min_reports) };
        let active = self.adversary == Adversary::Active;
        if active && members > MAX_DEGREE + 1 {
            return Err(GraphError::TooManyForActive { members });
        }
        let Some(fixed) = self.graph else {
            return if active || members <= COMPLETE_UP_TO {
                GraphParameters::of_complete(load, self.adversary)
            } else {
                GraphParameters::of_ring(load, self.adversary)
            };
        };
        let infeasible = Err(GraphError::Infeasible { members });
        let complete = fixed.degree + 1 >= members;
        let found = GraphParameters { degree: fixed.degree.min(members.saturating_sub(1)), ..fixed };
        if found.threshold < 2 || found.threshold > found.degree || !(complete || found.degree.is_multiple_of(2)) {
            return infeasible;
        }
        let lies = self.adversary != Adversary::Curious;
        if (active && !complete) || (lies && 2 * found.threshold <= found.degree + load.corrupt) {
            return infeasible;
        }
        Ok(found)
    }
}
