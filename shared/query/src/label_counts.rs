//! How common each label is, as a query: the device's half and the aggregator's half.
//!
//! The unit is the person: somebody with a thousand texts weighs as much as somebody with one.

use serde::{Deserialize, Serialize};
use silhouette_model::{Examples, Task};
use silhouette_privacy::{NoisySum, Private, Update};
use silhouette_wire::ContentHash;
use thiserror::Error;

use crate::estimate::{Estimate, Total};
use crate::labels::Labelled;

/// The longest vector of one device, in the L2 norm: shares are at least 0 and add up to 1.
pub const CLIP: f64 = 1.0;

/// Entries of a device's vector: C, one for each label. `None` where no head of the task has labels.
pub fn dimension(task: &Task) -> Option<usize> {
    Labelled::of(task).map(|head| head.count())
}

/// Names what the entries of the vector stand for.
pub fn layout(task: &Task) -> Option<ContentHash> {
    Labelled::of(task).map(|head| head.layout("silhouette/label-counts/1"))
}

/// The device's half: the share of each label among this person's labelled texts, `[C]`, each 0 to 1; zeros
/// for somebody without any.
pub fn contribute(task: &Task, examples: &Examples) -> Private<Update> {
    let Some(head) = Labelled::of(task) else { return Private::new(Update::Dense(Vec::new())) };
    let mut counts = vec![0_u32; head.count()];
    let known = examples.items().iter().filter_map(|example| head.truth(example));
    known.for_each(|label| counts[label] += 1);
    let texts = counts.iter().sum::<u32>().max(1);
    Private::new(Update::Dense(counts.iter().map(|&n| (f64::from(n) / f64::from(texts)) as f32).collect()))
}

/// What a round of label counts makes public.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelCounts {
    /// Reports in the sum.
    pub reports: u32,
    /// How many of them have a labelled text.
    pub people: Estimate,
    /// The mean share of each label among those people, in the order of the task's labels: they add up to 1.
    /// `None` where the noise drowns the number of people.
    pub shares: Option<Vec<Estimate>>,
}

/// The sum is of another length than the task's labels ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("sum: expected one of {expected} entries, found another or none")]
pub struct LengthError {
    /// Entries of the query's vector.
    pub expected: usize,
}

/// The aggregator's half, of all groups' sums over a task of `labels` labels.
///
/// With x the noisy sum and S the sum of its entries the share of label c is `p = x_c / S`; its variance is
/// `sd^2 ((1 - p)^2 + (C - 1) p^2) / S^2` to first order.
///
/// # Errors
/// When the sums are of another length.
pub fn absorb(sums: &[NoisySum], labels: usize) -> Result<LabelCounts, LengthError> {
    let Total { sum, sd } = Total::of(sums, labels).ok_or(LengthError { expected: labels })?;
    let (c, all) = (labels as f64, sum.iter().sum::<f64>());
    let people = Estimate { value: all, standard_error: sd * c.sqrt() };
    let share = |&x: &f64| {
        let p = x / all;
        Estimate { value: p, standard_error: sd * ((1.0 - p).powi(2) + (c - 1.0) * p * p).sqrt() / all }
    };
    let told = all > 2.0 * people.standard_error;
    let reports = sums.iter().map(NoisySum::reports).sum();
    Ok(LabelCounts { reports, people, shares: told.then(|| sum.iter().map(share).collect()) })
}

#[cfg(test)]
mod tests;
