//! Which words led to a label.
//!
//! For the bag encoders the raw output of a label is a sum over a text's features, so each feature
//! has its exact part of it: `value x (weight of the label - mean weight of the head's others)`. A
//! transformer's outputs can't be split so, and have no evidence.

use silhouette_model::Model;
use silhouette_text::Event;

use super::document::Evidence;
use super::predict::{HeadView, Predictions};

/// Places shown for one label.
const PLACES: usize = 3;

/// Texts searched for one label, the likeliest first.
const SEARCHED: usize = 50;

/// Characters quoted on either side of a place.
const AROUND: usize = 12;

/// Longest quote, in characters.
const LONGEST: usize = 60;

/// Finds evidence and collects it.
pub(super) struct Witness<'a> {
    predictions: &'a Predictions<'a>,
    events: &'a [Event],
    found: Vec<Evidence>,
}

impl<'a> Witness<'a> {
    pub(super) fn new(predictions: &'a Predictions<'a>, events: &'a [Event]) -> Self {
        Self { predictions, events, found: Vec::new() }
    }

    /// Finds the best places for one label and returns their numbers.
    pub(super) fn find(&mut self, view: &HeadView<'_>, label: usize) -> Vec<usize> {
        let direction = Direction::of(self.predictions.model, view, label);
        let mut places: Vec<Evidence> = Vec::new();
        for text in likeliest_texts(view, label) {
            let event = self.predictions.texts[text];
            self.search(event, &direction, view, label, &mut places);
        }
        places.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.event, a.start).cmp(&(b.event, b.start))));
        let first = self.found.len();
        for place in places {
            let words = |e: &Evidence| self.events[e.event].text[e.start..e.end].to_lowercase();
            let known = words(&place);
            if self.found[first..].iter().any(|e| overlaps(e, &place) || words(e) == known) {
                continue;
            }
            self.found.push(place);
            if self.found.len() == first + PLACES {
                break;
            }
        }
        (first..self.found.len()).collect()
    }

    fn search(
        &self,
        event: usize,
        direction: &Direction,
        view: &HeadView<'_>,
        label: usize,
        places: &mut Vec<Evidence>,
    ) {
        let text = &self.events[event].text;
        for feature in self.predictions.vectoriser.trace(text) {
            let weight: f64 = feature.entries.iter().map(|&(i, v)| f64::from(v * direction.weight(i))).sum();
            let Some(&(start, end)) = feature.spans.first() else {
                continue;
            };
            if weight > 0.0 && text.get(start..end).is_some() {
                places.push(Evidence {
                    head: view.head.name.clone(),
                    label: view.head.labels()[label].clone(),
                    event,
                    start,
                    end,
                    quote: quote(text, start, end),
                    weight,
                });
            }
        }
    }

    pub(super) fn into_evidence(self) -> Vec<Evidence> {
        self.found
    }
}

fn overlaps(a: &Evidence, b: &Evidence) -> bool {
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

/// The place and a little around it, cut at characters.
fn quote(text: &str, start: usize, end: usize) -> String {
    let from = text[..start].char_indices().rev().take(AROUND).last().map_or(start, |(i, _)| i);
    let to = text[end..].char_indices().nth(AROUND).map_or(text.len(), |(i, _)| end + i);
    let mut quote: String = text[from..to].trim().chars().take(LONGEST).collect();
    quote = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    quote
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quote_holds_the_place_and_a_little_around_it() {
        let text = "昨天和朋友一起去看了一场非常精彩的足球比赛，大家都很开心";
        let start = text.find("足球").unwrap();
        let quote = quote(text, start, start + "足球".len());
        assert_eq!(quote, "一起去看了一场非常精彩的足球比赛，大家都很开心");
    }

    proptest! {
        #[test]
        fn a_quote_never_splits_a_character(text in "\\PC{1,80}", a in 0_usize..80, b in 0_usize..80) {
            let at: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let (a, b) = (at[a % at.len()], at[b % at.len()]);
            let quote = quote(&text, a.min(b), a.max(b));
            prop_assert!(quote.chars().count() <= LONGEST);
        }
    }
}
