//! The whole path on real files, where they are at hand; also prints how fast it is.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use silhouette_text::{
    CleanReport, Cleaner, Deduplicator, Event, KeywordExtractor, Language, Lexicon, NgramHasher, ReadOptions,
    Segmenter, Verdict, read_all,
};

/// The rows of a file in `$SILHOUETTE_SHARED/data`, or in a folder `shared` beside the checkout.
fn read(name: &str) -> Option<Vec<Event>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = PathBuf::from(shared).join("data").join(name);
    if !path.exists() {
        // Past the test harness, which keeps what a passing test prints to itself.
        let mut out = std::io::stderr().lock();
        writeln!(out, "SKIPPED: {} is not here; it was NOT checked", path.display()).unwrap();
        return None;
    }
    let started = Instant::now();
    let (events, report) = read_all(&path, &ReadOptions::default()).unwrap();
    rate(name, "read", events.len(), started.elapsed());
    // One row of the English reviews has no text.
    let textless = report.by_reason.get("empty_field").copied().unwrap_or(0);
    assert!(report.skipped == textless && textless <= 1, "{report:?}");
    Some(events)
}

fn rate(name: &str, what: &str, count: usize, took: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    eprintln!("{name}: {what}: {count} texts in {took:.2?}, {rate:.0} texts/s");
}

fn timed<T>(name: &str, what: &str, count: usize, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    rate(name, what, count, started.elapsed());
    result
}

fn clean_all(name: &str, events: &[Event]) -> Vec<String> {
    let cleaner = Cleaner::default();
    cleaner.clean("簡體");
    let mut report = CleanReport::default();
    let cleaned = timed(name, "clean", events.len(), || {
        events.iter().map(|event| cleaner.clean_counted(&event.text, &mut report)).collect::<Vec<_>>()
    });
    eprintln!("{name}: {report:?}");
    let step = cleaned.len() / 2_000 + 1;
    for text in cleaned.iter().step_by(step) {
        assert_eq!(&cleaner.clean(text), text);
    }
    cleaned
}

#[test]
fn chinese_reviews() {
    let name = "shopping10.zh.jsonl.gz";
    let Some(events) = read(name) else { return };
    assert_eq!(events.len(), 62_713);
    assert!(events.iter().all(|event| event.category.is_some() && event.field("sentiment").is_some()));
    let texts = clean_all(name, &events);
    let hasher = NgramHasher::default();
    let features =
        timed(name, "hash", texts.len(), || texts.iter().map(|text| hasher.features(text).total()).sum::<u64>());
    assert!(features > 5_000_000, "{features}");
    let zh = texts.iter().filter(|text| Language::of(text) == Language::Zh).count();
    assert!(zh * 100 > texts.len() * 95, "{zh} of {}", texts.len());
    Segmenter::Jieba.tokens("好");
    let some = &texts[..10_000];
    let tokens: Vec<_> =
        timed(name, "jieba", some.len(), || some.iter().map(|text| Segmenter::Jieba.tokens(text)).collect());
    let lexicon = Lexicon::built_in();
    let (mut right, mut told) = (0, 0);
    for (tokens, event) in tokens.iter().zip(&events) {
        let score = lexicon.sentiment(tokens);
        let label = event.field("sentiment").unwrap().as_f64().unwrap();
        told += usize::from(score != 0.0);
        right += usize::from(score != 0.0 && (score > 0.0) == (label > 0.5));
    }
    eprintln!("{name}: lexicon: {right} right of {told} told of {} texts", tokens.len());
    assert!(right * 10 > told * 7);
    let mut seen = Deduplicator::default();
    timed(name, "dedup", texts.len(), || {
        for (event, text) in events.iter().zip(&texts) {
            if let Verdict::Near { distance } = seen.check(&event.user, text) {
                assert!(distance <= 9);
            }
        }
    });
    eprintln!("{name}: {} exact, {} near duplicates", seen.exact(), seen.near());
    assert!(seen.near() < 3_000);
}

#[test]
fn english_reviews_and_blogs() {
    for name in ["amazon_instruments.en.jsonl.gz", "blogs_adults.en.jsonl.gz"] {
        let Some(events) = read(name) else { continue };
        let texts = clean_all(name, &events);
        let hasher = NgramHasher::default();
        timed(name, "hash", texts.len(), || texts.iter().map(|text| hasher.features(text).total()).sum::<u64>());
        let en = texts.iter().filter(|text| Language::of(text) == Language::En).count();
        assert!(en * 100 > texts.len() * 98, "{en} of {}", texts.len());
        let lexicon = Lexicon::built_in();
        let (mut right, mut told) = (0, 0);
        for (text, event) in texts.iter().zip(&events) {
            let Some(rating) = event.rating.filter(|&rating| rating != 3.0) else {
                continue;
            };
            let score = lexicon.sentiment(&Segmenter::Jieba.tokens(text));
            told += usize::from(score != 0.0);
            right += usize::from(score != 0.0 && (score > 0.0) == (rating > 3.0));
        }
        eprintln!("{name}: lexicon: {right} right of {told} told");
        assert!(right * 10 >= told * 7);
    }
}

#[test]
fn keywords_of_one_person() {
    for name in ["amazon_instruments.en.jsonl.gz", "shopping10.zh.jsonl.gz"] {
        let Some(events) = read(name) else { continue };
        let user = &events[0].user;
        let mut words = KeywordExtractor::default();
        events.iter().filter(|event| event.user == *user).for_each(|event| words.add(&event.text));
        let terms: Vec<_> = words.top(10).into_iter().map(|keyword| keyword.term).collect();
        eprintln!("{name}: first user: {terms:?}");
        assert!(terms.len() == 10);
    }
}
