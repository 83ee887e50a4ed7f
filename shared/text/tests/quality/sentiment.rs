//! The lexicon on real reviews, where they are at hand.

use std::path::PathBuf;

use silhouette_text::{Cleaner, Event, Lexicon, ReadOptions, Segmenter, hash::hash64, read_all};

use super::Row;

/// The rows of a file in `$SILHOUETTE_SHARED/data`, or in a folder `shared` beside the checkout.
pub fn read(name: &str) -> Option<Vec<Event>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = PathBuf::from(shared).join("data").join(name);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not here; it was NOT measured", path.display());
        return None;
    }
    Some(read_all(&path, &ReadOptions::default()).ok()?.0)
}

/// Whether a person is one of the fifth that nothing was chosen by.
pub fn held_out(user: &str) -> bool {
    hash64(user.as_bytes(), 5).is_multiple_of(5)
}

/// The share of pairs of a good and a bad text of which the good one scores higher, ties half.
fn auc(mut scored: Vec<(f32, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let good = scored.iter().filter(|(_, good)| *good).count() as f64;
    let bad = scored.len() as f64 - good;
    let (mut below, mut sum, mut at) = (0.0, 0.0, 0);
    while at < scored.len() {
        let same = scored[at..].iter().take_while(|(score, _)| *score == scored[at].0).count();
        let good_here = scored[at..at + same].iter().filter(|(_, good)| *good).count() as f64;
        let bad_here = same as f64 - good_here;
        sum += good_here * (below + bad_here / 2.0);
        below += bad_here;
        at += same;
    }
    sum / (good * bad).max(1.0)
}

fn label(name: &str, event: &Event) -> Option<bool> {
    if name.contains("zh") {
        return Some(event.field("sentiment")?.as_f64()? > 0.5);
    }
    event.rating.filter(|rating| *rating != 3.0).map(|rating| rating > 3.0)
}

/// AUC, and accuracy where the lexicon says anything, on train and held-out people.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let (lexicon, cleaner) = (Lexicon::built_in(), Cleaner::default());
    for name in ["shopping10.zh.jsonl.gz", "amazon_instruments.en.jsonl.gz"] {
        let Some(events) = read(name) else { continue };
        for held in [false, true] {
            let people = events.iter().filter(|event| held_out(&event.user) == held);
            let scored: Vec<(f32, bool)> = people
                .filter_map(|event| {
                    let text = cleaner.clean(&event.text);
                    Some((lexicon.sentiment_of(&text, Segmenter::Jieba), label(name, event)?))
                })
                .collect();
            let told: Vec<_> = scored.iter().filter(|(score, _)| *score != 0.0).collect();
            let right = told.iter().filter(|(score, good)| (*score > 0.0) == *good).count();
            let figures = vec![
                ("n", scored.len() as f64),
                ("told", told.len() as f64 / scored.len().max(1) as f64),
                ("accuracy", right as f64 / told.len().max(1) as f64),
                ("auc", auc(scored.clone())),
            ];
            let part = if held { "held-out people" } else { "train people" };
            rows.push(Row { set: format!("sentiment {name}"), kind: part.to_owned(), figures });
        }
    }
    rows
}
