//! Personal data.

use silhouette_text::Scrubber;

use super::{Row, Score, Scores, compare, table};

/// Scores by kind on one part of one language's set.
pub fn scores(language: &str, name: &str) -> Scores {
    let find = |text: &str| {
        let found = Scrubber::default().find(text);
        found.into_iter().map(|finding| (finding.kind.to_string(), finding.start..finding.end)).collect()
    };
    compare(&format!("scrub.{language}.txt"), name, find)
}

/// All kinds together, names left out.
pub fn structured(scores: &Scores) -> Score {
    let mut sum = Score::default();
    scores.iter().filter(|(kind, _)| *kind != "name").for_each(|(_, score)| sum.add(*score));
    sum
}

/// The table.
pub fn rows() -> Vec<Row> {
    table("scrub", "structured", scores, structured)
}
