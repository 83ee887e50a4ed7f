//! One head held against the truth.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use silhouette_model::{Confusion, Head, HeadKind, Scores, Target, Unit, argmax};

use super::Said;
use super::calibration::{Calibrating, Calibration};
use super::figures::area_under_curve;
use super::person::{PeopleQuality, Person, people};

/// How good one head is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeadQuality {
    /// The head's name.
    pub head: String,
    /// Its labels; empty for a score.
    pub labels: Vec<String>,
    /// What was judged: labelled texts, or labelled people where the head is about people.
    pub judged: u64,
    /// Those whose label is none of the head's; they count as wrong.
    pub unknown: u64,
    /// Accuracy, macro F1, precision, recall; all zero for a score.
    pub scores: Scores,
    /// Mean over labels of the area under the ROC curve, one label against the rest; of a head of two labels that of
    /// the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// Whether probabilities mean what they say.
    pub calibration: Calibration,
    /// (true, predicted).
    pub confusion: Confusion,
    /// For a score: mean distance from the truth, on the head's own scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_absolute_error: Option<f64>,
    /// What comes of it for a person; absent where the head itself is about people, and for scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<PeopleQuality>,
}

/// What is counted.
pub(super) struct Tally<'h> {
    head: &'h Head,
    confusion: Confusion,
    calibrating: Calibrating,
    /// Per label, each prediction's probability and whether it is the truth.
    ranked: Vec<Vec<(f32, bool)>>,
    distance: (f64, u64),
    persons: Vec<Person>,
    usual: Vec<f64>,
}

impl<'h> Tally<'h> {
    /// Nothing yet; `usual` is the mixture to expect of anybody.
    pub(super) fn new(head: &'h Head, usual: Vec<f64>) -> Self {
        let labels = head.labels().len();
        Self {
            head,
            confusion: Confusion::new(labels),
            calibrating: Calibrating::default(),
            ranked: vec![Vec::new(); labels],
            distance: (0.0, 0),
            persons: Vec::new(),
            usual,
        }
    }

    /// Takes a person in.
    pub(super) fn add(&mut self, said: &Said<'_>, range: Range<usize>) {
        let head = self.head;
        if head.unit == Unit::Person {
            let Some(outputs) = &said.person else { return };
            // Of several labels the last one counts, as in training.
            let last = said.events.iter().rev().map(|event| head.target(event)).find(|t| !matches!(t, Ok(None)));
            if let Some(target) = last {
                self.judge(&outputs[range], target.ok().flatten());
            }
            return;
        }
        let mut person = Person::new(head.labels().len());
        for (event, outputs) in said.events.iter().zip(&said.texts) {
            let target = match head.target(event) {
                Ok(None) => continue,
                Ok(target) => target,
                Err(_) => None,
            };
            let outputs = &outputs[range.clone()];
            self.judge(outputs, target);
            person.add(outputs, target);
        }
        self.persons.extend(person.some());
    }

    /// One prediction; without a target its label is none of the head's.
    fn judge(&mut self, outputs: &[f32], target: Option<Target>) {
        match (&self.head.kind, target) {
            (HeadKind::Score { min, max }, Some(Target::Score(truth))) => {
                let told = outputs.first().copied().unwrap_or(0.0).clamp(0.0, 1.0);
                self.distance.0 += f64::from((told - truth).abs() * (max - min));
                self.distance.1 += 1;
            }
            (HeadKind::Classes { .. }, Some(Target::Class(truth))) => {
                let (truth, predicted) = (truth as usize, argmax(outputs));
                self.confusion.add(truth, predicted);
                self.calibrating.add(outputs, predicted, truth);
                for (label, (ranked, &p)) in self.ranked.iter_mut().zip(outputs).enumerate() {
                    ranked.push((p, label == truth));
                }
            }
            (HeadKind::Classes { .. }, None) => self.confusion.add_unseen(argmax(outputs)),
            _ => {}
        }
    }

    /// The figures; nothing where nobody has a label.
    pub(super) fn finish(self) -> Option<HeadQuality> {
        let judged = self.confusion.total() + self.distance.1;
        if judged == 0 {
            return None;
        }
        let areas: Vec<f64> = match self.ranked.as_slice() {
            [_, second] => area_under_curve(second).into_iter().collect(),
            ranked => ranked.iter().filter_map(|ranked| area_under_curve(ranked)).collect(),
        };
        let labels = self.head.labels();
        Some(HeadQuality {
            head: self.head.name.clone(),
            labels: labels.to_vec(),
            judged,
            unknown: self.confusion.unseen(),
            scores: self.confusion.scores(),
            auc: (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64),
            calibration: self.calibrating.finish(),
            confusion: self.confusion,
            mean_absolute_error: (self.distance.1 > 0).then(|| self.distance.0 / self.distance.1 as f64),
            people: people(labels, &self.persons, &self.usual),
        })
    }
}
