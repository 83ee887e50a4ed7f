//! Whether probabilities mean what they say.

use serde::{Deserialize, Serialize};

/// Bins of equal width: as in Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2.
const BINS: usize = 15;

/// One bin of a reliability diagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Predictions in it.
    pub count: u64,
    /// Mean probability given to the predicted label.
    pub confidence: f64,
    /// Share of them that are right.
    pub accuracy: f64,
}

/// How far probability and frequency are apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error: the bins' distances between confidence and accuracy, weighted by their counts (Guo
    /// et al. 2017, equation 3). 0 is perfect.
    pub ece: f64,
    /// Mean over predictions of the squared distance between the probabilities and the truth (Brier 1950), 0 to 2.
    pub brier: f64,
    /// The bins that are not empty, by rising confidence.
    pub bins: Vec<Bin>,
}

/// What is counted.
#[derive(Clone, Default)]
pub(super) struct Calibrating {
    bins: [(u64, f64, u64); BINS],
    brier: f64,
}

impl Calibrating {
    /// Takes in the probabilities of the labels and the true one.
    pub(super) fn add(&mut self, p: &[f32], predicted: usize, truth: usize) {
        let confidence = f64::from(p.get(predicted).copied().unwrap_or(0.0)).clamp(0.0, 1.0);
        let bin = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let (count, sum, right) = &mut self.bins[bin];
        (*count, *sum, *right) = (*count + 1, *sum + confidence, *right + u64::from(predicted == truth));
        let squared = |(label, &p): (usize, &f32)| (f64::from(p) - f64::from(u8::from(label == truth))).powi(2);
        self.brier += p.iter().enumerate().map(squared).sum::<f64>();
    }

    pub(super) fn finish(&self) -> Calibration {
        let total: u64 = self.bins.iter().map(|bin| bin.0).sum();
        let bins: Vec<Bin> = self
            .bins
            .iter()
            .filter(|bin| bin.0 > 0)
            .map(|&(count, sum, right)| Bin {
                count,
                confidence: sum / count as f64,
                accuracy: right as f64 / count as f64,
            })
            .collect();
        let n = total.max(1) as f64;
        let ece = bins.iter().map(|bin| bin.count as f64 / n * (bin.confidence - bin.accuracy).abs()).sum();
        Calibration { ece, brier: self.brier / n, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coin_that_says_a_half_is_calibrated_and_one_that_is_sure_is_not() {
        let (mut honest, mut sure) = (Calibrating::default(), Calibrating::default());
        for i in 0..100 {
            honest.add(&[0.5, 0.5], 0, i % 2);
            sure.add(&[1.0, 0.0], 0, i % 2);
        }
        let (honest, sure) = (honest.finish(), sure.finish());
        assert_eq!((honest.ece, honest.brier, honest.bins.len()), (0.0, 0.5, 1));
        assert_eq!((sure.ece, sure.brier), (0.5, 1.0));
        assert_eq!(Calibrating::default().finish(), Calibration::default());
    }

    #[test]
    fn bins_weigh_by_their_counts() {
        let mut c = Calibrating::default();
        (0..3).for_each(|_| c.add(&[0.9, 0.1], 0, 0)); // off by 0.1
        c.add(&[0.6, 0.4], 0, 1); // off by 0.6
        let c = c.finish();
        assert!((c.ece - (0.75 * 0.1 + 0.25 * 0.6)).abs() < 1e-6, "{}", c.ece);
    }
}
