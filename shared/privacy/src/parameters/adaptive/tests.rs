use proptest::prelude::*;
use silhouette_wire::Mode;

use super::*;
use crate::accounting::{NoiseMultiplier, rdp::combined_multiplier};
use crate::noise::simulation::SeededNoise;
use crate::{Accumulator, FoldError, Private, Rounding, release};

fn adaptive(count_noise: f64) -> AdaptiveClip {
    AdaptiveClip { quantile: 0.5, learning_rate: 0.2, count_noise, largest: 1e6 }
}

fn central(d: usize, clip: f64, z: f64, count_noise: f64, cohort: u32) -> ReleaseParameters {
    let p = ReleaseParameters::new(Mode::Central, d, clip, z, cohort, 1).unwrap();
    p.with_adaptive_clip(adaptive(count_noise)).unwrap()
}

proptest! {
    #[test]
    fn the_pair_costs_what_one_release_of_z_costs(z in 0.3_f64..4.0, above in 1.05_f64..50.0, clip in 1e-3_f64..1e3) {
        let count_noise = 0.5 * z * above;
        let p = central(5, clip, z, count_noise, 10);
        let (z_v, w) = (p.value_noise_multiplier(), p.indicator_weight().unwrap());
        // Andrew et al. (2021), Theorem 1, by the accountant of two releases about the same sample: one of
        // sensitivity C, one of sensitivity 1/2.
        let pair = [z_v, 2.0 * count_noise].map(|z| NoiseMultiplier::new(z).unwrap());
        let together = combined_multiplier(pair[0], pair[1]).unwrap().get();
        prop_assert!((together / z - 1.0).abs() < 1e-9);
        prop_assert_eq!(p.rho(), ReleaseParameters::new(Mode::Central, 5, clip, z, 10, 1).unwrap().rho());
        // And the noise that is drawn is that pair's: z_v C on the value, sigma_b on the number of devices.
        // Rounding to sixteenths and onto the grid only adds.
        let drawn = p.sigma().unwrap().as_f64() / p.scale();
        prop_assert!(drawn >= z_v * clip * (1.0 - 1e-9) && drawn < z_v * clip * 1.001, "{} {}", drawn, z_v * clip);
        prop_assert!(drawn / w >= count_noise * (1.0 - 1e-9) && drawn / w < count_noise * 1.001);
        prop_assert!((p.norm_bound() - (clip * clip + 0.25 * w * w).sqrt()).abs() <= 1e-9 * p.norm_bound());
    }

    #[test]
    fn any_float_input_and_its_indicator_obey_the_exact_bound(
        update in prop::collection::vec(any::<f32>(), 1..50), count_noise in 0.51_f64..20.0,
    ) {
        let p = central(update.len(), 0.7, 1.0, count_noise, 10);
        let k = released(update, &p);
        let norm = k.iter().map(|k| k.unsigned_abs() as u128 * k.unsigned_abs() as u128).sum::<u128>();
        prop_assert!(norm <= p.delta2_squared());
    }
}

fn released(update: Vec<f32>, p: &ReleaseParameters) -> Vec<i64> {
    let noise = p.draw_noise(&mut SeededNoise::dangerous_for_simulation_only([1; 32], 0)).unwrap();
    let released = release(Private::new(update), p, noise, &mut Rounding::seeded([9; 32])).unwrap();
    silhouette_wire::unpack(released.as_bytes(), p.modulus_bits()).unwrap()
}

#[test]
fn the_last_entry_says_whether_the_update_was_within_the_clip() {
    // So little noise on the count that the indicator is as long as the value: z_v = 1.81, w = 3.02 C.
    let p = central(2, 1.0, 1.0, 0.6, 10);
    let half = 0.5 * p.indicator_weight().unwrap();
    assert!(half > 1.5);
    let cases = [
        ([0.6, 0.79], [0.6, 0.79, half]),
        ([0.0, 0.0], [0.0, 0.0, half]),
        ([3.0, 4.0], [0.6, 0.8, -half]),
        ([0.6, 0.81], [0.595, 0.804, -half]),
        ([f32::NAN, 0.0], [0.0, 0.0, -half]),
        ([f32::INFINITY, 0.0], [0.0, 0.0, -half]),
    ];
    for (update, expected) in cases {
        let found: Vec<f64> = released(update.to_vec(), &p).iter().map(|&k| k as f64 / p.scale()).collect();
        assert_eq!(found.len(), 3);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{update:?}: {found} for {expected}");
        }
    }
}

#[test]
fn the_share_of_devices_within_the_clip_comes_back_in_every_mode() {
    for (mode, cohort) in [(Mode::Central, 40), (Mode::Local, 40), (Mode::Distributed, 40)] {
        let p = ReleaseParameters::new(mode, 7, 0.5, 0.4, cohort, 32).unwrap();
        let p = p.with_adaptive_clip(adaptive(1.0)).unwrap().with_rotation(5);
        let mut noise = SeededNoise::dangerous_for_simulation_only([2; 32], 1);
        let mut sum = Accumulator::new(p.clone());
        for device in 0..cohort {
            // Three of four are within; all point the same way.
            let length = if device % 4 == 0 { 9.0 } else { 0.25 };
            let share = p.draw_noise(&mut noise).unwrap();
            let update = Private::new(vec![length / 7_f32.sqrt(); 7]);
            sum.fold(release(update, &p, share, &mut Rounding::seeded([device as u8; 32])).unwrap().as_bytes())
                .unwrap();
        }
        let sum = sum.finish(&mut noise).unwrap();
        // Noise on the count: sigma_b, times the noise of all devices over that of one or of h.
        let draws = match mode {
            Mode::Central => 1.0,
            Mode::Local => 40.0,
            Mode::Distributed => 40.0 / f64::from(p.honest_reports()),
        };
        let found = sum.fraction_within_clip().unwrap();
        let sd = f64::sqrt(draws) / 40.0;
        assert!((found - 0.75).abs() < 5.0 * sd, "{mode}: {found}, sd {sd}");
        let mean = sum.mean();
        assert_eq!(mean.len(), 7);
        let expected = (0.25 * 0.5 + 0.75 * 0.25) / 7_f64.sqrt();
        let error = mean.iter().map(|m| (f64::from(*m) - expected).powi(2)).sum::<f64>().sqrt();
        assert!(error < 3.0 * sum.mean_noise_sd() * 7_f64.sqrt(), "{mode}: {error}");
    }
}

#[test]
fn the_noise_on_the_count_has_the_promised_spread() {
    let (p, runs) = (central(1, 1.0, 1.0, 3.0, 10), 4000);
    let mut noise = SeededNoise::dangerous_for_simulation_only([3; 32], 2);
    let mut squares = 0.0;
    for run in 0..runs {
        let mut sum = Accumulator::new(p.clone());
        for device in 0..10_u8 {
            let share = p.draw_noise(&mut noise).unwrap();
            let length = if device < 5 { 0.5 } else { 2.0 };
            let mut rounding = Rounding::seeded([device ^ run as u8; 32]);
            sum.fold_release(&release(Private::new(vec![length]), &p, share, &mut rounding).unwrap()).unwrap();
        }
        let fraction = sum.finish(&mut noise).unwrap().fraction_within_clip().unwrap();
        squares += (10.0 * (fraction - 0.5)).powi(2);
    }
    // A variance over 4000 draws has a relative deviation of sqrt(2 / 4000) = 2.2 per cent: five of them.
    let sd = (squares / f64::from(runs)).sqrt();
    assert!((sd / 3.0 - 1.0).abs() < 0.056, "{sd}");
}

#[test]
fn one_device_does_not_count_for_many() {
    let p = central(3, 1.0, 1.0, 10.0, 10);
    // The whole norm in the indicator: about twenty devices' worth.
    let longest = p.delta2() as i64;
    let reach = p.indicator_reach().unwrap() as i64;
    assert!(longest > 15 * reach);
    for (last, verdict) in [(longest, Err(FoldError::Norm)), (reach + 1, Err(FoldError::Norm)), (-reach, Ok(()))] {
        let packed = silhouette_wire::pack(&[0, 0, 0, last], p.modulus_bits()).unwrap();
        assert_eq!(Accumulator::new(p.clone()).fold(&packed), verdict, "{last}");
    }
}

#[test]
fn a_count_that_leaves_nothing_for_the_value_is_refused() {
    let p = ReleaseParameters::new(Mode::Central, 4, 1.0, 2.0, 10, 1).unwrap();
    for count_noise in [1.0, 0.5, 0.0, f64::NAN, f64::INFINITY] {
        let refused = p.clone().with_adaptive_clip(adaptive(count_noise));
        let Err(ParameterError::OutOfRange { field, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(field, "adaptive_clip.count_noise");
    }
    assert!(p.clone().with_adaptive_clip(adaptive(1.01)).is_ok());
    assert!(p.clone().with_adaptive_clip(AdaptiveClip { quantile: 1.0, ..adaptive(9.0) }).is_err());
    assert!(p.with_adaptive_clip(adaptive(9.0)).unwrap().with_clip(f64::NAN).is_err());
}

#[test]
fn what_a_round_costs_does_not_depend_on_its_clip() {
    for mode in [Mode::Central, Mode::Local, Mode::Distributed] {
        let p = ReleaseParameters::new(mode, 100, 1.0, 1.0, 50, 40).unwrap();
        let p = p.with_adaptive_clip(adaptive(2.5)).unwrap();
        for clip in [1e-6, 0.3, 1e6] {
            let moved = p.clone().with_clip(clip).unwrap();
            assert_eq!((moved.rho(), moved.sigma(), moved.clip_units()), (p.rho(), p.sigma(), p.clip_units()));
            assert!((moved.value_noise_multiplier() - p.value_noise_multiplier()).abs() < 1e-12);
        }
    }
}
