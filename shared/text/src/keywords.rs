//! A person's keywords: words they use often that people in general use rarely.
//!
//! The score of a term is `(1 + ln count) × rarity × (1 + bonus × early)`: `rarity`, from 0 to 1,
//! is low for common words, and `early` is the share of its uses in the first quarter of a text.
//! How common a Chinese word is tells the dictionary of the segmenter; for English there is a list
//! of common words, the most common first.

use std::{cmp::Ordering, collections::HashMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::{
    script::Script,
    segment::{Segmenter, StopWords, Token, dictionary_frequency},
};

const COMMON_ENGLISH: &str = include_str!("../data/common_words.en.txt");

/// Rarity of the most common word of the list, and of a word just outside it.
const RARITY: (f64, f64) = (0.15, 0.8);

/// Natural logarithm of the sum of all frequencies in the Chinese dictionary, about 60 million.
const DICTIONARY_TOTAL_LN: f64 = 17.9;

/// The rank of each common English word, from 0 to 1.
static ENGLISH_RANKS: LazyLock<HashMap<&'static str, f64>> = LazyLock::new(|| {
    let words: Vec<_> = COMMON_ENGLISH.split_whitespace().collect();
    let count = words.len().max(1) as f64;
    words.into_iter().enumerate().map(|(rank, word)| (word, rank as f64 / count)).collect()
});

/// A keyword.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keyword {
    /// The word, in small letters.
    pub term: String,
    /// How much it says about the person.
    pub score: f64,
    /// How often they used it.
    pub count: u32,
}

/// Which words may be keywords.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeywordOptions {
    /// Least number of uses.
    pub min_count: u32,
    /// Most a word gains by standing early in its texts.
    pub position_bonus: f64,
    /// Most different words kept; beyond it, words used once are dropped.
    pub max_terms: usize,
}

impl Default for KeywordOptions {
    fn default() -> Self {
        Self { min_count: 1, position_bonus: 0.2, max_terms: 100_000 }
    }
}

/// Collects the words of one person's texts.
///
/// ```
/// use silhouette_text::KeywordExtractor;
///
/// let mut words = KeywordExtractor::default();
/// words.add("The new guitar strings sound warm on my guitar");
/// assert_eq!(words.top(1)[0].term, "guitar");
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeywordExtractor {
    options: KeywordOptions,
    segmenter: Segmenter,
    stop: StopWords,
    uses: HashMap<String, Uses>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    count: u32,
    early: u32,
}

impl KeywordExtractor {
    /// An extractor without texts.
    pub fn new(options: KeywordOptions, segmenter: Segmenter, stop: StopWords) -> Self {
        Self { options, segmenter, stop, uses: HashMap::new() }
    }

    /// Adds a text.
    pub fn add(&mut self, text: &str) {
        let early_until = text.len() / 4;
        for token in self.segmenter.tokens(text) {
            if !may_be_keyword(&token) {
                continue;
            }
            let term = token.lower();
            if self.stop.contains(&term) {
                continue;
            }
            let early = u32::from(token.start <= early_until);
            match self.uses.get_mut(term.as_ref()) {
                Some(uses) => {
                    uses.count = uses.count.saturating_add(1);
                    uses.early = uses.early.saturating_add(early);
                }
                None => {
                    self.uses.insert(term.into_owned(), Uses { count: 1, early });
                }
            }
        }
        if self.uses.len() > self.options.max_terms {
            self.uses.retain(|_, uses| uses.count > 1);
        }
    }

    /// The best keywords so far, best first; equal scores in alphabetical order.
    pub fn top(&self, limit: usize) -> Vec<Keyword> {
        let enough = self.uses.iter().filter(|(_, uses)| uses.count >= self.options.min_count);
        let mut keywords: Vec<_> = enough
            .map(|(term, uses)| Keyword { term: term.clone(), score: self.score(term, *uses), count: uses.count })
            .collect();
        keywords.sort_unstable_by(best_first);
        keywords.truncate(limit);
        keywords
    }

    fn score(&self, term: &str, uses: Uses) -> f64 {
        let count = f64::from(uses.count);
        let early = f64::from(uses.early) / count;
        (1.0 + count.ln()) * self.rarity(term) * (1.0 + self.options.position_bonus * early)
    }

    fn rarity(&self, term: &str) -> f64 {
        // Without the dictionary there is no telling how common a pair of characters is.
        let unknown = self.segmenter != Segmenter::Jieba && is_han(term);
        if unknown { 1.0 } else { rarity(term) }
    }
}

fn is_han(term: &str) -> bool {
    term.chars().next().is_some_and(|c| Script::of(c) == Script::Han)
}

/// How rare a word, in small letters, is in general use: from 0.15 for the most common to 1.
pub(crate) fn rarity(term: &str) -> f64 {
    if !is_han(term) {
        let rank = ENGLISH_RANKS.get(term);
        return rank.map_or(1.0, |rank| RARITY.0 + rank * (RARITY.1 - RARITY.0));
    }
    let frequency = dictionary_frequency(term).max(1) as f64;
    (1.0 - frequency.ln() / DICTIONARY_TOTAL_LN).clamp(RARITY.0, 1.0)
}

fn best_first(a: &Keyword, b: &Keyword) -> Ordering {
    b.score.total_cmp(&a.score).then_with(|| a.term.cmp(&b.term))
}

/// Chinese words of two characters and more, other words of three letters and more.
fn may_be_keyword(token: &Token<'_>) -> bool {
    let least = match token.script {
        Script::Han => 2,
        Script::Number | Script::Symbol => return false,
        _ => 3,
    };
    token.text.chars().nth(least - 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(texts: &[&str], limit: usize) -> Vec<String> {
        let mut words = KeywordExtractor::default();
        texts.iter().for_each(|text| words.add(text));
        words.top(limit).into_iter().map(|keyword| keyword.term).collect()
    }

    #[test]
    fn finds_what_a_person_writes_about() {
        let top =
            terms(&["这款吉他的琴弦音色很好", "我每天都在练习吉他,琴弦也换了", "The guitar pedal, a good pedal"], 4);
        for term in ["吉他", "琴弦", "pedal"] {
            assert!(top.contains(&term.to_owned()), "{top:?}");
        }
    }

    #[test]
    fn leaves_out_what_says_nothing() {
        let top = terms(&["the 的 I 我们 of 12 2024 ab 好 because 因为"], 10);
        assert!(top.is_empty(), "{top:?}");
    }

    #[test]
    fn rare_words_beat_common_ones() {
        let top = terms(&["people saxophone people saxophone"], 2);
        assert_eq!(top, ["saxophone", "people"]);
        let top = terms(&["工作萨克斯"], 2);
        assert_eq!(top[1], "工作", "{top:?}");
    }

    #[test]
    fn the_number_of_terms_is_bounded() {
        let options = KeywordOptions { max_terms: 10, ..KeywordOptions::default() };
        let mut words = KeywordExtractor::new(options, Segmenter::CharNgrams, StopWords::built_in());
        words.add("kept kept");
        for index in 0..50u32 {
            let word: String = index.to_string().bytes().map(|b| char::from(b + 49)).collect();
            words.add(&format!("zz{word}"));
        }
        assert!(words.uses.len() <= 11);
        assert_eq!(words.top(1)[0].count, 2);
    }
}
