//! The transformer: token and position rows, pre-norm blocks, a norm, the mean over a text's tokens, the heads.
//!
//! A device trains a replica of the rows that its texts touch and of all other parameters. There is no padding: the
//! tokens of several texts stand one after the other in one matrix, and attention looks at one text at a time. A
//! batch passes in groups of texts small enough for the cache. The replica's memory is the thread's; it grows to
//! what was needed most and is never made anew while models of one shape are trained.

mod attention;
mod block;
mod dense;
mod elementwise;
mod norm;

use std::cell::RefCell;

use fearless_simd::{Level, Simd, dispatch};
use silhouette_wire::LocalTraining;

use self::attention::Span;
use self::block::{Back, Block};
use self::dense::{Dense, Parts, Segment};
use self::norm::Norm;
use super::gemm::Matrix;
use super::kernels::{LANES, add_scaled, lanes_of};
use super::{batch_size, loss_gradient};
use crate::encoder::TransformerSpec;
use crate::engine::{Change, activate, epoch_order};
use crate::examples::Examples;
use crate::parameters::Model;
use crate::vector::TextVector;

/// A group of texts ends with the text that brings it to so many tokens.
const GROUP: usize = 80;
fn group_limit() -> usize { static G: std::sync::OnceLock<usize> = std::sync::OnceLock::new(); *G.get_or_init(|| std::env::var("GROUP").map_or(GROUP, |g| g.parse().unwrap())) }

/// A thread's replica of what a device trains, and what passes through it.
#[derive(Debug, Default)]
struct Replica {
    spec: TransformerSpec,
    /// `[touched rows, dim]`.
    table: Vec<f32>,
    /// `[length, dim]`.
    position: Vec<f32>,
    blocks: Vec<Block>,
    norm: Norm,
    head: Dense,
    group: Group,
    /// `[tokens, dim]`.
    stream: Matrix,
    /// `[texts, dim]`, and their gradient.
    pooled: Matrix,
    pooled_back: Matrix,
    /// `[texts, outputs]`: the raw outputs, later their gradient.
    raw: Matrix,
    back: Back,
    /// The gradient by the rows of all tokens of a batch.
    rows_back: Matrix,
}

/// Texts that pass through together.
#[derive(Debug, Default)]
struct Group {
    texts: Vec<Span>,
    /// The row of each token.
    rows: Vec<u32>,
}

impl Group {
    fn clear(&mut self) {
        self.texts.clear();
        self.rows.clear();
    }

    fn push(&mut self, rows: impl Iterator<Item = u32>) {
        let start = self.rows.len();
        self.rows.extend(rows);
        self.texts.push(Span { start, len: self.rows.len() - start });
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= group_limit()
    }
}

thread_local! {
    static REPLICA: RefCell<Replica> = RefCell::default();
}

/// Trains a replica on one device's examples; see [`Engine::train`](crate::Engine::train).
pub(super) fn train(
    model: &Model,
    spec: &TransformerSpec,
    examples: &Examples,
    training: &LocalTraining,
    seed: u64,
) -> Change {
    train_at(Level::new(), &Work { model, spec, examples, training }, seed)
}

/// The heads' activated outputs for each text.
pub(super) fn predict(model: &Model, spec: &TransformerSpec, texts: &[&TextVector]) -> Vec<Vec<f32>> {
    REPLICA.with_borrow_mut(|replica| dispatch!(Level::new(), simd => replica.predict(simd, model, spec, texts)))
}

fn train_at(level: Level, work: &Work<'_>, seed: u64) -> Change {
    REPLICA.with_borrow_mut(|replica| dispatch!(level, simd => replica.train(simd, work, seed)))
}

/// What one device's training needs.
struct Work<'a> {
    model: &'a Model,
    spec: &'a TransformerSpec,
    examples: &'a Examples,
    training: &'a LocalTraining,
}

impl Work<'_> {
    /// The local row of each token of a text that is read.
    fn rows(&self, text: usize) -> impl ExactSizeIterator<Item = u32> {
        self.examples.compact().text(text).iter().take(self.spec.length).map(|(row, _)| *row)
    }

    /// Positions that any text has.
    fn longest(&self) -> usize {
        let lengths = (0..self.examples.len()).map(|text| self.examples.compact().text(text).len());
        lengths.max().unwrap_or(0).min(self.spec.length)
    }
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
    fn segments(&mut self, visit: &mut Segment<'_>) {
        self.blocks.iter_mut().for_each(|block| block.segments(visit));
        self.norm.segments(visit);
        self.head.segments(visit);
    }

    fn turn<S: Simd>(&mut self, simd: S) {
        self.blocks.iter_mut().for_each(|block| block.turn(simd));
        self.head.turn(simd);
    }

    fn train<S: Simd>(&mut self, simd: S, work: &Work<'_>, seed: u64) -> Change {
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

    /// The raw outputs of the group's texts.
    fn forward<S: Simd>(&mut self, simd: S, table: &[f32]) {
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
            || self.pool(),
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
    fn pool(&mut self) {
        let lanes = lanes_of(self.spec.dim);
        for (text, span) in self.group.texts.iter().enumerate() {
            let pooled = self.pooled.row_mut(text, lanes);
            pooled.fill([0.0; LANES]);
            let share = 1.0 / span.len.max(1) as f32;
            for token in span.start..span.start + span.len {
                add_scaled(share, self.norm.out.row(token, lanes).as_flattened(), pooled.as_flattened_mut());
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

    /// Turns the raw outputs into `-step` times the gradient of the texts' losses by them.
    fn differentiate(&mut self, work: &Work<'_>, texts: &[usize], step: f32) {
        let (outputs, lanes) = (work.model.task().outputs(), self.head.lanes_out());
        for (row, &text) in texts.iter().enumerate() {
            let raw = &mut self.raw.row_mut(row, lanes).as_flattened_mut()[..outputs];
            loss_gradient(work.model.task(), &work.examples.items()[text].targets, raw);
            raw.iter_mut().for_each(|v| *v *= -step);
        }
    }

    /// From the gradient by the raw outputs the steps, which `first` begins anew, and the gradient by the rows.
    fn backward<S: Simd>(&mut self, simd: S, first: bool) {
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

    /// Puts the gradient by the group's rows behind those of the batch's `before` tokens before it.
    fn keep_rows(&mut self, before: usize) -> usize {
        let after = before + self.group.rows.len();
        let (stream, stride) = (&self.back.stream, self.rows_back.stride);
        let new = &stream.lanes()[..(after - before) * stride];
        self.rows_back.lanes_mut()[before * stride..after * stride].copy_from_slice(new);
        after
    }

    /// Moves all parameters.
    fn step<S: Simd>(&mut self, simd: S, work: &Work<'_>, batch: &[usize]) {
        if work.training.proximal_mu > 0.0 {
            self.pull((work.training.learning_rate * work.training.proximal_mu) as f32, work);
        }
        simd.vectorize(
            #[inline(always)]
            || self.step_rows(work, batch),
        );
        self.blocks.iter_mut().for_each(|block| block.step(simd));
        self.norm.step();
        self.head.step(simd);
    }

    /// Moves the rows of the batch's tokens and of their positions.
    #[inline(always)]
    fn step_rows(&mut self, work: &Work<'_>, batch: &[usize]) {
        let (dim, lanes) = (self.spec.dim, lanes_of(self.spec.dim));
        let mut token = 0;
        for &text in batch {
            for (place, row) in work.rows(text).enumerate() {
                let step = &self.rows_back.row(token, lanes).as_flattened()[..dim];
                add_scaled(1.0, step, &mut self.table[row as usize * dim..][..dim]);
                add_scaled(1.0, step, &mut self.position[place * dim..][..dim]);
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
    fn change<S: Simd>(&mut self, simd: S, work: &Work<'_>) -> Change {
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

    fn predict<S: Simd>(&mut self, simd: S, model: &Model, spec: &TransformerSpec, texts: &[&TextVector]) -> Vec<Vec<f32>> {
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
fn after_rows<'a>(model: &'a Model, spec: &TransformerSpec) -> &'a [f32] {
    &model.values()[(spec.buckets() + spec.length) * spec.dim..]
}

#[cfg(test)]
mod tests;
