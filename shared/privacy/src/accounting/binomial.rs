//! Tails of the binomial distribution.

/// `P[Bin(n, q) > k]` with a relative error below 1e-9 for `n` up to 10^9.
///
/// Sums masses outwards from `k + 1`, each from its neighbour; the first one by C. Loader's saddle-point
/// form ("Fast and Accurate Computation of Binomial Probabilities", 2000), which does not cancel.
pub(super) fn upper_tail(n: u64, q: f64, k: u64) -> f64 {
    if k >= n {
        return 0.0;
    }
    if q >= 1.0 {
        return 1.0;
    }
    let (size, start) = (n as f64, k as f64 + 1.0);
    if start < size * q {
        // One less the other tail, which is an upper tail of the failures.
        return 1.0 - rising(size, 1.0 - q, size - start + 1.0);
    }
    rising(size, q, start)
}

/// The sum of masses from `start` up, `start` being at least the mean.
fn rising(n: f64, q: f64, start: f64) -> f64 {
    let mut mass = ln_mass(n, q, start).exp();
    let mut sum = 0.0;
    let mut k = start;
    while k <= n && mass > sum * 1e-18 {
        sum += mass;
        mass *= (n - k) / (k + 1.0) * q / (1.0 - q);
        k += 1.0;
    }
    sum.min(1.0)
}

/// `ln P[Bin(n, q) = k]`.
fn ln_mass(n: f64, q: f64, k: f64) -> f64 {
    if k == 0.0 {
        return n * (-q).ln_1p();
    }
    if k == n {
        return n * q.ln();
    }
    let exponent = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(k, n * q)
        - deviance(n - k, n * (1.0 - q));
    exponent + 0.5 * (n / (std::f64::consts::TAU * k * (n - k))).ln()
}

/// `ln n! - ln(sqrt(2 pi n) (n/e)^n)`.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * std::f64::consts::TAU.ln();
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// `x ln(x / m) + m - x`, without cancellation near `x = m`.
fn deviance(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if v.abs() > 0.1 {
        return x * (x / m).ln() + m - x;
    }
    // ln(x/m) = 2 atanh(v).
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    for k in 1..40_u32 {
        term *= v * v;
        sum += term / f64::from(2 * k + 1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::upper_tail;

    /// 40-digit arithmetic.
    #[test]
    fn tails() {
        for (n, q, k, truth) in [
            (9999, 0.01, 119, 0.027531463080491058),
            (9999, 0.01, 99, 0.513_098_653_659_005_7),
            (9999, 0.01, 60, 0.999_990_011_467_079),
            (999, 0.1, 109, 0.15567461562190874),
            (1000000, 0.0001, 160, 1.2592986496614888e-8),
            (20, 0.5, 3, 0.998_711_585_998_535_2),
            (20, 0.5, 18, 2.002716064453125e-5),
            (100000000, 0.001, 101000, 0.0007869091406579595),
        ] {
            let found = upper_tail(n, q, k);
            assert!((found / truth - 1.0).abs() < 1e-11, "{n} {q} {k}: {found} {truth}");
        }
    }
}
