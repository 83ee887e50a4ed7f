//! Noise sources: determinism, keys, ranges, and adding to a sum.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use silhouette_privacy::noise::{
    DyadicSigma, NoiseError, NoiseSource, OpenDpNoise, SigmaError, add_discrete_gaussian,
    simulation::{SeededNoise, StreamKey},
};

fn sigma(value: f64) -> DyadicSigma {
    DyadicSigma::rounded_up(value).unwrap()
}

fn draw(source: &mut impl NoiseSource, at: f64, n: usize) -> Vec<i64> {
    let mut out = vec![0; n];
    source.sample_discrete_gaussian(sigma(at), &mut out).unwrap();
    out
}

fn seeded(seed: u8, stream: u64) -> SeededNoise {
    SeededNoise::dangerous_for_simulation_only([seed; 32], stream)
}

/// Pinned, and reproduced by an independent implementation (Python over its own ChaCha8 and xoshiro128++): a
/// change here changes every published simulation.
#[test]
fn the_first_draws_are_pinned() {
    assert_eq!(draw(&mut seeded(7, 0), 100.0, 16), GOLDEN_100);
    assert_eq!(draw(&mut seeded(7, 0), 1.5, 16), GOLDEN_1);
    assert_eq!(draw(&mut seeded(7, 1), 100.0, 4), GOLDEN_STREAM);
    let key = StreamKey::dangerous_for_simulation_only([7; 32], 3, 41, "update");
    assert_eq!(draw(&mut key.noise(), 100.0, 4), GOLDEN_KEY);
    assert_eq!(draw(&mut seeded(7, 0), 1e9, 3), GOLDEN_WIDE);
}

const GOLDEN_100: [i64; 16] = [-111, 33, 22, 103, 84, -89, -37, 67, 79, 102, -96, -190, 13, 45, -138, -128];
const GOLDEN_1: [i64; 16] = [-2, 1, 0, 2, 1, 1, 1, 2, -2, 0, 1, -3, -2, 1, -3, 1];
const GOLDEN_STREAM: [i64; 4] = [-78, 154, -21, -77];
const GOLDEN_KEY: [i64; 4] = [-54, 17, -71, 31];
/// Blocks too wide for one word.
const GOLDEN_WIDE: [i64; 3] = [-787_908_067, 4_974_424, 522_213_465];

#[test]
fn splitting_a_call_changes_nothing() {
    let whole = draw(&mut seeded(1, 2), 9.0, 1000);
    let mut source = seeded(1, 2);
    let mut parts = Vec::new();
    for n in [0, 1, 299, 700] {
        parts.extend(draw(&mut source, 9.0, n));
    }
    assert_eq!(whole, parts);
}

#[test]
fn threads_and_calls_change_nothing() {
    // Runs of one keystream hold 2^13 draws: several, and parts of some.
    let whole = draw(&mut seeded(1, 2), 9.0, 60_000);
    for threads in [1, 2, 3, 7, 100] {
        let mut source = seeded(1, 2);
        let mut out = vec![0; 60_000];
        for part in [0..5, 5..8192, 8192..8192, 8192..40_000, 40_000..60_000] {
            source.sample_on(threads, sigma(9.0), &mut out[part]).unwrap();
        }
        assert!(out == whole, "{threads} threads");
    }
}

#[test]
fn drawing_into_a_sum_adds_the_same_draws() {
    let (noise, mut sum) = (draw(&mut seeded(1, 2), 9.0, 20_000), vec![7_i64; 20_000]);
    seeded(1, 2).add_on(2, sigma(9.0), &mut sum).unwrap();
    assert!(sum.iter().zip(noise).all(|(k, n)| *k == 7 + n));
    let mut full = vec![0, i64::MIN];
    assert_eq!(seeded(1, 2).add_on(1, sigma(9.0), &mut full), Err(NoiseError::Overflow));
}

#[test]
fn prepared_draws_are_given_out_once() {
    let noise = draw(&mut seeded(1, 2), 9.0, 20_000);
    let mut prepared = seeded(1, 2).prepare(sigma(9.0), 20_000, vec![5; 3]).unwrap();
    let mut sum = vec![7_i64; 15_000];
    prepared.add_on(2, sigma(9.0), &mut sum).unwrap();
    assert!(sum.iter().zip(&noise).all(|(k, n)| *k == 7 + n));
    let mut out = [3; 2];
    assert_eq!(prepared.sample_discrete_gaussian(sigma(9.5), &mut out), Err(NoiseError::Unprepared));
    assert_eq!(out, [0; 2]);
    assert_eq!(draw(&mut prepared, 9.0, 5_000), noise[15_000..]);
    assert_eq!(prepared.sample_discrete_gaussian(sigma(9.0), &mut out), Err(NoiseError::Unprepared));
}

#[test]
fn every_part_of_a_key_matters() {
    let key = |seed: u8, round, device, purpose| {
        let key = StreamKey::dangerous_for_simulation_only([seed; 32], round, device, purpose);
        draw(&mut key.noise(), 1000.0, 8)
    };
    let all =
        [key(0, 0, 0, ""), key(1, 0, 0, ""), key(0, 1, 0, ""), key(0, 0, 1, ""), key(0, 0, 0, "a"), key(0, 0, 0, "b")];
    for (i, a) in all.iter().enumerate() {
        assert!(all.iter().skip(i + 1).all(|b| a != b));
    }
    assert_eq!(key(0, 1, 2, "a"), key(0, 1, 2, "a"));
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let key = StreamKey::dangerous_for_simulation_only([123; 32], 0, 0, "update");
    assert_eq!(format!("{:?} {:?}", key, key.noise()), "StreamKey { .. } SeededNoise { .. }");
}

#[test]
fn sigma_is_rounded_up_and_checked() {
    assert_eq!(sigma(100.03).sixteenths(), 1601);
    assert_eq!(sigma(100.0).sixteenths(), 1600);
    assert_eq!(sigma(1e-300).sixteenths(), 1);
    assert_eq!(sigma(2.0_f64.powi(40)).sixteenths(), 1 << 44);
    assert!(sigma(3.3).as_f64() >= 3.3);
    for bad in [0.0, -0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(DyadicSigma::rounded_up(bad), Err(SigmaError::NotPositive));
    }
    for bad in [f64::INFINITY, 2.0_f64.powi(40) * 1.01, f64::MAX] {
        assert_eq!(DyadicSigma::rounded_up(bad), Err(SigmaError::TooLarge));
    }
    assert_eq!(DyadicSigma::from_sixteenths(0), Err(SigmaError::NotPositive));
    assert_eq!(DyadicSigma::from_sixteenths(u64::MAX), Err(SigmaError::TooLarge));
    assert_eq!(serde_json::to_string(&sigma(2.0)).unwrap(), "32");
    assert!(serde_json::from_str::<DyadicSigma>("0").is_err());
}

#[test]
fn extreme_scales_work_in_both_sources() {
    for scale in [1.0 / 16.0, 2.0_f64.powi(40)] {
        for source in [&mut seeded(3, 0) as &mut dyn NoiseSource, &mut OpenDpNoise::new()] {
            let mut out = [0_i64; 64];
            source.sample_discrete_gaussian(sigma(scale), &mut out).unwrap();
            assert!(out.iter().all(|k| (k.abs() as f64) <= 10.0 * scale));
            assert!(scale < 1.0 || out.iter().any(|k| (k.abs() as f64) > 0.1 * scale));
        }
    }
}

#[test]
fn adding_noise_adds_the_draws() {
    let mut sum = vec![10_i64; 100];
    add_discrete_gaussian(&mut sum, sigma(5.0), &mut seeded(4, 0)).unwrap();
    let noise = draw(&mut seeded(4, 0), 5.0, 100);
    assert!(sum.iter().zip(&noise).all(|(k, n)| *k == 10 + n));
}

#[test]
fn adding_noise_never_wraps_nor_half_adds() {
    let mut sum = vec![0_i64; 50];
    sum[40] = i64::MAX;
    sum[41] = i64::MIN;
    let before = sum.clone();
    let result = add_discrete_gaussian(&mut sum, sigma(1e6), &mut seeded(4, 0));
    assert_eq!(result, Err(NoiseError::Overflow));
    assert_eq!(sum, before);
}

/// A source that has run dry.
struct Dry;

impl NoiseSource for Dry {
    fn sample_discrete_gaussian(&mut self, _: DyadicSigma, _: &mut [i64]) -> Result<(), NoiseError> {
        Err(NoiseError::Sampler)
    }
}

#[test]
fn a_failing_source_leaves_the_sum_alone() {
    let mut sum = [1, 2, 3];
    let mut dry: Box<dyn NoiseSource> = Box::new(Dry);
    assert_eq!(add_discrete_gaussian(&mut sum, sigma(1.0), &mut dry), Err(NoiseError::Sampler));
    assert_eq!(sum, [1, 2, 3]);
}

/// Prints draws per second: `cargo test --release -- --ignored speed --nocapture`.
#[test]
#[ignore = "measures speed"]
fn speed() {
    for at in [0.5, 1.0, 3.0, 100.0, 1e4, 1e6, 1e9] {
        let mut out = vec![0_i64; 1_000_000];
        let start = std::time::Instant::now();
        seeded(0, 0).sample_discrete_gaussian(sigma(at), &mut out).unwrap();
        let fast = out.len() as f64 / start.elapsed().as_secs_f64();
        let start = std::time::Instant::now();
        OpenDpNoise::new().sample_discrete_gaussian(sigma(at), &mut out[..50_000]).unwrap();
        let real = 50_000.0 / start.elapsed().as_secs_f64();
        eprintln!("sigma {at}: seeded {:.2} M/s, opendp {:.0} k/s", fast / 1e6, real / 1e3);
    }
}
