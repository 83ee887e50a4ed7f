//! Layer norm: `(x - mean) / sqrt(variance + 1e-5) * weight + bias` (Ba et al. 2016, equation 4).

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::dense::Segment;
use super::elementwise::total;
use crate::native::gemm::Matrix;
use crate::native::kernels::{LANES, Lane, lanes_of};

/// Added to the variance.
const EPSILON: f32 = 1e-5;

/// A layer norm with what passed through it last.
#[derive(Debug, Default)]
pub(super) struct Norm {
    dim: usize,
    weight: Vec<Lane>,
    bias: Vec<Lane>,
    weight_step: Vec<Lane>,
    bias_step: Vec<Lane>,
    /// Ones, and zeros past the last dimension.
    real: Vec<Lane>,
    /// `[tokens, dim]`: the centred and scaled input.
    hat: Matrix,
    /// One over each token's deviation.
    inverse: Vec<f32>,
    /// `[tokens, dim]`: what came out.
    pub(super) out: Matrix,
}

impl Norm {
    pub(super) fn shape(&mut self, dim: usize) {
        if self.dim == dim {
            return;
        }
        let lanes = lanes_of(dim);
        let zeros = vec![[0.0; LANES]; lanes];
        *self = Self {
            dim,
            weight: zeros.clone(),
            bias: zeros.clone(),
            weight_step: zeros.clone(),
            bias_step: zeros.clone(),
            real: zeros,
            ..Self::default()
        };
        self.real.as_flattened_mut()[..dim].fill(1.0);
    }

    /// Visits the parameters in the order of the layout.
    pub(super) fn segments(&mut self, visit: &mut Segment<'_>) {
        visit(&mut self.weight.as_flattened_mut()[..self.dim]);
        visit(&mut self.bias.as_flattened_mut()[..self.dim]);
    }

    pub(super) fn step(&mut self) {
        add(&mut self.weight, &self.weight_step);
        add(&mut self.bias, &self.bias_step);
    }

    pub(super) fn forward<S: Simd>(&mut self, simd: S, x: &Matrix, tokens: usize) {
        let lanes = lanes_of(self.dim);
        self.hat.shape(tokens, lanes);
        self.out.shape(tokens, lanes);
        self.inverse.resize(tokens, 0.0);
        let share = 1.0 / self.dim as f32;
        simd.vectorize(
            #[inline(always)]
            || {
                for token in 0..tokens {
                    let x = x.row(token, lanes);
                    let mut sum = f32x16::splat(simd, 0.0);
                    x.iter().for_each(|x| sum += f32x16::load_array_ref(simd, x));
                    let mean = f32x16::splat(simd, total(simd, sum) * share);
                    let hat = self.hat.row_mut(token, lanes);
                    let mut squares = f32x16::splat(simd, 0.0);
                    for ((x, real), hat) in x.iter().zip(&self.real).zip(hat.iter_mut()) {
                        let centred = (f32x16::load_array_ref(simd, x) - mean) * f32x16::load_array_ref(simd, real);
                        squares = centred.mul_add(centred, squares);
                        centred.store_array(hat);
                    }
                    let inverse = 1.0 / (total(simd, squares) * share + EPSILON).sqrt();
                    self.inverse[token] = inverse;
                    let inverse = f32x16::splat(simd, inverse);
                    let parameters = self.weight.iter().zip(&self.bias);
                    for ((hat, (w, b)), out) in hat.iter_mut().zip(parameters).zip(self.out.row_mut(token, lanes)) {
                        let scaled = f32x16::load_array_ref(simd, hat) * inverse;
                        scaled.store_array(hat);
                        scaled
                            .mul_add(f32x16::load_array_ref(simd, w), f32x16::load_array_ref(simd, b))
                            .store_array(out);
                    }
                }
            },
        );
    }

    /// Adds to `dx` the gradient by the input, given that by the output, and to the steps of weight and bias, which
    /// `first` begins anew.
    pub(super) fn backward<S: Simd>(
        &mut self,
        simd: S,
        delta: &Matrix,
        dx: &mut Matrix,
        (tokens, first): (usize, bool),
    ) {
        let lanes = lanes_of(self.dim);
        if first {
            self.weight_step.fill([0.0; LANES]);
            self.bias_step.fill([0.0; LANES]);
        }
        let share = 1.0 / self.dim as f32;
        simd.vectorize(
            #[inline(always)]
            || {
                for token in 0..tokens {
                    let (delta, hat) = (delta.row(token, lanes), self.hat.row(token, lanes));
                    let mut plain = f32x16::splat(simd, 0.0);
                    let mut along = f32x16::splat(simd, 0.0);
                    let steps = self.weight_step.iter_mut().zip(&mut self.bias_step);
                    for (((d, h), w), (ws, bs)) in delta.iter().zip(hat).zip(&self.weight).zip(steps) {
                        let (d, h) = (f32x16::load_array_ref(simd, d), f32x16::load_array_ref(simd, h));
                        d.mul_add(h, f32x16::load_array_ref(simd, ws)).store_array(ws);
                        (d + f32x16::load_array_ref(simd, bs)).store_array(bs);
                        let d = d * f32x16::load_array_ref(simd, w);
                        plain += d;
                        along = d.mul_add(h, along);
                    }
                    let plain = f32x16::splat(simd, total(simd, plain) * share);
                    let along = f32x16::splat(simd, -(total(simd, along) * share));
                    let inverse = f32x16::splat(simd, self.inverse[token]);
                    let fixed = self.weight.iter().zip(&self.real);
                    for (((d, h), (w, real)), dx) in delta.iter().zip(hat).zip(fixed).zip(dx.row_mut(token, lanes)) {
                        let (d, h) = (f32x16::load_array_ref(simd, d), f32x16::load_array_ref(simd, h));
                        let g = d.mul_add(f32x16::load_array_ref(simd, w), along * h) - plain;
                        let g = g * f32x16::load_array_ref(simd, real);
                        g.mul_add(inverse, f32x16::load_array_ref(simd, dx)).store_array(dx);
                    }
                }
            },
        );
    }
}

/// `to += from`.
#[inline(always)]
pub(super) fn add(to: &mut [Lane], from: &[Lane]) {
    to.as_flattened_mut().iter_mut().zip(from.as_flattened()).for_each(|(t, f)| *t += f);
}
