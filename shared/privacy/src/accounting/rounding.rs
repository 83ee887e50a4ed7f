//! Floating-point arithmetic rounded towards plus infinity, by looking at the exact rounding error.

/// `a + b`, never below the exact sum (Knuth's two-sum gives the rounding error exactly).
pub(super) fn add_up(a: f64, b: f64) -> f64 {
    let sum = a + b;
    let b_seen = sum - a;
    let error = (a - (sum - b_seen)) + (b - b_seen);
    if error > 0.0 { sum.next_up() } else { sum }
}

/// `a * b`, never below the exact product (a fused multiply-add gives the rounding error exactly).
pub(crate) fn mul_up(a: f64, b: f64) -> f64 {
    let product = a * b;
    if a.mul_add(b, -product) > 0.0 { product.next_up() } else { product }
}

/// A count as a float, never below the count.
pub(super) fn count_up(count: u64) -> f64 {
    let near = count as f64;
    // Above 2^53 the conversion may round down; a float of that size is a whole number.
    if (near as u128) < u128::from(count) { near.next_up() } else { near }
}

/// `1 / (2 z^2)`, never below the exact value and exact where the float is (`z = 1` gives `0.5`).
pub(crate) fn half_inverse_square_up(z: f64) -> f64 {
    let square = z * z;
    let square_error = z.mul_add(z, -square);
    let mut quotient = 0.5 / square;
    loop {
        let product = quotient * 2.0 * square;
        let product_error = (quotient * 2.0).mul_add(square, -product);
        // The exact value of 2 z^2 * quotient - 1; `product - 1` is exact near 1.
        let excess = (product - 1.0) + (product_error + 2.0 * quotient * square_error);
        if excess >= 0.0 {
            return quotient;
        }
        quotient = quotient.next_up();
    }
}

#[cfg(test)]
mod tests {
    use super::{add_up, count_up, half_inverse_square_up, mul_up};

    #[test]
    fn exact_results_stay_exact() {
        assert_eq!(add_up(0.25, 0.5), 0.75);
        assert_eq!(mul_up(0.125, 4.0), 0.5);
        assert_eq!(half_inverse_square_up(1.0), 0.5);
        assert_eq!(half_inverse_square_up(2.0), 0.125);
        assert_eq!(count_up(1 << 40), 1_099_511_627_776.0);
    }

    #[test]
    fn inexact_results_go_up() {
        assert!(add_up(1.0, 1e-20) > 1.0);
        assert_eq!(add_up(1.0, -1e-20), 1.0);
        assert!(mul_up(1.0 + f64::EPSILON, 1.0 + f64::EPSILON) > 1.0 + 2.0 * f64::EPSILON);
        assert!(count_up((1 << 53) + 1) > 9_007_199_254_740_992.0);
    }

    #[test]
    fn inverse_square_covers_the_truth() {
        for z in [0.3, 0.7, 1.1, 3.0, 17.3, 1e-6, 1e9] {
            let rho = half_inverse_square_up(z);
            assert!(rho >= 0.5 / (z * z) * (1.0 - 1e-15));
            assert!(rho <= 0.5 / (z * z) * (1.0 + 1e-15));
        }
    }
}
