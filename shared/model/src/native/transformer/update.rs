//! The replica's steps, and what it says of them at the end.

use fearless_simd::Simd;

use super::Work;
use super::replica::{Replica, after_rows};
use crate::engine::Change;
use crate::native::kernels::{add_scaled, lanes_of};

impl Replica {
    /// Moves all parameters.
    pub(super) fn step<S: Simd>(&mut self, simd: S, work: &Work<'_>, batch: &[usize]) {
        if work.training.proximal_mu > 0.0 {
            self.pull((work.training.learning_rate * work.training.proximal_mu) as f32, work);
        }
        simd.vectorize(
            #[inline(always)]
            || self.step_rows(simd, work, batch),
        );
        self.blocks.iter_mut().for_each(|block| block.step(simd));
        self.norm.step();
        self.head.step(simd);
    }

    /// Moves the rows of the batch's tokens and of their positions.
    #[inline(always)]
    fn step_rows<S: Simd>(&mut self, simd: S, work: &Work<'_>, batch: &[usize]) {
        let (dim, lanes) = (self.spec.dim, lanes_of(self.spec.dim));
        let mut token = 0;
        for &text in batch {
            for (place, row) in work.rows(text).enumerate() {
                let step = &self.rows_back.row(token, lanes).as_flattened()[..dim];
                add_scaled(simd, 1.0, step, &mut self.table[row as usize * dim..][..dim]);
                add_scaled(simd, 1.0, step, &mut self.position[place * dim..][..dim]);
                token += 1;
            }
        }
    }

    /// The proximal term's step: towards the model that training began with.
    fn pull(&mut self, share: f32, work: &Work<'_>) {
        let towards = |now: &mut [f32], then: &[f32]| {
            now.iter_mut().zip(then).for_each(|(w, w0)| *w -= share * (*w - w0));
        };
        let (dim, token) = (self.spec.dim, work.model.tensor("token"));
        for (now, &row) in self.table.chunks_exact_mut(dim).zip(&work.examples.compact().rows) {
            towards(now, &token[row as usize * dim..][..dim]);
        }
        towards(&mut self.position, work.model.tensor("position"));
        let mut values = after_rows(work.model, work.spec);
        self.segments(&mut |slot| {
            let (these, rest) = values.split_at(slot.len());
            towards(slot, these);
            values = rest;
        });
    }

    /// What training changed, at its places in the flat vector.
    pub(super) fn change<S: Simd>(&mut self, simd: S, work: &Work<'_>) -> Change {
        let (dim, model) = (self.spec.dim, work.model);
        let (token, position) = (model.tensor("token"), model.tensor("position"));
        let used = work.longest() * dim;
        let small = after_rows(model, work.spec).len();
        let mut change = Change { dimension: model.layout().total(), ..Change::default() };
        for &row in &work.examples.compact().rows {
            change.touch(row as usize * dim, dim);
        }
        change.touch(token.len(), used);
        change.touch(token.len() + position.len(), small);
        let mut values = Vec::with_capacity(self.table.len() + used + small);
        values.extend_from_slice(&self.table);
        values.extend_from_slice(&self.position[..used]);
        self.segments(&mut |slot| values.extend_from_slice(slot));
        simd.vectorize(
            #[inline(always)]
            || {
                let mut now = values.as_mut_slice();
                for run in &change.runs {
                    let (these, rest) = std::mem::take(&mut now).split_at_mut(run.len as usize);
                    these.iter_mut().zip(&model.values()[run.range()]).for_each(|(now, then)| *now -= then);
                    now = rest;
                }
            },
        );
        change.values = values;
        change
    }
}
