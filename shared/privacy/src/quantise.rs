//! Conditional stochastic rounding onto the integer grid, with an exact norm check.

use chacha20::ChaCha20Rng;
use rand::rngs::SysRng;
use rand::{Rng, SeedableRng};
use thiserror::Error;

/// Tries of random rounding before the deterministic fall-back. Each succeeds with probability at
/// least `1 - beta = 0.39` for a vector inside the clip ball, so 64 failures have probability
/// below 2^-46: in practice only a vector outside the ball ever gets there.
const MAX_TRIES: u32 = 64;

/// The operating system's random source failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the operating system's random source failed: {0}")]
pub struct RoundingError(String);

/// Randomness for rounding. It affects accuracy (the rounding is unbiased), not privacy.
pub struct Rounding(ChaCha20Rng);

impl Rounding {
    /// Seeded by the operating system.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn from_system() -> Result<Self, RoundingError> {
        ChaCha20Rng::try_from_rng(&mut SysRng).map(Self).map_err(|e| RoundingError(e.to_string()))
    }

    /// Reproducible, for simulation and tests.
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// True with probability `p`, to 32 bits.
    fn flip(&mut self, p: f64) -> bool {
        f64::from(self.0.next_u32()) < p * 4_294_967_296.0
    }
}

/// The exact squared norm, or `u128::MAX` if that is less: no bound in use comes near it. A square
/// always fits, four of them may not, and a sum that wrapped would let the longest vectors pass.
pub(crate) fn squared_norm(k: &[i64]) -> u128 {
    k.iter().fold(0, |sum: u128, &v| sum.saturating_add(u128::from(v.unsigned_abs()).pow(2)))
}

/// Rounds `s u` to integers whose squared norm is at most `bound`, exactly.
///
/// `k_i = floor(y_i) + Bernoulli(y_i - floor(y_i))`, repeated until the check holds; after
/// [`MAX_TRIES`] truncation toward zero, which can't raise the norm, on a vector shrunk a little
/// more each time. Always ends: the shrinking reaches zero, whose norm is zero.
pub(crate) fn quantise(u: &[f32], scale: f64, bound: u128, rounding: &mut Rounding) -> Vec<i64> {
    let mut k = vec![0_i64; u.len()];
    for _ in 0..MAX_TRIES {
        for (k, &u) in k.iter_mut().zip(u) {
            // An untouched coordinate is exactly zero, stays zero and costs no randomness.
            if u != 0.0 {
                let y = f64::from(u) * scale;
                let floor = y.floor();
                // The conversion stops at the ends of `i64`; so must the step.
                *k = (floor as i64).saturating_add(i64::from(rounding.flip(y - floor)));
            }
        }
        if squared_norm(&k) <= bound {
            return k;
        }
    }
    let mut shrink = 1.0_f64;
    loop {
        for (k, &u) in k.iter_mut().zip(u) {
            *k = (f64::from(u) * scale * shrink).trunc() as i64;
        }
        if squared_norm(&k) <= bound {
            return k;
        }
        // Slow first (a float error in the clip), then fast (a vector that was never clipped).
        shrink = if shrink > 0.5 { shrink * (1.0 - 2_f64.powi(-20)).powi(1 << 10) } else { shrink * 0.5 };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_norm_bound_holds_for_any_finite_input(
            u in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO, 0..40),
            bound in 0_u128..1_000_000,
        ) {
            let k = quantise(&u, 100.0, bound, &mut Rounding::seeded([1; 32]));
            prop_assert!(squared_norm(&k) <= bound);
        }

        #[test]
        fn the_error_of_one_coordinate_is_below_a_step(u in prop::collection::vec(-1.0_f32..1.0, 1..40)) {
            let k = quantise(&u, 1000.0, u128::MAX, &mut Rounding::seeded([2; 32]));
            for (k, u) in k.iter().zip(&u) {
                prop_assert!((*k as f64 - f64::from(*u) * 1000.0).abs() < 1.0);
            }
        }
    }

    #[test]
    fn a_norm_beyond_the_numbers_is_the_largest_number() {
        // Four squares of 2^63 are 2^128, which is 0 to arithmetic that wraps.
        for length in [4, 5, 8] {
            assert_eq!(squared_norm(&vec![i64::MIN; length]), u128::MAX);
            assert!(squared_norm(&vec![i64::MAX; length]) > 1 << 127);
        }
        assert_eq!(squared_norm(&[i64::MIN; 3]), 3 << 126);
        assert_eq!(squared_norm(&[3, -4]), 25);
    }

    #[test]
    fn a_vector_that_was_never_clipped_still_obeys_the_bound() {
        for u in [[f32::MAX; 4], [f32::MIN; 4], [1e19; 4], [-1e19; 4]] {
            let k = quantise(&u, 2_f64.powi(26), 1 << 52, &mut Rounding::seeded([5; 32]));
            assert!(squared_norm(&k) <= 1 << 52, "{u:?} {k:?}");
        }
    }

    #[test]
    fn rounding_is_unbiased() {
        let u = vec![0.3_f32; 200_000];
        let k = quantise(&u, 1.0, u128::MAX, &mut Rounding::seeded([3; 32]));
        let mean = k.iter().sum::<i64>() as f64 / 200_000.0;
        // Standard error sqrt(0.21 / 2e5) = 0.001: six of them.
        assert!((mean - 0.3).abs() < 0.0062, "{mean}");
    }

    #[test]
    fn zero_stays_zero() {
        assert_eq!(quantise(&[0.0; 8], 3.7, 0, &mut Rounding::seeded([4; 32])), [0; 8]);
    }
}
