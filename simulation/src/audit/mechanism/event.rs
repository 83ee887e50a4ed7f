//! From log-likelihood ratios to a bound on epsilon.

use super::CONFIDENCE;
use crate::audit::interval::{lower, upper};

/// An event, and what it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) threshold: f64,
    /// Whether the ratio is at or above the threshold, which speaks for the person's presence; else below.
    pub(super) present: bool,
    pub(super) epsilon: f64,
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) measured: u64,
}

impl Event {
    fn holds(&self, ratio: f64) -> bool {
        if self.present { ratio >= self.threshold } else { ratio <= self.threshold }
    }

    /// The same event measured on these runs.
    fn measured(mut self, absent: &[f64], present: &[f64], delta: f64) -> Self {
        let count = |runs: &[f64]| runs.iter().filter(|&&ratio| self.holds(ratio)).count() as u64;
        let (with, without) = (count(present), count(absent));
        (self.hits, self.misses) = if self.present { (with, without) } else { (without, with) };
        self.measured = absent.len().min(present.len()) as u64;
        self.epsilon = epsilon(self.hits, self.misses, self.measured, delta);
        self
    }
}

/// `ln((P1 - delta) / P0)` with P1 bounded from below and P0 from above, each with half of what the
/// confidence leaves.
pub(crate) fn epsilon(hits: u64, misses: u64, of: u64, delta: f64) -> f64 {
    let alpha = (1.0 - CONFIDENCE) / 2.0;
    let gain = lower(hits, of, alpha) - delta;
    if gain <= 0.0 { 0.0 } else { (gain / upper(misses, of, alpha)).ln().max(0.0) }
}

/// Chooses the event on the first half of each world's runs and measures it on the second.
pub(super) fn bound(absent: &[f64], present: &[f64], delta: f64) -> Event {
    let half = absent.len().min(present.len()) / 2;
    let (choose, measure) = ((&absent[..half], &present[..half]), (&absent[half..2 * half], &present[half..2 * half]));
    let mut best = Event { threshold: 0.0, present: true, epsilon: -1.0, hits: 0, misses: 0, measured: 0 };
    for side in [true, false] {
        // Thresholds which this many of the likelier world's runs pass, in steps of a twentieth.
        let mut passing = sorted(if side { choose.1 } else { choose.0 });
        if side {
            passing.reverse();
        }
        let mut count = 10.0_f64;
        while (count as usize) < passing.len() {
            let threshold = passing[count as usize];
            let event = Event { threshold, present: side, ..best }.measured(choose.0, choose.1, delta);
            if event.epsilon > best.epsilon {
                best = event;
            }
            count = (count * 1.05).max(count + 1.0);
        }
    }
    best.measured(measure.0, measure.1, delta)
}

fn sorted(runs: &[f64]) -> Vec<f64> {
    let mut sorted = runs.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
