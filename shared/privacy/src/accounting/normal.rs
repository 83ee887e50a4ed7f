//! The normal distribution in the tails, and the Gaussian mechanism exactly.
//!
//! BW18: Balle, Wang, "Improving the Gaussian Mechanism for Differential Privacy: Analytical
//! Calibration and Optimal Denoising", ICML 2018, Theorem 8. A Gaussian mechanism whose L2 sensitivity
//! is `mu` standard deviations satisfies (epsilon, delta) exactly when
//! `delta >= Phi(mu/2 - epsilon/mu) - exp(epsilon) Phi(-mu/2 - epsilon/mu)`. Gaussian mechanisms run
//! one after the other are one with `mu^2 = sum of mu_i^2`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Which side of the exact value an answer may lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Never below the exact value.
    Upper,
    /// Never above the exact value.
    Lower,
}

impl Side {
    /// `+1` for an upper bound, `-1` for a lower one: the sign of every allowance for error.
    pub(super) const fn sign(self) -> f64 {
        match self {
            Self::Upper => 1.0,
            Self::Lower => -1.0,
        }
    }
}

/// `P[N(0, 1) > x]`; `libm`'s `erfc` is good to one unit in the last place.
pub(super) fn upper_tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// Mills' ratio `P[N(0,1) > x] / phi(x)` for `x >= 0`, by its continued fraction where the tail
/// itself would underflow.
fn mills(x: f64) -> f64 {
    if x < 5.0 {
        return upper_tail(x) / density(x);
    }
    (1..80_u32).rev().fold(x, |tail, k| x + f64::from(k) / tail).recip()
}

fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// `delta` of the Gaussian mechanism at `epsilon >= 0` (BW18, Theorem 8). Both terms are written over
/// `phi(a) = exp(epsilon) phi(b)`, so that nothing overflows.
pub(super) fn gaussian_delta(mu: f64, epsilon: f64, side: Side) -> f64 {
    let a = mu / 2.0 - epsilon / mu;
    let first = upper_tail(-a);
    let second = density(a) * mills(mu / 2.0 + epsilon / mu);
    let error = 16.0 * f64::EPSILON * (1.0 + a * a) * (first + second);
    (first - second + side.sign() * error).clamp(0.0, 1.0)
}

/// `epsilon` of the Gaussian mechanism at `delta`: [`gaussian_delta`] inverted by bisection.
pub(super) fn gaussian_epsilon(mu: f64, delta: f64, side: Side) -> f64 {
    let above = |epsilon: f64| gaussian_delta(mu, epsilon, side) > delta;
    if mu == 0.0 || !above(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while above(high) && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    // 60 halvings of a bracket whose ends differ by a factor of two at most, or of [0, 1].
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if above(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if side == Side::Upper { high } else { low }
}

#[cfg(test)]
mod tests {
    use super::{Side, gaussian_delta, gaussian_epsilon, mills, upper_tail};

    /// 60-digit arithmetic.
    #[test]
    fn tails() {
        for (x, truth) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (6.0, 9.865_876_450_376_98e-10),
            (20.0, 2.753_624_118_606_233_7e-89),
        ] {
            assert!((upper_tail(x) / truth - 1.0).abs() < 4e-16 * (1.0 + x * x), "{x}");
        }
        assert!((mills(4.999_999_999) / mills(5.000_000_001) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_bracket_is_narrow_and_ordered() {
        for mu in [1e-3, 0.05, 1.0, 5.0, 40.0, 1000.0] {
            for delta in [1e-12, 1e-5, 0.1] {
                let [low, high] = [Side::Lower, Side::Upper].map(|side| gaussian_epsilon(mu, delta, side));
                assert!(low <= high && high - low <= 1e-9 * high.max(1e-3), "{mu} {delta}: {low} {high}");
                if high > 0.0 {
                    assert!(gaussian_delta(mu, high, Side::Upper) <= delta);
                }
            }
        }
    }
}
