//! Evaluation as a query: the device's half and the aggregator's half.
//!
//! Each device predicts those of its texts that are held out ([`Examples::parted`](silhouette_model::Examples::parted)),
//! which no device ever trains on, and releases how often each label was taken for each. The unit is the person: each
//! weighs the same, however many texts there are.
//!
//! A device's vector has `C^2 + 1` entries: its confusion matrix in shares of its texts, times `sqrt(1 - w^2)`, and
//! last w, or 0 (and zeros before it) for somebody without a held-out text. Shares are at least 0 and add up to 1,
//! so no vector is longer than 1 in the L2 norm. The last entry is there because how many people have such a text
//! is private too: the sum of the matrix says it as well, but with C times the noise of one entry. Of the
//! accuracy A of n people the noise's variance is `(C / (1 - w^2) + A^2 / w^2) z^2 / n^2`, whose worst case,
//! A = 1, is smallest at `w^2 = 1 / (1 + sqrt(C))`: the standard error is then at most `(1 + sqrt(C)) z / n`.

use serde::{Deserialize, Serialize};
use silhouette_model::{Engine, EngineError, Examples, Model, Task, argmax};
use silhouette_privacy::{NoisySum, Private, Update};
use silhouette_wire::ContentHash;

use crate::estimate::{Estimate, Total};
use crate::label_counts::LengthError;
use crate::labels::Labelled;

/// The longest vector of one device, in the L2 norm.
pub const CLIP: f64 = 1.0;

/// Texts predicted at a time: bounds memory.
const CHUNK: usize = 512;

/// Entries of a device's vector: `C^2 + 1`. `None` where no head of the task has labels.
pub fn dimension(task: &Task) -> Option<usize> {
    Labelled::of(task).map(|head| entries(head.count()))
}

/// Names what the entries of the vector stand for.
pub fn layout(task: &Task) -> Option<ContentHash> {
    Labelled::of(task).map(|head| head.layout("silhouette/evaluate/1"))
}

fn entries(labels: usize) -> usize {
    labels * labels + 1
}

/// What the entries are scaled by: those of the matrix, and the last one, w.
fn weights(labels: usize) -> (f64, f64) {
    let squared = 1.0 / (1.0 + (labels as f64).sqrt());
    ((1.0 - squared).sqrt(), squared.sqrt())
}

/// The device's half: predicts this person's held-out texts.
///
/// # Errors
/// When the engine fails.
pub fn contribute(engine: &dyn Engine, model: &Model, held_out: &Examples) -> Result<Private<Update>, EngineError> {
    let Some(head) = Labelled::of(model.task()) else { return Ok(Private::new(Update::Dense(Vec::new()))) };
    let labels = head.count();
    let (mut counts, mut texts) = (vec![0_u32; labels * labels], 0_u32);
    for chunk in held_out.items().chunks(CHUNK) {
        let known: Vec<_> = chunk.iter().filter_map(|e| Some((&e.vector, head.truth(e)?))).collect();
        let vectors: Vec<_> = known.iter().map(|&(vector, _)| vector).collect();
        for (outputs, (_, truth)) in engine.predict(model, &vectors)?.iter().zip(&known) {
            counts[truth * labels + argmax(&outputs[head.outputs.clone()])] += 1;
            texts += 1;
        }
    }
    let (scale, weight) = weights(labels);
    let share = |&n: &u32| (scale * f64::from(n) / f64::from(texts.max(1))) as f32;
    let mut vector: Vec<f32> = counts.iter().map(share).collect();
    vector.push(if texts > 0 { weight as f32 } else { 0.0 });
    Ok(Private::new(Update::Dense(vector)))
}

/// What a round of evaluation makes public. Figures are `None` where the noise drowns what they divide by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Reports in the sum.
    pub reports: u32,
    /// How many of them have a held-out text.
    pub people: Estimate,
    /// The mean over these people of the share of their texts that is predicted right.
    pub accuracy: Option<Estimate>,
    /// F1, each person weighing the same, averaged over the labels that come up often enough to be told from
    /// noise.
    pub macro_f1: Option<Estimate>,
    /// Labels in that average.
    pub labels_in_f1: usize,
    /// For each label in the task's order: the share of its texts that is predicted right, each person weighing
    /// the same.
    pub recall: Vec<Option<Estimate>>,
}

/// The aggregator's half, of all groups' sums over a task of `labels` labels.
///
/// # Errors
/// When the sums are of another length.
pub fn absorb(sums: &[NoisySum], labels: usize) -> Result<Evaluation, LengthError> {
    let expected = entries(labels);
    let Total { mut sum, sd } = Total::of(sums, expected).ok_or(LengthError { expected })?;
    let (scale, weight) = weights(labels);
    let people = Estimate { value: sum.pop().unwrap_or(0.0) / weight, standard_error: sd / weight };
    sum.iter_mut().for_each(|v| *v /= scale);
    let matrix = Matrix { cells: sum, labels, sd: sd / scale };
    let (macro_f1, labels_in_f1) = matrix.macro_f1();
    Ok(Evaluation {
        reports: sums.iter().map(NoisySum::reports).sum(),
        people,
        accuracy: matrix.accuracy(people),
        macro_f1,
        labels_in_f1,
        recall: (0..labels).map(|label| matrix.recall(label)).collect(),
    })
}

/// The noisy sum of everybody's confusion matrices, and the deviation of the noise on each cell.
struct Matrix {
    /// A row for each true label.
    cells: Vec<f64>,
    labels: usize,
    sd: f64,
}

impl Matrix {
    fn cell(&self, truth: usize, predicted: usize) -> f64 {
        self.cells[truth * self.labels + predicted]
    }

    fn row(&self, label: usize) -> f64 {
        (0..self.labels).map(|predicted| self.cell(label, predicted)).sum()
    }

    fn column(&self, label: usize) -> f64 {
        (0..self.labels).map(|truth| self.cell(truth, label)).sum()
    }

    /// `A = trace / people`.
    fn accuracy(&self, people: Estimate) -> Option<Estimate> {
        if people.value <= 2.0 * people.standard_error {
            return None;
        }
        let value = (0..self.labels).map(|label| self.cell(label, label)).sum::<f64>() / people.value;
        let variance = self.labels as f64 * self.sd.powi(2) + (value * people.standard_error).powi(2);
        Some(Estimate { value, standard_error: variance.sqrt() / people.value })
    }

    /// `r = M_cc / row_c`.
    fn recall(&self, label: usize) -> Option<Estimate> {
        let (row, c) = (self.row(label), self.labels as f64);
        if row <= 2.0 * self.sd * c.sqrt() {
            return None;
        }
        let value = self.cell(label, label) / row;
        let variance = (1.0 - value).powi(2) + (c - 1.0) * value * value;
        Some(Estimate { value, standard_error: self.sd * variance.sqrt() / row })
    }

    /// The mean of `F = 2 M_cc / (row_c + column_c)` over the labels that can be told from noise, and how many
    /// these are. The derivative of F is `2 (1 - F) / D` by its own cell, and `-F / D` by the others of its row and
    /// column, with D the denominator.
    fn macro_f1(&self) -> (Option<Estimate>, usize) {
        let c = self.labels as f64;
        // D holds its own cell twice and 2 (C - 1) others once.
        let least = 2.0 * self.sd * (2.0 * c + 2.0).sqrt();
        let of = |label: usize| {
            let d = self.row(label) + self.column(label);
            (d > least).then(|| (2.0 * self.cell(label, label) / d, d))
        };
        let told: Vec<Option<(f64, f64)>> = (0..self.labels).map(of).collect();
        let count = told.iter().flatten().count();
        if count == 0 {
            return (None, 0);
        }
        let slope = |label: usize| told[label].map_or(0.0, |(f, d)| f / d);
        let gradient = |truth: usize, predicted: usize| {
            let shared = -slope(truth) - slope(predicted);
            if truth == predicted { told[truth].map_or(0.0, |(_, d)| 2.0 / d) + shared } else { shared }
        };
        let cells = (0..self.labels).flat_map(|truth| (0..self.labels).map(move |predicted| (truth, predicted)));
        let squares: f64 = cells.map(|(truth, predicted)| gradient(truth, predicted).powi(2)).sum();
        let value = told.iter().flatten().map(|(f, _)| f).sum::<f64>() / count as f64;
        (Some(Estimate { value, standard_error: self.sd * squares.sqrt() / count as f64 }), count)
    }
}

#[cfg(test)]
mod tests;
