//! How well a model does on people it was never trained on.

use std::collections::BTreeMap;

use rayon::prelude::*;
use silhouette_model::{Confusion, Engine, EngineError, Example, Model, Target, argmax, user_top1};

use crate::people::{Unseen, User};

pub use people::{PersonResult, UserAccuracy};

mod people;

/// Texts predicted at a time, and such pieces at a time: bounds memory.
const CHUNK: usize = 512;
const WINDOW: usize = 256;

/// Figures of one model on held-out people, for the task's first classes head.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Counts of (true, predicted); a text whose label is none of the task's counts as wrong.
    pub confusion: Confusion,
    /// Mean cross-entropy, in nats, of the texts whose label is one of the task's: of the others it
    /// would be infinite.
    pub loss: f64,
    /// Share of people whose top label is right.
    pub user_top1: f64,
    /// The figures of each person who has a text.
    pub people: Vec<PersonResult>,
}

impl Evaluation {
    /// Accuracy of each person's texts.
    pub fn user_accuracy(&self) -> Vec<f64> {
        self.people.iter().map(PersonResult::accuracy).collect()
    }
}

/// Predicts every text of `users`, on rayon's threads.
///
/// # Errors
/// When the engine fails.
pub fn evaluate(engine: &dyn Engine, model: &Model, users: &[User]) -> Result<Evaluation, EngineError> {
    let Some((index, range, labels)) = classes_of(model) else { return Ok(Evaluation::default()) };
    let mut confusion = Confusion::new(labels);
    let (mut loss, mut texts, mut hits) = (0.0, 0_u64, 0_u64);
    let (mut people, mut person) = (Vec::with_capacity(users.len()), 0);
    let mut tally = Tally::new(labels);
    let pieces: Vec<Piece<'_>> = users.iter().flat_map(Piece::of).collect();
    for window in pieces.chunks(WINDOW) {
        let predicted: Vec<_> = window.par_iter().map(|piece| piece.predict(engine, model)).collect();
        for (piece, predicted) in window.iter().zip(predicted) {
            match piece {
                Piece::Known(examples) => {
                    for (outputs, example) in predicted?.iter().zip(*examples) {
                        let Some(Target::Class(truth)) = example.targets[index] else { continue };
                        let (p, truth) = (&outputs[range.clone()], truth as usize);
                        let predicted = tally.add(p);
                        confusion.add(truth, predicted);
                        tally.counts[truth] += 1;
                        tally.right += u64::from(predicted == truth);
                        loss -= f64::from(p[truth].max(1e-12)).ln();
                        texts += 1;
                    }
                }
                Piece::Unseen(unseen) => {
                    for (outputs, text) in predicted?.iter().zip(*unseen) {
                        confusion.add_unseen(tally.add(&outputs[range.clone()]));
                        *tally.unseen.entry(&text.label).or_insert(0) += 1;
                    }
                }
                Piece::End => {
                    let tally = std::mem::replace(&mut tally, Tally::new(labels));
                    if tally.texts > 0 {
                        let (texts, right, top_label_right) = (tally.texts, tally.right, tally.top_is_right());
                        hits += u64::from(top_label_right);
                        people.push(PersonResult { person, texts, right, top_label_right });
                    }
                    person += 1;
                }
            }
        }
    }
    let per = |sum: f64, n: usize| if n > 0 { sum / n as f64 } else { 0.0 };
    Ok(Evaluation { loss: per(loss, texts as usize), user_top1: per(hits as f64, people.len()), confusion, people })
}

/// A part of the work, in the order of the people.
enum Piece<'u> {
    /// Texts with labels of the task.
    Known(&'u [Example]),
    /// Texts with others.
    Unseen(&'u [Unseen]),
    /// All of one person's texts have been seen.
    End,
}

impl<'u> Piece<'u> {
    fn of(user: &'u User) -> impl Iterator<Item = Self> {
        let known = user.examples.items().chunks(CHUNK).map(Self::Known);
        known.chain(user.unseen.chunks(CHUNK).map(Self::Unseen)).chain([Self::End])
    }

    fn predict(&self, engine: &dyn Engine, model: &Model) -> Result<Vec<Vec<f32>>, EngineError> {
        let vectors: Vec<_> = match self {
            Self::Known(examples) => examples.iter().map(|e| &e.vector).collect(),
            Self::Unseen(unseen) => unseen.iter().map(|u| &u.vector).collect(),
            Self::End => return Ok(Vec::new()),
        };
        engine.predict(model, &vectors)
    }
}

/// One person's counts.
struct Tally<'u> {
    /// Texts by true label.
    counts: Vec<u64>,
    /// Texts by label that is none of the task's.
    unseen: BTreeMap<&'u str, u64>,
    /// Sum of the predicted probabilities.
    mean: Vec<f32>,
    texts: u64,
    right: u64,
}

impl Tally<'_> {
    fn new(labels: usize) -> Self {
        Self { counts: vec![0; labels], unseen: BTreeMap::new(), mean: vec![0.0; labels], texts: 0, right: 0 }
    }

    /// Takes a prediction in and returns its label.
    fn add(&mut self, p: &[f32]) -> usize {
        self.mean.iter_mut().zip(p).for_each(|(m, p)| *m += p);
        self.texts += 1;
        argmax(p)
    }

    /// Whether the person's predicted top label is one of their most frequent ones.
    fn top_is_right(&self) -> bool {
        let known = self.counts.iter().copied().max().unwrap_or(0);
        let unseen = self.unseen.values().copied().max().unwrap_or(0);
        known >= unseen && user_top1(&self.counts, &self.mean)
    }
}

/// The first head with classes: its place among the heads, its outputs and how many they are.
pub(crate) fn classes_of(model: &Model) -> Option<(usize, std::ops::Range<usize>, usize)> {
    model
        .task()
        .ranges()
        .enumerate()
        .find(|(_, (head, _))| !head.labels().is_empty())
        .map(|(i, (head, range))| (i, range, head.labels().len()))
}
