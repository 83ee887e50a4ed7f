//! Renyi differential privacy on a grid of orders: the view of whoever reads only releases.
//!
//! A curve holds, for every order `alpha` of its grid, a bound on the Renyi divergence between the
//! outputs on neighbouring data. Curves of mechanisms run one after the other add up.

mod integer;

use thiserror::Error;

use super::{
    Delta, Epsilon, NoiseMultiplier, SamplingRate, poisson, rounding::count_up, without_replacement::Moments,
    zcdp::tree_depth,
};

pub use integer::DistributedGaussian;

/// Covers the rounding of one entry of a curve and of its conversion.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// A grid or a curve cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RdpError {
    /// The grid has no order.
    #[error("expected at least one order, found none")]
    NoOrders,
    /// An order is not a finite number above 1.
    #[error("expected orders above 1.01 and at most 65536, found {found}")]
    OrderOutOfRange {
        /// The order.
        found: f64,
    },
    /// Two curves are on different grids.
    #[error("expected two curves on the same grid of orders")]
    DifferentOrders,
    /// A sum of discrete Gaussian shares makes no sense.
    #[error("expected at least one share, one entry, positive finite norms and a local sigma of at least 0.5")]
    DistributedOutOfRange,
    /// Randomised response makes no sense.
    #[error("expected p between 1e-9 and 1, and k between 2 and 1e9")]
    ResponseOutOfRange,
    /// Discrete Laplace noise makes no sense.
    #[error("expected a between 1e-9 and 100, and a sensitivity between 1 and 1e6")]
    LaplaceOutOfRange,
    /// Skellam noise or its norms make no sense.
    #[error("expected a positive, finite variance and norms")]
    SkellamOutOfRange,
    /// The bound holds at whole orders only.
    #[error("expected whole orders, found {found}")]
    FractionalOrder {
        /// The order.
        found: f64,
    },
    /// A cohort is empty or larger than the population.
    #[error("expected a cohort between 1 and the population of {population}, found {cohort}")]
    CohortOutOfRange {
        /// Users in one cohort.
        cohort: u64,
        /// Users in all.
        population: u64,
    },
}

/// A grid of orders `alpha`.
#[derive(Debug, Clone, PartialEq)]
pub struct Orders(Vec<f64>);

impl Orders {
    /// A grid of the given orders.
    ///
    /// # Errors
    /// When there are none, or one is not a number in `(1.01, 65536]`.
    pub fn new(orders: Vec<f64>) -> Result<Self, RdpError> {
        if orders.is_empty() {
            return Err(RdpError::NoOrders);
        }
        match orders.iter().find(|&&order| !(order > 1.01 && order <= 65536.0)) {
            Some(&found) => Err(RdpError::OrderOutOfRange { found }),
            None => Ok(Self(orders)),
        }
    }

    /// The orders, in the order given.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }
}

impl Orders {
    /// The whole numbers from 2 to 256.
    #[must_use]
    pub fn whole() -> Self {
        Self((2..=256_u32).map(f64::from).collect())
    }
}

impl Default for Orders {
    /// 1.1 to 10.9 by 0.1, 11 to 63 by 1, then 128, 256, 512, 1024: the grid of dp-accounting 0.6.0.
    fn default() -> Self {
        let fine = (1..100_u32).map(|tenth| 1.0 + f64::from(tenth) / 10.0);
        let whole = (11..64_u32).map(f64::from);
        Self(fine.chain(whole).chain([128.0, 256.0, 512.0, 1024.0]).collect())
    }
}

/// A bound on the Renyi divergence at every order of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct RdpCurve {
    orders: Orders,
    values: Vec<f64>,
}

impl RdpCurve {
    fn from_fn(orders: &Orders, value: impl Fn(f64) -> f64) -> Self {
        let values = orders.0.iter().map(|&alpha| value(alpha) * (1.0 + ROUNDING)).collect();
        Self { orders: orders.clone(), values }
    }

    /// One use of the Gaussian mechanism without sampling: `alpha / (2 z^2)` (Mironov, "Renyi
    /// Differential Privacy", 2017, Proposition 7; discrete noise: CKS20, Theorem 4). Adjacency: the
    /// one under which `z` was taken.
    #[must_use]
    pub fn gaussian(orders: &Orders, z: NoiseMultiplier) -> Self {
        Self::from_fn(orders, |alpha| alpha / (2.0 * z.get() * z.get()))
    }

    /// One use of the Gaussian mechanism when every user joins with probability `q`, each by an own
    /// coin (MTZ19, section 3). Adjacency: add or remove one user.
    #[must_use]
    pub fn poisson_gaussian(orders: &Orders, q: SamplingRate, z: NoiseMultiplier) -> Self {
        if q == SamplingRate::EVERYONE {
            return Self::gaussian(orders, z);
        }
        Self::from_fn(orders, |alpha| poisson::ln_moment(q.get(), z.get(), alpha) / (alpha - 1.0))
    }

    /// One use of the Gaussian mechanism on a uniformly drawn cohort of fixed size (WBK19, Theorem
    /// 27). Adjacency: REPLACE one user, and `z` is relative to that sensitivity.
    ///
    /// # Errors
    /// When the cohort is empty or larger than the population.
    pub fn gaussian_without_replacement(
        orders: &Orders,
        cohort: u64,
        population: u64,
        z: NoiseMultiplier,
    ) -> Result<Self, RdpError> {
        if cohort == 0 || cohort > population {
            return Err(RdpError::CohortOutOfRange { cohort, population });
        }
        if cohort == population {
            return Ok(Self::gaussian(orders, z));
        }
        let q = cohort as f64 / population as f64;
        let largest = orders.0.iter().copied().fold(2.0, f64::max);
        let moments = Moments::new(z.get(), largest);
        Ok(Self::from_fn(orders, |alpha| moments.ln_moment(q, alpha) / (alpha - 1.0)))
    }

    /// Tree aggregation over `steps` rounds, of which a user joins ONE (Kairouz et al., "Practical
    /// and Private (Deep) Learning without Sampling or Shuffling", 2021, appendix D). With several
    /// restarted trees pass the longest and call [`Self::repeated`] with the number of trees one user
    /// may be in. Adjacency: zero-out.
    #[must_use]
    pub fn tree(orders: &Orders, steps: u64, z: NoiseMultiplier) -> Self {
        let depth = f64::from(tree_depth(steps));
        Self::from_fn(orders, |alpha| alpha * depth / (2.0 * z.get() * z.get()))
    }

    /// This mechanism `times` times, chosen adaptively (Mironov 2017, Proposition 1).
    #[must_use]
    pub fn repeated(mut self, times: u64) -> Self {
        let times = count_up(times) * (1.0 + f64::EPSILON);
        self.values.iter_mut().for_each(|value| *value *= times);
        self
    }

    /// This mechanism and another one, chosen adaptively (Mironov 2017, Proposition 1).
    ///
    /// # Errors
    /// When the two are on different grids.
    pub fn compose(mut self, other: &Self) -> Result<Self, RdpError> {
        if self.orders != other.orders {
            return Err(RdpError::DifferentOrders);
        }
        for (value, more) in self.values.iter_mut().zip(&other.values) {
            *value = (*value + more).next_up();
        }
        Ok(self)
    }

    /// The grid.
    #[must_use]
    pub const fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The divergences, one for each order of the grid.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The epsilon of this curve at `delta`: the best order of CKS20, Proposition 12. A curve whose
    /// Kullback-Leibler divergence alone bounds the total variation by `delta` costs (almost) nothing.
    #[must_use]
    pub fn epsilon(&self, delta: Delta) -> Epsilon {
        let pairs = self.orders.0.iter().zip(&self.values);
        let best = pairs.map(|(&alpha, &value)| epsilon_at(alpha, value, delta.get()));
        Epsilon::from_bound(best.fold(f64::INFINITY, f64::min))
    }
}

/// `value + ln(1 - 1/alpha) - ln(delta alpha) / (alpha - 1)`, rounded up; 0 where the inequality of
/// Bretagnolle and Huber, `TV <= sqrt(1 - exp(-KL))`, already gives `delta`.
fn epsilon_at(alpha: f64, value: f64, delta: f64) -> f64 {
    if delta * delta * (1.0 - ROUNDING) + (-value).exp_m1() > 0.0 {
        return 0.0;
    }
    let gain = (-1.0 / alpha).ln_1p();
    let tail = (delta * alpha).ln() / (alpha - 1.0);
    value + gain - tail + ROUNDING * (value + gain.abs() + tail.abs())
}

/// The noise multiplier of two Gaussian releases about the SAME sample, as one: `(z_1^-2 + z_2^-2)^(-1/2)`,
/// rounded down (McMahan et al., "A General Approach to Adding Differential Privacy to Iterative
/// Training Procedures", 2018, section 3). Adjacency: the one both multipliers were taken under.
///
/// # Errors
/// When the result leaves the range of [`NoiseMultiplier`].
pub fn combined_multiplier(
    first: NoiseMultiplier,
    second: NoiseMultiplier,
) -> Result<NoiseMultiplier, super::ParameterError> {
    let combined = (first.get().powi(-2) + second.get().powi(-2)).sqrt().recip();
    NoiseMultiplier::new(combined * (1.0 - 4.0 * f64::EPSILON))
}
