use silhouette_wire::Mode;

use super::*;
use crate::noise::NoiseSource;
use crate::noise::simulation::SeededNoise;

fn masked(n: u32, least: u32, d: usize, z: f64) -> ReleaseParameters {
    ReleaseParameters::new(Mode::Distributed, d, 1.0, z, n, least).unwrap()
}

/// The norm of `length` along the diagonal, with the noise of `n` devices on every entry.
fn noised(p: &ReleaseParameters, n: u32, length: f64, source: &mut SeededNoise) -> f64 {
    let d = p.released_len();
    let mut noise = vec![0; d];
    // One draw of n times the variance: a sum of discrete Gaussians is one, but for 10^-30.
    let sigma = DyadicSigma::rounded_up(p.sigma().unwrap().as_f64() * f64::from(n).sqrt()).unwrap();
    source.sample_discrete_gaussian(sigma, &mut noise).unwrap();
    let each = length / (d as f64).sqrt();
    noise.iter().map(|&k| (k as f64 + each).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn a_boosted_vector_just_above_the_stated_size_fails_and_the_longest_honest_sum_passes() {
    let p = masked(50, 40, 4096, 2.0);
    let mut source = SeededNoise::dangerous_for_simulation_only([5; 32], 1);
    let (longest, units) = (p.longest_sum(50), f64::from(p.clip_units()));
    let (honest, boosted) = (50.0 * p.delta2(), p.surely_too_long(50) * 1.01 * units);
    for _ in 0..400 {
        assert!(noised(&p, 50, honest, &mut source) <= longest);
        assert!(noised(&p, 49, boosted, &mut source) > longest);
    }
}

#[test]
fn the_bound_is_within_a_few_deviations_of_what_honest_sums_are() {
    // Nobody can do much better: honest vectors that all point the same way come within eight standard
    // deviations of the bound (it allows for a chance of 10^-9, which in a normal tail is six).
    let p = masked(50, 40, 4096, 2.0);
    let mut source = SeededNoise::dangerous_for_simulation_only([6; 32], 1);
    let squares: Vec<f64> = (0..400).map(|_| noised(&p, 50, 50.0 * p.delta2(), &mut source).powi(2)).collect();
    let mean = squares.iter().sum::<f64>() / 400.0;
    let sd = (squares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 400.0).sqrt();
    let away = (p.longest_sum(50).powi(2) - mean) / sd;
    assert!((6.0..8.0).contains(&away), "{away}");
}

#[test]
fn without_noise_the_bound_is_what_the_vectors_add_up_to() {
    let p = masked(10, 10, 64, 0.0);
    let most = 10.0 * p.delta2();
    assert!(p.longest_sum(10) >= most && p.longest_sum(10) < most * 1.000_001);
}

/// The figures in docs/secure-aggregation.md, computed there from the equations in units of the clip
/// norm, which leave out the inflation of the sensitivity by rounding (about 0.1 % here).
#[test]
fn the_documented_sizes_of_what_stays_unnoticed() {
    let rows = [
        // n, N_min, entries, z; the bound, the noise's share of it, and what is surely noticed.
        (197, 158, 42_250, 2.0164, [659.0, 616.8, 267.7]),
        (49, 40, 42_250, 2.0164, [623.7, 610.8, 194.7]),
        (100, 80, 1 << 17, 1.0, [449.7, 432.7, 148.6]),
        (25, 20, 1 << 17, 1.0, [445.3, 439.0, 135.5]),
    ];
    for (n, least, d, z, expected) in rows {
        let p = masked(n, least, d, z);
        let units = f64::from(p.clip_units());
        let found = [p.longest_sum(n) / units, p.honest(n).2.sqrt() / units, p.surely_too_long(n)];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 0.003, "{n}, z = {z}: {found} is not {expected}");
        }
    }
}
