//! Keyphrases: the phrases that say what a person's texts are about.
//!
//! Candidates are the runs of adjectives and nouns that end in a noun (Hulth 2003), told by part of
//! speech and cut at stop words. A phrase scores by the rarity of its words in general use, by how
//! often and how early it stands, and by how central its words are: TextRank (Mihalcea and Tarau
//! 2004), the PageRank of a graph of words that stand near each other.
//!
//! ```
//! use silhouette_text::KeyphraseExtractor;
//!
//! let mut phrases = KeyphraseExtractor::default();
//! phrases.add("The guitar strings sound warm. New guitar strings again!");
//! assert_eq!(phrases.top(1)[0].phrase, "guitar strings");
//! ```

mod candidate;
mod rank;

use std::{cmp::Ordering, collections::HashMap};

use serde::{Deserialize, Serialize};

use self::rank::Graph;
use crate::{
    keywords::rarity,
    pos::{self, Pos},
    script::Script,
    segment::StopWords,
};

/// Most words of a phrase, English and Chinese.
const MAX_WORDS: usize = 3;

/// A keyphrase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keyphrase {
    /// The phrase in small letters; Chinese words stand together without spaces.
    pub phrase: String,
    /// How much it says about the texts.
    pub score: f64,
    /// How often it stands there.
    pub count: u32,
}

/// Which phrases there may be, and how they are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyphraseOptions {
    /// Least number of uses.
    pub min_count: u32,
    /// What a phrase gains by standing at the very beginning of its texts.
    pub position_bonus: f64,
    /// How much being central counts, beside being rare and often used.
    pub centrality: f64,
    /// Words within this distance are near each other.
    pub window: usize,
    /// Most different phrases kept, and words of the graph; beyond it, those used once are dropped.
    pub max_phrases: usize,
}

impl Default for KeyphraseOptions {
    fn default() -> Self {
        Self { min_count: 1, position_bonus: 0.3, centrality: 0.5, window: 4, max_phrases: 20_000 }
    }
}

/// Collects the phrases of one person's texts.
#[derive(Clone, Debug, Default)]
pub struct KeyphraseExtractor {
    options: KeyphraseOptions,
    stop: StopWords,
    uses: HashMap<String, Uses>,
    graph: Graph,
}

#[derive(Clone, Debug, Default)]
struct Uses {
    words: Vec<String>,
    count: u32,
    /// Sum of 1 minus the place in the text, from 0 to 1.
    early: f64,
}

impl KeyphraseExtractor {
    /// An extractor without texts.
    pub fn new(options: KeyphraseOptions, stop: StopWords) -> Self {
        Self { options, stop, uses: HashMap::new(), graph: Graph::default() }
    }

    /// Adds a text. As of [`pos::tag`], only its first [`pos::MAX_BYTES`] are read.
    pub fn add(&mut self, text: &str) {
        let words = pos::tag(text);
        let length = text.len().max(1) as f64;
        for candidate in candidate::candidates(&words, &self.stop, MAX_WORDS) {
            let phrase = candidate::joined(candidate);
            let early = 1.0 - candidate[0].start as f64 / length;
            let uses = self.uses.entry(phrase).or_insert_with(|| Uses {
                words: candidate.iter().map(|word| word.text.to_lowercase()).collect(),
                ..Uses::default()
            });
            uses.count = uses.count.saturating_add(1);
            uses.early += early;
        }
        let content = words.iter().filter(|word| {
            matches!(word.pos, Pos::Noun | Pos::Propn | Pos::Adj | Pos::Verb) && !self.stop.contains(word.text)
        });
        let content: Vec<String> = content.map(|word| word.text.to_lowercase()).collect();
        self.graph.add(&content, self.options.window);
        if self.uses.len() > self.options.max_phrases {
            self.uses.retain(|_, uses| uses.count > 1);
        }
        self.graph.bound(self.options.max_phrases);
    }

    /// The best phrases so far, best first; equal scores in alphabetical order. A phrase whose words
    /// all stand in a better one is left out.
    pub fn top(&self, limit: usize) -> Vec<Keyphrase> {
        let central = self.graph.centrality();
        let enough = self.uses.iter().filter(|(_, uses)| uses.count >= self.options.min_count);
        let mut scored: Vec<(Keyphrase, &Uses)> = enough
            .map(|(phrase, uses)| {
                let score = self.score(uses, &central);
                (Keyphrase { phrase: phrase.clone(), score, count: uses.count }, uses)
            })
            .collect();
        scored.sort_unstable_by(|a, b| best_first(&a.0, &b.0));
        let mut best: Vec<(Keyphrase, &Uses)> = Vec::new();
        for (phrase, uses) in scored {
            if best.len() == limit {
                break;
            }
            let within = |other: &Uses| uses.words.iter().all(|word| other.words.contains(word));
            if !best.iter().any(|(_, other)| within(other)) {
                best.push((phrase, uses));
            }
        }
        best.into_iter().map(|(phrase, _)| phrase).collect()
    }

    fn score(&self, uses: &Uses, central: &HashMap<&str, f64>) -> f64 {
        let words = uses.words.len() as f64;
        let mean = |of: &dyn Fn(&String) -> f64| uses.words.iter().map(of).sum::<f64>() / words;
        let rare = mean(&|word| rarity(word));
        let central = mean(&|word| central.get(word.as_str()).copied().unwrap_or(0.0));
        let count = f64::from(uses.count);
        let early = uses.early / count;
        // Two words say more than one, three hardly more than two.
        let length = 1.0 + 0.5 * (words - 1.0).min(1.5);
        (1.0 + count.ln())
            * rare
            * length
            * (1.0 + self.options.centrality * central)
            * (1.0 + self.options.position_bonus * early)
    }
}

fn best_first(a: &Keyphrase, b: &Keyphrase) -> Ordering {
    b.score.total_cmp(&a.score).then_with(|| a.phrase.cmp(&b.phrase))
}

/// Whether a word is written in Han.
fn is_han(word: &str) -> bool {
    word.chars().next().is_some_and(|c| Script::of(c) == Script::Han)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(texts: &[&str], limit: usize) -> Vec<String> {
        let mut phrases = KeyphraseExtractor::default();
        texts.iter().for_each(|text| phrases.add(text));
        phrases.top(limit).into_iter().map(|phrase| phrase.phrase).collect()
    }

    #[test]
    fn finds_phrases_of_both_languages() {
        let top = phrases(&["这款机械键盘手感不错,机械键盘声音清脆", "my new tube amp, what a tube amp"], 4);
        assert!(top.contains(&"机械键盘".to_owned()) && top.contains(&"tube amp".to_owned()), "{top:?}");
    }

    #[test]
    fn leaves_out_what_says_nothing() {
        let top = phrases(&["the 的 I 我们 of 12 2024 because 因为 ⟨name⟩"], 10);
        assert!(top.is_empty(), "{top:?}");
    }

    #[test]
    fn the_number_of_phrases_is_bounded_and_the_order_fixed() {
        let options = KeyphraseOptions { max_phrases: 10, ..KeyphraseOptions::default() };
        let mut phrases = KeyphraseExtractor::new(options, StopWords::built_in());
        for index in 0..60u32 {
            let word: String = index.to_string().bytes().map(|byte| char::from(byte + 49)).collect();
            phrases.add(&format!("The kept guitar has a zz{word} knob."));
        }
        assert!(phrases.uses.len() <= 12 && phrases.graph.len() <= 12);
        assert_eq!(phrases.top(5), phrases.clone().top(5));
    }
}
