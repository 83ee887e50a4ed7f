//! What a head's answers come to for a person.

use serde::{Deserialize, Serialize};
use silhouette_client::profile::{jensen_shannon, valences};
use silhouette_model::{Head, Target, user_top1};

use super::LabelledPeople;
use super::figures::correlation;

/// How good a head is for people rather than texts. Every person weighs the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeopleQuality {
    /// People with labelled texts.
    pub people: usize,
    /// Share of people whose top label is one of their most frequent ones.
    pub top1: f64,
    /// Mean share of a person's three most frequent labels that are among the three likeliest.
    pub recall_at_3: f64,
    /// Mean Jensen-Shannon divergence between a person's true mixture and the profile's, in bits.
    pub jsd_bits: f64,
    /// The same for somebody who expects the usual mixture of everybody.
    pub jsd_bits_usual: f64,
    /// For labels that stand on a scale (numbers, or negative to positive): mean distance between the person's true mean
    /// and the profile's, the scale taken as 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_absolute_error: Option<f64>,
    /// The correlation of the two over people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
}

/// One person's true labels and the model's probabilities.
pub(super) struct Person {
    counts: Vec<u64>,
    mean: Vec<f32>,
    texts: u64,
}

impl Person {
    pub(super) fn new(labels: usize) -> Self {
        Self { counts: vec![0; labels], mean: vec![0.0; labels], texts: 0 }
    }

    pub(super) fn add(&mut self, outputs: &[f32], target: Option<Target>) {
        if let Some(Target::Class(truth)) = target
            && let Some(count) = self.counts.get_mut(truth as usize)
        {
            *count += 1;
            self.texts += 1;
            self.mean.iter_mut().zip(outputs).for_each(|(m, p)| *m += p);
        }
    }

    /// Nothing for a person without a known label.
    pub(super) fn some(self) -> Option<Self> {
        (self.texts > 0).then_some(self)
    }

    fn truth(&self) -> Vec<f64> {
        self.counts.iter().map(|&n| n as f64 / self.texts as f64).collect()
    }

    fn told(&self) -> Vec<f64> {
        self.mean.iter().map(|&p| f64::from(p) / self.texts as f64).collect()
    }

    /// Share of the true top three that are among the told ones.
    fn recall_at_3(&self) -> f64 {
        let (truth, told) = (self.truth(), self.told());
        let top = |of: &[f64]| {
            let mut order: Vec<usize> = (0..of.len()).collect();
            order.sort_by(|&a, &b| of[b].total_cmp(&of[a]).then(a.cmp(&b)));
            order.truncate(3);
            order
        };
        let wanted: Vec<usize> = top(&truth).into_iter().filter(|&label| truth[label] > 0.0).collect();
        let found = top(&told);
        wanted.iter().filter(|label| found.contains(label)).count() as f64 / wanted.len().max(1) as f64
    }
}

/// The figures over people; nothing where nobody has a label.
pub(super) fn people(labels: &[String], persons: &[Person], usual: &[f64]) -> Option<PeopleQuality> {
    if persons.is_empty() || labels.is_empty() {
        return None;
    }
    let mean = |of: &dyn Fn(&Person) -> f64| persons.iter().map(of).sum::<f64>() / persons.len() as f64;
    let means: Option<Vec<(f64, f64)>> = valences(labels).map(|valences| {
        // From -1 to 1 there, from 0 to 1 here.
        let on = |mixture: &[f64]| mixture.iter().zip(&valences).map(|(p, v)| p * (v + 1.0) / 2.0).sum::<f64>();
        persons.iter().map(|person| (on(&person.truth()), on(&person.told()))).collect()
    });
    Some(PeopleQuality {
        people: persons.len(),
        top1: mean(&|person| f64::from(u8::from(user_top1(&person.counts, &person.mean)))),
        recall_at_3: mean(&Person::recall_at_3),
        jsd_bits: mean(&|person| jensen_shannon(&person.truth(), &person.told())),
        jsd_bits_usual: mean(&|person| jensen_shannon(&person.truth(), usual)),
        mean_absolute_error: means
            .as_ref()
            .map(|means| means.iter().map(|(a, b)| (a - b).abs()).sum::<f64>() / means.len() as f64),
        correlation: means.as_deref().and_then(correlation),
    })
}

/// The mixture of everybody's labels; uniform where nobody has one.
pub(super) fn usual(head: &Head, people: &LabelledPeople) -> Vec<f64> {
    let labels = head.labels().len();
    let mut counts = vec![0.0; labels];
    for event in people.iter().flat_map(|(_, events)| events) {
        if let Ok(Some(Target::Class(label))) = head.target(event)
            && let Some(count) = counts.get_mut(label as usize)
        {
            *count += 1.0;
        }
    }
    let total: f64 = counts.iter().sum();
    if total == 0.0 {
        return vec![1.0 / labels.max(1) as f64; labels];
    }
    counts.iter().map(|n| n / total).collect()
}
