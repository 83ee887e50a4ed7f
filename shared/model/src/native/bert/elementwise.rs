//! What is done to each token or number by itself: norms, the bend of the feed-forward, the pooling.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use crate::bert::Pooling;
use crate::bert::config::Bend;
use crate::native::gemm::Matrix;
use crate::native::kernels::{LANES, Lane, exp_of_negative, lanes_of};
use crate::native::transformer::attention::Span;
use crate::native::transformer::elementwise::{gelu, total};

/// A layer norm: `(x - mean) / sqrt(variance + epsilon) * weight + bias` (Ba et al. 2016, equation 4).
#[derive(Debug)]
pub(crate) struct Norm {
    dim: usize,
    epsilon: f32,
    weight: Vec<Lane>,
    bias: Vec<Lane>,
    /// Ones, and zeros past the last dimension.
    real: Vec<Lane>,
}

impl Norm {
    pub(super) fn new(dim: usize, epsilon: f32) -> Self {
        let zeros = vec![[0.0; LANES]; lanes_of(dim)];
        let mut real = zeros.clone();
        real.as_flattened_mut()[..dim].fill(1.0);
        Self { dim, epsilon, weight: zeros.clone(), bias: zeros, real }
    }

    pub(crate) fn set_weight(&mut self, values: &[f32]) {
        self.weight.as_flattened_mut()[..self.dim].copy_from_slice(values);
    }

    pub(crate) fn set_bias(&mut self, values: &[f32]) {
        self.bias.as_flattened_mut()[..self.dim].copy_from_slice(values);
    }

    /// Rows of `x`, in place.
    pub(super) fn forward<S: Simd>(&self, simd: S, x: &mut Matrix, rows: Range<usize>) {
        let (lanes, share) = (self.real.len(), 1.0 / self.dim as f32);
        simd.vectorize(
            #[inline(always)]
            || {
                for row in rows {
                    let x = x.row_mut(row, lanes);
                    let mut sum = f32x16::splat(simd, 0.0);
                    x.iter().for_each(|x| sum += f32x16::load_array_ref(simd, x));
                    let mean = f32x16::splat(simd, total(simd, sum) * share);
                    let mut squares = f32x16::splat(simd, 0.0);
                    for (x, real) in x.iter_mut().zip(&self.real) {
                        let centred = (f32x16::load_array_ref(simd, x) - mean) * f32x16::load_array_ref(simd, real);
                        squares = centred.mul_add(centred, squares);
                        centred.store_array(x);
                    }
                    let inverse = 1.0 / (total(simd, squares) * share + self.epsilon).sqrt();
                    let inverse = f32x16::splat(simd, inverse);
                    for (x, (w, b)) in x.iter_mut().zip(self.weight.iter().zip(&self.bias)) {
                        let scaled = f32x16::load_array_ref(simd, x) * inverse;
                        scaled.mul_add(f32x16::load_array_ref(simd, w), f32x16::load_array_ref(simd, b)).store_array(x);
                    }
                }
            },
        );
    }
}

/// Bends `rows` rows of `lanes` lanes in place.
pub(super) fn bend<S: Simd>(simd: S, bend: Bend, x: &mut Matrix, (rows, lanes): (usize, usize)) {
    simd.vectorize(
        #[inline(always)]
        || {
            for row in 0..rows {
                for lane in x.row_mut(row, lanes) {
                    let v = f32x16::load_array_ref(simd, lane);
                    let bent = match bend {
                        Bend::Gelu => gelu(simd, v).0,
                        Bend::GeluTanh => gelu_tanh(simd, v),
                        Bend::Relu => v.max(f32x16::splat(simd, 0.0)),
                    };
                    bent.store_array(lane);
                }
            }
        },
    );
}

/// `x (1 + tanh u) / 2` with `u = sqrt(2 / pi) (x + 0.044715 x^3)`, which is `x / (1 + exp(-2 u))`.
#[inline(always)]
fn gelu_tanh<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let number = |v: f32| f32x16::splat(simd, v);
    let cubed = (x * x).mul_add(x * number(0.044_715), x);
    let twice = cubed * number(1.595_769);
    let e = exp_of_negative(simd, number(0.0) - twice.abs());
    let one = number(1.0);
    let above = simd.select_f32x16(simd.simd_lt_f32x16(twice, number(0.0)), e, one);
    x * (above / (one + e))
}

/// A text's vector from its tokens', of length 1, or of zeros if its numbers overflowed.
pub(super) fn pool<S: Simd>(simd: S, stream: &Matrix, text: Span, dim: usize, pooling: Pooling) -> Vec<f32> {
    let lanes = lanes_of(dim);
    let tokens = match pooling {
        Pooling::Cls => 1,
        Pooling::Mean => text.len,
    };
    let mut sum = vec![[0.0; LANES]; lanes];
    simd.vectorize(
        #[inline(always)]
        || {
            for row in text.start..text.start + tokens {
                for (sum, x) in sum.iter_mut().zip(stream.row(row, lanes)) {
                    (f32x16::load_array_ref(simd, sum) + f32x16::load_array_ref(simd, x)).store_array(sum);
                }
            }
        },
    );
    let mut vector = sum.as_flattened()[..dim].to_vec();
    let norm = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    // The sum of a text's tokens has the direction of their mean. Weights that overflow give no direction at all.
    if norm > 0.0 && norm.is_finite() {
        vector.iter_mut().for_each(|v| *v /= norm);
    } else {
        vector.fill(0.0);
    }
    vector
}
