//! The transformer: token and position rows, pre-norm blocks, a norm, the mean over a text's tokens, the heads.
//!
//! A device trains a replica of the rows that its texts touch and of all other parameters. There is no padding: the
//! tokens of several texts stand one after the other in one matrix, and attention looks at one text at a time. A
//! batch passes in groups of texts small enough for the cache. The replica's memory is the thread's; it grows to
//! what was needed most and is never made anew while models of one shape are trained.

pub(super) mod attention;
mod block;
mod dense;
pub(super) mod elementwise;
mod norm;
mod pass;
mod replica;
mod update;

use std::cell::RefCell;

use fearless_simd::{Level, dispatch};
use silhouette_wire::LocalTraining;

use self::attention::Span;
use self::replica::Replica;
use crate::encoder::TransformerSpec;
use crate::engine::Change;
use crate::examples::Examples;
use crate::parameters::Model;
use crate::vector::TextVector;

/// A group of texts ends with the text that brings it to so many tokens.
const GROUP: usize = 160;

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
        self.rows.len() >= GROUP
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

#[cfg(test)]
mod tests;
