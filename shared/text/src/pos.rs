//! Part of speech: a Universal POS tag for every word of a text, Chinese or English.
//!
//! Chinese words have the tags of jieba's dictionary, and those that its hidden Markov model guesses,
//! mapped to Universal POS (Petrov, Das and McDonald 2012). English has an averaged perceptron of our
//! own (Collins 2002); `training` in this crate's folder says how its weights were made.
//!
//! ```
//! use silhouette_text::pos::{self, Pos};
//!
//! let tagged = pos::tag("The warm sound of 音乐");
//! let tags: Vec<Pos> = tagged.iter().map(|word| word.pos).collect();
//! assert_eq!(tags, [Pos::Det, Pos::Adj, Pos::Noun, Pos::Adp, Pos::Noun]);
//! ```

mod chinese;
mod english;

use serde::{Deserialize, Serialize};

use crate::{
    scrub::placeholder_len,
    segment::{runs, tagged_words},
};

/// Most bytes of a text that are tagged; what follows has no tags.
pub const MAX_BYTES: usize = 1 << 20;

/// A Universal POS tag (version 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Pos {
    /// Adjective.
    Adj,
    /// Preposition or postposition.
    Adp,
    /// Adverb.
    Adv,
    /// Auxiliary, the copula among them.
    Aux,
    /// Coordinating conjunction.
    Cconj,
    /// Determiner.
    Det,
    /// Interjection.
    Intj,
    /// Noun.
    Noun,
    /// Numeral.
    Num,
    /// Particle.
    Part,
    /// Pronoun.
    Pron,
    /// Proper noun.
    Propn,
    /// Punctuation.
    Punct,
    /// Subordinating conjunction.
    Sconj,
    /// Symbol.
    Sym,
    /// Verb.
    Verb,
    /// Anything else.
    X,
}

impl Pos {
    /// Every tag, in the order of the tagger's weights.
    pub const ALL: [Self; 17] = [
        Self::Adj,
        Self::Adp,
        Self::Adv,
        Self::Aux,
        Self::Cconj,
        Self::Det,
        Self::Intj,
        Self::Noun,
        Self::Num,
        Self::Part,
        Self::Pron,
        Self::Propn,
        Self::Punct,
        Self::Sconj,
        Self::Sym,
        Self::Verb,
        Self::X,
    ];

    /// The tag's name in Universal Dependencies.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 17] = [
            "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT",
            "SCONJ", "SYM", "VERB", "X",
        ];
        NAMES[self as usize]
    }
}

/// A word, its place and its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaggedWord<'t> {
    /// The word as written.
    pub text: &'t str,
    /// First byte in the text.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// Its tag.
    pub pos: Pos,
}

/// The words and punctuation marks of `text` with their tags, from left to right. White space and
/// the placeholders of [`scrub`](crate::scrub) are left out. Only the first [`MAX_BYTES`] are read.
pub fn tag(text: &str) -> Vec<TaggedWord<'_>> {
    let mut words = Vec::new();
    for (base, run, is_han) in runs(&text[..text.floor_char_boundary(MAX_BYTES)]) {
        if is_han {
            let (first, mut start) = (words.len(), base);
            let mut flags = Vec::new();
            for (word, flag) in tagged_words(run) {
                let end = start + word.len();
                words.push(TaggedWord { text: word, start, end, pos: chinese::pos(word, flag) });
                flags.push(flag);
                start = end;
            }
            chinese::settle(&flags, &mut words[first..]);
        } else {
            push_words(run, base, &mut words);
        }
    }
    words
}

/// Cuts a run without Han into words, numbers and marks, and tags them.
fn push_words<'t>(run: &'t str, base: usize, words: &mut Vec<TaggedWord<'t>>) {
    let first = words.len();
    let mut at = 0;
    while let Some(c) = run[at..].chars().next() {
        if let Some(length) = placeholder_len(&run[at..]) {
            at += length;
            continue;
        }
        let length = if c.is_alphabetic() {
            length_while(&run[at..], |c, next| c.is_alphabetic() || matches!(c, '\'' | '’') && next.is_alphabetic())
        } else if c.is_ascii_digit() {
            length_while(&run[at..], |c, next| c.is_ascii_digit() || matches!(c, '.' | ',') && next.is_ascii_digit())
        } else {
            c.len_utf8()
        };
        if !c.is_whitespace() {
            let (start, end) = (base + at, base + at + length);
            words.push(TaggedWord { text: &run[at..at + length], start, end, pos: Pos::X });
        }
        at += length;
    }
    english::tag(&mut words[first..]);
}

fn length_while(text: &str, belongs: impl Fn(char, char) -> bool) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |&(_, next)| next);
        if !belongs(c, next) {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(text: &str) -> String {
        let words: Vec<_> = tag(text).iter().map(|word| format!("{}/{}", word.text, word.pos.name())).collect();
        words.join(" ")
    }

    #[test]
    fn tags_by_context() {
        assert_eq!(tags("They play a play."), "They/PRON play/VERB a/DET play/NOUN ./PUNCT");
        assert_eq!(
            tags("I don't like the 3.5 mm cable"),
            "I/PRON don't/AUX like/VERB the/DET 3.5/NUM mm/NOUN cable/NOUN"
        );
        assert_eq!(tags("他在北京工作"), "他/PRON 在/ADP 北京/PROPN 工作/VERB");
        assert_eq!(tags("⟨name⟩ 很好"), "很/ADV 好/ADJ");
        assert_eq!(tags(""), "");
    }

    #[test]
    fn the_weights_are_whole() {
        assert_eq!(Pos::ALL.map(Pos::name)[Pos::Verb as usize], "VERB");
        assert!(english::features() > 50_000, "{}", english::features());
    }

    #[test]
    fn only_so_much_is_read() {
        let text = "好 ok ".repeat(MAX_BYTES / 6);
        assert!(tag(&text).last().is_some_and(|word| word.end <= MAX_BYTES));
    }

    proptest! {
        #[test]
        fn words_are_places_in_the_text_in_order(text in "([a-zA-Z0-9' ,.。好吃的手机の한é😀⟨⟩]|⟨name⟩|don't|北京){0,30}") {
            let mut last = 0;
            for word in tag(&text) {
                prop_assert!(word.start >= last && word.start < word.end);
                prop_assert_eq!(&text[word.start..word.end], word.text);
                last = word.end;
            }
        }
    }
}
