//! Zero-concentrated differential privacy: the currency of a device's ledger.
//!
//! Unit: user. Adjacency: the one under which `z` was taken. A mechanism is `rho`-zCDP when its
//! Renyi divergence of every order `alpha > 1` is at most `rho alpha` (BS16, Definition 1.1).
//! Nothing here claims amplification by sampling, so the numbers hold against an aggregator that
//! knows who took part.

use super::{
    Delta, Epsilon, NoiseMultiplier, ParameterError, Rho,
    minimise::minimum,
    rounding::{add_up, count_up, half_inverse_square_up, mul_up},
};

/// The search range for `ln(alpha - 1)`.
const LN_ALPHA_MINUS_ONE: (f64, f64) = (-40.0, 80.0);

/// Covers the rounding of the few operations in one evaluation, relative to its largest term.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// The cost of ONE participation with (discrete or continuous) Gaussian noise: `1 / (2 z^2)`.
///
/// Continuous: BS16, Proposition 1.6. Discrete, one dimension or many: CKS20, Theorem 4. A sum of
/// discrete Gaussian shares needs the extra terms of the distributed mechanism.
#[must_use]
pub fn gaussian(z: NoiseMultiplier) -> Rho {
    Rho::from_bound(half_inverse_square_up(z.get()))
}

/// The cost of ONE use of an `epsilon`-differentially private mechanism: `epsilon^2 / 2` (BS16,
/// Proposition 1.4).
#[must_use]
pub fn pure(epsilon: Epsilon) -> Rho {
    Rho::from_bound(mul_up(mul_up(epsilon.get(), epsilon.get()), 0.5))
}

/// The cost of one tree: every leaf touches `ceil(log2(steps + 1))` noisy nodes.
///
/// Kairouz et al., "Practical and Private (Deep) Learning without Sampling or Shuffling", 2021,
/// appendix D. Adjacency: zero-out of a user who takes part ONCE in the tree.
#[must_use]
pub fn tree(z: NoiseMultiplier, steps: u64) -> Rho {
    Rho::from_bound(mul_up(half_inverse_square_up(z.get()), f64::from(tree_depth(steps))))
}

/// `ceil(log2(steps + 1))`: the nodes on a path from a leaf of the tree to its root.
pub(super) const fn tree_depth(steps: u64) -> u32 {
    u64::BITS - steps.leading_zeros()
}

/// `rho` of several mechanisms run one after the other, chosen adaptively (BS16, Lemma 2.3): the sum.
///
/// # Errors
/// When the sum leaves the range of [`Rho`].
pub fn compose(parts: impl IntoIterator<Item = Rho>) -> Result<Rho, ParameterError> {
    Rho::new(parts.into_iter().fold(0.0, |sum, rho| add_up(sum, rho.get())))
}

/// `rho` of one mechanism run `times` times.
///
/// # Errors
/// When the product leaves the range of [`Rho`].
pub fn repeated(rho: Rho, times: u64) -> Result<Rho, ParameterError> {
    Rho::new(mul_up(rho.get(), count_up(times)))
}

/// The epsilon that `rho` stands for at `delta` (CKS20, Proposition 12):
/// `min over alpha > 1 of alpha rho + ln(1 - 1/alpha) - ln(delta alpha) / (alpha - 1)`.
///
/// The objective has one valley: CKS20's `ln delta(alpha)` is convex in `alpha`, so the orders that
/// reach a given epsilon form an interval.
#[must_use]
pub fn epsilon(rho: Rho, delta: Delta) -> Epsilon {
    if rho == Rho::ZERO {
        return Epsilon::from_bound(0.0);
    }
    let (low, high) = LN_ALPHA_MINUS_ONE;
    let ln_delta = delta.get().ln();
    Epsilon::from_bound(minimum(low, high, |u| epsilon_at(u.exp(), rho.get(), ln_delta)))
}

/// The objective of [`epsilon`] at `alpha = 1 + x`, rounded up.
fn epsilon_at(x: f64, rho: f64, ln_delta: f64) -> f64 {
    let ln_alpha = x.ln_1p();
    let cost = (1.0 + x) * rho;
    let tail = (ln_delta + ln_alpha) / x;
    let size = cost + x.ln().abs() + ln_alpha + (ln_delta.abs() + ln_alpha) / x;
    cost + (x.ln() - ln_alpha) - tail + ROUNDING * size
}

/// The delta that `rho` stands for at `epsilon` (CKS20, Corollary 13), at most 1:
/// `min over alpha > 1 of exp((alpha - 1)(alpha rho - epsilon)) (1 - 1/alpha)^alpha / (alpha - 1)`.
#[must_use]
pub fn delta(rho: Rho, epsilon: Epsilon) -> f64 {
    if rho == Rho::ZERO {
        return 0.0;
    }
    let (low, high) = LN_ALPHA_MINUS_ONE;
    let ln_delta = minimum(low, high, |u| ln_delta_at(u.exp(), rho.get(), epsilon.get()));
    (ln_delta.exp() * (1.0 + ROUNDING)).min(1.0)
}

/// The logarithm of the objective of [`delta`] at `alpha = 1 + x`, rounded up.
fn ln_delta_at(x: f64, rho: f64, epsilon: f64) -> f64 {
    let ln_alpha = x.ln_1p();
    let cost = x * (1.0 + x) * rho;
    let gain = x * epsilon;
    let size = cost + gain + x * (x.ln().abs() + ln_alpha) + ln_alpha;
    cost - gain + x * (x.ln() - ln_alpha) - ln_alpha + ROUNDING * size
}

/// The largest `rho` whose [`epsilon`] at `delta` stays within the target, rounded DOWN:
/// `epsilon(max_rho(e, d), d) <= e` always holds.
#[must_use]
pub fn max_rho(target: Epsilon, delta: Delta) -> Rho {
    let fits = |rho: f64| epsilon(Rho::from_bound(rho), delta) <= target;
    let mut low = 0.0_f64;
    let mut high = 1.0_f64;
    while fits(high) && high < 1e99 {
        low = high;
        high *= 4.0;
    }
    if low == 0.0 {
        low = 0.25;
        while !fits(low) {
            high = low;
            low *= 0.25;
            if low < f64::MIN_POSITIVE {
                return Rho::ZERO;
            }
        }
    }
    while high > low.next_up() {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            break;
        }
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Rho::from_bound(low)
}
