//! The Gaussian mechanism on a fixed-size cohort drawn uniformly without replacement.
//!
//! WBK19, Theorem 27, for a cohort of `m` users out of `n`, `q = m / n`. Unit: user; adjacency:
//! REPLACE one user, so the noise multiplier is relative to the sensitivity under replacement (twice
//! one user's norm bound). Not comparable with numbers for adding or removing a user.

use std::f64::consts::TAU;

use super::poisson::{SMALLEST_INTEGRATED_SIGMA, ln_1p_exp, ln_expm1, ln_sum_exp};

/// Beyond this order only the second, simpler bound of each term is used, as in dp-accounting.
const LARGEST_EXACT_ORDER: f64 = 256.0;

/// `ln` of the even central moments `E_{x ~ N(0, sigma^2)}[(exp(z) - 1)^j]`, `j = 2, 4, ..., 256`,
/// `z = (2x - 1) / (2 sigma^2)`: Theorem 27's forward differences, here without their cancellation.
pub(super) struct Moments {
    sigma: f64,
    even: Vec<f64>,
}

impl Moments {
    /// Integrates all moments that orders up to `largest` need; none for a tiny `sigma`, where the
    /// simpler bound of each term is the smaller one anyway and the grid would be huge.
    pub(super) fn new(sigma: f64, largest: f64) -> Self {
        let reach = if sigma < SMALLEST_INTEGRATED_SIGMA { 0.0 } else { LARGEST_EXACT_ORDER };
        let top = largest.min(reach).ceil() as u32;
        let even = (1..=top.div_ceil(2)).map(|half| ln_even_moment(sigma, f64::from(2 * half)));
        Self { sigma, even: even.collect() }
    }

    /// `(alpha - 1)` times the divergence of order `alpha > 1`; a fractional order is bounded by the
    /// chord between its integer neighbours (WBK19, Corollary 10).
    pub(super) fn ln_moment(&self, q: f64, alpha: f64) -> f64 {
        let (floor, share) = (alpha.floor(), alpha.fract());
        let low = self.ln_moment_integer(q, floor);
        if share == 0.0 {
            return low;
        }
        (1.0 - share) * low + share * self.ln_moment_integer(q, floor + 1.0)
    }

    fn ln_moment_integer(&self, q: f64, alpha: f64) -> f64 {
        let mut ln_binomial = 0.0;
        let mut terms = Vec::new();
        let mut i = 1.0;
        while i <= alpha {
            ln_binomial += ((alpha - i + 1.0) / i).ln();
            if i >= 2.0 {
                terms.push(ln_binomial + i * q.ln() + self.ln_factor(i, alpha));
            }
            i += 1.0;
        }
        ln_1p_exp(ln_sum_exp(&terms))
    }

    /// The factor of `q^i C(alpha, i)` in Theorem 27.
    fn ln_factor(&self, i: f64, alpha: f64) -> f64 {
        let inverse = 1.0 / (self.sigma * self.sigma);
        let simple = 2.0_f64.ln() + i * (i - 1.0) / 2.0 * inverse;
        if i == 2.0 {
            return simple.min(4.0_f64.ln() + ln_expm1(inverse));
        }
        if alpha > LARGEST_EXACT_ORDER {
            return simple;
        }
        let lower = (i / 2.0).floor() as usize - 1;
        let upper = (i / 2.0).ceil() as usize - 1;
        match (self.even.get(lower), self.even.get(upper)) {
            (Some(a), Some(b)) => simple.min(4.0_f64.ln() + 0.5 * (a + b)),
            _ => simple,
        }
    }
}

/// `ln E[(exp(z) - 1)^j]` for even `j`, by the trapezoid rule.
fn ln_even_moment(sigma: f64, j: f64) -> f64 {
    let variance = sigma * sigma;
    let step = (sigma / 16.0).min(variance / 2.5);
    let points = ((j + 28.0 * sigma) / step).ceil() as u32;
    let ln_weight = (step / (sigma * TAU.sqrt())).ln();
    let logs: Vec<f64> = (0..=points)
        .map(|i| {
            let x = f64::from(i) * step - 14.0 * sigma;
            let z = (2.0 * x - 1.0) / (2.0 * variance);
            let ln_size = if z > 0.0 { ln_expm1(z) } else { (-z.exp_m1()).ln() };
            ln_weight - x * x / (2.0 * variance) + j * ln_size
        })
        .collect();
    ln_sum_exp(&logs)
}
