//! Floors under the figures of docs/quality.md, on the labelled sets of `tests/data`.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, dead_code)]

#[path = "quality/measure.rs"]
mod measure;

use measure::scrub;

#[test]
fn personal_data_is_found() {
    for language in ["zh", "en"] {
        for part in ["dev", "held"] {
            let scores = scrub::scores(language, part);
            let structured = scrub::structured(&scores);
            assert!(structured.truth > 30, "{language} {part}: {structured:?}");
            assert!(structured.precision() >= 0.95, "{language} {part}: {structured:?}, {scores:?}");
            assert!(structured.recall() >= 0.95, "{language} {part}: {structured:?}, {scores:?}");
            let name = scores["name"];
            assert!(name.precision() >= 0.9 && name.recall() >= 0.85, "{language} {part}: {name:?}");
        }
    }
}
