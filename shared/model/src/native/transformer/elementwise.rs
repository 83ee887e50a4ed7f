//! What is done to each number by itself: the bends of the feed-forward.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use crate::encoder::Activation;
use crate::native::gemm::Matrix;
use crate::native::kernels::exp_of_negative;

/// Coefficients of `exp(a^2 / 2) (1 - Phi(a))` in `2 a / 5 - 1` for a from 0 to 5, lowest first, where Phi is the
/// normal distribution's: the weighted minimax fit of degree 10, off by less than 1.2e-7 in `a (1 - Phi(a))`.
const TAIL: [f32; 11] = [
    0.141_331_84,
    -0.114_046_1,
    0.085_187_46,
    -0.059_842_28,
    0.041_576_01,
    -0.022_096_546,
    0.010_425_107,
    -0.023_370_188,
    9.093_309e-4,
    0.011_030_082,
    0.012_245_1,
];

/// GELU (Hendrycks and Gimpel 2016, equation 1) with its derivative: `x Phi(x)` and `Phi(x) + x phi(x)`.
/// Both are off by less than 1e-6.
#[inline(always)]
pub(in crate::native) fn gelu<S: Simd>(simd: S, x: f32x16<S>) -> (f32x16<S>, f32x16<S>) {
    const DENSITY: f32 = 0.398_942_3;
    let number = |v: f32| f32x16::splat(simd, v);
    let bell = exp_of_negative(simd, x * x * number(-0.5));
    let u = x.abs().min(number(5.0)).mul_add(number(0.4), number(-1.0));
    let mut p = number(TAIL[10]);
    for i in (0..10).rev() {
        p = p.mul_add(u, number(TAIL[i]));
    }
    let tail = bell * p;
    let phi = simd.select_f32x16(simd.simd_lt_f32x16(x, number(0.0)), tail, number(1.0) - tail);
    (x * phi, (x * bell).mul_add(number(DENSITY), phi))
}

/// Bends `rows` rows of `lanes` lanes in place; `slope` gets the derivatives.
pub(super) fn bend<S: Simd>(
    simd: S,
    activation: Activation,
    x: &mut Matrix,
    slope: &mut Matrix,
    (rows, lanes): (usize, usize),
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for row in 0..rows {
                for (x, slope) in x.row_mut(row, lanes).iter_mut().zip(slope.row_mut(row, lanes)) {
                    let v = f32x16::load_array_ref(simd, x);
                    let (bent, derivative) = match activation {
                        Activation::Gelu => gelu(simd, v),
                        Activation::Relu => relu(simd, v),
                    };
                    bent.store_array(x);
                    derivative.store_array(slope);
                }
            }
        },
    );
}

#[inline(always)]
fn relu<S: Simd>(simd: S, x: f32x16<S>) -> (f32x16<S>, f32x16<S>) {
    let (zero, one) = (f32x16::splat(simd, 0.0), f32x16::splat(simd, 1.0));
    let positive = simd.simd_lt_f32x16(zero, x);
    (simd.select_f32x16(positive, x, zero), simd.select_f32x16(positive, one, zero))
}

/// The sum of sixteen numbers, in halves.
#[inline(always)]
pub(in crate::native) fn total<S: Simd>(simd: S, x: f32x16<S>) -> f32 {
    let (low, high) = simd.split_f32x16(x);
    let (low, high) = simd.split_f32x8(low + high);
    let [a, b, c, d] = (low + high).to_array();
    (a + c) + (b + d)
}

#[cfg(test)]
mod tests;
