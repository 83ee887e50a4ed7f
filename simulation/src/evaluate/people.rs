//! How evenly a model does: the figures of single people, and what they look like together.

use serde::{Deserialize, Serialize};

/// One person's figures, of all of their texts that were predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonResult {
    /// Place among the people evaluated, from 0.
    pub person: usize,
    /// Texts predicted, at least 1.
    pub texts: u64,
    /// Of these, predicted right.
    pub right: u64,
    /// Whether the predicted top label is one of the person's most frequent ones.
    pub top_label_right: bool,
}

impl PersonResult {
    /// Share of the texts predicted right.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.texts as f64
    }
}

/// The accuracies of people, each weighing the same whatever the number of their texts.
///
/// The mean of the worst tenth is the fairness figure of Li et al. 2020, "Fair Resource Allocation in Federated
/// Learning" (table 1: average, worst 10 %, best 10 %, variance).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserAccuracy {
    /// People.
    pub people: usize,
    /// Mean over people.
    pub mean: f64,
    /// Mean over the worst tenth of them, rounded up to whole people.
    pub worst_decile: f64,
    /// Mean over the best tenth.
    pub best_decile: f64,
    /// Median; of an even number, between the two in the middle.
    pub median: f64,
    /// Standard deviation over people, the divisor being their number less one; 0 for a single one.
    pub sd: f64,
}

impl UserAccuracy {
    /// Of accuracies; `None` where nobody has one that is a number.
    pub fn of(accuracies: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = accuracies.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let people = sorted.len();
        if people == 0 {
            return None;
        }
        let mean_of = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (mean, tenth) = (mean_of(&sorted), people.div_ceil(10));
        let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self {
            people,
            mean,
            worst_decile: mean_of(&sorted[..tenth]),
            best_decile: mean_of(&sorted[people - tenth..]),
            median: f64::midpoint(sorted[(people - 1) / 2], sorted[people / 2]),
            sd: (squares / (people.max(2) - 1) as f64).sqrt(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_figures() {
        // 0.00, 0.05 .. 0.95: the worst tenth are two people.
        let accuracies: Vec<f64> = (0..20).rev().map(|i| f64::from(i) / 20.0).collect();
        let of = UserAccuracy::of(&accuracies).unwrap();
        assert_eq!(of.people, 20);
        for (found, expected) in [
            (of.mean, 0.475),
            (of.worst_decile, 0.025),
            (of.best_decile, 0.925),
            (of.median, 0.475),
            // sqrt(0.05^2 * 20 * 21 / 12)
            (of.sd, 0.295_803_989_154_981),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let one = UserAccuracy::of(&[0.5, f64::NAN]).unwrap();
        assert_eq!(
            one,
            UserAccuracy { people: 1, mean: 0.5, worst_decile: 0.5, best_decile: 0.5, median: 0.5, sd: 0.0 }
        );
        assert_eq!(UserAccuracy::of(&[]), None);
    }

    #[test]
    fn a_tenth_is_rounded_up_to_people() {
        // Of eleven the worst tenth are two.
        let mut accuracies = vec![1.0; 11];
        accuracies[3] = 0.0;
        assert_eq!(UserAccuracy::of(&accuracies).unwrap().worst_decile, 0.5);
    }
}
