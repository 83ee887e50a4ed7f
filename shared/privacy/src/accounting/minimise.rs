//! One-dimensional minimisation of a function with one valley.

/// `(sqrt(5) - 1) / 2`.
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// Shrinks a bracket of width 120 to below the spacing of floats.
const STEPS: u32 = 110;

/// The smallest value of `f` met by a golden-section search on `[low, high]`.
///
/// Where `f` is an upper bound at EVERY point, the answer is one too, however well the search went.
pub(super) fn minimum(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    lowest_point(low, high, STEPS, f).1
}

/// Like [`minimum`], in fewer steps; where and what. Each step shrinks the bracket by the golden ratio.
pub(super) fn lowest_point(mut low: f64, mut high: f64, steps: u32, f: impl Fn(f64) -> f64) -> (f64, f64) {
    let mut left = high - GOLDEN * (high - low);
    let mut right = low + GOLDEN * (high - low);
    let (mut f_left, mut f_right) = (f(left), f(right));
    let lower = |a: (f64, f64), b: (f64, f64)| if b.1 < a.1 { b } else { a };
    let mut best = lower((left, f_left), (right, f_right));
    for _ in 0..steps {
        if f_left <= f_right {
            high = right;
            (right, f_right) = (left, f_left);
            left = high - GOLDEN * (high - low);
            f_left = f(left);
        } else {
            low = left;
            (left, f_left) = (right, f_right);
            right = low + GOLDEN * (high - low);
            f_right = f(right);
        }
        best = lower(best, lower((left, f_left), (right, f_right)));
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{lowest_point, minimum};

    #[test]
    fn finds_the_bottom_of_a_valley() {
        let valley = |x: f64| (x - 3.25).abs() + 2.0;
        assert!((minimum(-40.0, 80.0, valley) - 2.0).abs() < 1e-9);
        let (place, value) = lowest_point(-40.0, 80.0, 30, valley);
        assert!((place - 3.25).abs() < 1e-3 && value >= 2.0);
    }
}
