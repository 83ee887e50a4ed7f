//! A group's way through the replica, there and back.

use fearless_simd::Simd;

use super::block::Back;
use super::replica::Replica;
use crate::native::kernels::{LANES, add_scaled, lanes_of};

impl Replica {
    /// The raw outputs of the group's texts.
    pub(super) fn forward<S: Simd>(&mut self, simd: S, table: &[f32]) {
        let lanes = lanes_of(self.spec.dim);
        let (tokens, texts) = (self.group.rows.len(), self.group.texts.len());
        self.stream.shape(tokens, lanes);
        simd.vectorize(
            #[inline(always)]
            || self.embed(table),
        );
        for block in &mut self.blocks {
            block.forward(simd, &mut self.stream, &self.group.texts, tokens);
        }
        self.norm.forward(simd, &self.stream, tokens);
        self.pooled.shape(texts, lanes);
        simd.vectorize(
            #[inline(always)]
            || self.pool(simd),
        );
        self.head.forward(simd, &self.pooled, &mut self.raw, texts);
    }

    /// The sum of each token's row and its position's.
    #[inline(always)]
    fn embed(&mut self, table: &[f32]) {
        let (dim, lanes) = (self.spec.dim, lanes_of(self.spec.dim));
        for span in &self.group.texts {
            for (place, token) in (span.start..span.start + span.len).enumerate() {
                let row = &table[self.group.rows[token] as usize * dim..][..dim];
                let position = &self.position[place * dim..][..dim];
                let to = self.stream.row_mut(token, lanes).as_flattened_mut();
                to.iter_mut().zip(row.iter().zip(position)).for_each(|(x, (r, p))| *x = r + p);
            }
        }
    }

    /// The mean of each text's tokens.
    #[inline(always)]
    fn pool<S: Simd>(&mut self, simd: S) {
        let lanes = lanes_of(self.spec.dim);
        for (text, span) in self.group.texts.iter().enumerate() {
            let pooled = self.pooled.row_mut(text, lanes);
            pooled.fill([0.0; LANES]);
            let share = 1.0 / span.len.max(1) as f32;
            for token in span.start..span.start + span.len {
                add_scaled(simd, share, self.norm.out.row(token, lanes).as_flattened(), pooled.as_flattened_mut());
            }
        }
    }

    /// The gradient by each text's mean, shared out to its tokens; that by the stream begins with zero.
    #[inline(always)]
    fn unpool(&mut self) {
        let lanes = lanes_of(self.spec.dim);
        let Back { stream, narrow, .. } = &mut self.back;
        for (text, span) in self.group.texts.iter().enumerate() {
            let share = 1.0 / span.len.max(1) as f32;
            for token in span.start..span.start + span.len {
                let pooled = self.pooled_back.row(text, lanes).as_flattened();
                let to = narrow.row_mut(token, lanes).as_flattened_mut();
                to.iter_mut().zip(pooled).for_each(|(d, p)| *d = share * p);
            }
        }
        let used = self.group.rows.len() * stream.stride;
        stream.lanes_mut()[..used].fill([0.0; LANES]);
    }

    /// From the gradient by the raw outputs the steps, which `first` begins anew, and the gradient by the rows.
    pub(super) fn backward<S: Simd>(&mut self, simd: S, first: bool) {
        let lanes = lanes_of(self.spec.dim);
        let (tokens, texts) = (self.group.rows.len(), self.group.texts.len());
        let Self { head, pooled, raw, pooled_back, .. } = self;
        head.backward(simd, (pooled, None), raw, pooled_back, (texts, first));
        self.back.stream.shape(tokens, lanes);
        self.back.narrow.shape(tokens, lanes);
        simd.vectorize(
            #[inline(always)]
            || self.unpool(),
        );
        let Back { stream, narrow, .. } = &mut self.back;
        self.norm.backward(simd, narrow, stream, (tokens, first));
        for block in self.blocks.iter_mut().rev() {
            block.backward(simd, &mut self.back, &self.group.texts, (tokens, first));
        }
    }
}
