//! Membership inference on the published models, read where it hurts: at few false positives.
//!
//! As in LiRA (Carlini et al. 2022) the scores of targets that were out are taken to be normal and a
//! target is called a member where its score is too high for that; the other canaries serve as the
//! shadows, because all of them are alike. The distribution is fitted on every other canary and the
//! rates are measured on those in between.

use serde::Serialize;

use super::scores::{Score, moments};
use crate::audit::interval::{lower, upper};

/// Rates of false positives, and the standard deviations that a normal distribution exceeds as rarely.
const RATES: [(f64, f64); 3] = [(0.1, 1.281_552), (0.01, 2.326_348), (0.001, 3.090_232)];

/// What the confidence, 99.9%, leaves for each bound: two rates at each of the thresholds.
const ALPHA: f64 = 1e-3 / (2 * RATES.len()) as f64;

/// Rates of one threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Membership {
    /// The rate of false positives that the threshold was set for.
    pub target: f64,
    /// Members called members.
    pub true_positives: u64,
    /// Members.
    pub members: u64,
    /// Others called members.
    pub false_positives: u64,
    /// Others.
    pub others: u64,
    /// The rate of true positives that the claim allows at the largest rate of false positives that the
    /// counts leave room for: `e^epsilon FPR + delta`.
    pub allowed: f64,
    /// The smallest rate of true positives that the counts leave room for.
    pub at_least: f64,
}

impl Membership {
    /// The rate of true positives.
    pub fn true_positive_rate(&self) -> f64 {
        self.true_positives as f64 / self.members.max(1) as f64
    }

    /// The rate of false positives.
    pub fn false_positive_rate(&self) -> f64 {
        self.false_positives as f64 / self.others.max(1) as f64
    }

    /// Whether more members are found than the claim allows, with 99.9% confidence over all thresholds
    /// together. The bounds take the canaries' scores to be independent, as they are here: their directions
    /// do not overlap, and neither does their noise.
    pub fn breaks_the_claim(&self) -> bool {
        self.at_least > self.allowed
    }
}

/// The rates at a tenth, a hundredth and a thousandth of false positives, against a claim.
pub fn membership(scores: &[Score], epsilon: f64, delta: f64) -> Vec<Membership> {
    let half = |odd: usize| scores.iter().copied().skip(odd).step_by(2).collect::<Vec<_>>();
    let (fitted, measured) = (half(0), half(1));
    let (mean, variance) = moments(&fitted, false);
    let rates = |(target, deviations): (f64, f64)| {
        let threshold = mean + deviations * variance.sqrt();
        let count = |included: bool, above: f64| {
            measured.iter().filter(|s| s.included == included && s.value > above).count() as u64
        };
        let (members, others) = (count(true, f64::NEG_INFINITY), count(false, f64::NEG_INFINITY));
        let (true_positives, false_positives) = (count(true, threshold), count(false, threshold));
        Membership {
            target,
            true_positives,
            members,
            false_positives,
            others,
            allowed: (epsilon.exp() * upper(false_positives, others, ALPHA) + delta).min(1.0),
            at_least: lower(true_positives, members, ALPHA),
        }
    };
    RATES.into_iter().map(rates).collect()
}
