//! A dimension judged by lists of words, where no head does.

use silhouette_text::Event;

use super::decay::Decay;
use super::evidence::Place;
use super::plan::Dimension;
use super::predict::confidence;

/// How sure a list of words can be of a text that has one of them.
const CERTAINTY: f64 = 0.6;

/// One word found.
struct Hit {
    event: usize,
    label: usize,
    start: usize,
    end: usize,
}

/// Where a dimension's words stand.
pub(super) struct WordView {
    labels: usize,
    hits: Vec<Hit>,
    /// Texts that have a word, with how many of each label.
    texts: Vec<(usize, Vec<u32>)>,
}

impl WordView {
    /// Looks for every word of every label in the events numbered `texts`.
    pub(super) fn of(dimension: &Dimension, events: &[Event], texts: &[usize]) -> Self {
        let words: Vec<(usize, String)> = dimension
            .labels
            .iter()
            .enumerate()
            .flat_map(|(label, l)| l.words.iter().map(move |word| (label, word.to_ascii_lowercase())))
            .collect();
        let mut view = Self { labels: dimension.labels.len(), hits: Vec::new(), texts: Vec::new() };
        for &event in texts {
            // Only ASCII is folded: places stay where they are.
            let text = events[event].text.to_ascii_lowercase();
            let mut counts = vec![0; view.labels];
            for (label, word) in &words {
                for (start, found) in text.match_indices(word.as_str()) {
                    let end = start + found.len();
                    if stands_alone(&text, start, end) {
                        counts[*label] += 1;
                        view.hits.push(Hit { event, label: *label, start, end });
                    }
                }
            }
            if counts.iter().any(|&n| n > 0) {
                view.texts.push((event, counts));
            }
        }
        view
    }

    /// Whether no text has any of the words.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Texts that have a word.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The share of each label: the mean over texts of its part of the text's words.
    pub(super) fn shares(&self, decay: &Decay) -> Vec<f64> {
        let mut shares = vec![0.0; self.labels];
        let mut total = 0.0;
        for (event, counts) in &self.texts {
            let weight = decay.weight(*event);
            let all: u32 = counts.iter().sum();
            shares.iter_mut().zip(counts).for_each(|(s, &n)| *s += weight * f64::from(n) / f64::from(all));
            total += weight;
        }
        shares.iter_mut().for_each(|s| *s /= if total > 0.0 { total } else { 1.0 });
        shares
    }

    /// Texts in which this label has the most words.
    pub(super) fn texts_with(&self, label: usize) -> usize {
        self.texts.iter().filter(|(_, counts)| counts.iter().all(|&n| n <= counts[label])).count()
    }

    /// How far the share of a label can be relied on.
    pub(super) fn confidence(&self, label: usize) -> f64 {
        confidence((0..self.texts_with(label)).map(|_| CERTAINTY))
    }

    /// Where a label's words stand, the longer the weightier.
    pub(super) fn places(&self, label: usize) -> Vec<Place> {
        let of_label = self.hits.iter().filter(|hit| hit.label == label);
        let place = |hit: &Hit| Place {
            event: hit.event,
            start: hit.start,
            end: hit.end,
            weight: (hit.end - hit.start) as f64,
        };
        of_label.map(place).collect()
    }
}

/// Whether what lies from `start` to `end` is no part of a longer word. Chinese has no marks between words.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let joins = |c: char| c.is_alphanumeric() && c < '\u{2e80}';
    let meets = |inside: Option<char>, outside: Option<char>| inside.is_some_and(joins) && outside.is_some_and(joins);
    !meets(text[start..].chars().next(), text[..start].chars().next_back())
        && !meets(text[..end].chars().next_back(), text[end..].chars().next())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plan::ProfilePlan;
    use super::*;

    fn dimension() -> Dimension {
        ProfilePlan::pack("health").unwrap().dimension("activity").unwrap().clone()
    }

    #[test]
    fn whole_words_count_and_places_are_theirs() {
        let texts = ["Went for a RUN, then the gym", "the runner's brunch", "早上跑步五公里", "nothing"];
        let events: Vec<_> = texts.map(|t| Event::new("me", t)).into();
        let view = WordView::of(&dimension(), &events, &[0, 1, 2, 3]);
        assert_eq!((view.len(), view.is_empty()), (2, false));
        let shares = view.shares(&Decay::none());
        assert!((shares[0] - 0.75).abs() < 1e-9 && (shares[1] - 0.25).abs() < 1e-9, "{shares:?}");
        let words: Vec<_> = view.places(0).iter().map(|p| &events[p.event].text[p.start..p.end]).collect();
        assert_eq!(words, ["RUN", "跑步", "公里"]);
        assert!(view.confidence(0) > 0.0 && view.confidence(2) == 0.0);
    }

    proptest! {
        #[test]
        fn any_text_has_places_in_it(text in "[a-zA-Z 跑步健身İß😀gymrun,.]{0,80}") {
            let events = [Event::new("me", text.clone())];
            let view = WordView::of(&dimension(), &events, &[0]);
            for label in 0..4 {
                for p in view.places(label) {
                    prop_assert!(text.get(p.start..p.end).is_some());
                }
            }
        }
    }
}
