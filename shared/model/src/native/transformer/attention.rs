//! Attention within each text: `softmax(Q K^T / sqrt(d)) V` a head (Vaswani et al. 2017, equation 1).

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::dense::Parts;
use crate::native::gemm::{Matrix, Start, View, ViewMut, multiply_columns, multiply_rows, transpose};
use crate::native::kernels::{LANES, Lane, exp_of_negative, lanes_of};

/// A text's tokens among those of a group: `start .. start + len`.
#[derive(Clone, Copy, Debug)]
pub(in crate::native) struct Span {
    pub(in crate::native) start: usize,
    pub(in crate::native) len: usize,
}

/// One layer's attention weights, and what it needs on the way.
#[derive(Debug, Default)]
pub(super) struct Attention {
    pub(super) heads: Parts,
    /// Per text and head `[keys, queries]`: a softmax runs down a column, so that it needs no sum within a lane.
    weights: Matrix,
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
        self.weights.shape(needed, 1);
        let mut at = 0;
        for &Span { start, len } in texts.iter().filter(|t| t.len > 0) {
            let lanes = lanes_of(len);
            self.turned.shape(deep * LANES, lanes);
            for head in 0..self.heads.count {
                let (queries, keys) =
                    (projected.at(start, self.lane(0, head)), projected.at(start, self.lane(1, head)));
                let values = projected.at(start, self.lane(2, head));
                let weights = &mut self.weights.lanes_mut()[at..at + len * lanes];
                transpose(simd, queries, self.turned.view_mut(), (len, deep));
                let scores = ViewMut { data: weights, stride: lanes };
                multiply_rows(simd, keys, self.turned.view(), scores, (len, deep * LANES, lanes), Start::Zero);
                softmax(simd, weights, lanes, scale);
                let weights = View { data: weights, stride: lanes };
                let to = mixed.at_mut(start, head * deep);
                multiply_columns(simd, weights, values, to, (len, len, deep), Start::Zero);
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
                let (query, key, value) = (self.lane(0, head), self.lane(1, head), self.lane(2, head));
                let weights = View { data: &self.weights.lanes()[at..at + len * lanes], stride: lanes };
                let delta = delta.at(start, head * deep);
                let size = (len, len, deep);
                multiply_rows(simd, weights, delta, back.at_mut(start, value), size, Start::Zero);
                transpose(simd, delta, self.turned.view_mut(), (len, deep));
                let (values, scores) = (projected.at(start, value), self.scores.view_mut());
                multiply_rows(simd, values, self.turned.view(), scores, (len, deep * LANES, lanes), Start::Zero);
                softmax_back(simd, weights, &mut self.scores, (len, lanes), scale);
                let scores = self.scores.view();
                let (queries, keys) = (projected.at(start, query), projected.at(start, key));
                multiply_columns(simd, scores, keys, back.at_mut(start, query), size, Start::Zero);
                multiply_rows(simd, scores, queries, back.at_mut(start, key), size, Start::Zero);
                at += len * lanes;
            }
        }
    }
}

/// The softmax of each column times `scale`, in place. Columns past the last query hold zeros, and become harmless.
pub(in crate::native) fn softmax<S: Simd>(simd: S, rows: &mut [Lane], lanes: usize, scale: f32) {
    simd.vectorize(
        #[inline(always)]
        || {
            let scale = f32x16::splat(simd, scale);
            for lane in 0..lanes {
                let mut largest = f32x16::splat(simd, f32::MIN);
                for row in rows.chunks_exact(lanes) {
                    largest = largest.max(f32x16::load_array_ref(simd, &row[lane]));
                }
                let mut sum = f32x16::splat(simd, 0.0);
                for row in rows.chunks_exact_mut(lanes) {
                    let e = exp_of_negative(simd, (f32x16::load_array_ref(simd, &row[lane]) - largest) * scale);
                    sum += e;
                    e.store_array(&mut row[lane]);
                }
                let share = f32x16::splat(simd, 1.0) / sum;
                for row in rows.chunks_exact_mut(lanes) {
                    (f32x16::load_array_ref(simd, &row[lane]) * share).store_array(&mut row[lane]);
                }
            }
        },
    );
}

/// From the gradient by each column's softmax that by its input: `p (d - sum(p d)) scale`, in place.
fn softmax_back<S: Simd>(simd: S, weights: View<'_>, deltas: &mut Matrix, (len, lanes): (usize, usize), scale: f32) {
    simd.vectorize(
        #[inline(always)]
        || {
            let scale = f32x16::splat(simd, scale);
            for lane in 0..lanes {
                let mut sum = f32x16::splat(simd, 0.0);
                for (row, p) in weights.data.chunks_exact(lanes).take(len).enumerate() {
                    let d = f32x16::load_array_ref(simd, &deltas.row(row, lanes)[lane]);
                    sum = f32x16::load_array_ref(simd, &p[lane]).mul_add(d, sum);
                }
                for (row, p) in weights.data.chunks_exact(lanes).take(len).enumerate() {
                    let d = &mut deltas.row_mut(row, lanes)[lane];
                    let centred = f32x16::load_array_ref(simd, d) - sum;
                    (f32x16::load_array_ref(simd, &p[lane]) * scale * centred).store_array(d);
                }
            }
        },
    );
}
