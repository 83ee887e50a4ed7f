//! Named entities.

use silhouette_text::entities;

use super::{Row, Score, Scores, compare, table};

/// Scores by kind on one part of one language's set.
pub fn scores(language: &str, name: &str) -> Scores {
    let find = |text: &str| {
        entities::find(text).into_iter().map(|entity| (entity.kind.to_string(), entity.start..entity.end)).collect()
    };
    compare(&format!("entities.{language}.txt"), name, find)
}

/// All kinds together.
pub fn all(scores: &Scores) -> Score {
    let mut sum = Score::default();
    scores.values().for_each(|score| sum.add(*score));
    sum
}

/// The table.
pub fn rows() -> Vec<Row> {
    table("entities", "all", scores, all)
}
