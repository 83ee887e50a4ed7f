//! How long the sum of honest releases can be, and what that leaves a liar.

use super::ReleaseParameters;
use crate::noise::DyadicSigma;

/// Natural logarithm of one over the chance that honest reports fail their test: 10^-9, for each sum.
const T: f64 = 20.723_265_836_946_41;

/// Room for the rounding of the few floating-point operations here.
const SLACK: f64 = 1.0 + 1e-12;

impl ReleaseParameters {
    /// The norm, in grid steps, that the sum of `reports` honest vectors, each with its own noise,
    /// exceeds with a chance of at most 10^-9.
    ///
    /// The vectors add up to at most `m = reports Delta2`, whatever they are; each entry of the noise
    /// has the variance `v = reports sigma^2`. Of all vectors that long the sum's norm is
    /// `B^2 = v d' + m^2 + 2 sqrt(v t (v d' + 2 m^2)) + 2 v t` or more with a chance of `exp(-t)` at
    /// most: the tail of the noncentral chi-square distribution (Birgé 2001, "An alternative point of
    /// view on Lepski's method", Lemma 8.1; without the vectors it is Laurent and Massart 2000, Lemma
    /// 1). Its proof needs the moment generating function only, and that of discrete Gaussian noise is
    /// at most the Gaussian's (Canonne, Kamath, Steinke 2020, Lemma 8), so it holds here as it stands.
    /// Taking the sum modulo `2^b` to its representatives around 0 makes no entry larger.
    pub fn longest_sum(&self, reports: u32) -> f64 {
        let (m2, v, energy) = self.honest(reports);
        (energy + m2 + 2.0 * (v * T * (energy + 2.0 * m2)).sqrt() + 2.0 * v * T).sqrt() * SLACK
    }

    /// The norm, in clip norms, from which on the vectors in a sum of `reports`, of which one has no
    /// noise, make it fail the test of [`longest_sum`](Self::longest_sum) with a chance of at least
    /// `1 - 10^-9`. It is what the test is worth: a liar who adds less may stay unnoticed, the less it
    /// adds the surer. No test of the sum alone could notice less than `reports` clip norms, because
    /// honest vectors may be that long together.
    ///
    /// By the lower tail of the same distribution: the least `L = |s|^2` for which
    /// `v' d' + L - 2 sqrt(v' t (v' d' + 2 L)) >= B^2`, with `v'` the variance that `reports - 1` shares
    /// add up to: a liar saves its own. It takes the noise for Gaussian, which at two grid steps and
    /// more no test could tell from the discrete one.
    pub fn surely_too_long(&self, reports: u32) -> f64 {
        let (_, v, energy) = self.honest(reports.saturating_sub(1));
        let bound = self.longest_sum(reports).powi(2);
        let root = 2.0 * (v * T).sqrt() + (4.0 * v * T + 2.0 * bound - energy).sqrt();
        ((root * root - energy) / 2.0).sqrt() / f64::from(self.clip_units)
    }

    /// Of `reports` honest releases, in squared grid steps: the most that their vectors' sum has,
    /// the variance of an entry of their noise, and the noise's expected square.
    fn honest(&self, reports: u32) -> (f64, f64, f64) {
        let sigma = self.sigma().map_or(0.0, DyadicSigma::as_f64);
        let v = f64::from(reports) * sigma * sigma;
        let m = f64::from(reports) * self.delta2();
        (m * m, v, v * self.released_len() as f64)
    }
}

#[cfg(test)]
mod tests;
