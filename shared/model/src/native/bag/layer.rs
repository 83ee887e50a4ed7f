//! A dense layer of a replica.

use fearless_simd::Simd;

use crate::native::kernels::{LANES, Lane, Scalars, add_scaled, lanes_of, multiply};

/// `out = in W + b`, with W by its inputs and by its outputs.
#[derive(Default)]
pub(super) struct Layer {
    inputs: usize,
    outputs: usize,
    /// `[inputs, outputs]`.
    forth: Vec<Lane>,
    /// `[outputs, inputs]`: the same numbers.
    back_weights: Vec<Lane>,
    bias: Vec<Lane>,
    /// `[texts, outputs]`: what came out last.
    pub(super) out: Vec<Lane>,
    /// `[texts, outputs]`: what came back last.
    pub(super) back: Vec<Lane>,
}

impl Layer {
    /// Takes a model's weight `[inputs, outputs]` and bias.
    pub(super) fn load(&mut self, weight: &[f32], bias: &[f32], inputs: usize, outputs: usize) {
        (self.inputs, self.outputs) = (inputs, outputs);
        pad(weight, outputs, &mut self.forth);
        pad(bias, outputs, &mut self.bias);
        let lanes = lanes_of(inputs);
        self.back_weights.clear();
        self.back_weights.resize(outputs * lanes, [0.0; LANES]);
        let turned = self.back_weights.as_flattened_mut();
        for (i, row) in weight.chunks_exact(outputs).enumerate() {
            for (o, &w) in row.iter().enumerate() {
                turned[o * lanes * LANES + i] = w;
            }
        }
    }

    /// Lanes of one text's output.
    pub(super) fn lanes_out(&self) -> usize {
        lanes_of(self.outputs)
    }

    #[inline(always)]
    pub(super) fn forward<S: Simd>(&mut self, simd: S, input: &[Lane], texts: usize) {
        let lanes = self.lanes_out();
        self.out.clear();
        (0..texts).for_each(|_| self.out.extend_from_slice(&self.bias));
        let input = Scalars::rows(input, lanes_of(self.inputs));
        multiply(simd, input, &self.forth, &mut self.out, (texts, self.inputs, lanes));
    }

    /// Given `-step` times the gradient by its outputs, the same by its inputs.
    #[inline(always)]
    pub(super) fn backward<S: Simd>(&self, simd: S, delta: &[Lane], through: &mut Vec<Lane>, texts: usize) {
        let lanes_in = lanes_of(self.inputs);
        through.clear();
        through.resize(texts * lanes_in, [0.0; LANES]);
        let by_text = Scalars::rows(delta, self.lanes_out());
        multiply(simd, by_text, &self.back_weights, through, (texts, self.outputs, lanes_in));
    }

    /// The step of weights and bias, given `-step` times the gradient by its outputs.
    #[inline(always)]
    pub(super) fn step<S: Simd>(&mut self, simd: S, input: &[Lane], delta: &[Lane], texts: usize) {
        let (lanes_in, lanes_out) = (lanes_of(self.inputs), self.lanes_out());
        let inputs = Scalars::columns(input, lanes_in);
        multiply(simd, inputs, delta, &mut self.forth, (self.inputs, texts, lanes_out));
        let deltas = Scalars::columns(delta, lanes_out);
        multiply(simd, deltas, input, &mut self.back_weights, (self.outputs, texts, lanes_in));
        for delta in delta.chunks_exact(lanes_out).take(texts) {
            add_scaled(simd, 1.0, delta.as_flattened(), self.bias.as_flattened_mut());
        }
    }

    /// A step of `share` of the way back to a model's weight and bias.
    pub(super) fn pull(&mut self, share: f32, weight: &[f32], bias: &[f32]) {
        let lanes = lanes_of(self.inputs) * LANES;
        let turned = self.back_weights.as_flattened_mut();
        let rows = self.forth.chunks_exact_mut(lanes_of(self.outputs)).zip(weight.chunks_exact(self.outputs));
        for (i, (row, then)) in rows.enumerate() {
            for (o, (w, w0)) in row.as_flattened_mut().iter_mut().zip(then).enumerate() {
                *w -= share * (*w - w0);
                turned[o * lanes + i] = *w;
            }
        }
        self.bias.as_flattened_mut().iter_mut().zip(bias).for_each(|(b, b0)| *b -= share * (*b - b0));
    }

    /// Weight and bias minus a model's, appended.
    pub(super) fn change(&self, weight: &[f32], bias: &[f32], values: &mut Vec<f32>) {
        let rows = self.forth.chunks_exact(lanes_of(self.outputs)).zip(weight.chunks_exact(self.outputs));
        for (row, then) in rows {
            values.extend(row.as_flattened().iter().zip(then).map(|(now, then)| now - then));
        }
        values.extend(self.bias.as_flattened().iter().zip(bias).map(|(now, then)| now - then));
    }
}

/// Rows of `columns` numbers, padded to whole lanes.
fn pad(rows: &[f32], columns: usize, padded: &mut Vec<Lane>) {
    let lanes = lanes_of(columns);
    padded.clear();
    padded.resize(rows.len() / columns.max(1) * lanes, [0.0; LANES]);
    for (row, to) in rows.chunks_exact(columns).zip(padded.chunks_exact_mut(lanes)) {
        to.as_flattened_mut()[..columns].copy_from_slice(row);
    }
}
