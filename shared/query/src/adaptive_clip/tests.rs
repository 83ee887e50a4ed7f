use proptest::prelude::*;
use silhouette_privacy::noise::simulation::SeededNoise;
use silhouette_privacy::{Accumulator, Mode, Private, ReleaseParameters, Rounding, release};

use super::*;

const COHORT: u32 = 100;

/// Norms spread over two orders of magnitude: of 100 devices the i-th has 0.1 * 10^(i/50).
fn norm(device: u32) -> f32 {
    0.1 * 10_f32.powf(device as f32 / 50.0)
}

fn parameters(mode: Mode, config: &AdaptiveClipConfig, clip: f64) -> ReleaseParameters {
    let p = ReleaseParameters::new(mode, 4, clip, 0.5, COHORT, 80).unwrap();
    p.with_adaptive_clip(config.terms(COHORT)).unwrap()
}

/// The clips of 300 rounds, noise on.
fn clips(mode: Mode, config: &AdaptiveClipConfig, first: f64) -> Vec<f64> {
    let mut p = parameters(mode, config, first);
    let mut clips = Vec::new();
    for round in 0..300_u64 {
        let mut noise = SeededNoise::dangerous_for_simulation_only([7; 32], round);
        let p_round = p.clone().with_rotation(round);
        let mut sum = Accumulator::new(p_round.clone());
        for device in 0..COHORT {
            let share = p_round.draw_noise(&mut noise).unwrap();
            let mut update = vec![0.0; 4];
            update[device as usize % 4] = norm(device);
            let mut rounding = Rounding::seeded([device as u8; 32]);
            sum.fold_release(&release(Private::new(update), &p_round, share, &mut rounding).unwrap()).unwrap();
        }
        let next = config.next(&sum.finish(&mut noise).unwrap()).unwrap();
        clips.push(next);
        p = p.with_clip(next).unwrap();
    }
    clips
}

/// The share of devices within the clip, over the last 60 of 300 rounds.
fn reached(clips: &[f64]) -> f64 {
    let within = |clip: f64| f64::from((0..COHORT).filter(|&d| f64::from(norm(d)) <= clip).count() as u32);
    clips[240..].iter().map(|&clip| within(clip) / f64::from(COHORT)).sum::<f64>() / 60.0
}

#[test]
fn the_clip_reaches_the_quantile_from_far_below_and_far_above() {
    for quantile in [0.3, 0.5, 0.8] {
        let config = AdaptiveClipConfig { quantile, ..AdaptiveClipConfig::default() };
        for (mode, first) in [(Mode::Central, 1e-3), (Mode::Central, 90.0), (Mode::Distributed, 0.01)] {
            let found = reached(&clips(mode, &config, first));
            // One round's share has noise of 1/20; 60 rounds, each of which a fifth of it moves.
            assert!((found - quantile).abs() < 0.04, "{mode} {quantile} from {first}: {found}");
        }
    }
}

#[test]
fn no_round_moves_the_clip_further_than_the_rate_allows() {
    let config = AdaptiveClipConfig { quantile: 0.9, ..AdaptiveClipConfig::default() };
    let all = clips(Mode::Local, &config, 1.0);
    for pair in all.windows(2) {
        let moved = (pair[1] / pair[0]).ln();
        assert!((-0.2 * 0.1 - 1e-9..=0.2 * 0.9 + 1e-9).contains(&moved), "{moved}");
    }
}

#[test]
fn the_clip_stays_where_devices_accept_it() {
    let config =
        AdaptiveClipConfig { largest: 2.0, quantile: 0.99, learning_rate: 2.0, ..AdaptiveClipConfig::default() };
    let all = clips(Mode::Central, &config, 1.9);
    assert!(all.iter().all(|&clip| clip <= 2.0) && all.contains(&2.0));
    assert_eq!(config.check(2.0), Ok(()));
    assert_eq!(config.check(2.1), Err(AdaptiveClipError::First { largest: 2.0, found: 2.1 }));
    for found in [0.0, f64::INFINITY] {
        let config = AdaptiveClipConfig { largest: found, ..config };
        assert_eq!(config.check(1.0), Err(AdaptiveClipError::Largest { found }));
    }
}

#[test]
fn a_sum_without_indicators_moves_nothing() {
    let p = ReleaseParameters::new(Mode::Central, 4, 1.0, 1.0, 1, 1).unwrap();
    let mut sum = Accumulator::new(p.clone());
    sum.fold(&vec![0; p.byte_len()]).unwrap();
    let sum = sum.finish(&mut SeededNoise::dangerous_for_simulation_only([1; 32], 1)).unwrap();
    assert_eq!(AdaptiveClipConfig::default().next(&sum), Err(AdaptiveClipError::NoIndicator));
}

proptest! {
    #[test]
    fn the_clip_moves_towards_the_quantile(clip in 0.01_f64..50.0, quantile in 0.05_f64..0.95) {
        // Hardly any noise on the count.
        let config = AdaptiveClipConfig { quantile, count_noise: Some(0.26), ..AdaptiveClipConfig::default() };
        let p = parameters(Mode::Central, &config, clip);
        let mut noise = SeededNoise::dangerous_for_simulation_only([8; 32], clip.to_bits());
        let mut sum = Accumulator::new(p.clone());
        for device in 0..COHORT {
            let share = p.draw_noise(&mut noise).unwrap();
            let mut rounding = Rounding::seeded([device as u8; 32]);
            sum.fold_release(&release(Private::new(vec![norm(device), 0.0, 0.0, 0.0]), &p, share, &mut rounding).unwrap()).unwrap();
        }
        let next = config.next(&sum.finish(&mut noise).unwrap()).unwrap();
        let within = f64::from((0..COHORT).filter(|&d| f64::from(norm(d)) <= clip).count() as u32) / 100.0;
        if (within - quantile).abs() > 0.03 {
            prop_assert_eq!(next > clip, within < quantile, "{} within {}, from {} to {}", within, quantile, clip, next);
        }
    }
}
