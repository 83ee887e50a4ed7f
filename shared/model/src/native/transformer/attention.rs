//! Attention within each text: `softmax(Q K^T / sqrt(d)) V` a head (Vaswani et al. 2017, equation 1).

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::dense::Parts;
use super::elementwise::{exp_of_negative, total};
use crate::native::gemm::{Matrix, Start, View, ViewMut, multiply_columns, multiply_rows, transpose};
use crate::native::kernels::{LANES, Lane, lanes_of};

/// A text's tokens among those of a group: `start .. start + len`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) len: usize,
}

/// One layer's attention weights, and what it needs on the way.
#[derive(Debug, Default)]
pub(super) struct Attention {
    pub(super) heads: Parts,
    /// Per text and head `[tokens, tokens]`.
    weights: Vec<Lane>,
    turned: Matrix,
    scores: Matrix,
}

impl Attention {
    /// Lane where the queries (0), keys (1) or values (2) of a head begin.
    fn lane(&self, kind: usize, head: usize) -> usize {
        kind * self.heads.lanes() + head * lanes_of(self.heads.width)
    }

    fn scale(&self) -> f32 {
        1.0 / (self.heads.width as f32).sqrt()
    }

    /// `mixed` from the queries, keys and values, which stand side by side in `projected`.
    pub(super) fn forward<S: Simd>(&mut self, simd: S, projected: &Matrix, mixed: &mut Matrix, texts: &[Span]) {
        let (deep, scale) = (lanes_of(self.heads.width), self.scale());
        let needed = texts.iter().map(|t| t.len * lanes_of(t.len) * self.heads.count).sum();
        if self.weights.len() < needed {
            self.weights.resize(needed, [0.0; LANES]);
        }
        let mut at = 0;
        for &Span { start, len } in texts.iter().filter(|t| t.len > 0) {
            let lanes = lanes_of(len);
            self.turned.shape(deep * LANES, lanes);
            for head in 0..self.heads.count {
                let keys = projected.at(start, self.lane(1, head));
                transpose(simd, keys, self.turned.view_mut(), (len, deep));
                let [queries, values] = [0, 2].map(|kind| projected.at(start, self.lane(kind, head)));
                let weights = &mut self.weights[at..at + len * lanes];
                let size = (len, deep * LANES, lanes);
                let scores = ViewMut { data: weights, stride: lanes };
                multiply_rows(simd, queries, self.turned.view(), scores, size, Start::Zero);
                softmax(simd, weights, (len, lanes), scale);
                let weights = View { data: weights, stride: lanes };
                let to = mixed.at_mut(start, head * deep);
                multiply_rows(simd, weights, values, to, (len, len, deep), Start::Zero);
                at += len * lanes;
            }
        }
    }

    /// The gradient by queries, keys and values into `back`, given that by `mixed`.
    pub(super) fn backward<S: Simd>(
        &mut self,
        simd: S,
        projected: &Matrix,
        delta: &Matrix,
        back: &mut Matrix,
        texts: &[Span],
    ) {
        let (deep, scale) = (lanes_of(self.heads.width), self.scale());
        let mut at = 0;
        for &Span { start, len } in texts.iter().filter(|t| t.len > 0) {
            let lanes = lanes_of(len);
            self.turned.shape(deep * LANES, lanes);
            self.scores.shape(len, lanes);
            for head in 0..self.heads.count {
                let [query, key, value] = [0, 1, 2].map(|kind| self.lane(kind, head));
                let weights = View { data: &self.weights[at..at + len * lanes], stride: lanes };
                let delta = delta.at(start, head * deep);
                multiply_columns(simd, weights, delta, back.at_mut(start, value), (len, len, deep), Start::Zero);
                transpose(simd, projected.at(start, value), self.turned.view_mut(), (len, deep));
                let size = (len, deep * LANES, lanes);
                multiply_rows(simd, delta, self.turned.view(), self.scores.view_mut(), size, Start::Zero);
                softmax_back(simd, weights, &mut self.scores, (len, lanes), scale);
                let (scores, size) = (self.scores.view(), (len, len, deep));
                let (queries, keys) = (projected.at(start, query), projected.at(start, key));
                multiply_rows(simd, scores, keys, back.at_mut(start, query), size, Start::Zero);
                multiply_columns(simd, scores, queries, back.at_mut(start, key), size, Start::Zero);
                at += len * lanes;
            }
        }
    }
}

/// The last lane of a row of `len` numbers: 1 where there are numbers, 0 past them.
#[inline(always)]
fn last_real<S: Simd>(simd: S, len: usize) -> f32x16<S> {
    let used = len - (lanes_of(len) - 1) * LANES;
    f32x16::from_fn(simd, |i| if i < used { 1.0 } else { 0.0 })
}

/// The softmax of each row times `scale`, in place; past its end a row becomes zero.
fn softmax<S: Simd>(simd: S, rows: &mut [Lane], (len, lanes): (usize, usize), scale: f32) {
    simd.vectorize(
        #[inline(always)]
        || {
            let one = f32x16::splat(simd, 1.0);
            let real = last_real(simd, len);
            // Far below any score, so that the end of a row is never its largest.
            let low = (one - real) * f32x16::splat(simd, f32::MIN);
            let scale = f32x16::splat(simd, scale);
            for row in rows.chunks_exact_mut(lanes) {
                let Some((last, others)) = row.split_last_mut() else { continue };
                let end = f32x16::load_array_ref(simd, last).mul_add(real, low);
                let largest = others.iter().fold(end, |most, v| most.max(f32x16::load_array_ref(simd, v)));
                let largest = f32x16::splat(simd, maximum(simd, largest));
                let end = exp_of_negative(simd, (end - largest) * scale) * real;
                let mut sum = end;
                for v in others.iter_mut() {
                    let e = exp_of_negative(simd, (f32x16::load_array_ref(simd, v) - largest) * scale);
                    sum += e;
                    e.store_array(v);
                }
                let share = f32x16::splat(simd, 1.0 / total(simd, sum));
                (end * share).store_array(last);
                for v in others {
                    (f32x16::load_array_ref(simd, v) * share).store_array(v);
                }
            }
        },
    );
}

/// From the gradient by each row's softmax that by its input: `p (d - sum(p d)) scale`, in place.
fn softmax_back<S: Simd>(simd: S, weights: View<'_>, deltas: &mut Matrix, (len, lanes): (usize, usize), scale: f32) {
    simd.vectorize(
        #[inline(always)]
        || {
            let scale = f32x16::splat(simd, scale);
            for (row, weights) in weights.data.chunks_exact(lanes).take(len).enumerate() {
                let deltas = deltas.row_mut(row, lanes);
                let mut sum = f32x16::splat(simd, 0.0);
                for (p, d) in weights.iter().zip(deltas.iter()) {
                    sum = f32x16::load_array_ref(simd, p).mul_add(f32x16::load_array_ref(simd, d), sum);
                }
                let mean = f32x16::splat(simd, total(simd, sum));
                for (p, d) in weights.iter().zip(deltas) {
                    let centred = f32x16::load_array_ref(simd, d) - mean;
                    (f32x16::load_array_ref(simd, p) * centred * scale).store_array(d);
                }
            }
        },
    );
}

/// The largest of sixteen numbers.
#[inline(always)]
fn maximum<S: Simd>(simd: S, x: f32x16<S>) -> f32 {
    let (low, high) = simd.split_f32x16(x);
    let (low, high) = simd.split_f32x8(low.max(high));
    let [a, b, c, d] = low.max(high).to_array();
    a.max(c).max(b.max(d))
}
