//! The random draws of a partition: the same bits on every machine.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

/// A stream of draws.
pub(super) struct Draws(ChaCha20Rng);

impl Draws {
    /// The stream of one purpose and number under a seed; streams are independent of each other.
    pub(super) fn new(seed: u64, purpose: &str, number: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"silhouette partition\0");
        hash.update(seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(purpose.as_bytes());
        Self(ChaCha20Rng::from_seed(hash.finalize().into()))
    }

    /// Uniform in `0..bound`; 0 for an empty range. The bias is below `bound / 2^64`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for i in (1..all.len()).rev() {
            all.swap(i, self.below(i + 1));
        }
    }

    /// A place, drawn in proportion to weights of which `sums` are the running sums.
    pub(super) fn pick(&mut self, sums: &[f64]) -> usize {
        let at = self.unit() * sums.last().copied().unwrap_or(0.0);
        // A place without weight has the sum of the one before and is never the first beyond.
        sums.partition_point(|&sum| sum <= at).min(sums.len().saturating_sub(1))
    }

    /// Standard normal, by Marsaglia's polar method.
    fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }

    /// The logarithm of a Gamma variate of this shape and scale 1 (Marsaglia and Tsang 2000, ACM TOMS 26(3),
    /// figure 1; its section 6 for shapes below 1, `G(a) = G(a + 1) U^(1/a)`). As a logarithm, because for a shape
    /// of 0.001 the variate itself is mostly too small for a float.
    fn ln_gamma_variate(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.ln_gamma_variate(shape + 1.0) + libm::log(1.0 - self.unit()) / shape;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let ln_v = 3.0 * libm::log(root);
            if libm::log(1.0 - self.unit()) < 0.5 * x * x + d - d * v + d * ln_v {
                return libm::log(d) + ln_v;
            }
        }
    }

    /// Shares that add up to 1, Dirichlet with these concentrations, all above 0: Gamma variates over their sum.
    pub(super) fn dirichlet(&mut self, concentrations: &[f64]) -> Vec<f64> {
        let logs: Vec<f64> = concentrations.iter().map(|&shape| self.ln_gamma_variate(shape)).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut shares: Vec<f64> = logs.iter().map(|log| libm::exp(log - largest)).collect();
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total);
        shares
    }
}

/// The running sums of weights.
pub(super) fn sums(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut total = 0.0;
    let running = weights.map(|weight| {
        total += weight;
        total
    });
    running.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of so many draws.
    fn moments(n: usize, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let all: Vec<f64> = (0..n).map(|_| draw()).collect();
        let mean = all.iter().sum::<f64>() / n as f64;
        (mean, all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1) as f64)
    }

    #[test]
    fn a_gamma_variate_has_its_mean_and_variance() {
        for (number, shape) in [0.05, 0.3, 1.0, 2.5, 40.0].into_iter().enumerate() {
            let mut draws = Draws::new(7, "gamma", number as u64);
            let n = 100_000;
            let (mean, variance) = moments(n, || draws.ln_gamma_variate(shape).exp());
            // Both are the shape. Five standard errors; the fourth central moment is 3 a^2 + 6 a.
            let far = 5.0 * (shape / n as f64).sqrt();
            assert!((mean - shape).abs() < far, "{shape}: mean {mean}");
            let far = 5.0 * ((2.0 * shape * shape + 6.0 * shape) / n as f64).sqrt();
            assert!((variance - shape).abs() < far, "{shape}: variance {variance}");
        }
    }

    #[test]
    fn the_logarithm_of_a_tiny_shapes_variate_has_its_mean() {
        // E ln G(a) is the digamma function: psi(0.001) = -1000.5755719 (Abramowitz and Stegun 6.3.5 and 6.3.14),
        // with variance psi'(a), about 1/a^2 + pi^2/6.
        let mut draws = Draws::new(7, "tiny", 0);
        let n = 40_000;
        let (mean, variance) = moments(n, || draws.ln_gamma_variate(0.001));
        assert!((mean + 1_000.575_571_9).abs() < 5.0 * 1_000.0 / (n as f64).sqrt(), "{mean}");
        assert!((variance / 1e6 - 1.0).abs() < 0.08, "{variance}");
    }

    #[test]
    fn dirichlet_shares_have_their_means_and_variances() {
        let concentrations = [0.02, 0.5, 1.0, 3.0];
        let total: f64 = concentrations.iter().sum();
        let mut draws = Draws::new(7, "dirichlet", 0);
        let n = 50_000;
        let all: Vec<Vec<f64>> = (0..n).map(|_| draws.dirichlet(&concentrations)).collect();
        assert!(all.iter().all(|shares| (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        for (k, a) in concentrations.iter().enumerate() {
            let mut each = all.iter().map(|shares| shares[k]);
            let (mean, variance) = moments(n, || each.next().unwrap());
            let (m, v) = (a / total, a * (total - a) / (total * total * (total + 1.0)));
            assert!((mean - m).abs() < 5.0 * (v / n as f64).sqrt(), "{a}: {mean} for {m}");
            assert!((variance / v - 1.0).abs() < 0.1, "{a}: {variance} for {v}");
        }
    }

    #[test]
    fn a_place_without_weight_is_never_picked() {
        let mut draws = Draws::new(7, "pick", 0);
        let running = sums([0.0, 2.0, 0.0, 6.0, 0.0].into_iter());
        let mut counts = [0; 5];
        (0..8_000).for_each(|_| counts[draws.pick(&running)] += 1);
        assert_eq!((counts[0], counts[2], counts[4]), (0, 0, 0));
        assert!((1_800..2_200).contains(&counts[1]), "{counts:?}");
    }

    #[test]
    fn draws_are_pinned() {
        // Any change of these changes everybody's partitions.
        let mut draws = Draws::new(7, "pinned", 1);
        let bits = [draws.normal(), draws.ln_gamma_variate(0.1), draws.ln_gamma_variate(3.0)].map(f64::to_bits);
        assert_eq!((draws.below(1_000), bits), (724, [4611496739724974524, 13835095800879979634, 4604145783194331357]));
    }
}
