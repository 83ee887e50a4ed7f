//! Words that say nothing about a person's interests.

use std::{borrow::Cow, collections::HashSet};

const ENGLISH: &str = include_str!("../../data/stop_words.en.txt");
const CHINESE: &str = include_str!("../../data/stop_words.zh.txt");

/// A set of words to leave out, compared in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopWords {
    words: HashSet<Cow<'static, str>>,
}

impl StopWords {
    /// No words at all.
    pub fn empty() -> Self {
        Self { words: HashSet::new() }
    }

    /// The Chinese and English function words that come with the crate.
    pub fn built_in() -> Self {
        let lines = ENGLISH.lines().chain(CHINESE.lines());
        let words = lines.flat_map(str::split_whitespace).map(Cow::Borrowed).collect();
        Self { words }
    }

    /// These words and the user's own.
    #[must_use]
    pub fn with<I: IntoIterator<Item: AsRef<str>>>(mut self, words: I) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().trim().to_lowercase());
        self.words.extend(words.filter(|word| !word.is_empty()).map(Cow::Owned));
        self
    }

    /// Whether `word` is one of them.
    pub fn contains(&self, word: &str) -> bool {
        if self.words.contains(word) {
            return true;
        }
        // Typographic apostrophes and capitals are rare enough to pay for a copy.
        let unusual = |c: char| c.is_uppercase() || c == '’';
        word.contains(unusual) && self.words.contains(word.to_lowercase().replace('’', "'").as_str())
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

impl Default for StopWords {
    fn default() -> Self {
        Self::built_in()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_function_words_of_both_languages() {
        let stop = StopWords::built_in();
        assert!(stop.len() > 280, "{}", stop.len());
        for word in ["the", "The", "Don’t", "的", "因为", "了", "是"] {
            assert!(stop.contains(word), "{word}");
        }
        for word in ["guitar", "酒店", "good", "不错"] {
            assert!(!stop.contains(word), "{word}");
        }
    }

    #[test]
    fn lists_have_no_word_twice() {
        for list in [ENGLISH, CHINESE] {
            let words: Vec<_> = list.split_whitespace().collect();
            let set: HashSet<_> = words.iter().collect();
            let twice: Vec<_> = set.iter().filter(|word| words.iter().filter(|w| w == *word).count() > 1).collect();
            assert!(twice.is_empty(), "{twice:?}");
        }
    }

    #[test]
    fn the_user_adds_words() {
        let stop = StopWords::empty().with([" Foo ", ""]);
        assert!(stop.contains("foo") && stop.contains("FOO"));
        assert_eq!(stop.len(), 1);
        assert!(StopWords::empty().is_empty());
    }
}
