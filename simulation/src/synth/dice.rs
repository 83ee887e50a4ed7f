//! The random draws of the generator.
//!
//! Everything is built on the 64-bit words of ChaCha8 with our own arithmetic, so that the same
//! seed gives the same population whatever the sampling code of a later `rand` does.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded source of draws.
#[derive(Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream number `stream` of `seed`; streams are independent of each other.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Uniform in `0..bound`; 0 for an empty range. The bias is below `bound / 2^64`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the phrases; empty where there is none.
    pub(super) fn pick(&mut self, from: &[&'static str]) -> &'static str {
        let index = self.below(from.len());
        from.get(index).copied().unwrap_or_default()
    }

    /// An index, drawn in proportion to the weights.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// Standard normal, by the method of Box and Muller.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Gamma with the given shape and scale 1 (Marsaglia and Tsang 2000, section 6 for shapes
    /// below 1).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let power = (1.0 - self.unit()).powf(1.0 / shape);
            return self.gamma(shape + 1.0) * power;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            let u = 1.0 - self.unit();
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// A point of the simplex with `parts` corners, symmetric with the given concentration.
    pub(super) fn dirichlet(&mut self, concentration: f64, parts: usize) -> Vec<f64> {
        let draws: Vec<f64> = (0..parts).map(|_| self.gamma(concentration)).collect();
        let total: f64 = draws.iter().sum();
        if total > 0.0 {
            return draws.into_iter().map(|draw| draw / total).collect();
        }
        vec![1.0 / parts as f64; parts]
    }

    /// Beta(a, b).
    pub(super) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(mut draw: impl FnMut() -> f64) -> f64 {
        (0..20_000).map(|_| draw()).sum::<f64>() / 20_000.0
    }

    #[test]
    fn means_are_those_of_the_distributions() {
        let mut dice = Dice::new(7, 0);
        assert!((mean(|| dice.unit()) - 0.5).abs() < 0.01);
        assert!(mean(|| dice.normal()).abs() < 0.03);
        assert!((mean(|| dice.normal().powi(2)) - 1.0).abs() < 0.04);
        assert!((mean(|| dice.gamma(0.4)) - 0.4).abs() < 0.02);
        assert!((mean(|| dice.gamma(2.5)) - 2.5).abs() < 0.05);
        assert!((mean(|| dice.beta(2.0, 2.0)) - 0.5).abs() < 0.01);
        assert!((mean(|| dice.below(10) as f64) - 4.5).abs() < 0.1);
        assert!((mean(|| dice.weighted([1.0, 0.0, 3.0].into_iter()) as f64) - 1.5).abs() < 0.03);
    }

    #[test]
    fn shares_sum_to_one() {
        let mut dice = Dice::new(7, 1);
        for _ in 0..1_000 {
            let shares = dice.dirichlet(0.4, 8);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }

    #[test]
    fn streams_differ_and_repeat() {
        let first = |stream| Dice::new(3, stream).0.next_u64();
        assert_eq!(first(0), first(0));
        assert_ne!(first(0), first(1));
    }
}
