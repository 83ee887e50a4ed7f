use proptest::prelude::*;

use super::*;
use crate::noise::simulation::SeededNoise;
use crate::private::Private;
use crate::quantise::{Rounding, squared_norm};
use crate::release::release;

fn parameters(z: f64, d: usize, reports: u32) -> ReleaseParameters {
    ReleaseParameters::new(Mode::Central, d, 1.0, z, reports, 1).unwrap()
}

fn folded(updates: &[Vec<f32>], p: &ReleaseParameters) -> Accumulator {
    let mut sum = Accumulator::new(p.clone());
    for (i, update) in updates.iter().enumerate() {
        let noise = p.draw_noise(&mut noise(0)).unwrap();
        let released = release(Private::new(update.clone()), p, noise, &mut Rounding::seeded([i as u8; 32])).unwrap();
        sum.fold_release(&released).unwrap();
    }
    sum
}

fn noise(stream: u64) -> SeededNoise {
    SeededNoise::dangerous_for_simulation_only([5; 32], stream)
}

#[test]
fn weights_of_half_a_power_are_what_they_should_be() {
    // floor(256 / sqrt(1 + tau)), by hand.
    let expected = [256, 181, 147, 128, 114, 104, 96, 90, 85, 80];
    assert_eq!((0..10).map(|tau| Weight::polynomial(tau, 2).parts()).collect::<Vec<_>>(), expected);
    // floor(256 / (1 + tau)), and the fourth root of 16 is 2.
    assert_eq!([0, 1, 2, 3].map(|tau| Weight::polynomial(tau, 4).parts()), [256, 128, 85, 64]);
    assert_eq!(Weight::polynomial(15, 1).parts(), 128);
    // No power at all is no weight.
    assert_eq!(Weight::polynomial(1 << 40, 0), Weight::ONE);
    // Too stale to count for a 256th.
    assert_eq!(Weight::polynomial(u64::MAX, 8).parts(), 0);
}

proptest! {
    #[test]
    fn no_weight_is_above_the_power_nor_far_below(staleness in 0_u64..5_000, quarters in 0_u32..=8) {
        let weight = Weight::polynomial(staleness, quarters);
        prop_assert!(weight <= Weight::ONE);
        let exact = (1.0 + staleness as f64).powf(-f64::from(quarters) / 4.0);
        prop_assert!(weight.as_f64() <= exact * (1.0 + 1e-12));
        prop_assert!(weight.as_f64() > exact - 1.0 / 256.0 - 1e-12);
        prop_assert!(Weight::polynomial(staleness + 1, quarters) <= weight);
    }

    #[test]
    fn one_user_moves_the_weighted_sum_by_256_bounds_at_most(
        update in prop::collection::vec(-3.0_f32..3.0, 1..40),
        staleness in 0_u64..100,
        quarters in 0_u32..=8,
    ) {
        let p = parameters(1.0, update.len(), 10);
        let mut sum = BufferedSum::new(p.clone()).unwrap();
        sum.add(&folded(&[update], &p), Weight::polynomial(staleness, quarters)).unwrap();
        // Against the user's zeros the sum differs by itself; the noise is z times this bound.
        let bound = p.delta2_squared() * u128::from(UNIT).pow(2);
        prop_assert!(squared_norm(&sum.sum) <= bound);
        let sigma = p.weighted_sigma(UNIT).unwrap().unwrap().as_f64();
        prop_assert!(sigma * sigma >= bound as f64 * (1.0 - 1e-12));
    }
}

#[test]
fn no_weight_above_one_can_be_had() {
    assert_eq!(Weight::new(256), Some(Weight::ONE));
    assert_eq!(Weight::new(257), None);
}

#[test]
fn full_weights_make_the_mean_of_a_plain_sum() {
    let p = parameters(0.0, 6, 3);
    let updates = [vec![0.3, -0.1, 0.0, 0.2, 0.0, 0.5], vec![0.0, 0.7, 0.1, 0.0, -0.4, 0.0]];
    let part = folded(&updates, &p);
    let mut sum = BufferedSum::new(p).unwrap();
    sum.add(&part, Weight::ONE).unwrap();
    assert_eq!(sum.finish(1, &mut noise(1)).unwrap().mean(), part.finish(&mut noise(1)).unwrap().mean());
}

#[test]
fn each_part_counts_its_weight_over_the_planned_reports() {
    let p = parameters(0.0, 2, 4);
    let (fresh, stale) = (folded(&[vec![0.5, 0.0]], &p), folded(&[vec![0.0, 0.5], vec![0.0, 0.5]], &p));
    let mut sum = BufferedSum::new(p).unwrap();
    sum.add(&fresh, Weight::ONE).unwrap();
    sum.add(&stale, Weight::new(64).unwrap()).unwrap();
    assert_eq!(sum.reports(), 3);
    assert_eq!(sum.finish(1, &mut noise(1)).unwrap().mean(), [0.5 / 4.0, 2.0 * 0.25 * 0.5 / 4.0]);
}

#[test]
fn the_noise_is_that_of_the_full_weight() {
    // 2^16 entries, z = 2: the deviation's standard error is 1/sqrt(2 2^16) = 0.28 %; four of them, for a fixed seed.
    let p = parameters(2.0, 1 << 16, 1);
    for weight in [Weight::ONE, Weight::new(1).unwrap()] {
        let mut sum = BufferedSum::new(p.clone()).unwrap();
        sum.add(&folded(&[vec![0.0; 1 << 16]], &p), weight).unwrap();
        let noisy = sum.finish(2, &mut noise(7)).unwrap();
        let square: f64 = noisy.as_grid().iter().map(|&k| (k as f64).powi(2)).sum();
        let found = (square / f64::from(1 << 16)).sqrt();
        let expected = 2.0 * 256.0 * p.delta2();
        assert!((found / expected - 1.0).abs() < 0.0112, "{found} {expected}");
        // In units of the mean: 2 clips and a little, over one report.
        let sd = noisy.mean_noise_sd();
        assert!((sd - expected / (256.0 * p.scale())).abs() < 1e-6 * sd, "{sd}");
    }
}

#[test]
fn what_can_not_be_weighted_is_refused() {
    let local = ReleaseParameters::new(Mode::Local, 4, 1.0, 1.0, 2, 1).unwrap();
    assert_eq!(BufferedSum::new(local).err(), Some(BufferError::Mode(Mode::Local)));
    let loud = ReleaseParameters::new(Mode::Central, 4, 1.0, 1e6, 2, 1);
    assert!(loud.is_err() || matches!(BufferedSum::new(loud.unwrap()), Err(BufferError::Sigma(_))));
    let p = parameters(1.0, 4, 2);
    let mut sum = BufferedSum::new(p.clone()).unwrap();
    assert_eq!(sum.add(&Accumulator::new(parameters(2.0, 4, 2)), Weight::ONE).err(), Some(BufferError::OtherRelease));
    assert!(matches!(sum.clone().finish(1, &mut noise(0)), Err(FinishError::TooFewReports { expected: 1, found: 0 })));
    let full = folded(&[vec![0.0; 4], vec![0.0; 4]], &p);
    sum.add(&full, Weight::ONE).unwrap();
    sum.add(&full, Weight::ONE).unwrap();
    assert!(matches!(sum.finish(1, &mut noise(0)), Err(FinishError::TooManyReports { most: 2, found: 4 })));
}
