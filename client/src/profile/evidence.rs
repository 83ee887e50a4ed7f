//! Which words led to a label of a model.
//!
//! For the bag encoders the raw output of a label is a sum over a text's features, so each feature
//! has its exact part of it: `value x (weight of the label - mean weight of the head's others)`. A
//! transformer's outputs can't be split so, and have no evidence.

use silhouette_model::Model;
use silhouette_text::Event;

use super::document::Evidence;
use super::predict::{HeadView, Predictions};
use super::quote::quote;

/// Places shown for one label.
const PLACES: usize = 3;

/// Texts searched for one label, the likeliest first.
const SEARCHED: usize = 50;

/// A place in the texts and how much it counts.
pub(super) struct Place {
    pub(super) event: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) weight: f64,
}

impl Place {
    /// The words there, for comparison.
    fn words(&self, events: &[Event]) -> String {
        events[self.event].text[self.start..self.end].to_lowercase()
    }

    /// The place as evidence, quoted.
    pub(super) fn evidence(&self, events: &[Event], field: &str, label: &str) -> Evidence {
        let event = &events[self.event];
        Evidence {
            field: field.to_owned(),
            label: label.to_owned(),
            event: self.event,
            time: event.time,
            start: self.start,
            end: self.end,
            quote: quote(&event.text, self.start, self.end),
            weight: self.weight,
        }
    }
}

/// The weightiest places, apart from each other and of different words.
pub(super) fn best(mut places: Vec<Place>, events: &[Event]) -> Vec<Place> {
    places.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.event, a.start).cmp(&(b.event, b.start))));
    let mut kept: Vec<Place> = Vec::new();
    for place in places {
        let words = place.words(events);
        if !kept.iter().any(|k| overlaps(k, &place) || k.words(events) == words) {
            kept.push(place);
        }
        if kept.len() == PLACES {
            break;
        }
    }
    kept
}

/// Finds evidence and collects it.
pub(super) struct Witness<'a> {
    predictions: Option<&'a Predictions<'a>>,
    events: &'a [Event],
    found: Vec<Evidence>,
}

impl<'a> Witness<'a> {
    pub(super) fn new(predictions: Option<&'a Predictions<'a>>, events: &'a [Event]) -> Self {
        Self { predictions, events, found: Vec::new() }
    }

    /// Finds the places that speak most for one label of a head and returns their numbers.
    pub(super) fn find(&mut self, view: &HeadView<'_>, label: usize, field: &str) -> Vec<usize> {
        let Some(predictions) = self.predictions else { return Vec::new() };
        let direction = Direction::of(predictions.model, view, label);
        let mut places = Vec::new();
        let texts = match view.is_about_person() {
            // All of them speak together.
            true => (0..predictions.texts.len().min(SEARCHED)).collect(),
            false => likeliest_texts(view, label),
        };
        for text in texts {
            self.search(predictions, predictions.texts[text], &direction, &mut places);
        }
        self.quote(places, field, &view.head.labels()[label])
    }

    /// Takes the best of these places as evidence and returns their numbers.
    pub(super) fn quote(&mut self, places: Vec<Place>, field: &str, label: &str) -> Vec<usize> {
        let first = self.found.len();
        for place in best(places, self.events) {
            self.found.push(place.evidence(self.events, field, label));
        }
        (first..self.found.len()).collect()
    }

    fn search(&self, predictions: &Predictions<'_>, event: usize, direction: &Direction, places: &mut Vec<Place>) {
        let text = &self.events[event].text;
        for feature in predictions.vectoriser.trace(text) {
            let weight: f64 = feature.entries.iter().map(|&(i, v)| f64::from(v * direction.weight(i))).sum();
            let Some(&(start, end)) = feature.spans.first() else {
                continue;
            };
            if weight > 0.0 && text.get(start..end).is_some() {
                places.push(Place { event, start, end, weight });
            }
        }
    }

    pub(super) fn into_evidence(self) -> Vec<Evidence> {
        self.found
    }
}

fn overlaps(a: &Place, b: &Place) -> bool {
    a.event == b.event && a.start < b.end && b.start < a.end
}

/// The texts whose likeliest label this is, surest first.
fn likeliest_texts(view: &HeadView<'_>, label: usize) -> Vec<usize> {
    let rows: Vec<_> = view.rows().collect();
    let likeliest = view.likeliest();
    let mut texts: Vec<usize> = (0..rows.len()).filter(|&t| likeliest[t] == label).collect();
    texts.sort_by(|&a, &b| rows[b][label].total_cmp(&rows[a][label]).then(a.cmp(&b)));
    texts.truncate(SEARCHED);
    texts
}

/// What one unit of each input adds to a label over the mean of the head's other labels.
struct Direction {
    per_input: Vec<f32>,
}

impl Direction {
    fn of(model: &Model, view: &HeadView<'_>, label: usize) -> Self {
        let outputs = model.task().outputs().max(1);
        let others = (view.labels() - 1).max(1) as f32;
        let per_width: Vec<f32> = model
            .tensor("head.weight")
            .chunks_exact(outputs)
            .map(|row| {
                let row = &row[view.range.clone()];
                let rest = row.iter().sum::<f32>() - row[label];
                row[label] - rest / others
            })
            .collect();
        let table = model.tensor("table");
        if table.is_empty() {
            return Self { per_input: per_width };
        }
        // A trained table stands between the buckets and the head; both are linear.
        let dot = |row: &[f32]| row.iter().zip(&per_width).map(|(a, b)| a * b).sum();
        Self { per_input: table.chunks_exact(per_width.len().max(1)).map(dot).collect() }
    }

    fn weight(&self, input: u32) -> f32 {
        self.per_input.get(input as usize).copied().unwrap_or(0.0)
    }
}
