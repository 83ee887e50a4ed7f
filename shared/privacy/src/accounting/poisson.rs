//! The Renyi divergence of the Poisson-sampled Gaussian mechanism, exactly.
//!
//! MTZ19: with `mu_0 = N(0, sigma^2)`, `mu_1 = N(1, sigma^2)` and `mu = (1-q) mu_0 + q mu_1`, the
//! divergence of order `alpha` is `ln A_alpha / (alpha - 1)` where
//! `A_alpha = E_{x ~ mu_0} [(mu(x) / mu_0(x))^alpha]` (section 3.1; Theorem 5 shows that the other
//! direction is never larger). Unit: user; adjacency: add or remove one user.
//!
//! Integer orders use the binomial sum (section 3.3). Fractional orders integrate numerically: the
//! series of section 3.3 has terms of both signs and converges only like a power of its index.

use std::f64::consts::TAU;

/// Below this `sigma` a fractional order is bounded by its integer neighbours instead of integrated:
/// the grid would grow like `1 / sigma^2` for mechanisms that protect nobody.
pub(super) const SMALLEST_INTEGRATED_SIGMA: f64 = 0.1;

/// Covers the integration error, which the unit tests keep below 1e-10 against 40-digit arithmetic.
const INTEGRATION_SLACK: f64 = 1.0 + 1e-10;

/// Half-width of the grid beyond the outermost peaks, in standard deviations: `exp(-98)` is left out.
const REACH: f64 = 14.0;

/// `ln A_alpha` for `0 < q < 1`, `alpha > 1`.
pub(super) fn ln_moment(q: f64, sigma: f64, alpha: f64) -> f64 {
    if alpha.fract() == 0.0 {
        ln_moment_integer(q, sigma, alpha)
    } else if sigma < SMALLEST_INTEGRATED_SIGMA {
        ln_moment_between_integers(q, sigma, alpha)
    } else {
        ln_moment_integrated(q, sigma, alpha) * INTEGRATION_SLACK
    }
}

/// `A_alpha - 1 = sum over k >= 2 of C(alpha, k) q^k (1-q)^(alpha-k) (exp((k^2-k)/(2 sigma^2)) - 1)`:
/// MTZ19's sum less the binomial theorem for 1, so that every term is positive.
fn ln_moment_integer(q: f64, sigma: f64, alpha: f64) -> f64 {
    let (ln_q, ln_rest) = (q.ln(), (-q).ln_1p());
    let mut ln_binomial = 0.0;
    let mut terms = Vec::new();
    let mut k = 1.0;
    while k <= alpha {
        ln_binomial += ((alpha - k + 1.0) / k).ln();
        if k >= 2.0 {
            let gain = ln_expm1(k * (k - 1.0) / (2.0 * sigma * sigma));
            terms.push(ln_binomial + k * ln_q + (alpha - k) * ln_rest + gain);
        }
        k += 1.0;
    }
    ln_1p_exp(ln_sum_exp(&terms))
}

/// WBK19, Corollary 10: `ln A_alpha` is convex in `alpha`, so a chord lies above it.
fn ln_moment_between_integers(q: f64, sigma: f64, alpha: f64) -> f64 {
    let at = |order: f64| {
        if order > 1.0 { ln_moment_integer(q, sigma, order) } else { 0.0 }
    };
    let share = alpha.fract();
    (1.0 - share) * at(alpha.floor()) + share * at(alpha.ceil())
}

/// The trapezoid rule on an even grid, whose error falls like `exp(-2 pi a / step)`: the integrand is
/// analytic within `a = pi sigma^2` of the real line, where `mu / mu_0` has its zeros.
fn ln_moment_integrated(q: f64, sigma: f64, alpha: f64) -> f64 {
    let step = (sigma / 16.0).min(sigma * sigma / 2.5);
    let low = -REACH * sigma;
    let points = ((alpha + 2.0 * REACH * sigma) / step).ceil();
    let grid = |i: u32| low + f64::from(i) * step;
    let ln_weight = (step / (sigma * TAU.sqrt())).ln();
    let logs: Vec<f64> = (0..=points as u32)
        .map(|i| {
            let x = grid(i);
            let ln_density = ln_weight - x * x / (2.0 * sigma * sigma);
            ln_density + alpha * ln_ratio(q, sigma, x)
        })
        .collect();
    let ln_moment = ln_sum_exp(&logs);
    if ln_moment > 0.5 {
        return ln_moment;
    }
    let excess: f64 = (0..=points as u32)
        .map(|i| {
            let x = grid(i);
            excess_at(q, sigma, alpha, x, ln_weight - x * x / (2.0 * sigma * sigma))
        })
        .sum();
    excess.ln_1p()
}

/// `ln(mu(x) / mu_0(x)) = ln(1 - q + q exp(z))`, `z = (2x - 1) / (2 sigma^2)`.
fn ln_ratio(q: f64, sigma: f64, x: f64) -> f64 {
    let z = (2.0 * x - 1.0) / (2.0 * sigma * sigma);
    if z > 0.0 { z + ((1.0 - q) * (-z).exp() + q).ln() } else { (q * z.exp_m1()).ln_1p() }
}

/// One point of `A_alpha - 1 = E[(1+t)^alpha - 1 - alpha t]`, `t = q (exp(z) - 1)`, which holds since
/// `E[t] = 0` and whose integrand is never negative (Bernoulli's inequality).
fn excess_at(q: f64, sigma: f64, alpha: f64, x: f64, ln_density: f64) -> f64 {
    let z = (2.0 * x - 1.0) / (2.0 * sigma * sigma);
    let t = if z < 700.0 { q * z.exp_m1() } else { f64::INFINITY };
    if t.abs() < 0.01 {
        return ln_density.exp() * excess_series(alpha, t);
    }
    let ln_power = alpha * ln_ratio(q, sigma, x);
    if z < 30.0 && ln_power < 600.0 {
        return ln_density.exp() * (ln_power.exp_m1() - alpha * t);
    }
    let power = (ln_density + ln_power).exp();
    power - (1.0 - alpha * q) * ln_density.exp() - alpha * q * (ln_density + z).exp()
}

/// `(1+t)^alpha - 1 - alpha t` for small `t`, without cancellation: the binomial series from `t^2` on.
fn excess_series(alpha: f64, t: f64) -> f64 {
    let mut term = alpha * t;
    let mut sum = 0.0;
    for k in 1..16_u32 {
        let k = f64::from(k);
        term *= (alpha - k) / (k + 1.0) * t;
        sum += term;
    }
    sum
}

/// `ln(exp(x) - 1)` for `x > 0`.
pub(super) fn ln_expm1(x: f64) -> f64 {
    if x < 30.0 { x.exp_m1().ln() } else { x + (-(-x).exp()).ln_1p() }
}

/// `ln(1 + exp(x))`.
pub(super) fn ln_1p_exp(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// `ln` of the sum of `exp` of the terms; minus infinity for none.
pub(super) fn ln_sum_exp(terms: &[f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::{ln_moment, ln_moment_between_integers, ln_moment_integer, ln_moment_integrated};

    #[test]
    fn integration_agrees_with_the_sum_at_integers() {
        for (q, sigma) in [(1e-6, 1.0), (1e-4, 10.0), (0.01, 0.3), (0.04, 1.5), (0.5, 1.0), (0.9, 10.0)] {
            for alpha in [2.0, 3.0, 7.0, 11.0] {
                let (sum, integral) = (ln_moment_integer(q, sigma, alpha), ln_moment_integrated(q, sigma, alpha));
                assert!((sum / integral - 1.0).abs() < 1e-11, "{q} {sigma} {alpha}: {sum} {integral}");
            }
        }
    }

    /// `ln A_alpha` at fractional orders by 40-digit adaptive quadrature.
    #[test]
    fn integration_covers_the_truth() {
        for (q, sigma, alpha, truth) in [
            (1e-6, 1.0, 1.1, 9.450_527_071_147_071e-14),
            (1e-4, 10.0, 1.1, 5.527_586_879_987_927e-12),
            (0.01, 0.3, 1.5, 0.054_726_240_855_337_953),
            (0.04, 1.5, 3.9, 0.005_316_286_378_793_189_8),
            (0.5, 1.0, 1.1, 0.015_613_047_568_549_297),
            (0.9, 10.0, 10.9, 0.440_889_765_897_008_06),
            (1e-3, 0.2, 2.5, 29.605_611_802_544_925),
        ] {
            let excess = ln_moment(q, sigma, alpha) / truth - 1.0;
            assert!((0.0..2e-10).contains(&excess), "{q} {sigma} {alpha}: {excess}");
        }
    }

    #[test]
    fn the_chord_lies_above_the_exact_value() {
        for alpha in [1.1, 1.5, 3.9, 10.5] {
            for (q, sigma) in [(0.01, 0.5), (0.3, 2.0)] {
                let exact = ln_moment(q, sigma, alpha);
                assert!(ln_moment_between_integers(q, sigma, alpha) >= exact);
            }
        }
    }
}
