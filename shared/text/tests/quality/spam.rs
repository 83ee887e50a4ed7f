//! Spam: written examples, and how many real texts are taken for it.

use silhouette_text::{SpamFilter, SpamScore};

use super::{Row, data, part, sentiment::read};

/// The threshold of the default options.
const THRESHOLD: f32 = 0.8;

/// Examples, and how many of them are found.
pub fn found(name: &str) -> (usize, usize) {
    let set = data("spam.txt");
    let lines = part(&set, name);
    let found = lines.iter().filter(|line| SpamScore::of(line).score >= THRESHOLD).count();
    (lines.len(), found)
}

/// Real texts of a file, and how many of them are taken for spam.
pub fn flagged(name: &str) -> Option<(usize, usize)> {
    let show = std::env::var_os("SILHOUETTE_SHOW_ERRORS").is_some();
    let events = read(name)?;
    let mut filter = SpamFilter::default();
    let mut count = 0;
    for event in &events {
        let score = filter.check(&event.text);
        if score.score >= THRESHOLD {
            count += 1;
            if show {
                eprintln!("flagged {:?} {:?}", score.reasons, event.text.chars().take(80).collect::<String>());
            }
        }
    }
    Some((events.len(), count))
}

/// The files of real texts.
pub const FILES: [&str; 5] = [
    "shopping10.zh.jsonl.gz",
    "amazon_instruments.en.jsonl.gz",
    "blogs_adults.en.jsonl.gz",
    "news20_authors.en.jsonl.gz",
    "shakespeare_speakers.en.jsonl.gz",
];

/// The table.
pub fn rows() -> Vec<Row> {
    let row = |set: String, kind: &str, (count, found): (usize, usize)| Row {
        set,
        kind: kind.to_owned(),
        figures: vec![("n", count as f64), ("share", found as f64 / count as f64)],
    };
    let examples = ["dev", "held"].map(|name| row(format!("spam {name}"), "found", found(name)));
    let real = FILES.iter().filter_map(|name| Some(row((*name).to_owned(), "flagged", flagged(name)?)));
    examples.into_iter().chain(real).collect()
}
