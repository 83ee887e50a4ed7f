//! Curves of mechanisms on the integers.
//!
//! KLS21: Kairouz, Liu, Steinke, "The Distributed Discrete Gaussian Mechanism for Federated Learning
//! with Secure Aggregation", ICML 2021. AKL21: Agarwal, Kairouz, Liu, "The Skellam Mechanism for
//! Differentially Private Federated Learning", NeurIPS 2021.

use std::f64::consts::PI;

use super::{Orders, RdpCurve, RdpError};
use crate::accounting::{
    Rho,
    pld::{discrete_laplace_pair, randomised_response_pair},
    poisson::ln_sum_exp,
    rounding::{add_up, mul_up},
};

/// A sum of discrete Gaussian shares over an integer vector: what secure aggregation releases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistributedGaussian {
    /// `n`: shares that are surely added, the honest ones. At least 1.
    pub shares: u64,
    /// `sigma`: the parameter of one share, at least 0.5.
    pub local_sigma: f64,
    /// `Delta_2`: the largest L2 norm of one user's integer vector.
    pub l2: f64,
    /// `Delta_1`: the largest L1 norm of it; `min(sqrt(d) Delta_2, Delta_2^2)` always holds.
    pub l1: f64,
    /// `d`: entries of the vector.
    pub dimension: u64,
}

impl DistributedGaussian {
    fn check(&self) -> Result<(), RdpError> {
        let numbers = [self.local_sigma, self.l2, self.l1];
        let fine = numbers.iter().all(|x| x.is_finite() && *x > 0.0);
        if fine && self.local_sigma >= 0.5 && self.shares > 0 && self.dimension > 0 {
            return Ok(());
        }
        Err(RdpError::DistributedOutOfRange)
    }

    /// `tau = 10 sum over j = 1 .. n-1 of exp(-2 pi^2 sigma^2 j / (j + 1))` (KLS21, Theorem 1): how far a
    /// sum of `n` discrete Gaussians is from one discrete Gaussian. At most `1e-60 / d` for `sigma >= 3`.
    ///
    /// # Errors
    /// When a field is out of range.
    pub fn tau(&self) -> Result<f64, RdpError> {
        self.check()?;
        let exponent = 2.0 * PI * PI * self.local_sigma * self.local_sigma;
        // Terms fall towards exp(-exponent); beyond the thousandth they are summed as the thousandth.
        let counted = (self.shares - 1).min(1000);
        let term = |j: u64| (-exponent * (j as f64 / (j as f64 + 1.0))).exp();
        let rest = (self.shares - 1 - counted) as f64 * term(1000);
        Ok(10.0 * ((1..=counted).rev().map(term).sum::<f64>() + rest) * (1.0 + 1e-13))
    }

    /// The variance of the noise: `n` times that of one discrete Gaussian, which is `sigma^2` up to
    /// `exp(-2 pi^2 sigma^2)`.
    ///
    /// # Errors
    /// When a field is out of range.
    pub fn variance(&self) -> Result<f64, RdpError> {
        self.check()?;
        let square = self.local_sigma * self.local_sigma;
        if self.local_sigma > 10.0 {
            return Ok(self.shares as f64 * square);
        }
        let weight = |k: u32| (-f64::from(k * k) / (2.0 * square)).exp();
        let [mass, moment] = (1..=400).rev().fold([0.0, 0.0], |[mass, moment], k| {
            [mass + 2.0 * weight(k), moment + 2.0 * f64::from(k * k) * weight(k)]
        });
        Ok(self.shares as f64 * moment / (1.0 + mass))
    }

    /// `r = Delta_2 / (sqrt(n) sigma)`, and the same for `Delta_1`.
    fn ratios(&self) -> [f64; 2] {
        let scale = (self.shares as f64).sqrt() * self.local_sigma;
        [self.l2 / scale, self.l1 / scale]
    }

    /// The `rho` of this release: `(r + sqrt(d) tau)^2 / 2` or `(r^2 + 2 r_1 tau + tau^2 d) / 2`, whichever
    /// is smaller (KLS21, Proposition 14).
    ///
    /// # Errors
    /// When a field is out of range.
    pub fn rho(&self) -> Result<Rho, RdpError> {
        Ok(Rho::from_bound(self.twice_rho()? / 2.0))
    }

    fn twice_rho(&self) -> Result<f64, RdpError> {
        let ([r, r1], tau, d) = (self.ratios(), self.tau()?, self.dimension as f64);
        let spread = r + d.sqrt() * tau;
        let by_sum = add_up(mul_up(r, r), 2.0 * r1 * tau + tau * tau * d);
        Ok(by_sum.min(spread * spread) * (1.0 + 8.0 * f64::EPSILON))
    }
}

impl RdpCurve {
    /// One release of a sum of discrete Gaussian shares (KLS21, Proposition 14): the smallest of
    /// `alpha r^2 / 2 + tau d`, `alpha (r^2 + 2 r_1 tau + tau^2 d) / 2` and `alpha (r + sqrt(d) tau)^2 / 2`.
    /// Adjacency: zero-out of one user who passes the norm bounds.
    ///
    /// # Errors
    /// When a field is out of range.
    pub fn distributed_gaussian(orders: &Orders, sum: &DistributedGaussian) -> Result<Self, RdpError> {
        let ([r, _], tau, twice_rho) = (sum.ratios(), sum.tau()?, sum.twice_rho()?);
        let excess = tau * sum.dimension as f64;
        Ok(Self::from_fn(orders, |alpha| (alpha * r * r / 2.0 + excess).min(alpha * twice_rho / 2.0)))
    }

    /// One release with Skellam noise of the given total variance: `alpha Delta_2^2 / (2 v) +
    /// min(((2 alpha - 1) Delta_2^2 + 6 Delta_1) / (4 v^2), 3 Delta_1 / (2 v))` (AKL21, Theorem 3.5).
    ///
    /// # Errors
    /// When an order is not a whole number, or a parameter not positive.
    pub fn skellam(orders: &Orders, variance: f64, l1: f64, l2: f64) -> Result<Self, RdpError> {
        if let Some(&found) = orders.as_slice().iter().find(|order| order.fract() != 0.0) {
            return Err(RdpError::FractionalOrder { found });
        }
        if ![variance, l1, l2].iter().all(|x| x.is_finite() && *x > 0.0) {
            return Err(RdpError::SkellamOutOfRange);
        }
        Ok(Self::from_fn(orders, |alpha| {
            let square = l2 * l2;
            let correction = ((2.0 * alpha - 1.0) * square + 6.0 * l1) / (4.0 * variance * variance);
            alpha * square / (2.0 * variance) + correction.min(3.0 * l1 / (2.0 * variance))
        }))
    }

    /// One report by `k`-ary randomised response that answers uniformly with probability `p`: exactly.
    /// Adjacency: replace one user.
    ///
    /// # Errors
    /// When `p` is not in `[1e-9, 1]` or `k` not in `[2, 10^9]`.
    pub fn randomised_response(orders: &Orders, p: f64, k: u64) -> Result<Self, RdpError> {
        if !(1e-9..=1.0).contains(&p) || !(2..=1_000_000_000).contains(&k) {
            return Err(RdpError::ResponseOutOfRange);
        }
        Ok(Self::of_atoms(orders, &randomised_response_pair(p, k)))
    }

    /// Noise with `P[k] ~ exp(-a |k|)` added to one integer of the given sensitivity: exactly.
    ///
    /// # Errors
    /// When `a` is not in `[1e-9, 100]` or the sensitivity not in `[1, 10^6]`.
    pub fn discrete_laplace(orders: &Orders, a: f64, sensitivity: u64) -> Result<Self, RdpError> {
        if !(1e-9..=100.0).contains(&a) || !(1..=1_000_000).contains(&sensitivity) {
            return Err(RdpError::LaplaceOutOfRange);
        }
        Ok(Self::of_atoms(orders, &discrete_laplace_pair(a, sensitivity)))
    }

    /// Exactly the divergence of two distributions over the same few outcomes, `atoms` holding the masses
    /// of each outcome under both: `ln(sum of P^alpha Q^(1-alpha)) / (alpha - 1)`.
    fn of_atoms(orders: &Orders, atoms: &[[f64; 2]]) -> Self {
        Self::from_fn(orders, |alpha| {
            if atoms.iter().any(|[p, q]| *p > 0.0 && *q == 0.0) {
                return f64::INFINITY;
            }
            let seen = || atoms.iter().filter(|[p, _]| *p > 0.0);
            let logs: Vec<f64> = seen().map(|[p, q]| alpha * p.ln() + (1.0 - alpha) * q.ln()).collect();
            let ln_moment = ln_sum_exp(&logs);
            if ln_moment > 0.5 {
                return ln_moment / (alpha - 1.0);
            }
            // E[(P/Q)^alpha - 1 - alpha (P/Q - 1)], for E[P/Q - 1] = 0 and no term is negative.
            let excess = |[p, q]: &[f64; 2]| {
                let loss = (p / q).ln();
                q * ((alpha * loss).exp_m1() - alpha * loss.exp_m1())
            };
            (seen().map(excess).sum::<f64>() * (1.0 + 1e-12) + 1e-300).ln_1p() / (alpha - 1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{DistributedGaussian, Orders, RdpCurve};

    fn sum(shares: u64, local_sigma: f64) -> DistributedGaussian {
        DistributedGaussian { shares, local_sigma, l2: 10.0, l1: 100.0, dimension: 1 << 22 }
    }

    #[test]
    fn three_standard_deviations_are_as_good_as_one_gaussian() {
        let sum = sum(70, 3.0);
        assert!(sum.tau().unwrap() * ((1 << 22) as f64) < 1e-30);
        let rho = 100.0 / (2.0 * 70.0 * 9.0);
        assert!((sum.rho().unwrap().get() / rho - 1.0).abs() < 1e-14);
    }

    #[test]
    fn tau_counts_every_share() {
        let exact = |n: u64| {
            let term = |j: u64| (-2.0 * std::f64::consts::PI.powi(2) * j as f64 / (j as f64 + 1.0)).exp();
            10.0 * (1..n).map(term).sum::<f64>()
        };
        for n in [1, 2, 10, 5000] {
            let (found, exact) = (sum(n, 1.0).tau().unwrap(), exact(n));
            assert!(found >= exact && found <= exact * 1.02, "{n}: {found} {exact}");
        }
    }

    #[test]
    fn a_coin_has_its_divergence() {
        let orders = Orders::new(vec![2.0, 3.5]).unwrap();
        let curve = RdpCurve::of_atoms(&orders, &[[0.75, 0.25], [0.25, 0.75]]);
        let exact = |alpha: f64| (0.25 * 3.0_f64.powf(alpha) + 0.75 * 3.0_f64.powf(-alpha)).ln() / (alpha - 1.0);
        for (order, value) in orders.as_slice().iter().zip(curve.values()) {
            assert!((value / exact(*order) - 1.0).abs() < 1e-12);
        }
        let near = RdpCurve::of_atoms(&orders, &[[0.5 + 1e-7, 0.5], [0.5 - 1e-7, 0.5]]);
        assert!((near.values()[0] / 4e-14 - 1.0).abs() < 1e-6, "{:?}", near.values());
    }
}
