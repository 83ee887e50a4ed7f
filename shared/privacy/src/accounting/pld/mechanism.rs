//! The mechanisms whose privacy loss is known, as dominating pairs.

use super::{
    buckets::Buckets,
    gaussian_pair::GaussianPair,
    noise::{self, Noise},
};
use crate::accounting::{Adjacency, binomial};

/// One use of a mechanism. Parameters are in range; `PrivacyLoss` checks them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mechanism {
    /// Gaussian noise, `mu = 1 / z`.
    Gaussian { mu: f64 },
    /// Gaussian noise on a Poisson sample.
    Poisson { q: f64, z: f64 },
    /// Gaussian noise on a Poisson sample that is cut to `cap` users at random.
    CappedPoisson { population: u64, q: f64, cap: u64, z: f64 },
    /// `N_Z(0, sigma^2)` on an integer query, sampled with probability `q`.
    DiscreteGaussian { sigma: f64, sensitivity: u64, q: f64 },
    /// `P[k] ~ exp(-a |k|)` on an integer query.
    DiscreteLaplace { a: f64, sensitivity: u64 },
    /// The sum of `n` shares `N_Z(0, sigma^2)` on an integer query.
    DiscreteGaussianSum { n: u64, sigma: f64, sensitivity: u64 },
    /// Skellam noise of a total variance on an integer query.
    Skellam { variance: f64, sensitivity: u64 },
    /// `k`-ary randomised response that answers uniformly with probability `p`.
    RandomisedResponse { p: f64, k: u64 },
}

/// The support of the noise is too large to be listed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TooLarge;

impl Mechanism {
    pub(super) const fn adjacency(&self) -> Adjacency {
        match self {
            Self::RandomisedResponse { .. } => Adjacency::ReplaceUser,
            _ => Adjacency::AddOrRemoveUser,
        }
    }

    /// Whether `(P, Q)` and `(Q, P)` have the same privacy loss.
    pub(super) const fn is_symmetric(&self) -> bool {
        match self {
            Self::Poisson { .. } | Self::CappedPoisson { .. } => false,
            Self::DiscreteGaussian { q, .. } => *q >= 1.0,
            _ => true,
        }
    }

    /// Whether the pair is the mechanism itself on some neighbours, so that it bounds from below too.
    pub(super) const fn is_exact(&self) -> bool {
        !matches!(self, Self::CappedPoisson { .. })
    }

    /// The largest loss there is, where it is bounded without a tail.
    pub(super) fn largest_loss(&self) -> f64 {
        match *self {
            Self::DiscreteLaplace { a, sensitivity } => a * sensitivity as f64,
            Self::RandomisedResponse { p, k } => noise::randomised_response_loss(p, k),
            _ => f64::INFINITY,
        }
    }

    /// The source of the buckets, before the width of the grid is known.
    pub(super) fn source(&self) -> Result<Source, TooLarge> {
        let listed = |noise: Option<Noise>, sensitivity: u64, q: f64| {
            let noise = noise.ok_or(TooLarge)?;
            Ok(Source::Atoms { atoms: noise.pair(sensitivity, q), lost: noise.missing(sensitivity) })
        };
        let exact = |atoms| Ok(Source::Atoms { atoms, lost: 0.0 });
        match *self {
            Self::Gaussian { mu } => Ok(Source::Gaussian(GaussianPair::Remove { q: 1.0, sigma: 1.0 / mu })),
            Self::Poisson { q, z } => Ok(Source::Gaussian(GaussianPair::Remove { q, sigma: z })),
            Self::CappedPoisson { population, q, cap, z } => Ok(capped(population, q, cap, z)),
            Self::DiscreteGaussian { sigma, sensitivity, q } => {
                listed(Noise::discrete_gaussian(sigma, sensitivity as f64), sensitivity, q)
            }
            Self::DiscreteGaussianSum { n, sigma, sensitivity } => {
                listed(Noise::sum_of_discrete_gaussians(n, sigma, sensitivity as f64), sensitivity, 1.0)
            }
            Self::Skellam { variance, sensitivity } => {
                listed(Noise::skellam(variance, sensitivity as f64), sensitivity, 1.0)
            }
            Self::DiscreteLaplace { sensitivity, .. } if sensitivity as f64 > noise::LARGEST_SUPPORT => Err(TooLarge),
            Self::DiscreteLaplace { a, sensitivity } => exact(noise::discrete_laplace_pair(a, sensitivity)),
            Self::RandomisedResponse { p, k } => exact(noise::randomised_response_pair(p, k)),
        }
    }
}

/// Ganesh et al., arXiv 2508.15089, as in dp-accounting 0.6.0: whether the cap was hit by the others is
/// given away. If not, the sample is Poisson; if so, the user displaces another one with the
/// conditional probability of being kept, which is bounded by a replacement at twice the sensitivity.
fn capped(population: u64, q: f64, cap: u64, z: f64) -> Source {
    let plain = GaussianPair::Remove { q, sigma: z };
    let hit = binomial::upper_tail(population - 1, q, cap - 1);
    if hit == 0.0 {
        return Source::Gaussian(plain);
    }
    let kept = binomial::upper_tail(population, q, cap) * cap as f64 / hit / population as f64;
    // The tail is good to 1e-9; both probabilities are pushed towards less privacy.
    let q = (kept * (1.0 + 4e-9)).min(1.0 - f64::EPSILON);
    if q <= 0.0 {
        return Source::Gaussian(plain);
    }
    Source::Mixture { plain, weight: (hit * (1.0 + 2e-9)).min(1.0), other: GaussianPair::Replace { q, sigma: z / 2.0 } }
}

/// Where buckets of any width come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Gaussian(GaussianPair),
    Mixture { plain: GaussianPair, weight: f64, other: GaussianPair },
    Atoms { atoms: Vec<[f64; 2]>, lost: f64 },
}

impl Source {
    /// The smallest and largest finite loss within reach.
    pub(super) fn range(&self, reach: f64) -> [f64; 2] {
        let widest = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].max(b[1])];
        match self {
            Self::Gaussian(pair) => pair.range(reach),
            Self::Mixture { plain, other, .. } => widest(plain.range(reach), other.range(reach)),
            Self::Atoms { atoms, .. } => {
                let finite = atoms.iter().filter(|[p, q]| *p > 0.0 && *q > 0.0).map(|[p, q]| (p / q).ln());
                finite.fold([0.0, 0.0], |range, loss| widest(range, [loss, loss]))
            }
        }
    }

    /// Gaussians are cut `reach` standard deviations beyond their outermost means.
    pub(super) fn buckets(&self, h: f64, reach: f64) -> Buckets {
        match self {
            Self::Gaussian(pair) => pair.buckets(h, reach),
            Self::Mixture { plain, weight, other } => other.buckets(h, reach).mixed(*weight, &plain.buckets(h, reach)),
            Self::Atoms { atoms, lost } => noise::buckets(atoms, *lost, h),
        }
    }
}
