//! The bag with a trained table: a weighted sum of rows, perhaps a hidden layer, the heads.
//!
//! A device trains a replica of the rows that its texts touch and of the small dense layers. The replica's
//! memory is the thread's: it grows to the largest device and is never made anew. Each dense weight is kept twice,
//! by its inputs and by its outputs, so that both directions read whole rows; both get the same update in the same
//! order, so they never differ.

mod layer;

use std::cell::RefCell;

use fearless_simd::{Level, Simd, dispatch};
use silhouette_wire::LocalTraining;

use self::layer::Layer;
use super::batch_size;
use super::kernels::{LANES, Lane, add_scaled, exp_all, lanes_of};
use crate::encoder::BagSpec;
use crate::engine::{Change, activate, epoch_order};
use crate::examples::{Compact, Examples};
use crate::parameters::Model;
use crate::task::{Head, Target};
use crate::vector::TextVector;

/// Texts predicted at a time.
const PREDICTED: usize = 64;

/// A thread's replica of what a device trains, and what passes through it.
#[derive(Default)]
struct Replica {
    dim: usize,
    /// `[touched rows, dim]`.
    table: Vec<f32>,
    hidden: Option<Layer>,
    head: Layer,
    /// `[texts, dim]`: the sums of the texts' rows; on the way back their gradient times the learning rate.
    pooled: Vec<Lane>,
    pooled_back: Vec<Lane>,
    /// `[texts, outputs]`.
    raw: Vec<Lane>,
}

thread_local! {
    static REPLICA: RefCell<Replica> = RefCell::default();
}

/// Trains a replica on one device's examples; see [`Engine::train`](crate::Engine::train).
pub(super) fn train(model: &Model, spec: &BagSpec, examples: &Examples, training: &LocalTraining, seed: u64) -> Change {
    let work = Work { model, examples, compact: examples.compact(), training };
    REPLICA.with_borrow_mut(|replica| {
        replica.load(spec, &work);
        dispatch!(Level::new(), simd => replica.train(simd, &work, seed));
        replica.change(&work)
    })
}

/// The heads' activated outputs for each text.
pub(super) fn predict(model: &Model, spec: &BagSpec, texts: &[&TextVector]) -> Vec<Vec<f32>> {
    REPLICA.with_borrow_mut(
        |replica| dispatch!(Level::new(), simd => simd.vectorize(|| replica.predict(simd, model, spec, texts))),
    )
}

/// What one device's training needs.
struct Work<'a> {
    model: &'a Model,
    examples: &'a Examples,
    compact: &'a Compact,
    training: &'a LocalTraining,
}

impl Replica {
    /// The dense layers of `model`.
    fn load_layers(&mut self, model: &Model, spec: &BagSpec) {
        self.dim = spec.dim.unwrap_or(0);
        let outputs = model.task().outputs();
        self.hidden = spec.hidden.map(|hidden| {
            let mut layer = self.hidden.take().unwrap_or_default();
            layer.load(model.tensor("hidden.weight"), model.tensor("hidden.bias"), self.dim, hidden);
            layer
        });
        let width = spec.hidden.unwrap_or(self.dim);
        self.head.load(model.tensor("head.weight"), model.tensor("head.bias"), width, outputs);
    }

    fn load(&mut self, spec: &BagSpec, work: &Work<'_>) {
        self.load_layers(work.model, spec);
        let (dim, table) = (self.dim, work.model.tensor("table"));
        self.table.clear();
        for &row in &work.compact.rows {
            let at = row as usize * dim;
            self.table.extend_from_slice(&table[at..at + dim]);
        }
    }

    #[inline(always)]
    fn train<S: Simd>(&mut self, simd: S, work: &Work<'_>, seed: u64) {
        let Work { compact, training, .. } = *work;
        let texts = work.examples.len();
        for epoch in 0..training.epochs {
            let order = epoch_order(training, texts, seed, epoch);
            for batch in order.chunks(batch_size(training, texts)) {
                self.pool(simd, compact, batch);
                self.forward(simd, batch.len());
                let step = (training.learning_rate / batch.len() as f64) as f32;
                self.differentiate(simd, work, batch, step);
                self.backward(simd, batch.len());
                // Both steps start from the same place, so the pull comes before anything has moved.
                if training.proximal_mu > 0.0 {
                    self.pull((training.learning_rate * training.proximal_mu) as f32, work);
                }
                self.step(simd, batch.len());
                self.spread(simd, compact, batch);
            }
        }
    }

    /// Each text's weighted sum of rows.
    #[inline(always)]
    fn pool<S: Simd>(&mut self, simd: S, compact: &Compact, batch: &[usize]) {
        let (dim, lanes) = (self.dim, lanes_of(self.dim));
        self.pooled.clear();
        self.pooled.resize(batch.len() * lanes, [0.0; LANES]);
        for (&text, pooled) in batch.iter().zip(self.pooled.chunks_exact_mut(lanes)) {
            for &(row, x) in compact.text(text) {
                let at = row as usize * dim;
                add_scaled(simd, x, &self.table[at..at + dim], &mut pooled.as_flattened_mut()[..dim]);
            }
        }
    }

    #[inline(always)]
    fn forward<S: Simd>(&mut self, simd: S, texts: usize) {
        let input = match &mut self.hidden {
            None => &self.pooled,
            Some(hidden) => {
                hidden.forward(simd, &self.pooled, texts);
                hidden.out.as_flattened_mut().iter_mut().for_each(|v| *v = v.max(0.0));
                &hidden.out
            }
        };
        self.head.forward(simd, input, texts);
    }

    /// Turns the raw outputs into `-step` times the gradient of the texts' losses by them.
    #[inline(always)]
    fn differentiate<S: Simd>(&mut self, simd: S, work: &Work<'_>, batch: &[usize], step: f32) {
        let lanes = self.head.lanes_out();
        std::mem::swap(&mut self.raw, &mut self.head.out);
        for (&text, raw) in batch.iter().zip(self.raw.chunks_exact_mut(lanes)) {
            let raw = raw.as_flattened_mut();
            let targets = &work.examples.items()[text].targets;
            for ((head, range), target) in work.model.task().ranges().zip(targets) {
                gradient(simd, head, target.as_ref(), step, &mut raw[range]);
            }
        }
    }

    /// The gradient by the texts' sums of rows, times `-step`.
    #[inline(always)]
    fn backward<S: Simd>(&mut self, simd: S, texts: usize) {
        let Some(hidden) = &mut self.hidden else {
            self.head.backward(simd, &self.raw, &mut self.pooled_back, texts);
            return;
        };
        self.head.backward(simd, &self.raw, &mut hidden.back, texts);
        for (g, &h) in hidden.back.as_flattened_mut().iter_mut().zip(hidden.out.as_flattened()) {
            *g = if h > 0.0 { *g } else { 0.0 };
        }
        hidden.backward(simd, &hidden.back, &mut self.pooled_back, texts);
    }

    /// Moves the dense layers.
    #[inline(always)]
    fn step<S: Simd>(&mut self, simd: S, texts: usize) {
        let Some(hidden) = &mut self.hidden else {
            self.head.step(simd, &self.pooled, &self.raw, texts);
            return;
        };
        self.head.step(simd, &hidden.out, &self.raw, texts);
        let back = std::mem::take(&mut hidden.back);
        hidden.step(simd, &self.pooled, &back, texts);
        hidden.back = back;
    }

    /// Moves the rows that each text of the batch touches.
    #[inline(always)]
    fn spread<S: Simd>(&mut self, simd: S, compact: &Compact, batch: &[usize]) {
        let (dim, lanes) = (self.dim, lanes_of(self.dim));
        for (&text, back) in batch.iter().zip(self.pooled_back.chunks_exact(lanes)) {
            for &(row, x) in compact.text(text) {
                let at = row as usize * dim;
                add_scaled(simd, x, &back.as_flattened()[..dim], &mut self.table[at..at + dim]);
            }
        }
    }

    /// The proximal term's step: towards the model that training began with.
    fn pull(&mut self, share: f32, work: &Work<'_>) {
        let (dim, table) = (self.dim, work.model.tensor("table"));
        for (now, &row) in self.table.chunks_exact_mut(dim).zip(&work.compact.rows) {
            let at = row as usize * dim;
            now.iter_mut().zip(&table[at..at + dim]).for_each(|(w, w0)| *w -= share * (*w - w0));
        }
        if let Some(hidden) = &mut self.hidden {
            hidden.pull(share, work.model.tensor("hidden.weight"), work.model.tensor("hidden.bias"));
        }
        self.head.pull(share, work.model.tensor("head.weight"), work.model.tensor("head.bias"));
    }

    /// What training changed, at its places in the flat vector.
    fn change(&self, work: &Work<'_>) -> Change {
        let (dim, model) = (self.dim, work.model);
        let table = model.tensor("table");
        let small = model.layout().total() - table.len();
        let mut change = Change { dimension: model.layout().total(), ..Change::default() };
        change.values.reserve_exact(self.table.len() + small);
        for (now, &row) in self.table.chunks_exact(dim).zip(&work.compact.rows) {
            let at = row as usize * dim;
            change.touch(at, dim);
            change.values.extend(now.iter().zip(&table[at..at + dim]).map(|(now, then)| now - then));
        }
        change.touch(table.len(), small);
        if let Some(hidden) = &self.hidden {
            hidden.change(model.tensor("hidden.weight"), model.tensor("hidden.bias"), &mut change.values);
        }
        self.head.change(model.tensor("head.weight"), model.tensor("head.bias"), &mut change.values);
        change
    }

    #[inline(always)]
    fn predict<S: Simd>(&mut self, simd: S, model: &Model, spec: &BagSpec, texts: &[&TextVector]) -> Vec<Vec<f32>> {
        self.load_layers(model, spec);
        let (dim, lanes, table) = (self.dim, lanes_of(self.dim), model.tensor("table"));
        let outputs = model.task().outputs();
        let mut all = Vec::with_capacity(texts.len());
        for texts in texts.chunks(PREDICTED) {
            self.pooled.clear();
            self.pooled.resize(texts.len() * lanes, [0.0; LANES]);
            for (text, pooled) in texts.iter().zip(self.pooled.chunks_exact_mut(lanes)) {
                for (&row, &x) in text.indices().iter().zip(text.values()) {
                    let at = row as usize * dim;
                    add_scaled(simd, x, &table[at..at + dim], &mut pooled.as_flattened_mut()[..dim]);
                }
            }
            self.forward(simd, texts.len());
            for raw in self.head.out.chunks_exact(self.head.lanes_out()) {
                let mut raw = raw.as_flattened()[..outputs].to_vec();
                activate(model, &mut raw);
                all.push(raw);
            }
        }
        all
    }
}

/// `-step` times the gradient of a head's loss by its raw outputs, in their place.
#[inline(always)]
fn gradient<S: Simd>(simd: S, head: &Head, target: Option<&Target>, step: f32, z: &mut [f32]) {
    match target {
        Some(Target::Class(label)) if !head.labels().is_empty() => {
            let largest = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            z.iter_mut().for_each(|v| *v -= largest);
            exp_all(simd, z);
            let scale = -step / z.iter().sum::<f32>();
            z.iter_mut().for_each(|v| *v *= scale);
            z[*label as usize] += step;
        }
        Some(Target::Score(value)) => z[0] = -2.0 * step * (z[0] - value),
        _ => z.fill(0.0),
    }
}

#[cfg(test)]
mod tests;
