//! Keyphrases, against phrases that the author chose, and jieba's own beside them.

use std::collections::HashMap;

use silhouette_text::{KeyphraseExtractor, KeywordExtractor};

use super::{Row, Score, data, part};

/// How many phrases each extractor may name.
const TOP: usize = 5;

fn gold(line: &str) -> (&str, Vec<String>) {
    let (text, phrases) = line.rsplit_once('|').unwrap_or((line, ""));
    let split: Vec<&str> =
        if phrases.contains(';') { phrases.split(';').collect() } else { phrases.split(' ').collect() };
    let split = if text.is_ascii() && !phrases.contains(';') { vec![phrases] } else { split };
    (text, split.into_iter().map(|phrase| phrase.trim().to_lowercase()).collect())
}

/// Our phrases of a text.
fn phrases(text: &str) -> Vec<String> {
    let mut extractor = KeyphraseExtractor::default();
    extractor.add(text);
    extractor.top(TOP).into_iter().map(|phrase| phrase.phrase).collect()
}

/// Our single words, for comparison.
fn words(text: &str) -> Vec<String> {
    let mut extractor = KeywordExtractor::default();
    extractor.add(text);
    extractor.top(TOP).into_iter().map(|word| word.term).collect()
}

/// What another extractor named: lines of `text|phrase phrase`.
fn recorded(name: &str) -> HashMap<String, Vec<String>> {
    let lines = data(name);
    lines.lines().map(gold).map(|(text, phrases)| (text.to_owned(), phrases)).collect()
}

fn score(lines: &[&str], find: impl Fn(&str) -> Vec<String>) -> Score {
    let show = std::env::var_os("SILHOUETTE_SHOW_ERRORS").is_some();
    let mut score = Score::default();
    for (text, gold) in lines.iter().map(|line| gold(line)) {
        let found = find(text);
        if show {
            eprintln!("phrases {found:?} of {gold:?}: {text}");
        }
        score.truth += gold.len();
        score.found += found.len();
        score.right += found.iter().filter(|phrase| gold.contains(phrase)).count();
    }
    score
}

/// Our phrases on one part of a language's set.
pub fn ours(language: &str, name: &str) -> Score {
    score(&part(&data(&format!("keyphrases.{language}.txt")), name), phrases)
}

/// The table.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for language in ["zh", "en"] {
        let set = data(&format!("keyphrases.{language}.txt"));
        for name in ["dev", "held"] {
            let lines = part(&set, name);
            let head = format!("keyphrases {language} {name}, first {TOP}");
            rows.push(Row::of_score(&head, "ours", score(&lines, phrases)));
            rows.push(Row::of_score(&head, "our keywords", score(&lines, words)));
            for (kind, file) in [("jieba TF-IDF", "tfidf"), ("jieba TextRank", "textrank")] {
                if language == "zh" {
                    let theirs = recorded(&format!("keyphrases.zh.jieba-{file}.txt"));
                    rows.push(Row::of_score(&head, kind, score(&lines, |text| theirs[text].clone())));
                }
            }
        }
    }
    rows
}
