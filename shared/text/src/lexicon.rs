//! Sentiment by a small lexicon of Chinese and English words: the fallback where no model is.
//!
//! A word's weight is turned by a negation and scaled by a degree word shortly before it, and what
//! stands before "but" is halved. The weights of a text are summed, divided by the root of their
//! number so that long texts don't speak louder, and squeezed into -1 to 1 as in VADER (Hutto and
//! Gilbert 2014).

use std::collections::HashMap;

use crate::{
    emoji,
    script::Script,
    segment::{Segmenter, Token},
};

const ENGLISH: &str = include_str!("../data/sentiment.en.txt");
const CHINESE: &str = include_str!("../data/sentiment.zh.txt");

/// How far before a word, in bytes, a negation or degree word still applies: four characters, which
/// never reach into another clause, or about four words. Chosen on training people, as what follows:
/// docs/quality.md has the figures.
const REACH_HAN: usize = 12;
const REACH: usize = 24;

/// A negated word counts for less than its opposite: "not great" is not "terrible".
const NEGATED_HAN: f32 = -0.5;
const NEGATED: f32 = -0.75;

/// What was said before one of these counts for less.
const CONTRASTS: [&str; 2] = ["but", "however"];
const CONTRASTED: f32 = 0.5;

/// Squeezes a sum: one word of weight 2 gives 0.46, three give 0.84.
const SQUEEZE: f32 = 15.0;

/// What a word does to the sentiment of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Weight(f32),
    Degree(f32),
    Negation,
}

/// A word of the lexicon in a text, with what modifies it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SentimentWord {
    /// First byte: of the word, or of the first negation or degree word that applies to it.
    pub start: usize,
    /// First byte after the word.
    pub end: usize,
    /// Its weight, modifiers applied; below 0 for bad words.
    pub weight: f32,
}

/// A sentiment lexicon.
#[derive(Clone, Debug)]
pub struct Lexicon {
    roles: HashMap<&'static str, Role>,
}

impl Lexicon {
    /// The Chinese and English lexicon that comes with the crate.
    pub fn built_in() -> Self {
        let lines = ENGLISH.lines().chain(CHINESE.lines());
        Self { roles: lines.filter_map(parse).flatten().collect() }
    }

    /// How many words it has.
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// The sentiment of a text from -1 to 1, by its tokens in order; 0 where no word is known.
    pub fn sentiment(&self, tokens: &[Token<'_>]) -> f32 {
        Self::of_words(&self.words(tokens))
    }

    /// The sentiment of a text from -1 to 1, emoji and emoticons taken in.
    pub fn sentiment_of(&self, text: &str, segmenter: Segmenter) -> f32 {
        Self::of_words(&self.words_and_emoji(text, &segmenter.tokens(text)))
    }

    /// The words of a text that feel like something and its emoji, by place; `tokens` are the text's.
    pub fn words_and_emoji(&self, text: &str, tokens: &[Token<'_>]) -> Vec<SentimentWord> {
        let mut words = self.words(tokens);
        let emoji = emoji::find(text).into_iter().filter(|emoji| emoji.weight != 0.0);
        words.extend(emoji.map(|emoji| SentimentWord { start: emoji.start, end: emoji.end, weight: emoji.weight }));
        words.sort_by_key(|word| word.start);
        words
    }

    /// The sentiment of a text whose known words are these.
    pub fn of_words(words: &[SentimentWord]) -> f32 {
        let sum: f32 = words.iter().map(|word| word.weight).sum();
        let sum = sum / (words.len().max(1) as f32).sqrt();
        if sum == 0.0 { 0.0 } else { (sum / (sum * sum + SQUEEZE).sqrt()).clamp(-1.0, 1.0) }
    }

    /// The words of a text that feel like something, by its tokens in order.
    pub fn words(&self, tokens: &[Token<'_>]) -> Vec<SentimentWord> {
        let mut words = Vec::new();
        let mut modifiers: Vec<(usize, usize, f32)> = Vec::new();
        let (mut taken, mut last) = (0, 0);
        for token in tokens {
            let han = token.script == Script::Han;
            // Between Chinese words there is nothing but punctuation.
            if han && token.start > last {
                modifiers.clear();
            }
            last = token.end;
            // Of overlapping n-grams the longest, which comes first, is the one that counts.
            if token.start < taken {
                continue;
            }
            let lower = token.lower().replace('’', "'");
            let Some(role) = self.roles.get(lower.as_str()) else {
                if CONTRASTS.contains(&lower.as_str()) {
                    words.iter_mut().for_each(|word: &mut SentimentWord| word.weight *= CONTRASTED);
                    modifiers.clear();
                }
                continue;
            };
            taken = token.end;
            match *role {
                Role::Negation => modifiers.push((token.start, token.end, if han { NEGATED_HAN } else { NEGATED })),
                Role::Degree(factor) => modifiers.push((token.start, token.end, factor)),
                Role::Weight(weight) => {
                    let mut word = SentimentWord { start: token.start, end: token.end, weight };
                    let reach = if han { REACH_HAN } else { REACH };
                    for (start, _, factor) in modifiers.drain(..).filter(|&(_, end, _)| token.start - end <= reach) {
                        word.start = word.start.min(start);
                        word.weight *= factor;
                    }
                    words.push(word);
                }
            }
        }
        words
    }
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::built_in()
    }
}

/// A line of the list: a weight, `not`, or `x` and a factor, and then the words it holds for.
fn parse(line: &'static str) -> Option<impl Iterator<Item = (&'static str, Role)>> {
    let mut words = line.split_whitespace();
    let head = words.next()?;
    let role = match head.strip_prefix('x') {
        Some(factor) => Role::Degree(factor.parse().ok()?),
        None if head == "not" => Role::Negation,
        None => Role::Weight(head.parse().ok()?),
    };
    Some(words.map(move |word| (word, role)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::segment::Segmenter;

    fn score(text: &str) -> f32 {
        Lexicon::built_in().sentiment(&Segmenter::Jieba.tokens(text))
    }

    #[test]
    fn the_lists_are_whole() {
        for list in [ENGLISH, CHINESE] {
            assert!(list.lines().all(|line| parse(line).is_some()), "a line without a role");
            let words: Vec<_> = list.lines().filter_map(parse).flatten().map(|(w, _)| w).collect();
            assert!(words.len() > 200, "{}", words.len());
            let mut seen = HashSet::new();
            let twice: Vec<_> = words.iter().filter(|word| !seen.insert(*word)).collect();
            assert!(twice.is_empty(), "{twice:?}");
        }
    }

    #[test]
    fn tells_good_from_bad() {
        for good in ["I love this guitar", "Great value!", "非常好吃,推荐", "not bad", "质量不错,很满意"] {
            assert!(score(good) > 0.1, "{good}: {}", score(good));
        }
        for bad in ["I don’t like it", "terrible and broken", "太差了,很失望", "不推荐", "not very good", "不好用"]
        {
            assert!(score(bad) < -0.1, "{bad}: {}", score(bad));
        }
        assert_eq!(score("the table is brown"), 0.0);
        assert_eq!(score(""), 0.0);
    }

    #[test]
    fn degree_words_scale() {
        assert!(score("very good") > score("good"));
        assert!(score("somewhat good") < score("good"));
        assert!(score("非常满意") > score("满意"));
    }

    #[test]
    fn emoji_count() {
        let lexicon = Lexicon::built_in();
        assert!(lexicon.sentiment_of("还行😍", Segmenter::Jieba) > score("还行😍"));
        assert!(lexicon.sentiment_of("came today :(", Segmenter::Jieba) < 0.0);
    }

    #[test]
    fn words_are_placed_with_their_modifiers() {
        let text = "It is not very good, 但是非常满意";
        let words = Lexicon::built_in().words(&Segmenter::Jieba.tokens(text));
        let places: Vec<_> = words.iter().map(|w| (&text[w.start..w.end], w.weight > 0.0)).collect();
        assert_eq!(places, [("not very good", false), ("非常满意", true)]);
        assert_eq!(Lexicon::of_words(&words), score(text));
    }

    #[test]
    fn ngrams_do_not_count_twice() {
        let tokens = Segmenter::CharNgrams.tokens("不好");
        assert_eq!(Lexicon::built_in().sentiment(&tokens), score("不好"));
    }

    proptest! {
        #[test]
        fn stays_in_range(text in "(good |bad |very |not |好|坏|很|不|差|喜欢| ){0,60}") {
            for segmenter in [Segmenter::Jieba, Segmenter::CharNgrams] {
                let score = Lexicon::built_in().sentiment(&segmenter.tokens(&text));
                prop_assert!((-1.0..=1.0).contains(&score));
            }
        }
    }
}
