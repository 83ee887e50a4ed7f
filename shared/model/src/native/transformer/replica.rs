//! What a thread trains in the place of a device.

use fearless_simd::Simd;

use super::block::{Back, Block};
use super::dense::{Dense, Parts, Segment};
use super::norm::Norm;
use super::{Group, Work};
use crate::encoder::TransformerSpec;
use crate::engine::{Change, activate, epoch_order};
use crate::native::batch_size;
use crate::native::frozen::loss_gradient;
use crate::native::gemm::Matrix;
use crate::native::kernels::lanes_of;
use crate::parameters::Model;
use crate::vector::TextVector;

/// A thread's replica of what a device trains, and what passes through it.
#[derive(Debug, Default)]
pub(super) struct Replica {
    pub(super) spec: TransformerSpec,
    /// `[touched rows, dim]`.
    pub(super) table: Vec<f32>,
    /// `[length, dim]`.
    pub(super) position: Vec<f32>,
    pub(super) blocks: Vec<Block>,
    pub(super) norm: Norm,
    pub(super) head: Dense,
    pub(super) group: Group,
    /// `[tokens, dim]`.
    pub(super) stream: Matrix,
    /// `[texts, dim]`, and their gradient.
    pub(super) pooled: Matrix,
    pub(super) pooled_back: Matrix,
    /// `[texts, outputs]`: the raw outputs, later their gradient.
    pub(super) raw: Matrix,
    pub(super) back: Back,
    /// The gradient by the rows of all tokens of a batch.
    pub(super) rows_back: Matrix,
}

impl Replica {
    /// Takes a model's parameters, without the tokens' rows.
    fn load(&mut self, model: &Model, spec: &TransformerSpec) {
        self.shape(spec, model.task().outputs());
        self.position.clear();
        self.position.extend_from_slice(model.tensor("position"));
        let mut values = after_rows(model, spec);
        self.segments(&mut |slot| {
            let (these, rest) = values.split_at(slot.len());
            slot.copy_from_slice(these);
            values = rest;
        });
    }

    fn shape(&mut self, spec: &TransformerSpec, outputs: usize) {
        if self.spec != *spec || self.blocks.is_empty() {
            *self = Self { spec: spec.clone(), ..Self::default() };
            self.blocks.resize_with(spec.layers, Block::default);
            self.blocks.iter_mut().for_each(|block| block.shape(spec));
            self.norm.shape(spec.dim);
        }
        self.head.shape(1, Parts::whole(spec.dim), Parts::whole(outputs));
    }

    /// Visits the parameters past the rows, in the order of the layout.
    pub(super) fn segments(&mut self, visit: &mut Segment<'_>) {
        self.blocks.iter_mut().for_each(|block| block.segments(visit));
        self.norm.segments(visit);
        self.head.segments(visit);
    }

    fn turn<S: Simd>(&mut self, simd: S) {
        self.blocks.iter_mut().for_each(|block| block.turn(simd));
        self.head.turn(simd);
    }

    pub(super) fn train<S: Simd>(&mut self, simd: S, work: &Work<'_>, seed: u64) -> Change {
        self.load(work.model, work.spec);
        self.turn(simd);
        let (dim, token) = (work.spec.dim, work.model.tensor("token"));
        self.table.clear();
        for &row in &work.examples.compact().rows {
            self.table.extend_from_slice(&token[row as usize * dim..][..dim]);
        }
        let texts = work.examples.len();
        for epoch in 0..work.training.epochs {
            let order = epoch_order(work.training, texts, seed, epoch);
            for batch in order.chunks(batch_size(work.training, texts)) {
                self.batch(simd, work, batch);
            }
        }
        self.change(simd, work)
    }

    /// One step on the mean loss of a batch.
    fn batch<S: Simd>(&mut self, simd: S, work: &Work<'_>, batch: &[usize]) {
        let step = (work.training.learning_rate / batch.len() as f64) as f32;
        let all = batch.iter().map(|&text| work.rows(text).len()).sum();
        self.rows_back.shape(all, lanes_of(self.spec.dim));
        let table = std::mem::take(&mut self.table);
        let (mut begin, mut tokens) = (0, 0);
        while begin < batch.len() {
            self.group.clear();
            let mut end = begin;
            while end < batch.len() && !self.group.is_full() {
                self.group.push(work.rows(batch[end]));
                end += 1;
            }
            self.forward(simd, &table);
            self.differentiate(work, &batch[begin..end], step);
            self.backward(simd, begin == 0);
            tokens = self.keep_rows(tokens);
            begin = end;
        }
        self.table = table;
        self.step(simd, work, batch);
    }

    /// Turns the raw outputs into `-step` times the gradient of the texts' losses by them.
    fn differentiate(&mut self, work: &Work<'_>, texts: &[usize], step: f32) {
        let (outputs, lanes) = (work.model.task().outputs(), self.head.lanes_out());
        for (row, &text) in texts.iter().enumerate() {
            let raw = &mut self.raw.row_mut(row, lanes).as_flattened_mut()[..outputs];
            loss_gradient(work.model.task(), &work.examples.items()[text].targets, raw);
            raw.iter_mut().for_each(|v| *v *= -step);
        }
    }

    /// Puts the gradient by the group's rows behind those of the batch's `before` tokens before it.
    fn keep_rows(&mut self, before: usize) -> usize {
        let after = before + self.group.rows.len();
        let (stream, stride) = (&self.back.stream, self.rows_back.stride);
        let new = &stream.lanes()[..(after - before) * stride];
        self.rows_back.lanes_mut()[before * stride..after * stride].copy_from_slice(new);
        after
    }

    pub(super) fn predict<S: Simd>(
        &mut self,
        simd: S,
        model: &Model,
        spec: &TransformerSpec,
        texts: &[&TextVector],
    ) -> Vec<Vec<f32>> {
        self.load(model, spec);
        let (outputs, lanes) = (model.task().outputs(), self.head.lanes_out());
        let mut all = Vec::with_capacity(texts.len());
        while all.len() < texts.len() {
            self.group.clear();
            for text in &texts[all.len()..] {
                self.group.push(text.indices().iter().take(spec.length).copied());
                if self.group.is_full() {
                    break;
                }
            }
            self.forward(simd, model.tensor("token"));
            for text in 0..self.group.texts.len() {
                let mut raw = self.raw.row(text, lanes).as_flattened()[..outputs].to_vec();
                activate(model, &mut raw);
                all.push(raw);
            }
        }
        all
    }
}

/// The model's parameters past the rows of tokens and positions.
pub(super) fn after_rows<'a>(model: &'a Model, spec: &TransformerSpec) -> &'a [f32] {
    &model.values()[(spec.buckets() + spec.length) * spec.dim..]
}
