//! From right guesses to a lower bound on epsilon.

use crate::audit::interval::{at_least, exactly};

/// A result less likely than this under some epsilon speaks against that epsilon.
pub const SURPRISE: f64 = 0.05;

/// Beyond this no number of canaries shows anything.
const LARGEST: f64 = 50.0;

/// The probability, or a bound above it, that of `m` canaries' coins `guessed` are guessed and `right` or
/// more of them rightly, under (epsilon, delta)-privacy (Steinke, Nasr, Jagielski 2023, Theorem 5.2):
///
/// `P[Bin(r, q) >= v] + 2 m delta max over 1 <= i <= v of (P[Bin(r, q) >= v - i] - P[Bin(r, q) >= v]) / i`
/// with `q = e^epsilon / (1 + e^epsilon)`.
pub fn p_value(m: u64, guessed: u64, right: u64, epsilon: f64, delta: f64) -> f64 {
    let q = (1.0 + (-epsilon).exp()).recip();
    let (mut sum, mut most) = (0.0_f64, 0.0_f64);
    for i in 1..=right {
        sum += exactly(right - i, guessed, q);
        most = most.max(sum / i as f64);
    }
    (at_least(right, guessed, q) + 2.0 * m as f64 * delta * most).min(1.0)
}

/// The largest epsilon under which the guesses are a surprise; 0 if they are none.
pub fn lower_bound(m: u64, guessed: u64, right: u64, delta: f64) -> f64 {
    let surprises = |epsilon| p_value(m, guessed, right, epsilon, delta) <= SURPRISE;
    if !surprises(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, LARGEST);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if surprises(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_delta_it_is_the_tail_of_a_binomial() {
        // All of r right: q^r = 0.05.
        let q = 0.05_f64.powf(0.01);
        assert!((lower_bound(500, 100, 100, 0.0) - (q / (1.0 - q)).ln()).abs() < 1e-6);
        // P[Bin(10, 1/2) >= 8] = 56/1024: just no surprise. 9: 11/1024.
        assert!((p_value(10, 10, 8, 0.0, 0.0) - 56.0 / 1024.0).abs() < 1e-12);
        assert_eq!(lower_bound(10, 10, 8, 0.0), 0.0);
        assert!(lower_bound(10, 10, 9, 0.0) > 0.0);
    }

    #[test]
    fn delta_costs_what_the_theorem_says() {
        // r = v = 2, q = 1/2: tails 1/4, 3/4, 1. max((3/4 - 1/4)/1, (1 - 1/4)/2) = 1/2.
        assert!((p_value(100, 2, 2, 0.0, 1e-3) - (0.25 + 2.0 * 100.0 * 1e-3 * 0.5)).abs() < 1e-12);
        assert!(lower_bound(1000, 200, 200, 1e-5) < lower_bound(1000, 200, 200, 0.0));
        assert_eq!(p_value(1_000_000, 10, 5, 1.0, 0.5), 1.0);
    }

    #[test]
    fn more_right_guesses_never_show_less() {
        let bounds: Vec<f64> = (0..=60).map(|right| lower_bound(200, 60, right, 1e-5)).collect();
        assert!(bounds.is_sorted(), "{bounds:?}");
        assert_eq!(bounds[30], 0.0);
    }
}
