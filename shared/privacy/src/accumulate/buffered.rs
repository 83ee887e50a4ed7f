//! The sum of a buffer whose updates weigh less the staler they are.

use silhouette_wire::Mode;
use thiserror::Error;

use super::{Accumulator, FinishError, NoisySum};
use crate::lanes::vectorised;
use crate::noise::{NoiseSource, SigmaError};
use crate::parameters::ReleaseParameters;

/// Weights are whole numbers out of this: 2^8. Rounding one down to it costs less than 1/256 of the update.
const UNIT: u32 = 1 << 8;

/// What an update counts: `parts / 256`, from 0 to 1. There is no larger weight, which is what the noise of a
/// [`BufferedSum`] rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u32);

impl Weight {
    /// The whole update.
    pub const ONE: Self = Self(UNIT);

    /// `parts / 256`; `None` above 1.
    #[must_use]
    pub const fn new(parts: u32) -> Option<Self> {
        if parts <= UNIT { Some(Self(parts)) } else { None }
    }

    /// The weight `(1 + staleness)^(-quarters / 4)`, rounded down: the largest `w` with
    /// `w^4 (1 + staleness)^quarters <= 256^4`. Integers alone, so it is the same everywhere and never above the root.
    ///
    /// FedBuff (Nguyen et al. 2022, section 5) takes `1 / sqrt(1 + staleness)`, two quarters; the family is FedAsync's
    /// (Xie, Koyejo, Gupta 2019, section 5.2).
    #[must_use]
    pub fn polynomial(staleness: u64, quarters: u32) -> Self {
        let age = u128::from(staleness) + 1;
        let fits = |w: u32| {
            let room = u128::from(UNIT).pow(4).checked_div(u128::from(w).pow(4)).unwrap_or(u128::MAX);
            // Too large a number for 128 bits does not fit either.
            age.checked_pow(quarters).is_some_and(|aged| aged <= room)
        };
        Self((1..=UNIT).rev().find(|&w| fits(w)).unwrap_or(0))
    }

    /// Parts out of 256.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// As a number from 0 to 1.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(UNIT)
    }
}

/// Releases that no weighted sum is made of.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BufferError {
    /// Only an aggregator that sees the vectors can weigh them before the noise.
    #[error("weighted sum: expected mode central, found {0}")]
    Mode(Mode),
    /// Noise of a tree is that of sums of equal weight.
    #[error("weighted sum: expected independent noise, found a tree's")]
    Tree,
    /// The count that moves the clip would be weighted too.
    #[error("weighted sum: expected one clip norm, found an adaptive one")]
    AdaptiveClip,
    /// A part of other parameters.
    #[error("weighted sum: expected a part of the same release, found one of another")]
    OtherRelease,
    /// The noise's deviation.
    #[error(transparent)]
    Sigma(#[from] SigmaError),
}

/// A weighted sum `sum w_i k_i` of releases, `w_i` in 256ths, closed with one draw of noise (FedBuff: Nguyen et al.
/// 2022, "Federated Learning with Buffered Asynchronous Aggregation", Algorithm 1, with noise on the buffer).
///
/// Unit: the user. Neighbours: one user's vector is replaced by zeros; who takes part, when, and how stale is public
/// and the same in both. A user is in a buffer at most once. Each `k_i` passed the exact norm check when it was folded,
/// `|k_i| <= Delta2`, and a [`Weight`] is at most 256 parts, so the two sums differ by a vector of norm
/// `w_i |k_i| <= 256 Delta2`: that is the sensitivity, whatever the staleness. [`finish`](Self::finish) adds discrete
/// Gaussian noise of deviation `z 256 Delta2` to every entry, so a buffer costs `1 / (2 z^2)`, what a round without
/// weights costs and what the device was told. A stale update costs its user no less for counting less.
#[derive(Clone)]
pub struct BufferedSum {
    parameters: ReleaseParameters,
    sum: Vec<i64>,
    reports: u32,
}

impl BufferedSum {
    /// An empty sum, in 256ths of grid steps.
    ///
    /// # Errors
    /// Outside mode `central`, with a tree of noise or an adaptive clip, or when the noise would be beyond `2^40`.
    pub fn new(parameters: ReleaseParameters) -> Result<Self, BufferError> {
        if parameters.mode() != Mode::Central {
            return Err(BufferError::Mode(parameters.mode()));
        }
        if parameters.tree().is_some() {
            return Err(BufferError::Tree);
        }
        if parameters.adaptive_clip().is_some() {
            return Err(BufferError::AdaptiveClip);
        }
        parameters.weighted_sigma(UNIT)?;
        Ok(Self { sum: vec![0; parameters.released_len()], parameters, reports: 0 })
    }

    /// Adds releases of one staleness, which were folded one by one.
    ///
    /// # Errors
    /// When they are of another release. That both together are at most a cohort is for [`finish`](Self::finish).
    pub fn add(&mut self, part: &Accumulator, weight: Weight) -> Result<(), BufferError> {
        if part.parameters != self.parameters {
            return Err(BufferError::OtherRelease);
        }
        let weight = i64::from(weight.0);
        vectorised(
            #[inline(always)]
            || {
                // |k| < 2^15 in mode central on its own grid, below 2^31 on any: the sum of fewer than 2^24 of these in
                // 256ths stays inside. Should that ever stop being so, it must not wrap.
                self.sum
                    .iter_mut()
                    .zip(&part.sum)
                    .for_each(|(sum, &k)| *sum = sum.saturating_add(k.saturating_mul(weight)));
            },
        );
        self.reports = self.reports.saturating_add(part.reports);
        Ok(())
    }

    /// Reports so far.
    pub fn reports(&self) -> u32 {
        self.reports
    }

    /// Closes the sum with noise of deviation `z 256 Delta2`, drawn by up to `threads` threads. The mean divides by
    /// 256 and by the planned number of reports, not by the sum of the weights: as in FedBuff, stale buffers make
    /// shorter steps.
    ///
    /// # Errors
    /// With fewer than `N_min` reports or more than the cohort, or when the noise source fails.
    pub fn finish(mut self, threads: usize, source: &mut dyn NoiseSource) -> Result<NoisySum, FinishError> {
        let expected = self.parameters.min_reports();
        if self.reports < expected {
            return Err(FinishError::TooFewReports { expected, found: self.reports });
        }
        if self.reports > self.parameters.cohort() {
            return Err(FinishError::TooManyReports { most: self.parameters.cohort(), found: self.reports });
        }
        // Checked when the sum was made: a deviation that can't be had must not mean none.
        if let Some(sigma) = self.parameters.weighted_sigma(UNIT).map_err(|e| FinishError::Noise(e.into()))? {
            source.add_on(threads, sigma, &mut self.sum)?;
        }
        Ok(NoisySum { sum: self.sum, parameters: self.parameters, reports: self.reports, draws: 1, unit: UNIT })
    }
}

#[cfg(test)]
mod tests;
