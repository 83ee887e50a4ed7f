//! Privacy loss distributions: the tight figure, with a bracket around the truth.
//!
//! A [`PrivacyLoss`] names mechanisms run one after the other, chosen adaptively. Its epsilon is
//! computed from the distribution of the sum of their privacy losses:
//!
//! 1. Each mechanism becomes masses in buckets of privacy loss, in both directions (a user removed, a
//!    user added); the answer is the larger of the two.
//! 2. An UPPER bound connects the dots (Doroshenko et al. 2022) and counts cut tails as an infinite
//!    loss. A LOWER bound merges each bucket and rounds down; what that takes away per step is known
//!    on average and bounded by the width of the grid, so Hoeffding's inequality gives it back less a
//!    little.
//! 3. Sums are taken by one Fourier transform of the exponentially tilted masses. Its error, and the
//!    mass outside its window, are bounded and counted as delta; thanks to the tilt they are small
//!    relative to the tail in question, however small delta is.
//!
//! The grid has width 1e-4, less for many steps (`4e-3 / sqrt(steps)`), and is made coarser where the
//! losses would not fit: always sound, only less tight. Gaussian mechanisms without sampling are
//! merged into one exactly (BW18), and alone need no grid at all.
//!
//! Unit: user; adjacency: add or remove one user, or what the constructor names.

mod buckets;
mod compose;
mod error;
mod evaluate;
mod gaussian_pair;
mod mechanism;
mod noise;
mod tail;
mod tilt;

use super::{
    Adjacency, Delta, Epsilon, NoiseMultiplier, SamplingRate,
    normal::{self, Side},
    rounding::count_up,
};
use buckets::Buckets;
use compose::Composed;
pub use error::PldError;
use mechanism::{Mechanism, Source, TooLarge};
pub(super) use noise::{discrete_laplace_pair, randomised_response_loss, randomised_response_pair};
use tilt::{Sum, Term};

/// The width of the grid for few steps.
const WIDTH: f64 = 1e-4;

/// The width of the grid for many steps, times the root of their number: one step of width `h` adds at
/// most `h^2 / 4` to the variance of the loss.
const WIDTH_PER_ROOT_STEP: f64 = 4e-3;

/// The most buckets for one mechanism, and the widest grid that still says something.
const MOST_BUCKETS: f64 = 1_048_576.0;
const WIDEST: f64 = 0.25;

/// A single loss above this cannot be handled in floats, and promises nothing.
const LARGEST_LOSS: f64 = 600.0;

/// The chance, relative to delta, that Hoeffding's inequality may fail.
const LN_HOEFFDING: f64 = -14.0;

/// Mechanisms run one after the other, by their privacy loss.
///
/// ```
/// use silhouette_privacy::accounting::{Delta, NoiseMultiplier, SamplingRate, pld::PrivacyLoss};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (q, z) = (SamplingRate::new(0.04)?, NoiseMultiplier::new(1.5)?);
/// let loss = PrivacyLoss::poisson_gaussian(q, z).repeated(2250)?;
/// let epsilon = loss.epsilon(Delta::new(1e-5)?)?;
/// assert!((6.75..6.78).contains(&epsilon.get())); // Renyi orders give 7.33
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PrivacyLoss {
    adjacency: Option<Adjacency>,
    parts: Vec<(Mechanism, u64)>,
}

/// Steps are counted in floats too.
const MOST_STEPS: u64 = 1 << 53;

fn check(valid: bool, name: &'static str, expected: &'static str, found: f64) -> Result<(), PldError> {
    if valid { Ok(()) } else { Err(PldError::OutOfRange { name, expected, found }) }
}

fn check_sensitivity(sensitivity: u64) -> Result<(), PldError> {
    let expected = "a whole number between 1 and 1000000";
    check((1..=1_000_000).contains(&sensitivity), "sensitivity", expected, sensitivity as f64)
}

fn check_scale(name: &'static str, value: f64) -> Result<(), PldError> {
    check((1e-3..=1e9).contains(&value), name, "a number between 0.001 and 1e9", value)
}

impl PrivacyLoss {
    fn one(mechanism: Mechanism) -> Self {
        Self { adjacency: Some(mechanism.adjacency()), parts: vec![(mechanism, 1)] }
    }

    /// Nothing was released.
    #[must_use]
    pub const fn none() -> Self {
        Self { adjacency: None, parts: Vec::new() }
    }

    /// Gaussian noise without sampling (continuous; for integers see [`Self::discrete_gaussian`]).
    #[must_use]
    pub fn gaussian(z: NoiseMultiplier) -> Self {
        Self::one(Mechanism::Gaussian { mu: z.get().recip().next_up() })
    }

    /// Gaussian noise when every user joins with probability `q`, each by an own coin.
    #[must_use]
    pub fn poisson_gaussian(q: SamplingRate, z: NoiseMultiplier) -> Self {
        if q == SamplingRate::EVERYONE {
            return Self::gaussian(z);
        }
        Self::one(Mechanism::Poisson { q: q.get(), z: z.get() })
    }

    /// Like [`Self::poisson_gaussian`] with a hard cap: a sample above `cap` users is cut to a random
    /// subset of that size. WEAKER than plain Poisson sampling, since one user may displace another (Ganesh
    /// et al., arXiv 2508.15089). `z` is relative to adding or removing one user.
    ///
    /// # Errors
    /// When the cap or the population is zero, or the population above 10^9.
    pub fn capped_poisson_gaussian(
        population: u64,
        q: SamplingRate,
        cap: u64,
        z: NoiseMultiplier,
    ) -> Result<Self, PldError> {
        let expected = "a whole number between 1 and 1e9";
        check((1..=1_000_000_000).contains(&population), "population", expected, population as f64)?;
        check(cap > 0, "cap", "at least 1", cap as f64)?;
        if cap >= population {
            return Ok(Self::poisson_gaussian(q, z));
        }
        // Everybody sampled and cut at random: sampling with the largest float below one is no different.
        let q = q.get().min(1.0 - f64::EPSILON);
        Ok(Self::one(Mechanism::CappedPoisson { population, q, cap, z: z.get() }))
    }

    /// `N_Z(0, sigma^2)` added to one integer of the given sensitivity, on a Poisson sample of rate `q`
    /// (CKS20; one coordinate, or any query whose neighbours differ in one).
    ///
    /// # Errors
    /// When `sigma` or the sensitivity is out of range.
    pub fn discrete_gaussian(sigma: f64, sensitivity: u64, q: SamplingRate) -> Result<Self, PldError> {
        check_scale("sigma", sigma)?;
        check_sensitivity(sensitivity)?;
        Ok(Self::one(Mechanism::DiscreteGaussian { sigma, sensitivity, q: q.get() }))
    }

    /// Noise with `P[k] ~ exp(-a |k|)` added to one integer of the given sensitivity.
    ///
    /// # Errors
    /// When `a` or the sensitivity is out of range.
    pub fn discrete_laplace(a: f64, sensitivity: u64) -> Result<Self, PldError> {
        check((1e-9..=100.0).contains(&a), "a", "a number between 1e-9 and 100", a)?;
        check_sensitivity(sensitivity)?;
        Ok(Self::one(Mechanism::DiscreteLaplace { a, sensitivity }))
    }

    /// The sum of `n` shares `N_Z(0, sigma^2)`, its masses exact, added to one integer of the given
    /// sensitivity: what secure aggregation releases, one coordinate of it.
    ///
    /// # Errors
    /// When a parameter is out of range.
    pub fn discrete_gaussian_sum(n: u64, sigma: f64, sensitivity: u64) -> Result<Self, PldError> {
        check((1..=1_000_000_000).contains(&n), "n", "a whole number between 1 and 1e9", n as f64)?;
        check_scale("local_sigma", sigma)?;
        check_sensitivity(sensitivity)?;
        Ok(Self::one(Mechanism::DiscreteGaussianSum { n, sigma, sensitivity }))
    }

    /// Skellam noise of the given total variance added to one integer of the given sensitivity.
    ///
    /// # Errors
    /// When a parameter is out of range.
    pub fn skellam(variance: f64, sensitivity: u64) -> Result<Self, PldError> {
        check_scale("variance", variance)?;
        check_sensitivity(sensitivity)?;
        Ok(Self::one(Mechanism::Skellam { variance, sensitivity }))
    }

    /// One report by `k`-ary randomised response that answers uniformly with probability `p` and with
    /// the truth otherwise. Adjacency: REPLACE one user.
    ///
    /// # Errors
    /// When a parameter is out of range.
    pub fn randomised_response(p: f64, k: u64) -> Result<Self, PldError> {
        check((1e-9..=1.0).contains(&p), "p", "a number between 1e-9 and 1", p)?;
        check((2..=1_000_000_000).contains(&k), "k", "a whole number between 2 and 1e9", k as f64)?;
        Ok(Self::one(Mechanism::RandomisedResponse { p, k }))
    }

    /// This `times` times.
    ///
    /// # Errors
    /// When there would be more than 2^53 steps of one mechanism.
    pub fn repeated(mut self, times: u64) -> Result<Self, PldError> {
        if times == 0 {
            return Ok(Self::none());
        }
        for (_, count) in &mut self.parts {
            *count = count.checked_mul(times).filter(|&n| n <= MOST_STEPS).ok_or(PldError::TooManySteps)?;
        }
        Ok(self)
    }

    /// This and another one. Equal mechanisms are counted together, so the order of composition does not
    /// matter.
    ///
    /// # Errors
    /// When the neighbouring relations differ, or there would be too many steps.
    pub fn compose(mut self, other: &Self) -> Result<Self, PldError> {
        if let (Some(one), Some(other)) = (self.adjacency, other.adjacency)
            && one != other
        {
            return Err(PldError::DifferentAdjacency { one, other });
        }
        self.adjacency = self.adjacency.or(other.adjacency);
        for (mechanism, times) in &other.parts {
            match self.parts.iter_mut().find(|(known, _)| known == mechanism) {
                Some((_, count)) => {
                    *count = count.checked_add(*times).filter(|&n| n <= MOST_STEPS).ok_or(PldError::TooManySteps)?;
                }
                None => self.parts.push((mechanism.clone(), *times)),
            }
        }
        Ok(self)
    }

    /// An epsilon at `delta` that is never below the exact one.
    ///
    /// # Errors
    /// When the losses cannot be put on a grid.
    pub fn epsilon(&self, delta: Delta) -> Result<Epsilon, PldError> {
        self.bound(Query::Epsilon(delta.get()), Side::Upper).map(Epsilon::from_bound)
    }

    /// An epsilon at `delta` that is never above the exact one; zero where nothing better is known.
    ///
    /// # Errors
    /// When the losses cannot be put on a grid, or the mechanism is known by an upper bound only.
    pub fn epsilon_lower(&self, delta: Delta) -> Result<f64, PldError> {
        self.bound(Query::Epsilon(delta.get()), Side::Lower)
    }

    /// A delta at `epsilon` that is never below the exact one, at most 1.
    ///
    /// # Errors
    /// When the losses cannot be put on a grid.
    pub fn delta(&self, epsilon: Epsilon) -> Result<f64, PldError> {
        self.bound(Query::Delta(epsilon.get()), Side::Upper)
    }

    /// A delta at `epsilon` that is never above the exact one.
    ///
    /// # Errors
    /// When the losses cannot be put on a grid, or the mechanism is known by an upper bound only.
    pub fn delta_lower(&self, epsilon: Epsilon) -> Result<f64, PldError> {
        self.bound(Query::Delta(epsilon.get()), Side::Lower)
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Query {
    /// The epsilon at a delta.
    Epsilon(f64),
    /// The delta at an epsilon.
    Delta(f64),
}
