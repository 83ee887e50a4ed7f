//! From text to words.
//!
//! Latin and other scripts are cut at the word boundaries of Unicode annex 29. Chinese has no
//! spaces: it is cut with the jieba dictionary, or, without one, into overlapping n-grams.

mod stop;

use std::{borrow::Cow, sync::LazyLock};

use jieba_rs::Jieba;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

pub use self::stop::StopWords;
use crate::{script::Script, scrub::placeholder_len};

/// A word and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token<'t> {
    /// The word as written.
    pub text: &'t str,
    /// First byte in the text it was cut from.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// The script of its first letter or digit.
    pub script: Script,
}

impl<'t> Token<'t> {
    /// The word in small letters.
    pub fn lower(&self) -> Cow<'t, str> {
        if self.script == Script::Han || self.text.bytes().all(|b| b.is_ascii_lowercase()) {
            Cow::Borrowed(self.text)
        } else {
            Cow::Owned(self.text.to_lowercase())
        }
    }
}

/// How Chinese is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Segmenter {
    /// Overlapping pairs of characters and, after each, its first character: no dictionary.
    CharNgrams,
    /// Words by the jieba dictionary, which takes some 30 MB once loaded.
    #[default]
    Jieba,
}

impl Segmenter {
    /// The words of `text`, from left to right. Punctuation is left out.
    pub fn tokens<'t>(self, text: &'t str) -> Vec<Token<'t>> {
        let mut tokens = Vec::new();
        for (start, run, is_han) in runs(text) {
            if !is_han {
                push_words(run, start, &mut tokens);
            } else if self == Self::Jieba {
                push_jieba(run, start, &mut tokens);
            } else {
                push_ngrams(run, start, &mut tokens);
            }
        }
        tokens
    }
}

/// Loaded when the first Chinese text is cut: programs that never meet one do not pay for it.
static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// How often the dictionary's own corpus has `word`, 1 or so where it does not.
pub(crate) fn dictionary_frequency(word: &str) -> usize {
    JIEBA.suggest_freq(word)
}

/// The words of a run of Han with the tags that jieba gives them.
pub(crate) fn tagged_words(run: &str) -> impl Iterator<Item = (&str, &str)> {
    JIEBA.tag(run, true).into_iter().map(|tag| (tag.word, tag.tag))
}

/// Cuts where Han begins or ends: each run with its first byte.
pub(crate) fn runs(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_han = Script::of(first) == Script::Han;
        let end = rest.find(|c| (Script::of(c) == Script::Han) != is_han).unwrap_or(rest.len());
        let start = text.len() - rest.len();
        let (run, after) = rest.split_at(end);
        rest = after;
        Some((start, run, is_han))
    })
}

fn push_words<'t>(run: &'t str, base: usize, tokens: &mut Vec<Token<'t>>) {
    for (start, word) in run.unicode_word_indices() {
        // What stands for somebody's personal data is no word of theirs.
        let open = start.checked_sub('⟨'.len_utf8()).and_then(|open| run.get(open..));
        if open.is_some_and(|open| placeholder_len(open).is_some()) {
            continue;
        }
        let script = word.chars().map(Script::of).find(|script| script.is_word());
        let script = script.unwrap_or(Script::Symbol);
        let start = base + start;
        tokens.push(Token { text: word, start, end: start + word.len(), script });
    }
}

fn push_jieba<'t>(run: &'t str, base: usize, tokens: &mut Vec<Token<'t>>) {
    let mut start = base;
    for word in JIEBA.cut(run, true) {
        let end = start + word.word.len();
        tokens.push(Token { text: word.word, start, end, script: Script::Han });
        start = end;
    }
}

fn push_ngrams<'t>(run: &'t str, base: usize, tokens: &mut Vec<Token<'t>>) {
    let mut chars = run.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let end = start + c.len_utf8();
        let next = chars.peek().map(|&(_, next)| end + next.len_utf8());
        for end in next.into_iter().chain([end]) {
            let text = &run[start..end];
            tokens.push(Token { text, start: base + start, end: base + end, script: Script::Han });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(segmenter: Segmenter, text: &str) -> Vec<&str> {
        segmenter.tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn cuts_mixed_text() {
        assert_eq!(
            words(Segmenter::Jieba, "我在北京大学买了iPhone 15, don't worry!"),
            ["我", "在", "北京大学", "买", "了", "iPhone", "15", "don't", "worry"]
        );
        assert_eq!(words(Segmenter::Jieba, "我叫⟨name⟩,ok"), ["我", "叫", "ok"]);
        assert_eq!(words(Segmenter::CharNgrams, "很好吃 ok"), ["很好", "很", "好吃", "好", "吃", "ok"]);
    }

    #[test]
    fn small_letters_only_where_needed() {
        let tokens = Segmenter::CharNgrams.tokens("Ok ok 好");
        assert_eq!(tokens[0].lower(), "ok");
        assert!(matches!(tokens[1].lower(), Cow::Borrowed("ok")));
        assert!(matches!(tokens[2].lower(), Cow::Borrowed("好")));
    }

    proptest! {
        #[test]
        fn spans_point_at_their_words(text in "[a-zA-Z0-9' ,。好吃的手机の한\u{20bb7}é😀]{0,40}") {
            for segmenter in [Segmenter::Jieba, Segmenter::CharNgrams] {
                let mut last = 0;
                for token in segmenter.tokens(&text) {
                    prop_assert_eq!(&text[token.start..token.end], token.text);
                    prop_assert!(token.start >= last || segmenter == Segmenter::CharNgrams);
                    last = token.end;
                }
            }
            let joined: String = runs(&text).map(|(_, run, _)| run).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
