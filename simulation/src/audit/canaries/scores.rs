//! What the published models say of each canary, and what can be read from that.

use serde::Serialize;
use silhouette_privacy::accounting::pld::PrivacyLoss;
use silhouette_privacy::accounting::{Delta, NoiseMultiplier};

/// One canary: whether it was in, and how present it looks: about 1 if it is, about 0 if not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The coin.
    pub included: bool,
    /// How far the models went its way.
    pub value: f64,
}

/// Guesses of coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Guesses {
    /// How many were guessed.
    pub made: u64,
    /// How many of those rightly.
    pub right: u64,
}

impl Guesses {
    /// Guesses that the `count / 2` highest scores were in and the `count / 2` lowest out; abstains in
    /// between.
    pub fn of(scores: &[Score], count: usize) -> Self {
        let mut order: Vec<&Score> = scores.iter().collect();
        order.sort_by(|a, b| a.value.total_cmp(&b.value));
        let side = (count / 2).min(order.len() / 2);
        let out = order.iter().take(side).filter(|score| !score.included).count();
        let inside = order.iter().rev().take(side).filter(|score| score.included).count();
        Self { made: 2 * side as u64, right: (out + inside) as u64 }
    }
}

/// Mean and variance of the scores of one kind.
pub(super) fn moments(scores: &[Score], included: bool) -> (f64, f64) {
    let of = || scores.iter().filter(|score| score.included == included).map(|score| score.value);
    let count = of().count().max(2) as f64;
    let mean = of().sum::<f64>() / count;
    (mean, of().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0))
}

/// The distance of the two means in standard deviations of a score. The noise is the same for both
/// kinds, so their variances are taken together.
pub(super) fn separation(scores: &[Score]) -> f64 {
    let ((with, a), (without, b)) = (moments(scores, true), moments(scores, false));
    (with - without).max(0.0) / (0.5 * (a + b)).sqrt().max(f64::MIN_POSITIVE)
}

/// The epsilon at delta of two normal distributions that many standard deviations apart.
pub(super) fn estimate(separation: f64, delta: Delta) -> Option<f64> {
    let z = NoiseMultiplier::new(separation.recip().min(1e9)).ok()?;
    PrivacyLoss::gaussian(z).epsilon(delta).ok().map(f64::from)
}
