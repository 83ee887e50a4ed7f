//! Personal data.

use std::collections::BTreeMap;

use silhouette_text::Scrubber;

use super::{Marked, Row, Score, compare, data, marked, part};

/// Scores by kind on one part of one language's set.
pub fn scores(language: &str, name: &str) -> BTreeMap<String, Score> {
    let set = data(&format!("scrub.{language}.txt"));
    let sentences: Vec<Marked> = part(&set, name).into_iter().map(marked).collect();
    let find = |text: &str| {
        let found = Scrubber::default().find(text);
        found.into_iter().map(|finding| (finding.kind.to_string(), finding.start..finding.end)).collect()
    };
    compare(&sentences, find, |a, b| a == b)
}

/// All kinds together, names left out.
pub fn structured(scores: &BTreeMap<String, Score>) -> Score {
    let mut sum = Score::default();
    scores.iter().filter(|(kind, _)| *kind != "name").for_each(|(_, score)| sum.add(*score));
    sum
}

/// The table.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for language in ["zh", "en"] {
        for name in ["dev", "held"] {
            let scores = scores(language, name);
            let set = format!("scrub {language} {name}");
            rows.push(Row::of_score(&set, "structured", structured(&scores)));
            rows.extend(scores.iter().map(|(kind, score)| Row::of_score(&set, kind, *score)));
        }
    }
    rows
}
