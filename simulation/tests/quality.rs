//! What the default recipe reaches on real per-user text, when that text is at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use std::io::Write;
use std::path::PathBuf;

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_simulation::{Dataset, PrivacyChoice, SimulationConfig, TaskChoice, run};
use silhouette_text::ReadOptions;

/// The accuracy on held-out users, or `None` where the file is neither in `$SILHOUETTE_SHARED/data`
/// nor in a folder `shared` beside the checkout.
fn accuracy(file: &str, field: &str, privacy: PrivacyChoice, seed: u64) -> Option<f64> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = PathBuf::from(shared).join("data").join(file);
    if !path.exists() {
        // Past the test harness, which keeps what a passing test prints to itself.
        let mut out = std::io::stderr().lock();
        writeln!(out, "SKIPPED: {} is not at hand; its quality was NOT checked", path.display()).unwrap();
        return None;
    }
    let config = SimulationConfig { privacy, seed, ..SimulationConfig::default() };
    let data = Dataset::load(&path, &ReadOptions::default(), &TaskChoice::Field(field.into()), &config).unwrap();
    let result = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();
    let scores = result.evaluation.confusion.scores();
    eprintln!(
        "{file} {field} {privacy:?}: accuracy {:.4} macro_f1 {:.4} top1 {:.4} in {:.1} s",
        scores.accuracy, scores.macro_f1, result.evaluation.user_top1, result.seconds
    );
    Some(scores.accuracy)
}

const EIGHT: PrivacyChoice = PrivacyChoice::Budget { mode: Mode::Central, epsilon: 8.0, delta: 1e-5 };

fn assert_reaches(file: &str, field: &str, privacy: PrivacyChoice, bar: f64) {
    if let Some(accuracy) = accuracy(file, field, privacy, 7) {
        assert!(accuracy >= bar, "{file} {field}: {accuracy:.4} is below {bar}");
    }
}

#[test]
fn english_interests() {
    assert_reaches("news20_authors.en.jsonl.gz", "interest", PrivacyChoice::None, 0.75);
    assert_reaches("news20_authors.en.jsonl.gz", "interest", EIGHT, 0.55);
}

#[test]
fn chinese_categories() {
    assert_reaches("shopping10.zh.jsonl.gz", "category", PrivacyChoice::None, 0.88);
    assert_reaches("shopping10.zh.jsonl.gz", "category", EIGHT, 0.80);
}

#[test]
fn chinese_sentiment() {
    assert_reaches("shopping10.zh.jsonl.gz", "sentiment", PrivacyChoice::None, 0.92);
    assert_reaches("shopping10.zh.jsonl.gz", "sentiment", EIGHT, 0.87);
}
