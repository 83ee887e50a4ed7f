//! Exact confidence bounds on a probability, from the counts of an experiment.
//!
//! The tail of a binomial is an incomplete beta function: `P[Bin(n, p) >= k] = I_p(k, n - k + 1)`.

use std::f64::consts::PI;

/// Terms of the continued fraction: some multiple of the root of the larger argument are needed.
const MOST_TERMS: u32 = 200_000;

/// The logarithm of the gamma function for `x > 0`, by Stirling's series, whose first term left out is
/// below 1e-16 from `x = 15` on; smaller arguments are raised by `gamma(x + 1) = x gamma(x)`.
pub fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 15.0 {
        product *= x;
        x += 1.0;
    }
    let (over, square) = (x.recip(), (x * x).recip());
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    let tail = series.iter().rev().fold(0.0, |sum, term| sum * square + term) * over;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + tail - f64::ln(product)
}

/// The regularised incomplete beta function `I_x(a, b)` for `a, b > 0`, `0 <= x <= 1`.
///
/// By its continued fraction (Abramowitz, Stegun 1964, 26.5.8), evaluated by the method of Lentz, on the
/// side of the mean where it converges fast. Relative error about 1e-9 for arguments up to 1e7.
pub fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let factor = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        factor * fraction(x, a, b) / a
    } else {
        1.0 - factor * fraction(1.0 - x, b, a) / b
    }
}

/// `1/(1 + d_1/(1 + d_2/(1 + ...)))` with the coefficients of 26.5.8.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut c, mut d) = (1.0, away(1.0 - (a + b) * x / (a + 1.0)).recip());
    let mut h = d;
    for m in 1..MOST_TERMS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for coefficient in [even, odd] {
            d = away(1.0 + coefficient * d).recip();
            c = away(1.0 + coefficient / c);
            step = c * d;
            h *= step;
        }
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    h
}

/// `P[Bin(n, p) >= k]`.
pub fn at_least(k: u64, n: u64, p: f64) -> f64 {
    match k {
        0 => 1.0,
        _ if k > n => 0.0,
        _ => incomplete_beta(p, k as f64, (n - k + 1) as f64),
    }
}

/// `P[Bin(n, p) <= k]`.
pub fn at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { incomplete_beta(1.0 - p, (n - k) as f64, (k + 1) as f64) }
}

/// `P[Bin(n, p) = k]`.
pub fn exactly(k: u64, n: u64, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    if p <= 0.0 || p >= 1.0 {
        let certain = if p <= 0.0 { 0 } else { n };
        return if k == certain { 1.0 } else { 0.0 };
    }
    let (k, n) = (k as f64, n as f64);
    let choose = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    (choose + k * p.ln() + (n - k) * (-p).ln_1p()).exp()
}

/// A number below every probability under which `k` or more of `n` would be seen with probability
/// `alpha` or more: the lower bound of Clopper and Pearson (1934), at confidence `1 - alpha`.
pub fn lower(k: u64, n: u64, alpha: f64) -> f64 {
    bisect(|p| at_least(k, n, p) <= alpha).0
}

/// The upper bound of Clopper and Pearson (1934), at confidence `1 - alpha`.
pub fn upper(k: u64, n: u64, alpha: f64) -> f64 {
    if k >= n { 1.0 } else { bisect(|p| at_most(k, n, p) > alpha).1 }
}

/// The end of the probabilities for which `holds`, which are those below some point: below and above it.
fn bisect(holds: impl Fn(f64) -> bool) -> (f64, f64) {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if holds(middle) { low = middle } else { high = middle }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within * expected.abs().max(1e-300), "{found} {expected}");
    }

    #[test]
    fn the_gamma_function_at_known_places() {
        near(ln_gamma(0.5), 0.5 * PI.ln(), 1e-14);
        assert!(ln_gamma(1.0).abs() < 1e-14 && ln_gamma(2.0).abs() < 1e-14);
        near(ln_gamma(11.0), 3_628_800_f64.ln(), 1e-14);
        // 100! = 9.332621544394415e157.
        near(ln_gamma(101.0), 9.332_621_544_394_415e157_f64.ln(), 1e-14);
    }

    #[test]
    fn the_beta_function_in_closed_form() {
        for x in [0.0, 1e-6, 0.1, 0.5, 0.9, 1.0] {
            near(incomplete_beta(x, 1.0, 1.0), x, 1e-13);
            near(incomplete_beta(x, 3.0, 1.0), x.powi(3), 1e-13);
            near(incomplete_beta(x, 1.0, 4.0), 1.0 - (1.0 - x).powi(4), 1e-9);
            // The arcsine law.
            near(incomplete_beta(x, 0.5, 0.5), 2.0 / PI * x.sqrt().asin(), 1e-12);
        }
    }

    #[test]
    fn tails_are_the_sums_of_their_terms() {
        for (n, p) in [(1, 0.3), (12, 0.01), (40, 0.5), (500, 0.2), (500, 0.999)] {
            for k in [0, 1, n / 3, n / 2, n] {
                let above: f64 = (k..=n).map(|i| exactly(i, n, p)).sum();
                let below: f64 = (0..=k).map(|i| exactly(i, n, p)).sum();
                assert!((at_least(k, n, p) - above).abs() < 1e-11, "{n} {k} {p}");
                assert!((at_most(k, n, p) - below).abs() < 1e-11, "{n} {k} {p}");
            }
        }
        assert_eq!((at_least(6, 5, 0.5), exactly(6, 5, 0.5)), (0.0, 0.0));
        assert_eq!((exactly(0, 5, 0.0), exactly(4, 5, 1.0), exactly(5, 5, 1.0)), (1.0, 0.0, 1.0));
    }

    #[test]
    fn bounds_at_known_places() {
        // Closed forms: nothing of n, all of n.
        near(upper(0, 1000, 5e-4), 1.0 - 5e-4_f64.powf(1e-3), 1e-9);
        near(lower(1000, 1000, 5e-4), 5e-4_f64.powf(1e-3), 1e-9);
        assert_eq!((lower(0, 10, 0.01), upper(10, 10, 0.01)), (0.0, 1.0));
        // Two-sided at 95%, as in tables: 5 of 10, and 1 of 10.
        near(lower(5, 10, 0.025), 0.187_086, 1e-5);
        near(upper(5, 10, 0.025), 0.812_914, 1e-5);
        near(lower(1, 10, 0.025), 0.002_529, 1e-3);
        near(upper(1, 10, 0.025), 0.445_016, 1e-5);
    }

    #[test]
    fn large_counts_agree_with_the_normal_distribution() {
        // 3.2905 standard deviations leave 5e-4 on one side; skewness and lattice are of the next order.
        let (n, p) = (1_000_000_u64, 0.03_f64);
        let (k, sd) = (30_000, (p * (1.0 - p) / n as f64).sqrt());
        near(p - lower(k, n, 5e-4), 3.2905 * sd, 0.02);
        near(upper(k, n, 5e-4) - p, 3.2905 * sd, 0.02);
    }
}
