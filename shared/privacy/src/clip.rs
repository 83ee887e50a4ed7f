//! Clipping a whole update to an L2 ball.

use crate::lanes::vectorised;

/// What [`clip`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Clipped {
    /// The update was inside the ball already.
    Unchanged,
    /// The update was scaled down onto the ball.
    Scaled,
    /// A component was not finite, so the whole update was set to zero.
    Zeroed,
}

/// Scales `update` in place by `min(1, c / |update|_2)`; an update with a non-finite component
/// becomes all zeros (PRIVACY specification, section 4, steps 1 and 2).
///
/// The norm is accumulated in `f64`, in which neither the square of a subnormal nor a sum of the largest
/// squares leaves the range: it is finite exactly where every component is. Privacy does not rest on this
/// function: the exact integer check in [`release`](crate::release) does that.
pub fn clip(update: &mut [f32], c: f64) -> Clipped {
    let norm = vectorised(
        #[inline(always)]
        || sum_of_squares(update),
    )
    .sqrt();
    if !norm.is_finite() {
        update.fill(0.0);
        return Clipped::Zeroed;
    }
    if norm <= c {
        return Clipped::Unchanged;
    }
    let factor = c / norm;
    vectorised(
        #[inline(always)]
        || {
            for u in update.iter_mut() {
                *u = (f64::from(*u) * factor) as f32;
            }
        },
    );
    Clipped::Scaled
}

/// Components taken side by side: part of the definition of the sum's bits.
const LANES: usize = 16;

#[inline(always)]
fn sum_of_squares(values: &[f32]) -> f64 {
    let mut sums = [0.0_f64; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &v) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(v) * f64::from(v);
        }
    }
    for (sum, &v) in sums.iter_mut().zip(rest) {
        *sum += f64::from(v) * f64::from(v);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn norm(v: &[f32]) -> f64 {
        v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn non_finite_updates_become_zero() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut update = vec![1.0, bad, 2.0];
            assert_eq!(clip(&mut update, 1.0), Clipped::Zeroed);
            assert_eq!(update, [0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn the_largest_and_the_smallest_components_are_clipped_too() {
        let mut update = vec![f32::MAX; 100];
        assert_eq!(clip(&mut update, 1.0), Clipped::Scaled);
        assert!((norm(&update) - 1.0).abs() < 1e-6);
        let mut update = vec![f32::from_bits(1); 100];
        assert_eq!(clip(&mut update, 1e-45), Clipped::Scaled);
        assert_eq!(clip(&mut [0.0; 3], 1.0), Clipped::Unchanged);
    }

    proptest! {
        #[test]
        fn the_norm_never_exceeds_c(mut update in prop::collection::vec(any::<f32>(), 0..64), c in 1e-6_f64..1e6) {
            clip(&mut update, c);
            prop_assert!(norm(&update) <= c * (1.0 + 1e-6));
        }

        #[test]
        fn small_updates_are_untouched(update in prop::collection::vec(-0.01_f32..0.01, 1..64)) {
            let mut copy = update.clone();
            prop_assert_eq!(clip(&mut copy, 1.0), Clipped::Unchanged);
            prop_assert_eq!(copy, update);
        }
    }
}
