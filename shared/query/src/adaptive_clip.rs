//! A clip that follows a quantile of the norms: the aggregator's half.
//!
//! Andrew, Thakkar, McMahan, Ramaswamy (2021), "Differentially Private Learning with Adaptive Clipping",
//! Algorithm 1. The devices' half is in `silhouette_privacy::release`. All of it is post-processing of a
//! released sum, so it costs no privacy beyond what the devices were charged.

use serde::{Deserialize, Serialize};
use silhouette_privacy::{AdaptiveClip, NoisySum};
use thiserror::Error;

/// The smallest clip: below it an update is nothing to a 32-bit model.
const SMALLEST: f64 = 1e-9;

/// Devices to one deviation of noise on their count, when nothing else is said (Andrew et al., section 3).
const DEVICES_PER_NOISE: f64 = 20.0;

/// How the clip moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdaptiveClipConfig {
    /// gamma: the share of updates that should not be clipped, in (0, 1).
    pub quantile: f64,
    /// `eta_C`: how fast the clip moves, in (0, 2].
    pub learning_rate: f64,
    /// `sigma_b`: deviation of the noise on the number of devices within the clip; n/20 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_noise: Option<f64>,
    /// The clip stays at most this: what the devices' policies allow.
    pub largest: f64,
}

impl Default for AdaptiveClipConfig {
    fn default() -> Self {
        Self { quantile: 0.5, learning_rate: 0.2, count_noise: None, largest: 100.0 }
    }
}

/// A clip that can't move.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum AdaptiveClipError {
    /// The first clip is outside what the clip may become.
    #[error("clip: expected at most adaptive_clip.largest = {largest}, found {found}")]
    First {
        /// The bound.
        largest: f64,
        /// The first clip.
        found: f64,
    },
    /// The bound makes no sense.
    #[error("adaptive_clip.largest: expected a number in (0, 1e9], found {found}")]
    Largest {
        /// What was found.
        found: f64,
    },
    /// The sum has no indicator in it.
    #[error("the round's sum says nothing about the clip")]
    NoIndicator,
}

impl AdaptiveClipConfig {
    /// What the devices are told, for rounds of `cohort` devices.
    pub fn terms(&self, cohort: u32) -> AdaptiveClip {
        let count_noise = self.count_noise.unwrap_or_else(|| f64::from(cohort) / DEVICES_PER_NOISE);
        AdaptiveClip { quantile: self.quantile, learning_rate: self.learning_rate, count_noise, largest: self.largest }
    }

    /// Checks what the terms do not hold.
    ///
    /// # Errors
    /// When the bound makes no sense, or the first clip lies above it.
    pub fn check(&self, first: f64) -> Result<(), AdaptiveClipError> {
        let largest = self.largest;
        if !(largest > 0.0 && largest <= 1e9) {
            return Err(AdaptiveClipError::Largest { found: largest });
        }
        if first > largest { Err(AdaptiveClipError::First { largest, found: first }) } else { Ok(()) }
    }

    /// The clip of the round after the one that `sums` close, one for each of its groups: `C exp(-eta_C (b
    /// - gamma))`, with b the noisy share of devices within C.
    ///
    /// A share outside 0 to 1 is noise, or somebody's lie, and is taken for 0 or 1: so no round moves the
    /// clip by more than a factor of `exp(eta_C)`. This draws quantiles very near 0 or 1 a little inwards,
    /// by less than half the noise's deviation.
    ///
    /// # Errors
    /// When a sum is not of releases with an adaptive clip, or there is none.
    pub fn next(&self, sums: &[NoisySum]) -> Result<f64, AdaptiveClipError> {
        let within = fraction_within_clip(sums).ok_or(AdaptiveClipError::NoIndicator)?.clamp(0.0, 1.0);
        let clip = sums.first().ok_or(AdaptiveClipError::NoIndicator)?.parameters().clip();
        let moved = clip * (-self.learning_rate * (within - self.quantile)).exp();
        Ok(moved.clamp(SMALLEST.min(self.largest), self.largest))
    }
}

/// The noisy share of devices within the clip, over all groups of a round: each group's by its reports.
/// `None` without sums, or if their releases have no indicator.
pub fn fraction_within_clip(sums: &[NoisySum]) -> Option<f64> {
    let reports: f64 = sums.iter().map(|sum| f64::from(sum.reports())).sum();
    let within: Option<f64> = sums.iter().map(|sum| Some(f64::from(sum.reports()) * sum.fraction_within_clip()?)).sum();
    within.filter(|_| reports > 0.0).map(|within| within / reports)
}

#[cfg(test)]
mod tests;
