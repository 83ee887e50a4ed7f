//! The norm bounds at their edges: the last vector that passes and the first that does not.
//!
//! Every bound is computed here from the specification's equations, not asked of the code.

use super::*;

/// Integers whose squares add up to exactly `square`: the largest root each time leaves at most twice
/// that root, so a dozen entries are plenty.
fn of_square(mut square: u128) -> Vec<i64> {
    let entry = |_| {
        let root = square.isqrt();
        square -= root * root;
        root as i64
    };
    let entries: Vec<i64> = (0..16).map(entry).collect();
    assert_eq!(square, 0);
    entries
}

fn folded(p: &ReleaseParameters, k: &[i64]) -> Result<(), FoldError> {
    Accumulator::new(p.clone()).fold(&silhouette_wire::pack(k, p.modulus_bits()).unwrap())
}

/// `Delta2^2` at d = 16 and 2^14 steps in the clip norm: `2^28 + 16/4 + 2^14 + sqrt(16)/2`.
const DELTA2_SQUARED: u128 = (1 << 28) + 4 + (1 << 14) + 2;

#[test]
fn the_last_vector_inside_the_central_bound_passes_and_the_next_does_not() {
    let p = ReleaseParameters::new(Mode::Central, 16, 1.0, 1.0, 3, 1).unwrap();
    assert_eq!(folded(&p, &of_square(DELTA2_SQUARED)), Ok(()));
    assert_eq!(folded(&p, &of_square(DELTA2_SQUARED + 1)), Err(FoldError::Norm));
    // No entry looks too large by itself here; there is no other check to save the sum.
    assert_eq!(folded(&p, &[8192; 16]), Err(FoldError::Norm));
}

#[test]
fn the_dimension_counts_only_as_far_as_rounding_can_reach() {
    // Without the condition on the norm the bound at d = 2^16 would be (2^8 + 2^8)^2, more than three
    // times as much as `2^16 + 2^14 + 2^8 + 2^7`: rounding is repeated until the smaller one holds.
    let p = ReleaseParameters::new(Mode::Central, 1 << 16, 1.0, 1.0, 3, 1).unwrap().with_grid(1 << 8, 16).unwrap();
    let bound = (1 << 16) + (1 << 14) + (1 << 8) + (1 << 7);
    let padded = |square| [of_square(square), vec![0; (1 << 16) - 16]].concat();
    assert_eq!(folded(&p, &padded(bound)), Ok(()));
    assert_eq!(folded(&p, &padded(bound + 1)), Err(FoldError::Norm));
    // A vector that often leaves the bound at the first try never does in the end.
    for seed in 0..20 {
        let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let flat = Private::new(vec![1.0_f32 / 256.0 * 0.999; 1 << 16]);
        let released = release(flat, &p, noise, &mut Rounding::seeded([seed; 32])).unwrap();
        let k = unpack(released.as_bytes(), 16).unwrap();
        assert!(squared_norm(&k) <= bound, "{seed}");
    }
}

#[test]
fn a_release_on_a_finer_grid_is_refused_unpacked_too() {
    let on = |units| ReleaseParameters::new(Mode::Central, 16, 1.0, 1.0, 3, 1).unwrap().with_grid(units, 16).unwrap();
    // The whole clip norm in one entry: exactly `units` steps, no rounding.
    let whole = |units| {
        let p = on(units);
        let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let mut update = vec![0.0; 16];
        update[3] = 1.0;
        release(Private::new(update), &p, noise, &mut Rounding::seeded([1; 32])).unwrap()
    };
    let mut sum = Accumulator::new(on(1000));
    assert_eq!(sum.fold_release(&whole(1000)), Ok(()));
    // 1001^2 is above 1000^2 + 4 + 1000 + 2.
    assert_eq!(sum.fold_release(&whole(1001)), Err(FoldError::Norm));
    assert_eq!(sum.reports(), 1);
}

#[test]
fn a_local_vector_may_be_as_long_as_its_noise_makes_it_and_no_longer() {
    let p = ReleaseParameters::new(Mode::Local, 16, 1.0, 1.0, 3, 1).unwrap();
    // One vector of the norm Delta2, noise of Delta2 on each of 16 entries, all in units of Delta2, at
    // t = ln 10^9: 16 + 1 + 2 sqrt(t (16 + 2)) + 2 t.
    let t = 1e9_f64.ln();
    let longest = (DELTA2_SQUARED as f64).sqrt() * (17.0 + 2.0 * (18.0 * t).sqrt() + 2.0 * t).sqrt();
    let long = |factor: f64| of_square((longest * factor).powi(2) as u128);
    assert_eq!(folded(&p, &long(0.9999)), Ok(()));
    assert_eq!(folded(&p, &long(1.0001)), Err(FoldError::Norm));
    assert_eq!(folded(&p, &long(100.0)), Err(FoldError::Norm));
}

#[test]
fn a_masked_sum_may_be_as_long_as_honest_ones_and_no_longer() {
    // Two devices, d' = 16, nobody corrupt: sigma_loc = Delta2 / sqrt(2).
    let p = masked(2, 16, 1.0);
    let units = f64::from(p.clip_units());
    let delta2 = (units * units + 4.0 + units + 2.0).floor().sqrt();
    // In units of Delta2: vectors of 2, noise of variance 1 on each of 16 entries, t = ln 10^9.
    let t = 1e9_f64.ln();
    let longest = delta2 * (16.0 + 4.0 + 2.0 * (t * (16.0 + 8.0)).sqrt() + 2.0 * t).sqrt();
    let finished = |factor: f64| {
        let mut sum = Accumulator::new(p.clone());
        // Sixteen equal entries: a norm of four of them.
        let flat = vec![(longest * factor / 4.0) as i64; 16];
        sum.fold(&silhouette_wire::pack(&flat, 16).unwrap()).unwrap();
        sum.fold(&[0; 32]).unwrap();
        sum.finish(&mut OpenDpNoise::new()).map(|_| ())
    };
    assert_eq!(finished(0.999), Ok(()));
    assert!(matches!(finished(1.001), Err(FinishError::SumTooLong { .. })));
}
