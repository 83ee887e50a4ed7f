//! The labelled sets of `tests/data` against what the crate finds. Shared by the test of the floors
//! and the example that prints the tables.

pub mod entities;
pub mod keyphrases;
pub mod pos;
pub mod scrub;
pub mod sentiment;
pub mod spam;

use std::{collections::BTreeMap, ops::Range, path::PathBuf};

/// A sentence with the spans that its author marked.
#[derive(Debug)]
pub struct Marked {
    /// The text without the marks.
    pub text: String,
    /// Each mark's kind and place.
    pub spans: Vec<(String, Range<usize>)>,
}

/// What was found of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Marked by the author.
    pub truth: usize,
    /// Found by the crate.
    pub found: usize,
    /// Both, at the same place.
    pub right: usize,
}

impl Score {
    /// Of what was found, the share that is right; 1 where nothing was found.
    pub fn precision(&self) -> f64 {
        if self.found == 0 { 1.0 } else { self.right as f64 / self.found as f64 }
    }

    /// Of what is there, the share that was found; 1 where nothing is there.
    pub fn recall(&self) -> f64 {
        if self.truth == 0 { 1.0 } else { self.right as f64 / self.truth as f64 }
    }

    /// The harmonic mean of the two.
    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
    }

    /// Adds another score's counts.
    pub fn add(&mut self, other: Self) {
        self.truth += other.truth;
        self.found += other.found;
        self.right += other.right;
    }
}

/// A line of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured, on which set.
    pub set: String,
    /// Of what kind.
    pub kind: String,
    /// The figures, each with its name.
    pub figures: Vec<(&'static str, f64)>,
}

impl Row {
    /// Precision, recall and F1 with the counts they come from.
    pub fn of_score(set: &str, kind: &str, score: Score) -> Self {
        let figures = vec![
            ("n", score.truth as f64),
            ("precision", score.precision()),
            ("recall", score.recall()),
            ("f1", score.f1()),
        ];
        Self { set: set.to_owned(), kind: kind.to_owned(), figures }
    }
}

/// A file of `tests/data`.
pub fn data(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a part, `dev` or `held`, of a labelled set.
pub fn part<'d>(data: &'d str, name: &str) -> Vec<&'d str> {
    let head = format!("# {name}");
    let lines = data.lines().skip_while(|line| *line != head).skip(1);
    lines.take_while(|line| !line.starts_with("# ")).filter(|line| !line.is_empty()).collect()
}

/// Reads `{kind:text}` marks.
pub fn marked(line: &str) -> Marked {
    let (mut text, mut spans) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some(open) = rest.find('{') {
        let close = open + rest[open..].find('}').unwrap_or_else(|| panic!("no closing brace: {line}"));
        let (kind, value) = rest[open + 1..close].split_once(':').unwrap_or_else(|| panic!("no kind: {line}"));
        text.push_str(&rest[..open]);
        let start = text.len();
        text.push_str(value);
        spans.push((kind.to_owned(), start..text.len()));
        rest = &rest[close + 1..];
    }
    text.push_str(rest);
    Marked { text, spans }
}

/// Scores by kind.
pub type Scores = BTreeMap<String, Score>;

/// The table of a set of marked sentences: all kinds that `whole` sums up, then each, by language and part.
pub fn table(set: &str, total: &str, scores: fn(&str, &str) -> Scores, whole: fn(&Scores) -> Score) -> Vec<Row> {
    let mut rows = Vec::new();
    for language in ["zh", "en"] {
        for name in ["dev", "held"] {
            let scores = scores(language, name);
            let set = format!("{set} {language} {name}");
            rows.push(Row::of_score(&set, total, whole(&scores)));
            rows.extend(scores.iter().map(|(kind, score)| Row::of_score(&set, kind, *score)));
        }
    }
    rows
}

/// Compares what is found in the marked sentences of one part of a set with their marks, kind by kind: both have to agree
/// on kind and place.
pub fn compare(set: &str, name: &str, find: impl Fn(&str) -> Vec<(String, Range<usize>)>) -> Scores {
    let set = data(set);
    let sentences: Vec<Marked> = part(&set, name).into_iter().map(marked).collect();
    let show = std::env::var_os("SILHOUETTE_SHOW_ERRORS").is_some();
    let mut scores = Scores::new();
    for sentence in &sentences {
        let found = find(&sentence.text);
        for (kind, span) in &sentence.spans {
            let score = scores.entry(kind.clone()).or_default();
            score.truth += 1;
            let hit = found.iter().any(|(other, place)| other == kind && place == span);
            score.right += usize::from(hit);
            if show && !hit {
                eprintln!("missed {kind} {:?}: {}", &sentence.text[span.clone()], sentence.text);
            }
        }
        for (kind, span) in &found {
            scores.entry(kind.clone()).or_default().found += 1;
            if show && !sentence.spans.iter().any(|(other, place)| other == kind && span == place) {
                eprintln!("wrong {kind} {:?}: {}", &sentence.text[span.clone()], sentence.text);
            }
        }
    }
    scores
}
