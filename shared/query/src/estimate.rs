//! A figure with what the noise makes of it.

use serde::{Deserialize, Serialize};
use silhouette_privacy::NoisySum;

/// How many standard errors lie on each side of a figure in 95 of 100 cases, if it is normally distributed.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// A public figure about the people who took part, and its standard error: what the noise, which is public,
/// and the rounding make of it. It says nothing about people who did not take part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure as it follows from the noisy sum; noise may take a share below 0 or above 1.
    pub value: f64,
    /// Its standard error: exact for sums; to first order for quotients (the delta method).
    pub standard_error: f64,
}

impl Estimate {
    /// A share as it is shown to people: within 0 to 1. Never compute with it.
    pub fn shown(&self) -> f64 {
        self.value.clamp(0.0, 1.0)
    }

    /// The interval that holds the true figure in 95 of 100 cases.
    pub fn interval_95(&self) -> (f64, f64) {
        let half = NORMAL_95 * self.standard_error;
        (self.value - half, self.value + half)
    }
}

/// Noisy sums over all groups of a round, added up.
pub(crate) struct Total {
    /// Sum of everybody's vectors.
    pub(crate) sum: Vec<f64>,
    /// Standard deviation of noise and rounding on each entry.
    pub(crate) sd: f64,
}

impl Total {
    /// Adds groups up; `None` where their vectors are of another length than `entries`, or there are none.
    pub(crate) fn of(sums: &[NoisySum], entries: usize) -> Option<Self> {
        let (mut sum, mut variance) = (vec![0.0; entries], 0.0);
        for group in sums {
            let (parameters, mean) = (group.parameters(), group.mean());
            if mean.len() != entries {
                return None;
            }
            let cohort = f64::from(parameters.cohort());
            sum.iter_mut().zip(&mean).for_each(|(all, &v)| *all += f64::from(v) * cohort);
            // Each device rounds each entry up or down at random: at most a quarter of a squared grid step.
            let rounding = f64::from(group.reports()) / (2.0 * parameters.scale()).powi(2);
            variance += (group.mean_noise_sd() * cohort).powi(2) + rounding;
        }
        (!sums.is_empty()).then(|| Self { sum, sd: variance.sqrt() })
    }
}
