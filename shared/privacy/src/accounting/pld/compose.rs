//! The distribution of a sum of losses by one tilted Fourier transform, with its error.

use realfft::{RealFftPlanner, num_complex::Complex};

use super::tilt::Sum;

/// The longest transform: 32 MiB of reals and as much again of complex numbers.
const LARGEST_WINDOW: u64 = 1 << 22;

/// `-ln` of the tilted mass that may lie beyond each end of the window.
const REACH: f64 = 34.0;

/// Error of a transform of length `n`, a power of two: at most this times `log2 n`, relative to the
/// 1-norm of the input in every place, and relative to the 2-norm in the 2-norm (Higham, "Accuracy and
/// Stability of Numerical Algorithms", 2nd edition, section 24.1 and Theorem 24.2, with twiddle factors
/// good to one unit in the last place; doubled).
const TRANSFORM_ERROR: f64 = 7.0 * f64::EPSILON;

/// Relative error of one tilted mass: the exponent is at most 500 and good to one unit in the last place.
const TILT_ERROR: f64 = 1000.0 * f64::EPSILON;

/// `ln` of a power so small that it is taken as zero; the error knows.
const NEGLIGIBLE: f64 = -90.0;

/// The losses are too spread out for the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TooWide {
    /// How many times wider the grid must be.
    pub(super) factor: f64,
}

/// A sum of losses: mass `tilted[i] exp(K - lambda (first + i) h)` at `(first + i) h`.
#[derive(Debug, Clone)]
pub(super) struct Composed {
    pub(super) h: f64,
    pub(super) first: i64,
    pub(super) tilted: Vec<f64>,
    pub(super) lambda: f64,
    /// `K(lambda)`, the logarithm of the scale.
    pub(super) cumulant: f64,
    /// Mass at an infinite loss.
    pub(super) infinite: f64,
    /// A bound on the sum of the absolute errors of `tilted`, mass beyond the window included.
    pub(super) error: f64,
    /// A bound on the relative error that all masses share.
    pub(super) rounding: f64,
}

impl Composed {
    /// Adds up all losses of `sum` under the tilt `lambda`.
    pub(super) fn new(sum: &Sum, lambda: f64) -> Result<Self, TooWide> {
        let infinite = sum.infinite();
        let h = sum.h;
        if sum.terms.iter().any(|term| term.losses.masses.is_empty()) {
            let (tilted, none) = (Vec::new(), 0.0);
            return Ok(Self {
                h,
                first: 0,
                tilted,
                lambda: none,
                cumulant: none,
                infinite,
                error: none,
                rounding: none,
            });
        }
        if let [term] = &sum.terms[..]
            && term.times == 1
        {
            let (first, tilted) = (term.losses.first, term.losses.masses.clone());
            let none = 0.0;
            return Ok(Self { h, first, tilted, lambda: none, cumulant: none, infinite, error: none, rounding: none });
        }
        let [first, last] = sum.window(lambda, sum.cumulant(lambda), REACH);
        let needed = last.abs_diff(first) + 1;
        if needed > LARGEST_WINDOW {
            return Err(TooWide { factor: needed as f64 / LARGEST_WINDOW as f64 });
        }
        let len = needed.next_power_of_two().max(2) as usize;
        let mut transform = Transform::new(len);
        for term in &sum.terms {
            transform.multiply(term.losses.first, &term.losses.masses, term.times, lambda * sum.h);
        }
        let cumulant = transform.ln_scale;
        let (wrapped, error) = transform.finish();
        let tilted = (0..len as i64).map(|i| wrapped[(first + i).rem_euclid(len as i64) as usize].max(0.0)).collect();
        let error = error + 2.0 * (-REACH).exp();
        Ok(Self { h, first, tilted, lambda, cumulant, infinite, error, rounding: TILT_ERROR * sum.steps() })
    }
}

/// A running product of transforms.
struct Transform {
    planner: RealFftPlanner<f64>,
    len: usize,
    product: Vec<Complex<f64>>,
    /// Logarithm of what the masses were divided by.
    ln_scale: f64,
    /// A bound on the error of every place of `product`.
    errors: Vec<f64>,
}

impl Transform {
    fn new(len: usize) -> Self {
        Self {
            planner: RealFftPlanner::new(),
            len,
            product: vec![Complex::new(1.0, 0.0); len / 2 + 1],
            ln_scale: 0.0,
            errors: vec![0.0; len / 2 + 1],
        }
    }

    fn unit(&self) -> f64 {
        TRANSFORM_ERROR * f64::from(self.len.ilog2())
    }

    /// `times` convolutions with the masses, each tilted by `exp(rate i)` and scaled to a sum of one.
    fn multiply(&mut self, first: i64, masses: &[f64], times: u64, rate: f64) {
        let mut input = vec![0.0; self.len];
        // The largest exponent is taken out first.
        let top = if rate >= 0.0 { masses.len() as f64 - 1.0 } else { 0.0 };
        let sum: f64 = masses.iter().enumerate().map(|(i, mass)| mass * (rate * (i as f64 - top)).exp()).sum();
        for (i, mass) in masses.iter().enumerate() {
            let place = (first + i as i64).rem_euclid(self.len as i64) as usize;
            input[place] += mass * (rate * (i as f64 - top)).exp() / sum;
        }
        self.ln_scale += times as f64 * (sum.ln() + rate * (first as f64 + top));
        let mut output = vec![Complex::default(); self.len / 2 + 1];
        let forward = self.planner.plan_fft_forward(self.len);
        // The lengths are those of the plan, the only thing that could be wrong.
        let unit = if forward.process(&mut input, &mut output).is_ok() { self.unit() } else { f64::INFINITY };
        let count = times as f64;
        for ((product, error), value) in self.product.iter_mut().zip(&mut self.errors).zip(&output) {
            // |x^T - y^T| <= T max(|x|, |y|)^(T-1) |x - y|, and powers by squaring lose a few units more.
            let size = value.norm_sqr().sqrt() + unit;
            let ln_power = count * size.ln();
            if ln_power < NEGLIGIBLE {
                *error = (*error + length(*product)) * NEGLIGIBLE.exp();
                *product = Complex::default();
                continue;
            }
            let lower_power = ln_power.exp() / size;
            let off = count * lower_power * (unit + 8.0 * f64::EPSILON * size);
            *error = *error * (lower_power * size + off) + length(*product) * off;
            *product *= power(*value, times);
        }
    }

    /// The 2-norm of the whole spectrum; half of it is stored.
    fn norm(&self) -> f64 {
        (2.0_f64).sqrt() * norm(self.product.iter().copied().map(length))
    }

    /// The convolution, and a bound on the sum of its absolute errors.
    fn finish(mut self) -> (Vec<f64>, f64) {
        let mut output = vec![0.0; self.len];
        // A real signal has real ends of its spectrum.
        let last = self.product.len() - 1;
        self.product[0].im = 0.0;
        self.product[last].im = 0.0;
        let error = 2.0_f64.sqrt() * norm(self.errors.iter().copied()) + self.unit() * self.norm();
        let inverse = self.planner.plan_fft_inverse(self.len);
        let fine = inverse.process(&mut self.product, &mut output).is_ok();
        let scale = 1.0 / self.len as f64;
        output.iter_mut().for_each(|value| *value *= scale);
        // The inverse divides by `len`, the 2-norm by its root; the 1-norm is at most root `len` times the 2-norm.
        (output, if fine { error } else { f64::INFINITY })
    }
}

/// The absolute value, without the detour that guards against overflow.
fn length(value: Complex<f64>) -> f64 {
    value.norm_sqr().sqrt()
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

/// `base^times` by squaring.
fn power(mut base: Complex<f64>, mut times: u64) -> Complex<f64> {
    let mut product = Complex::new(1.0, 0.0);
    while times > 0 {
        if times & 1 == 1 {
            product *= base;
        }
        base *= base;
        times >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::Composed;
    use crate::accounting::pld::{
        buckets::Losses,
        tilt::{Sum, Term},
    };

    fn coins(up: f64, times: u64) -> Term {
        let losses = Losses { first: 0, masses: vec![1.0 - up, up], infinite: 0.0, mean_loss_removed: 0.0 };
        Term { losses, times }
    }

    /// `ln P[Bin(n, p) = k]`, by logarithms of factorials.
    fn ln_binomial(n: u64, p: f64, k: u64) -> f64 {
        let ln_factorial = |m: u64| libm::lgamma(m as f64 + 1.0);
        ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k) + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()
    }

    #[test]
    fn coins_add_up_to_a_binomial_far_in_its_tail() {
        let sum = Sum { h: 1.0, terms: vec![coins(0.02, 1000)] };
        for (lambda, k) in [(0.0, 20), (1.5, 85), (2.5, 200)] {
            let composed = Composed::new(&sum, lambda).unwrap();
            let ln_mass = composed.tilted[(k - composed.first) as usize].ln() + composed.cumulant - lambda * k as f64;
            assert!((ln_mass - ln_binomial(1000, 0.02, k as u64)).abs() < 1e-9, "{lambda} {k}");
            assert!(composed.error < 1e-8);
        }
    }

    #[test]
    fn the_claimed_error_covers_the_real_one() {
        let sum = Sum { h: 1.0, terms: vec![coins(0.3, 5000), coins(0.3, 3000)] };
        let composed = Composed::new(&sum, 0.2).unwrap();
        let real: f64 = (0..composed.tilted.len())
            .map(|i| {
                let k = (composed.first + i as i64) as u64;
                let truth = (ln_binomial(8000, 0.3, k) - composed.cumulant + 0.2 * k as f64).exp();
                (composed.tilted[i] - truth).abs()
            })
            .sum();
        // The reference itself loses digits to the logarithm of the factorial.
        assert!(real < composed.error + 1e-10, "{real} {}", composed.error);
    }
}
