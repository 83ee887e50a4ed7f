//! Runs of words that may be phrases.

use super::{Pos, StopWords, is_han};
use crate::pos::TaggedWord;

/// Nouns that say too little to be a phrase or the head of one.
const EMPTY: &[&str] = &[
    "thing",
    "things",
    "lot",
    "way",
    "bit",
    "time",
    "times",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "something",
    "anything",
    "everything",
    "one",
    "ones",
    "kind",
    "sort",
    "couple",
    "people",
    "感觉",
    "时候",
    "东西",
    "时间",
    "方面",
    "地方",
    "样子",
    "效果",
    "质量",
    "问题",
    "有点",
    "明显",
    "不错",
    "态度",
    "味道",
];

/// Heads that name an aspect of what stands before them: 青轴声音 is about 青轴.
const ASPECTS: &[&str] =
    &["手感", "声音", "种类", "旁边", "味道", "感觉", "态度", "里面", "上面", "附近", "容量", "厚度", "方面"];

/// Adjectives of praise and size that are no part of a term, before two more words.
const PRAISE: &[&str] =
    &["new", "old", "good", "great", "nice", "lovely", "best", "big", "little", "real", "whole", "beautiful"];

/// Words of a Chinese phrase: a longer run is most often a thing and a part of it.
const MAX_HAN: usize = 2;

/// The candidates of a text, from left to right: adjectives and nouns that end in a noun, whole runs
/// of at most `most` words; of a longer run its last ones, and in Chinese what stands before them.
pub(super) fn candidates<'w, 't>(
    words: &'w [TaggedWord<'t>],
    stop: &StopWords,
    most: usize,
) -> Vec<&'w [TaggedWord<'t>]> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let mut to = from;
        while to < words.len() && belongs(words, from, to, stop) {
            to += 1;
        }
        let mut run = &words[from..to];
        let han = run.first().is_some_and(|word| is_han(word.text));
        if han {
            while let [rest @ .., last] = run
                && !rest.is_empty()
                && ASPECTS.contains(&last.text)
            {
                run = rest;
            }
            if run.len() > MAX_HAN {
                let (head, last) = run.split_at(run.len() - MAX_HAN);
                found.extend(trimmed(head, MAX_HAN));
                run = last;
            }
        }
        found.extend(trimmed(run, if han { MAX_HAN } else { most }));
        from = to.max(from + 1);
    }
    found
}

/// Whether the run from `from` on goes on with the word at `at`.
fn belongs(words: &[TaggedWord<'_>], from: usize, at: usize, stop: &StopWords) -> bool {
    let word = &words[at];
    let han = is_han(word.text);
    let joined = at == from || {
        let before = &words[at - 1];
        let gap = word.start - before.end;
        let same = is_han(before.text) == han;
        if han { gap == 0 && same } else { gap == 1 && same }
    };
    // In Chinese an adjective before a noun without 的 is part of a term; after one it is said of it.
    let after_noun = at > from && matches!(words[at - 1].pos, Pos::Noun | Pos::Propn);
    let kind = match word.pos {
        Pos::Noun | Pos::Propn => true,
        Pos::Adj => !after_noun || !han && words.get(at + 1).is_some_and(|next| next.pos == Pos::Noun),
        Pos::Verb => han && leads_term(words, at),
        _ => false,
    };
    let pointing = han && word.text.starts_with(['这', '那', '每', '几', '一', '各']);
    joined && kind && !pointing && !stop.contains(word.text) && word.text.chars().any(char::is_alphabetic)
}

/// A Chinese verb of two characters right before a noun, as in 降噪耳机.
fn leads_term(words: &[TaggedWord<'_>], at: usize) -> bool {
    let next = words.get(at + 1).filter(|next| next.start == words[at].end && next.pos == Pos::Noun);
    words[at].text.chars().count() == 2 && next.is_some_and(|next| next.text.chars().count() >= 2)
}

/// The last words of a run up to its last noun.
fn trimmed<'w, 't>(run: &'w [TaggedWord<'t>], most: usize) -> Option<&'w [TaggedWord<'t>]> {
    let noun = |word: &TaggedWord<'_>| matches!(word.pos, Pos::Noun | Pos::Propn);
    let end = run.iter().rposition(noun)? + 1;
    let mut phrase = &run[end.saturating_sub(most)..end];
    let praise = |word: &TaggedWord<'_>| PRAISE.contains(&word.text.to_lowercase().as_str());
    let small = |word: &TaggedWord<'_>| word.pos == Pos::Adj && is_han(word.text) && word.text.chars().count() == 1;
    if let [first, rest @ ..] = phrase
        && (rest.len() > 1 && praise(first) || !rest.is_empty() && small(first))
    {
        phrase = rest;
    }
    let head = phrase.last()?;
    let least = if is_han(head.text) { 2 } else { 3 };
    let letters: usize = phrase.iter().map(|word| word.text.chars().count()).sum();
    let empty = EMPTY.contains(&head.text.to_lowercase().as_str()) && phrase.len() == 1;
    (letters >= least && !empty).then_some(phrase)
}

/// The phrase in small letters: English words with spaces, Chinese ones without.
pub(super) fn joined(words: &[TaggedWord<'_>]) -> String {
    let gap = if words.first().is_some_and(|word| is_han(word.text)) { "" } else { " " };
    words.iter().map(|word| word.text.to_lowercase()).collect::<Vec<_>>().join(gap)
}
