//! Both noise sources against the exact probabilities, and proof that the statistic would notice
//! wrong noise. Sample sizes are fixed; a right source fails with probability below 1e-6 per check.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use silhouette_privacy::noise::{DyadicSigma, NoiseSource, OpenDpNoise, simulation::SeededNoise};

/// The normal quantile of 1 - 1e-6.
const LIMIT: f64 = 4.753;

const SCALES: [f64; 5] = [0.5, 1.0, 3.25, 40.0, 1000.0];

/// Probabilities of the integers `-reach..=reach`; what lies outside weighs less than `exp(-84)`.
struct Pmf {
    reach: i64,
    p: Vec<f64>,
}

impl Pmf {
    fn gaussian(sigma: f64) -> Self {
        let reach = (13.0 * sigma).ceil() as i64;
        let weight = |k: i64| (-(k as f64).powi(2) / (2.0 * sigma * sigma)).exp();
        let total: f64 = (-reach..=reach).map(weight).sum();
        Self { reach, p: (-reach..=reach).map(|k| weight(k) / total).collect() }
    }

    /// The difference of two independent draws.
    fn difference(&self) -> Self {
        let mut p = vec![0.0; 2 * self.p.len() - 1];
        for (i, a) in self.p.iter().enumerate() {
            for (j, b) in self.p.iter().rev().enumerate() {
                p[i + j] += a * b;
            }
        }
        Self { reach: 2 * self.reach, p }
    }

    fn variance(&self) -> f64 {
        self.p.iter().zip(-self.reach..).map(|(p, k)| p * (k as f64).powi(2)).sum()
    }

    /// Cells of neighbouring integers, each expecting at least 20 draws: last integer, probability.
    fn cells(&self, n: usize, most: usize) -> Vec<(i64, f64)> {
        let least = (20.0 / n as f64).max(1.0 / most as f64);
        let (mut cells, mut mass) = (Vec::<(i64, f64)>::new(), 0.0);
        for (p, k) in self.p.iter().zip(-self.reach..) {
            mass += p;
            if mass >= least {
                cells.push((k, mass));
                mass = 0.0;
            }
        }
        let last = cells.last_mut().unwrap();
        *last = (i64::MAX, last.1 + mass);
        cells
    }

    /// Pearson's chi-square as a normal deviate (Wilson and Hilferty's cube root).
    fn deviate(&self, draws: &[i64]) -> f64 {
        let cells = self.cells(draws.len(), 200);
        let mut counts = vec![0_u32; cells.len()];
        for &draw in draws {
            counts[cells.partition_point(|cell| cell.0 < draw)] += 1;
        }
        let chi: f64 = cells
            .iter()
            .zip(counts)
            .map(|(cell, count)| {
                let wanted = cell.1 * draws.len() as f64;
                (f64::from(count) - wanted).powi(2) / wanted
            })
            .sum();
        let freedom = (cells.len() - 1) as f64;
        let spread = 2.0 / (9.0 * freedom);
        ((chi / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
    }
}

fn draw(source: &mut dyn NoiseSource, sigma: f64, n: usize) -> Vec<i64> {
    let mut out = vec![0; n];
    source.sample_discrete_gaussian(DyadicSigma::rounded_up(sigma).unwrap(), &mut out).unwrap();
    out
}

fn seeded(stream: u64) -> SeededNoise {
    SeededNoise::dangerous_for_simulation_only([42; 32], stream)
}

/// Differences of two successive calls: independent draws, or the same noise twice?
fn differences(source: &mut dyn NoiseSource, sigma: f64, n: usize) -> Vec<i64> {
    let (first, second) = (draw(source, sigma, n), draw(source, sigma, n));
    first.iter().zip(second).map(|(a, b)| a - b).collect()
}

/// How many standard errors the share of negative draws is from that of positive ones.
fn sign_deviate(draws: &[i64]) -> f64 {
    let signs: i64 = draws.iter().map(|k| k.signum()).sum();
    let nonzero = draws.iter().filter(|k| **k != 0).count();
    signs as f64 / (nonzero as f64).sqrt()
}

/// How many standard errors the sample variance is from the exact one.
fn variance_deviate(pmf: &Pmf, draws: &[i64]) -> f64 {
    let variance = pmf.variance();
    let fourth: f64 = pmf.p.iter().zip(-pmf.reach..).map(|(p, k)| p * (k as f64).powi(4)).sum();
    let found = draws.iter().map(|&k| (k as f64).powi(2)).sum::<f64>() / draws.len() as f64;
    (found - variance) / ((fourth - variance * variance) / draws.len() as f64).sqrt()
}

fn check(source: &mut dyn NoiseSource, n: usize) {
    for sigma in SCALES {
        let (pmf, draws) = (Pmf::gaussian(sigma), draw(source, sigma, n));
        let fit = pmf.deviate(&draws);
        assert!(fit < LIMIT, "sigma {sigma}: chi-square deviate {fit}");
        assert!(sign_deviate(&draws).abs() < LIMIT, "sigma {sigma}: signs");
        let variance = variance_deviate(&pmf, &draws);
        assert!(variance.abs() < LIMIT + 0.5, "sigma {sigma}: variance deviate {variance}");
    }
    let fit = Pmf::gaussian(3.25).difference().deviate(&differences(source, 3.25, n / 2));
    assert!(fit < LIMIT, "successive calls: deviate {fit}");
}

#[test]
fn seeded_noise_has_the_exact_distribution() {
    for stream in 0..2 {
        check(&mut seeded(stream), 1_000_000);
    }
}

#[test]
fn opendp_noise_has_the_exact_distribution() {
    check(&mut OpenDpNoise::new(), 40_000);
}

#[test]
fn uneven_sixteenths_have_the_exact_distribution() {
    for sixteenths in [1, 3, 5, 17, 1601] {
        let sigma = f64::from(sixteenths) / 16.0;
        let pmf = Pmf::gaussian(sigma.max(0.2));
        if sigma >= 0.2 {
            let fit = pmf.deviate(&draw(&mut seeded(9), sigma, 400_000));
            assert!(fit < LIMIT, "{sixteenths}/16: {fit}");
        } else {
            assert!(draw(&mut seeded(9), sigma, 10_000).iter().all(|k| k.abs() <= 1));
        }
    }
}

#[test]
fn the_two_sources_agree_on_the_share_of_zeros() {
    let n = 40_000;
    let zeros =
        |source: &mut dyn NoiseSource| draw(source, 1.0, n).iter().filter(|k| **k == 0).count() as f64 / n as f64;
    let (a, b) = (zeros(&mut seeded(5)), zeros(&mut OpenDpNoise::new()));
    // Two shares near 0.4 of 40 000 draws each: five standard errors.
    assert!((a - b).abs() < 5.0 * (2.0 * 0.24 / n as f64).sqrt(), "{a} {b}");
}

// Controls: the statistic must notice every one of these.

/// A standard normal deviate (Box and Muller).
fn normal(rng: &mut ChaCha20Rng) -> f64 {
    let mut uniform = || (f64::from(rng.next_u32()) + 0.5) / 2.0_f64.powi(32);
    (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
}

#[test]
fn control_too_little_noise_is_noticed() {
    for sigma in [3.25, 40.0, 1000.0] {
        let wrong = draw(&mut seeded(0), sigma * 0.9, 40_000);
        assert!(Pmf::gaussian(sigma).deviate(&wrong) > 2.0 * LIMIT, "sigma {sigma}");
        assert!(variance_deviate(&Pmf::gaussian(sigma), &wrong) < -2.0 * LIMIT);
    }
}

#[test]
fn control_a_fixed_sign_is_noticed() {
    for sigma in SCALES {
        let wrong: Vec<i64> = draw(&mut seeded(0), sigma, 40_000).iter().map(|k| k.abs()).collect();
        assert!(Pmf::gaussian(sigma).deviate(&wrong) > 2.0 * LIMIT, "sigma {sigma}");
        assert!(sign_deviate(&wrong) > 2.0 * LIMIT);
    }
}

/// Repeats its first draws for ever.
struct Reused(Vec<i64>);

impl NoiseSource for Reused {
    fn sample_discrete_gaussian(
        &mut self,
        _: DyadicSigma,
        out: &mut [i64],
    ) -> Result<(), silhouette_privacy::noise::NoiseError> {
        out.iter_mut().zip(self.0.iter().cycle()).for_each(|(slot, k)| *slot = *k);
        Ok(())
    }
}

#[test]
fn control_reused_noise_is_noticed() {
    let mut wrong = Reused(draw(&mut seeded(0), 3.25, 20_000));
    let fit = Pmf::gaussian(3.25).difference().deviate(&differences(&mut wrong, 3.25, 20_000));
    assert!(fit > 2.0 * LIMIT, "{fit}");
}

#[test]
fn control_a_rounded_float_gaussian_is_noticed() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let wrong: Vec<i64> = (0..40_000).map(|_| (0.5 * normal(&mut rng)).round() as i64).collect();
    assert!(Pmf::gaussian(0.5).deviate(&wrong) > 2.0 * LIMIT);
}

#[test]
#[ignore = "prints speeds: cargo test --release -p silhouette-privacy --test noise_statistics -- --ignored --nocapture"]
fn speed_of_seeded_noise() {
    let n = 2_000_000;
    for sigma in [1.5, 100.0, 8192.0, 1e9] {
        for threads in [1, 2] {
            let mut out = vec![0; n];
            let mut draw = || seeded(3).sample_on(threads, DyadicSigma::rounded_up(sigma).unwrap(), &mut out).unwrap();
            // The first time fetches the memory.
            draw();
            let started = std::time::Instant::now();
            draw();
            println!("sigma {sigma}: {threads} threads, {:.1} M/s", n as f64 / started.elapsed().as_secs_f64() / 1e6);
        }
    }
}
