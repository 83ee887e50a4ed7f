//! The sum that is made public, and what it says.

use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

use super::Accumulator;
use crate::lanes::vectorised;
use crate::parameters::ReleaseParameters;
use crate::rotate::unrotate_padded;

/// The only thing an aggregator makes public of a round.
#[derive(Clone)]
pub struct NoisySum {
    pub(super) sum: Vec<i64>,
    pub(super) parameters: ReleaseParameters,
    pub(super) reports: u32,
    /// Draws of noise on each entry.
    pub(super) draws: u32,
    /// What a report of full weight counts: 1, or the parts that weights are out of.
    pub(super) unit: u32,
}

impl NoisySum {
    /// The sum in grid steps.
    pub fn as_grid(&self) -> &[i64] {
        &self.sum
    }

    /// Gives the memory of a sum that is used up to another, as one without an entry: [`Accumulator::reset`] it.
    pub fn recycle(mut self) -> Accumulator {
        self.sum.clear();
        Accumulator { parameters: self.parameters, sum: self.sum, reports: 0 }
    }

    /// Reports in the sum.
    pub fn reports(&self) -> u32 {
        self.reports
    }

    /// The mean update: sum over grid steps per unit, over the *planned* cohort n, turned back if
    /// the round rotates. A fixed denominator keeps the number of reports out of the result.
    pub fn mean(&self) -> Vec<f32> {
        let mut mean = self.decoded();
        mean.truncate(self.parameters.dimension());
        mean
    }

    /// With an adaptive clip: the noisy share of the reports whose norm was within it, `1/2 + S / (w m)`
    /// with S the sum of the indicators and m the number of reports. May lie outside 0 to 1.
    pub fn fraction_within_clip(&self) -> Option<f64> {
        let weight = self.parameters.indicator_weight()?;
        let mean = f64::from(*self.decoded().last()?);
        Some(0.5 + mean * f64::from(self.parameters.cohort()) / (weight * f64::from(self.reports)))
    }

    /// The public numbers of the releases in the sum.
    pub fn parameters(&self) -> &ReleaseParameters {
        &self.parameters
    }

    /// The mean of the vectors that were clipped and rounded, an indicator with them.
    fn decoded(&self) -> Vec<f32> {
        let divisor = self.divisor();
        let mut mean = vec![0.0; self.sum.len()];
        vectorised(
            #[inline(always)]
            || mean.iter_mut().zip(&self.sum).for_each(|(mean, &k)| *mean = (k as f64 / divisor) as f32),
        );
        match self.parameters.rotation() {
            Some(seed) => unrotate_padded(mean, self.parameters.entries(), seed),
            None => mean,
        }
    }

    /// The noise's standard deviation on one coordinate of [`mean`](Self::mean). Public: it
    /// follows from the manifest.
    pub fn mean_noise_sd(&self) -> f64 {
        let Ok(Some(sigma)) = self.parameters.weighted_sigma(self.unit) else { return 0.0 };
        sigma.as_f64() * f64::from(self.draws).sqrt() / self.divisor()
    }

    /// Steps of the sum in one unit of the mean.
    fn divisor(&self) -> f64 {
        self.parameters.scale() * f64::from(self.parameters.cohort()) * f64::from(self.unit)
    }

    /// SHA-256 of the sum's little-endian bytes: equal sums have equal digests.
    pub fn digest(&self) -> ContentHash {
        let mut hash = Sha256::new();
        self.sum.iter().for_each(|k| hash.update(k.to_le_bytes()));
        ContentHash(hash.finalize().into())
    }
}
