//! Conditional stochastic rounding onto the integer grid, with an exact norm check.

use fearless_simd::{Level, dispatch, f32x16, i32x16, prelude::*, u32x16, u64x8};
use rand::TryRng;
use rand::rngs::SysRng;
use thiserror::Error;

use crate::lanes::{LANES, Lanes};

/// Tries of random rounding before the deterministic fall-back. Each succeeds with probability at
/// least `1 - beta = 0.39` for a vector inside the clip ball, so 64 failures have probability
/// below 2^-46: in practice only a vector outside the ball ever gets there.
const MAX_TRIES: u32 = 64;

/// The operating system's random source failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the operating system's random source failed: {0}")]
pub struct RoundingError(String);

/// Randomness for rounding. It affects accuracy (the rounding is unbiased), not privacy: the noise and the exact
/// norm check do not look at it, so it need only be even and independent of the data.
pub struct Rounding(Lanes);

impl Rounding {
    /// Seeded by the operating system.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn from_system() -> Result<Self, RoundingError> {
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed).map_err(|e| RoundingError(e.to_string()))?;
        Ok(Self::seeded(seed))
    }

    /// Reproducible, for simulation and tests.
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self(Lanes::seeded(seed))
    }
}

/// The exact squared norm, or `u128::MAX` if that is less: no bound in use comes near it. A square
/// always fits, four of them may not, and a sum that wrapped would let the longest vectors pass.
pub(crate) fn squared_norm(k: &[i64]) -> u128 {
    k.iter().fold(0, |sum: u128, &v| sum.saturating_add(u128::from(v.unsigned_abs()).pow(2)))
}

/// The same of narrow integers.
pub(crate) fn squared_norm_narrow(k: &[i32]) -> u128 {
    k.chunks(PART).map(|part| dispatch!(Level::new(), simd => narrow_sum(simd, part))).sum()
}

/// Entries rounded, or squared and summed up, at a time.
const PART: usize = 1 << 12;

/// Of at most [`PART`] numbers.
#[inline(always)]
fn narrow_sum<S: Simd>(simd: S, k: &[i32]) -> u128 {
    let (chunks, rest) = k.as_chunks::<LANES>();
    let mut longest = i32x16::splat(simd, 0);
    let mut wrapped = [u64x8::splat(simd, 0); 2];
    for chunk in chunks {
        let magnitude = i32x16::from_slice(simd, chunk).abs();
        longest = longest.max(magnitude);
        let magnitude: u32x16<S> = magnitude.bitcast();
        let (even, odd) = magnitude.widening_mul(magnitude);
        wrapped = [wrapped[0] + even, wrapped[1] + odd];
    }
    let exact = |k: &[i32]| k.iter().map(|&v| u128::from(v.unsigned_abs()).pow(2)).sum::<u128>();
    let longest = (*longest).into_iter().fold(0, |most, v| most.max(v.unsigned_abs()));
    if longest > 1 << 27 {
        return exact(k);
    }
    // 2^8 squares of at most 2^54 in each lane.
    let sum = |lanes: u64x8<S>| (*lanes).into_iter().map(u128::from).sum::<u128>();
    sum(wrapped[0]) + sum(wrapped[1]) + exact(rest)
}

/// Rounds `s u` to integers whose squared norm is at most `bound`, exactly.
///
/// `k_i = floor(y_i) + Bernoulli(y_i - floor(y_i))`, repeated until the check holds; after
/// [`MAX_TRIES`] truncation toward zero, which can't raise the norm, on a vector shrunk a little
/// more each time. Always ends: the shrinking reaches zero, whose norm is zero.
///
/// `y_i = s u_i` is rounded to the 24 bits that `u_i` has itself. Entries beyond 31 bits stop there; no bound
/// in use has room for them.
pub(crate) fn quantise(u: &[f32], scale: f64, bound: u128, rounding: &mut Rounding) -> Vec<i32> {
    let mut k = vec![0_i32; u.len()];
    for _ in 0..MAX_TRIES {
        if dispatch!(Level::new(), simd => round_all(simd, u, scale as f32, &mut rounding.0, &mut k)) <= bound {
            return k;
        }
    }
    let mut shrink = 1.0_f64;
    loop {
        for (k, &u) in k.iter_mut().zip(u) {
            *k = (f64::from(u) * scale * shrink).trunc() as i32;
        }
        if squared_norm_narrow(&k) <= bound {
            return k;
        }
        // Slow first (a float error in the clip), then fast (a vector that was never clipped).
        shrink = if shrink > 0.5 { shrink * (1.0 - 2_f64.powi(-20)).powi(1 << 10) } else { shrink * 0.5 };
    }
}

/// Rounds all entries once; returns the exact squared norm of what came out, which is summed up while it is at hand.
#[inline(always)]
fn round_all<S: Simd>(simd: S, u: &[f32], scale: f32, lanes: &mut Lanes, k: &mut [i32]) -> u128 {
    let mut norm = 0;
    lanes.with(
        simd,
        #[inline(always)]
        |drawn| {
            for (u, k) in u.chunks(PART).zip(k.chunks_mut(PART)) {
                let (us, last_u) = u.as_chunks::<LANES>();
                let (ks, last_k) = k.as_chunks_mut::<LANES>();
                for (u, k) in us.iter().zip(ks) {
                    round(f32x16::from_slice(simd, u) * scale, drawn.next()).store_slice(k);
                }
                // Only the last part has such a rest.
                if !last_u.is_empty() {
                    let (mut u, mut k) = ([0.0; LANES], [0; LANES]);
                    u[..last_u.len()].copy_from_slice(last_u);
                    round(f32x16::from_slice(simd, &u) * scale, drawn.next()).store_slice(&mut k);
                    last_k.copy_from_slice(&k[..last_k.len()]);
                }
                norm += narrow_sum(simd, k);
            }
        },
    );
    norm
}

/// `floor(y)`, or one more with the probability of what is left, to 24 bits. Zero stays zero. Beyond the integers
/// that 24 bits hold nothing is left; beyond those of 31 the conversion stops.
#[inline(always)]
fn round<S: Simd>(y: f32x16<S>, random: u32x16<S>) -> i32x16<S> {
    let floor = y.floor();
    let uniform: f32x16<S> = (random >> 8).to_float();
    let up = (uniform * 2_f32.powi(-24)).simd_lt(y - floor);
    let next = floor + 1.0;
    up.select(next, floor).to_int_precise()
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
            prop_assert!(squared_norm_narrow(&k) <= bound);
        }

        #[test]
        fn the_error_of_one_coordinate_is_below_a_step(u in prop::collection::vec(-1.0_f32..1.0, 1..40)) {
            let k = quantise(&u, 1000.0, u128::MAX, &mut Rounding::seeded([2; 32]));
            for (k, u) in k.iter().zip(&u) {
                prop_assert!((f64::from(*k) - f64::from(*u) * 1000.0).abs() < 1.0 + 1e-4);
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
            assert!(squared_norm_narrow(&k) <= 1 << 52, "{u:?} {k:?}");
        }
    }

    #[test]
    fn rounding_is_unbiased() {
        for value in [0.3_f32, -0.3, 0.001, 7.9, -5000.25] {
            let u = vec![value; 200_003];
            let k = quantise(&u, 1.0, u128::MAX, &mut Rounding::seeded([3; 32]));
            let mean = k.iter().map(|&k| f64::from(k)).sum::<f64>() / 200_003.0;
            // Standard error at most sqrt(0.25 / 2e5) = 0.0011: five of them.
            assert!((mean - f64::from(value)).abs() < 0.0056, "{value}: {mean}");
        }
    }

    proptest! {
        #[test]
        fn narrow_and_wide_norms_agree(k in prop::collection::vec(any::<i32>(), 0..100)) {
            let wide: Vec<i64> = k.iter().map(|&k| i64::from(k)).collect();
            prop_assert_eq!(squared_norm_narrow(&k), squared_norm(&wide));
        }
    }

    #[test]
    fn zero_stays_zero() {
        assert_eq!(quantise(&[0.0; 8], 3.7, 0, &mut Rounding::seeded([4; 32])), [0; 8]);
    }
}
