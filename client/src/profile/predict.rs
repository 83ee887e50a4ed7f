//! What the model says of every text.

use std::ops::Range;

use silhouette_model::{Head, HeadKind, Model, Unit, Vectoriser, argmax, person_text};
use silhouette_text::Event;

use super::decay::Decay;
use super::document::ScoreMean;
use super::{PSEUDO_TEXTS, ProfileError, Trained};

/// Texts encoded and predicted at a time: bounds memory, not results.
const BATCH: usize = 256;

/// More than the rounding of a 32-bit probability, less than any model's opinion.
const ROUNDING: f64 = 1e-6;

/// The outputs for every text, and what they were made with.
pub(super) struct Predictions<'a> {
    pub(super) model: &'a Model,
    pub(super) vectoriser: Vectoriser,
    /// Indices of the events predicted.
    pub(super) texts: Vec<usize>,
    outputs: Vec<Vec<f32>>,
    /// The outputs for all texts as one, where a head is about the person; one row or none.
    person: Vec<Vec<f32>>,
}

/// One head's part of the predictions.
pub(super) struct HeadView<'p> {
    pub(super) head: &'p Head,
    pub(super) range: Range<usize>,
    outputs: &'p [Vec<f32>],
    /// Numbers of the events the outputs are of.
    texts: &'p [usize],
}

impl<'a> Predictions<'a> {
    pub(super) fn of(trained: Trained<'a>, events: &[Event], texts: &[usize]) -> Result<Self, ProfileError> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let vectoriser = Vectoriser::of(&trained.model.task().encoder, trained.encoder_weights)?.threads(threads);
        let mut outputs = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let batch: Vec<&str> = batch.iter().map(|&i| events[i].text.as_str()).collect();
            let vectors = vectoriser.vectorise_all(&batch);
            let borrowed: Vec<_> = vectors.iter().collect();
            outputs.extend(trained.engine.predict(trained.model, &borrowed)?);
        }
        let about_person = trained.model.task().heads.iter().any(|head| head.unit == Unit::Person);
        let person = if about_person && !texts.is_empty() {
            let whole = vectoriser.vectorise(&person_text(events));
            trained.engine.predict(trained.model, &[&whole])?
        } else {
            Vec::new()
        };
        Ok(Self { model: trained.model, vectoriser, texts: texts.to_vec(), outputs, person })
    }

    /// The heads in the order of the task.
    pub(super) fn heads(&self) -> impl Iterator<Item = HeadView<'_>> {
        self.model.task().ranges().map(|(head, range)| match head.unit {
            Unit::Person => HeadView { head, range, outputs: &self.person, texts: &[] },
            _ => HeadView { head, range, outputs: &self.outputs, texts: &self.texts },
        })
    }

    /// The head of this name, if it has labels.
    pub(super) fn head(&self, name: &str) -> Option<HeadView<'_>> {
        self.heads().find(|view| view.head.name == name && !view.head.labels().is_empty())
    }

    /// The means of the heads that predict numbers, on their own scales.
    pub(super) fn score_means(&self) -> Vec<ScoreMean> {
        if self.outputs.is_empty() {
            return Vec::new();
        }
        let of = |view: HeadView<'_>| match view.head.kind {
            HeadKind::Score { min, max } => {
                let n = view.rows().count().max(1) as f64;
                let scaled = view.rows().map(|row| f64::from(row[0])).sum::<f64>() / n;
                let mean = f64::from(min) + scaled.clamp(0.0, 1.0) * f64::from(max - min);
                Some(ScoreMean { head: view.head.name.clone(), mean, range: (min, max) })
            }
            HeadKind::Classes { .. } => None,
        };
        self.heads().filter_map(of).collect()
    }
}

impl<'p> HeadView<'p> {
    /// The head's outputs, text by text.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'p [f32]> {
        let (outputs, range) = (self.outputs, self.range.clone());
        outputs.iter().map(move |row| &row[range.clone()])
    }

    /// How many labels it has.
    pub(super) fn labels(&self) -> usize {
        self.range.len()
    }

    /// Mean probability of each label.
    pub(super) fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.labels()];
        for row in self.rows() {
            shares.iter_mut().zip(row).for_each(|(s, &p)| *s += f64::from(p));
        }
        let n = self.outputs.len().max(1) as f64;
        shares.iter_mut().for_each(|s| *s /= n);
        shares
    }

    /// The same, each text with its weight.
    pub(super) fn weighted_shares(&self, decay: &Decay) -> Vec<f64> {
        if self.is_about_person() {
            return self.shares();
        }
        let mut shares = vec![0.0; self.labels()];
        let mut total = 0.0;
        for (row, &event) in self.rows().zip(self.texts) {
            let weight = decay.weight(event);
            shares.iter_mut().zip(row).for_each(|(s, &p)| *s += weight * f64::from(p));
            total += weight;
        }
        shares.iter_mut().for_each(|s| *s /= if total > 0.0 { total } else { 1.0 });
        shares
    }

    /// Whether the head is about the person: there is one row, of all texts together.
    pub(super) fn is_about_person(&self) -> bool {
        self.head.unit == Unit::Person
    }

    /// Numbers of the events the rows are of; none where the head is about the person.
    pub(super) fn events(&self) -> &'p [usize] {
        self.texts
    }

    /// Each text's likeliest label.
    pub(super) fn likeliest(&self) -> Vec<usize> {
        self.rows().map(argmax).collect()
    }

    /// How sure the model is of a text: 0 at chance, 1 when sure.
    pub(super) fn certainty(&self, row: &[f32]) -> f64 {
        let chance = 1.0 / self.labels().max(2) as f64;
        let above = f64::from(row.iter().copied().fold(0.0, f32::max)) - chance;
        // Chance itself is rarely a 32-bit float: what rounding adds to it is no certainty.
        if above < ROUNDING { 0.0 } else { (above / (1.0 - chance)).min(1.0) }
    }
}

/// The mean of `certainties`, shrunk by how few they are.
pub(super) fn confidence(certainties: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for certainty in certainties {
        sum += certainty;
        n += 1.0;
    }
    // mean * n / (n + pseudo)
    sum / (n + PSEUDO_TEXTS)
}
