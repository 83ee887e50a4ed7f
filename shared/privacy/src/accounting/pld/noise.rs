//! Probability masses of integer noise, and dominating pairs of integer mechanisms.
//!
//! CKS20: Canonne, Kamath, Steinke 2020. AKL21: Agarwal, Kairouz, Liu, "The Skellam Mechanism for
//! Differentially Private Federated Learning", NeurIPS 2021.

use super::buckets::Buckets;

/// Where tails are cut, in standard deviations: 2 exp(-13^2 / 2) = 4e-37 lies beyond (CKS20,
/// Corollary 9: a discrete Gaussian has the tails of a Gaussian).
const REACH: f64 = 13.0;

/// The largest support, and the most multiplications for a convolution.
pub(super) const LARGEST_SUPPORT: f64 = 4e6;
const LARGEST_WORK: f64 = 4e9;

/// Symmetric noise on the integers: `masses[w + k]` at `k`, `-w <= k <= w`, and what is left out.
#[derive(Debug, Clone)]
pub(super) struct Noise {
    masses: Vec<f64>,
    lost: f64,
}

impl Noise {
    /// `N_Z(0, sigma^2)`, enough of it for a shift by `sensitivity`; `None` if that is too much.
    pub(super) fn discrete_gaussian(sigma: f64, sensitivity: f64) -> Option<Self> {
        let w = (REACH * sigma).ceil() + sensitivity;
        (w < LARGEST_SUPPORT).then(|| Self {
            masses: normalised(w as i64, |k| (-0.5 * (k / sigma) * (k / sigma)).exp()),
            lost: 2.0 * (-0.5 * (w / sigma) * (w / sigma)).exp(),
        })
    }

    /// The sum of `n` independent `N_Z(0, sigma^2)`, by repeated squaring with positive terms only, so
    /// that tails keep their digits. Cut sums miss at most the tails of what was cut; `None` if this
    /// would take too long.
    pub(super) fn sum_of_discrete_gaussians(n: u64, sigma: f64, sensitivity: f64) -> Option<Self> {
        let reach = |m: u64| (REACH * sigma * (m as f64).sqrt()).ceil() + sensitivity + 2.0;
        let widest = 2.0 * reach(n) + 1.0;
        if widest * widest * 4.0 > LARGEST_WORK {
            return None;
        }
        let mut sum = Self::discrete_gaussian(sigma, sensitivity)?;
        let one = sum.clone();
        let mut m = 1;
        for bit in (0..n.ilog2()).rev() {
            sum = sum.plus(&sum, reach(2 * m) as usize);
            m *= 2;
            if n >> bit & 1 == 1 {
                sum = sum.plus(&one, reach(m + 1) as usize);
                m += 1;
            }
        }
        Some(sum)
    }

    /// `Skellam(mu, mu)` with `variance = 2 mu`: `exp(-2 mu) I_|k|(2 mu)` (AKL21, section 2), by Miller's
    /// downward recurrence `I_(k-1) = I_(k+1) + (k / mu) I_k`.
    pub(super) fn skellam(variance: f64, sensitivity: f64) -> Option<Self> {
        let start = 16.0 * variance.sqrt() + 200.0 + sensitivity;
        if start >= LARGEST_SUPPORT {
            return None;
        }
        let start = start as usize;
        let mut half = vec![0.0; start + 2];
        half[start] = 1e-290;
        for k in (1..=start).rev() {
            half[k - 1] = half[k + 1] + 2.0 * k as f64 / variance * half[k];
            if half[k - 1] > 1e290 {
                half[k - 1..].iter_mut().for_each(|mass| *mass *= 1e-280);
            }
        }
        // Ratios of neighbours fall with k, so the first that is left out bounds all the rest.
        let w = half.iter().position(|&mass| mass < half[0] * 1e-38).unwrap_or(start).max(1) + sensitivity as usize;
        let w = w.min(start);
        let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
        Some(Self {
            masses: (-(w as i64)..=w as i64).map(|k| half[k.unsigned_abs() as usize] / sum).collect(),
            lost: 4.0 * half[w + 1..].iter().sum::<f64>() / sum + 1e-60,
        })
    }

    fn plus(&self, other: &Self, w: usize) -> Self {
        let (a, b) = (self.masses.len() / 2, other.masses.len() / 2);
        let mut whole = vec![0.0; self.masses.len() + other.masses.len() - 1];
        for (i, &x) in self.masses.iter().enumerate() {
            whole[i..i + other.masses.len()].iter_mut().zip(&other.masses).for_each(|(sum, y)| *sum += x * y);
        }
        let cut = (a + b).saturating_sub(w);
        let masses = whole[cut..whole.len() - cut].to_vec();
        // Everything beyond w is beyond 13 standard deviations of the sum.
        let tail = if cut > 0 { 2.0 * (-0.5 * REACH * REACH).exp() } else { 0.0 };
        Self { masses, lost: self.lost + other.lost + tail }
    }

    /// The variance; tests compare it with its closed form.
    #[cfg(test)]
    pub(super) fn variance(&self) -> f64 {
        let w = (self.masses.len() / 2) as f64;
        self.masses.iter().enumerate().map(|(i, mass)| (i as f64 - w) * (i as f64 - w) * mass).sum()
    }

    /// The pair "noise, shifted with probability `q`" and "noise".
    pub(super) fn pair(&self, sensitivity: u64, q: f64) -> Vec<[f64; 2]> {
        let shift = sensitivity as usize;
        let len = self.masses.len();
        let mut atoms = Vec::with_capacity(len.saturating_sub(shift));
        for k in shift..len {
            let (still, shifted) = (self.masses[k], self.masses[k - shift]);
            atoms.push([(1.0 - q) * still + q * shifted, still]);
        }
        atoms
    }
}

/// `weight(k)` for `-w <= k <= w`, over their sum.
fn normalised(w: i64, weight: impl Fn(f64) -> f64) -> Vec<f64> {
    let half: Vec<f64> = (0..=w).map(|k| weight(k as f64)).collect();
    let sum = half[0] + 2.0 * half[1..].iter().rev().sum::<f64>();
    (-w..=w).map(|k| half[k.unsigned_abs() as usize] / sum).collect()
}

/// The discrete Laplace pair, closed form: with noise `P[k] ~ exp(-a |k|)` and a shift by `s`, the loss
/// is `a s` for all `k <= 0`, `-a s` for all `k >= s`, and `a (s - 2k)` between.
pub(in crate::accounting) fn discrete_laplace_pair(a: f64, s: u64) -> Vec<[f64; 2]> {
    let size = 1.0 / (1.0 + (-a).exp());
    let centre = -(-a).exp_m1() * size;
    let far = (-a * s as f64).exp() * size;
    let mut atoms = vec![[size, far]];
    atoms.extend((1..s).map(|k| [centre * (-a * k as f64).exp(), centre * (-a * (s - k) as f64).exp()]));
    atoms.push([far, size]);
    atoms
}

/// Replacing one answer of `k`-ary randomised response that answers uniformly with probability `p`.
pub(in crate::accounting) fn randomised_response_pair(p: f64, k: u64) -> Vec<[f64; 2]> {
    let other = p / k as f64;
    let truth = 1.0 - p + other;
    let rest = other * (k - 2) as f64;
    let mut atoms = vec![[truth, other], [other, truth]];
    if rest > 0.0 {
        atoms.push([rest, rest]);
    }
    atoms
}

/// The largest loss of `k`-ary randomised response: its pure epsilon.
pub(in crate::accounting) fn randomised_response_loss(p: f64, k: u64) -> f64 {
    let other = p / k as f64;
    ((1.0 - p + other) / other).ln()
}

/// Relative error of a computed mass: a few operations on values good to one unit in the last place.
const MASS_ERROR: f64 = 4e-14;

/// Atoms `(P, Q)` sorted into buckets; whatever of either distribution is not there lies outside.
pub(super) fn buckets(atoms: &[[f64; 2]], lost: f64, h: f64) -> Buckets {
    let place = |[p, q]: [f64; 2]| ((p / q).ln() / h).floor() as i64;
    let finite = || atoms.iter().copied().filter(|[p, q]| *p > 0.0 && *q > 0.0);
    let first = finite().map(place).min().unwrap_or(0);
    let last = finite().map(place).max().unwrap_or(0);
    let mut buckets = Buckets::empty(h, first, (last - first + 1) as usize);
    for atom in finite() {
        let i = (place(atom) - first) as usize;
        buckets.p[i] += atom[0];
        buckets.q[i] += atom[1];
        buckets.blur[i] += MASS_ERROR * (atom[0] + atom[1] * buckets.edge(i).exp());
    }
    buckets.outside = [lost; 2];
    for &[p, q] in atoms {
        if p == 0.0 || q == 0.0 {
            buckets.outside[0] += p;
            buckets.outside[1] += q;
        }
    }
    buckets
}

impl Noise {
    /// Both masses that [`Self::pair`] leaves out, tails included.
    pub(super) fn missing(&self, sensitivity: u64) -> f64 {
        let shift = (sensitivity as usize).min(self.masses.len());
        self.lost + self.masses[..shift].iter().sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::{Noise, discrete_laplace_pair, randomised_response_pair};

    #[test]
    fn variances_match_their_closed_forms() {
        for sigma in [1.0, 3.25, 40.0] {
            let one = Noise::discrete_gaussian(sigma, 1.0).unwrap();
            let sum = Noise::sum_of_discrete_gaussians(6, sigma, 1.0).unwrap();
            assert!((sum.variance() / (6.0 * one.variance()) - 1.0).abs() < 1e-12);
            assert!(one.lost < 1e-35 && sum.lost < 1e-34);
        }
        for variance in [0.1, 16.0, 12_345.0] {
            let noise = Noise::skellam(variance, 1.0).unwrap();
            assert!((noise.variance() / variance - 1.0).abs() < 1e-12, "{variance} {}", noise.variance());
            assert!(noise.lost < 1e-35);
        }
    }

    #[test]
    fn pairs_hold_two_distributions() {
        for atoms in
            [discrete_laplace_pair(0.3, 4), randomised_response_pair(0.8, 16), randomised_response_pair(0.5, 2)]
        {
            for side in 0..2 {
                let sum: f64 = atoms.iter().map(|atom| atom[side]).sum();
                assert!((sum - 1.0).abs() < 1e-14, "{sum}");
            }
        }
    }
}
