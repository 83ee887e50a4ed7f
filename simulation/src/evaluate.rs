//! How well a model does on people it was never trained on.

use std::collections::BTreeMap;

use rayon::prelude::*;
use silhouette_model::{Confusion, Engine, EngineError, Example, Model, Target, argmax, user_top1};

use crate::federation::FederationError;
use crate::people::{People, Unseen, User};

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
    let Some(mut look) = Look::new(engine, model) else { return Ok(Evaluation::default()) };
    look.at(users.iter())?;
    Ok(look.finish())
}

/// The same on people who may have to be made first: so many at a time as have a window's texts.
///
/// # Errors
/// When the engine fails, or somebody can't be made.
pub(crate) fn evaluate_people(
    engine: &dyn Engine,
    model: &Model,
    people: &People,
) -> Result<Evaluation, FederationError> {
    if let People::Kept(users) = people {
        return Ok(evaluate(engine, model, users)?);
    }
    let Some(mut look) = Look::new(engine, model) else { return Ok(Evaluation::default()) };
    let mut start = 0;
    while start < people.len() {
        let (mut end, mut texts) = (start, 0);
        while end < people.len() && texts < CHUNK * WINDOW {
            texts += people.weight(end).unwrap_or(CHUNK).max(1);
            end += 1;
        }
        let made = (start..end).into_par_iter().map(|number| people.person(number)).collect::<Result<Vec<_>, _>>()?;
        look.at(made.iter().map(|person| &**person))?;
        start = end;
    }
    Ok(look.finish())
}

/// An evaluation that is under way.
struct Look<'m> {
    engine: &'m dyn Engine,
    model: &'m Model,
    /// Of the head that is looked at: its place, its outputs and its labels.
    index: usize,
    range: std::ops::Range<usize>,
    labels: usize,
    confusion: Confusion,
    loss: f64,
    texts: u64,
    hits: u64,
    people: Vec<PersonResult>,
    /// People seen.
    person: usize,
}

impl<'m> Look<'m> {
    fn new(engine: &'m dyn Engine, model: &'m Model) -> Option<Self> {
        let (index, range, labels) = classes_of(model)?;
        let confusion = Confusion::new(labels);
        let (loss, texts, hits, people, person) = (0.0, 0, 0, Vec::new(), 0);
        Some(Self { engine, model, index, range, labels, confusion, loss, texts, hits, people, person })
    }

    /// Takes the next people in.
    fn at<'u>(&mut self, users: impl Iterator<Item = &'u User>) -> Result<(), EngineError> {
        let (engine, model) = (self.engine, self.model);
        let mut tally = Tally::new(self.labels);
        let pieces: Vec<Piece<'_>> = users.flat_map(Piece::of).collect();
        for window in pieces.chunks(WINDOW) {
            let predicted: Vec<_> = window.par_iter().map(|piece| piece.predict(engine, model)).collect();
            for (piece, predicted) in window.iter().zip(predicted) {
                match piece {
                    Piece::Known(examples) => self.known(&predicted?, examples, &mut tally),
                    Piece::Unseen(unseen) => {
                        for (outputs, text) in predicted?.iter().zip(*unseen) {
                            self.confusion.add_unseen(tally.add(&outputs[self.range.clone()]));
                            *tally.unseen.entry(&text.label).or_insert(0) += 1;
                        }
                    }
                    Piece::End => self.end(&std::mem::replace(&mut tally, Tally::new(self.labels))),
                }
            }
        }
        Ok(())
    }

    fn known(&mut self, predicted: &[Vec<f32>], examples: &[Example], tally: &mut Tally<'_>) {
        for (outputs, example) in predicted.iter().zip(examples) {
            let Some(Target::Class(truth)) = example.targets[self.index] else { continue };
            let (p, truth) = (&outputs[self.range.clone()], truth as usize);
            let predicted = tally.add(p);
            self.confusion.add(truth, predicted);
            tally.counts[truth] += 1;
            tally.right += u64::from(predicted == truth);
            self.loss -= f64::from(p[truth].max(1e-12)).ln();
            self.texts += 1;
        }
    }

    /// All of one person's texts have been seen.
    fn end(&mut self, tally: &Tally<'_>) {
        if tally.texts > 0 {
            let (texts, right, top_label_right) = (tally.texts, tally.right, tally.top_is_right());
            self.hits += u64::from(top_label_right);
            self.people.push(PersonResult { person: self.person, texts, right, top_label_right });
        }
        self.person += 1;
    }

    fn finish(self) -> Evaluation {
        let per = |sum: f64, n: usize| if n > 0 { sum / n as f64 } else { 0.0 };
        Evaluation {
            loss: per(self.loss, self.texts as usize),
            user_top1: per(self.hits as f64, self.people.len()),
            confusion: self.confusion,
            people: self.people,
        }
    }
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
