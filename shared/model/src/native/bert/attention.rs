//! Attention within each text, forward only: `softmax(Q K^T / sqrt(d)) V` a head (Vaswani et al. 2017, equation 1).

use fearless_simd::Simd;

use crate::native::gemm::{Matrix, Start, View, ViewMut, multiply_columns, multiply_rows, transpose};
use crate::native::kernels::{LANES, lanes_of};
use crate::native::transformer::attention::{Span, softmax};

/// What attention needs on the way.
#[derive(Debug, Default)]
pub(super) struct Attention {
    /// A head's queries, turned.
    turned: Matrix,
    /// `[keys, queries]`: a softmax runs down a column, so that it needs no sum within a lane.
    weights: Matrix,
}

impl Attention {
    /// `mixed` from the queries, keys and values, which stand side by side in `projected`.
    pub(super) fn forward<S: Simd>(
        &mut self,
        simd: S,
        projected: &Matrix,
        mixed: &mut Matrix,
        texts: &[Span],
        (heads, width): (usize, usize),
    ) {
        let (deep, scale) = (lanes_of(width), 1.0 / (width as f32).sqrt());
        for &Span { start, len } in texts {
            let lanes = lanes_of(len);
            self.turned.shape(deep * LANES, lanes);
            self.weights.shape(len * lanes, 1);
            let weights = &mut self.weights.lanes_mut()[..len * lanes];
            for head in 0..heads {
                let [queries, keys, values] = [0, 1, 2].map(|kind| projected.at(start, (kind * heads + head) * deep));
                transpose(simd, queries, self.turned.view_mut(), (len, deep));
                let scores = ViewMut { data: weights, stride: lanes };
                multiply_rows(simd, keys, self.turned.view(), scores, (len, deep * LANES, lanes), Start::Zero);
                softmax(simd, weights, lanes, scale);
                let weights = View { data: weights, stride: lanes };
                let to = mixed.at_mut(start, head * deep);
                multiply_columns(simd, weights, values, to, (len, len, deep), Start::Zero);
            }
        }
    }
}
