//! What is told of a text's language: spans must be places in the text, in order, none overlapping.
#![no_main]

use libfuzzer_sys::fuzz_target;
use silhouette_text::{
    Cleaner, KeyphraseExtractor, Lexicon, Scrubber, Segmenter, SpamScore, emoji, entities, numerals, pos,
};

fn in_order(text: &str, spans: impl IntoIterator<Item = (usize, usize)>) {
    let mut last = 0;
    for (start, end) in spans {
        assert!(last <= start && start < end && text.get(start..end).is_some());
        last = end;
    }
}

fuzz_target!(|text: &str| {
    let scrubber = Scrubber::default();
    in_order(text, scrubber.find(text).iter().map(|finding| (finding.start, finding.end)));
    let once = scrubber.scrub(text);
    assert_eq!(scrubber.scrub(&once), once);
    let clean = Cleaner::default().clean(text);
    assert_eq!(Cleaner::default().clean(&clean), clean);
    in_order(text, numerals::find(text).iter().map(|numeral| (numeral.start, numeral.end)));
    numerals::normalize(text);
    in_order(text, emoji::find(text).iter().map(|emoji| (emoji.start, emoji.end)));
    in_order(text, pos::tag(text).iter().map(|word| (word.start, word.end)));
    in_order(text, entities::find(text).iter().map(|entity| (entity.start, entity.end)));
    let mut phrases = KeyphraseExtractor::default();
    phrases.add(text);
    assert!(phrases.top(5).iter().all(|phrase| phrase.score.is_finite()));
    assert!((0.0..=1.0).contains(&SpamScore::of(text).score));
    assert!((-1.0..=1.0).contains(&Lexicon::built_in().sentiment_of(text, Segmenter::Jieba)));
});
