//! Named entities.

use std::collections::BTreeMap;

use silhouette_text::entities;

use super::{Marked, Row, Score, compare, data, marked, part};

/// Scores by kind on one part of one language's set.
pub fn scores(language: &str, name: &str) -> BTreeMap<String, Score> {
    let set = data(&format!("entities.{language}.txt"));
    let sentences: Vec<Marked> = part(&set, name).into_iter().map(marked).collect();
    let find = |text: &str| {
        entities::find(text).into_iter().map(|entity| (entity.kind.to_string(), entity.start..entity.end)).collect()
    };
    compare(&sentences, find, |a, b| a == b)
}

/// All kinds together.
pub fn all(scores: &BTreeMap<String, Score>) -> Score {
    let mut sum = Score::default();
    scores.values().for_each(|score| sum.add(*score));
    sum
}

/// The table.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for language in ["zh", "en"] {
        for name in ["dev", "held"] {
            let scores = scores(language, name);
            let set = format!("entities {language} {name}");
            rows.push(Row::of_score(&set, "all", all(&scores)));
            rows.extend(scores.iter().map(|(kind, score)| Row::of_score(&set, kind, *score)));
        }
    }
    rows
}
