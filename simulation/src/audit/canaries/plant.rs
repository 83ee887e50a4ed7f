//! Making canaries and putting them among the people.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use silhouette_model::{BagSpec, EncoderSpec, Example, Examples, Model, Target, TextVector};

use super::CanaryError;
use super::scores::Score;
use crate::dataset::Dataset;
use crate::people::User;

/// Most canaries: each needs a feature of its own, of at most 2^20.
pub const MOST_CANARIES: usize = 1 << 17;

/// One canary: a person's text of one feature, with one label.
struct Canary {
    /// The feature's row of the head.
    row: u32,
    /// The label, as a place among the row's outputs.
    label: usize,
    included: bool,
}

/// All canaries, and where their labels lie among a row's outputs.
pub(super) struct Planted {
    canaries: Vec<Canary>,
    labels: std::ops::Range<usize>,
    outputs: usize,
}

/// Adds `count` canaries to the people who train. Features, labels and coins are drawn from `seed`; the
/// features are among those that no person's texts hold.
pub(super) fn plant(data: &mut Dataset, count: usize, seed: u64) -> Result<Planted, CanaryError> {
    let task = &data.task;
    let EncoderSpec::Bag(bag @ BagSpec { dim: None, .. }) = &task.encoder else {
        return Err(CanaryError::Task(task.encoder.describe().to_owned()));
    };
    let head = task.ranges().enumerate().find(|(_, (head, _))| head.labels().len() >= 2);
    let Some((place, (_, labels))) = head else { return Err(CanaryError::Task("no such head".to_owned())) };
    let (heads, outputs) = (task.heads.len(), task.outputs());
    let mut random = ChaCha20Rng::from_seed(
        Sha256::new().chain_update(b"silhouette/audit/canaries\0").chain_update(seed.to_le_bytes()).finalize().into(),
    );
    let used: BTreeSet<u32> = data.train.kept().iter().flat_map(|user| user.examples.items()).flat_map(rows).collect();
    let hashed = bag.word_dims() as u32..(bag.inputs() - 1) as u32;
    let mut free: Vec<u32> = hashed.filter(|row| !used.contains(row)).collect();
    if free.len() < count {
        let expected = format!("at most the {} features that no person's texts hold", free.len());
        return Err(CanaryError::Setting { field: "canaries", expected, found: count });
    }
    free.shuffle(&mut random);
    let canaries: Vec<Canary> = free
        .into_iter()
        .take(count)
        .map(|row| Canary { row, label: random.random_range(labels.clone()), included: random.random() })
        .collect();
    for (number, canary) in canaries.iter().enumerate() {
        let entries = if canary.included { vec![(canary.row, 1.0)] } else { Vec::new() };
        let mut targets = vec![None; heads];
        targets[place] = Some(Target::Class((canary.label - labels.start) as u32));
        let example = Example { vector: TextVector::from_entries(entries), targets };
        let examples = Examples::from_items(vec![example]);
        data.train.add(User { id: format!("canary {number}"), examples, unseen: Vec::new() });
    }
    Ok(Planted { canaries, labels, outputs })
}

fn rows(example: &Example) -> impl Iterator<Item = u32> {
    example.vector.indices().iter().copied()
}

impl Planted {
    /// How far the model went along each canary's direction, in multiples of `unit`.
    ///
    /// A canary's update is its row times `onehot(label) - softmax`, and the models stay so near to the
    /// first one that the softmax is even.
    pub(super) fn scores(&self, first: &Model, last: &Model, unit: f64) -> Vec<Score> {
        let [first, last] = [first, last].map(|model| model.tensor("head.weight"));
        let classes = self.labels.len() as f64;
        let length = (1.0 - 1.0 / classes).sqrt();
        let score = |canary: &Canary| {
            let start = canary.row as usize * self.outputs;
            let along: f64 = self
                .labels
                .clone()
                .map(|output| {
                    let went = f64::from(last[start + output]) - f64::from(first[start + output]);
                    let direction = f64::from(u8::from(output == canary.label)) - 1.0 / classes;
                    went * direction / length
                })
                .sum();
            Score { included: canary.included, value: along / unit }
        };
        self.canaries.iter().map(score).collect()
    }
}
