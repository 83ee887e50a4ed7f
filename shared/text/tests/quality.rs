//! Floors under the figures of docs/quality.md, on the labelled sets of `tests/data`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a measurement may panic")]
#![expect(unreachable_pub, dead_code, reason = "the measure is shared; each of its two users needs a part of it")]

#[path = "quality/measure.rs"]
mod measure;

use measure::{entities, keyphrases, pos, scrub, sentiment, spam};

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

#[test]
fn parts_of_speech_are_told() {
    for (language, least, floor) in [("zh", 100, 0.75), ("en", 700, 0.93)] {
        let (count, right) = pos::accuracy(language);
        assert!(count > least, "{language}: {count}");
        assert!(right as f64 >= floor * count as f64, "{language}: {right} of {count}");
    }
}

#[test]
fn the_lexicon_ranks_real_reviews() {
    for row in sentiment::rows() {
        let floor = if row.set.contains("zh") { 0.93 } else { 0.855 };
        let auc = row.figures.iter().find(|(name, _)| *name == "auc").unwrap().1;
        assert!(auc >= floor, "{row:?}");
    }
}

#[test]
fn entities_are_found() {
    for language in ["zh", "en"] {
        for part in ["dev", "held"] {
            let all = entities::all(&entities::scores(language, part));
            assert!(all.truth >= 50, "{language} {part}: {all:?}");
            assert!(all.f1() >= 0.88, "{language} {part}: {all:?}");
        }
    }
}

#[test]
fn keyphrases_are_those_an_author_chose() {
    for (language, floor) in [("zh", 0.5), ("en", 0.7)] {
        for part in ["dev", "held"] {
            let score = keyphrases::ours(language, part);
            assert!(score.truth > 60 && score.f1() >= floor, "{language} {part}: {score:?}");
        }
    }
}

#[test]
fn spam_is_found_and_people_are_not() {
    for part in ["dev", "held"] {
        let (count, found) = spam::found(part);
        assert!(count >= 12 && found * 10 >= count * 8, "{part}: {found} of {count}");
    }
    for name in spam::FILES {
        let Some((count, flagged)) = spam::flagged(name) else { continue };
        assert!(flagged * 200 < count, "{name}: {flagged} of {count}");
    }
}
