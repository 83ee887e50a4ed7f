//! From text to token ids: BERT's normaliser and pre-tokenizer, then the greedy longest match of word pieces
//! (Devlin et al. 2019; Schuster and Nakajima 2012), as the `tokenizers` library does it.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::unicode::{is_chinese, is_dropped, is_mark, is_newer, is_punctuation};

/// What is done to a text before it is split into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Normaliser {
    /// Control characters go, every white space becomes a space.
    pub(super) clean: bool,
    /// Each Han character becomes a word of its own.
    pub(super) chinese: bool,
    /// Accents go, by canonical decomposition.
    pub(super) accents: bool,
    /// Upper case becomes lower case.
    pub(super) lower: bool,
}

impl Normaliser {
    fn apply(self, text: &str) -> String {
        let cleaned = |c: char| match c {
            _ if !self.clean => Some(c),
            _ if is_dropped(c) => None,
            _ if c.is_whitespace() => Some(' '),
            _ => Some(c),
        };
        let mut found = String::with_capacity(text.len() + text.len() / 8);
        for c in text.chars().filter_map(cleaned) {
            if self.chinese && is_chinese(c) {
                found.extend([' ', c, ' ']);
            } else {
                found.push(c);
            }
        }
        if self.accents && !found.is_ascii() {
            found = without_accents(&found);
        }
        if self.lower {
            found = found.chars().flat_map(char::to_lowercase).collect();
        }
        found
    }
}

fn without_accents(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    for part in text.split_inclusive(is_newer) {
        let plain = part.trim_end_matches(is_newer);
        found.extend(plain.nfd().filter(|&c| !is_mark(c)));
        found.push_str(&part[plain.len()..]);
    }
    found
}

/// A vocabulary of word pieces.
#[derive(Clone, Debug)]
pub(super) struct WordPiece {
    pub(super) normaliser: Normaliser,
    /// Pieces that begin a word.
    pub(super) starts: HashMap<String, u32>,
    /// Pieces that go on with one, without their prefix.
    pub(super) continuations: HashMap<String, u32>,
    /// Tokens that a text may state by their name.
    pub(super) named: Vec<(String, u32)>,
    /// Characters of the longest word that is taken apart; a longer one is unknown.
    pub(super) longest_word: usize,
    /// Bytes of the longest piece.
    pub(super) longest_piece: usize,
    /// Begins every text.
    pub(super) first: u32,
    /// Ends every text.
    pub(super) last: u32,
    /// Stands for a word that can't be pieced together.
    pub(super) unknown: u32,
}

impl WordPiece {
    /// Token ids, at most `length` with the first and the last.
    pub(super) fn encode(&self, text: &str, length: usize) -> Vec<u32> {
        let most = length.saturating_sub(1).max(1);
        let mut ids = vec![self.first];
        let mut rest = text;
        while ids.len() < most && !rest.is_empty() {
            let found = self.named.iter().filter_map(|(name, id)| Some((rest.find(name)?, name.len(), *id)));
            // The first, and of those that begin together the longest.
            let next = found.min_by_key(|&(at, len, _)| (at, usize::MAX - len));
            let plain = next.map_or(rest, |(at, _, _)| &rest[..at]);
            self.plain(plain, most, &mut ids);
            let Some((at, len, id)) = next else { break };
            ids.push(id);
            rest = &rest[at + len..];
        }
        ids.truncate(most);
        ids.push(self.last);
        ids
    }

    /// A text without tokens by name.
    fn plain(&self, text: &str, most: usize, ids: &mut Vec<u32>) {
        let text = self.normaliser.apply(text);
        each_word(&text, |word| {
            self.word(word, ids);
            ids.len() < most
        });
    }

    /// The pieces of a word: again and again the longest that the vocabulary has.
    fn word(&self, word: &str, ids: &mut Vec<u32>) {
        let before = ids.len();
        let mut rest = if word.chars().count() > self.longest_word { "" } else { word };
        let mut pieces = &self.starts;
        while !rest.is_empty() {
            let ends = (1..=rest.len().min(self.longest_piece)).rev().filter(|&end| rest.is_char_boundary(end));
            let longest = ends.into_iter().find_map(|end| Some((*pieces.get(&rest[..end])?, end)));
            let Some((id, end)) = longest else { break };
            ids.push(id);
            rest = &rest[end..];
            pieces = &self.continuations;
        }
        if !rest.is_empty() || ids.len() == before {
            ids.truncate(before);
            ids.push(self.unknown);
        }
    }
}

/// Shows the words one after the other, punctuation by itself, for as long as more are wanted.
fn each_word(text: &str, mut wants_more: impl FnMut(&str) -> bool) {
    for words in text.split(char::is_whitespace) {
        let mut rest = words;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(is_punctuation).unwrap_or(rest.len());
            let (word, after) = rest.split_at(if end == 0 { first.len_utf8() } else { end });
            if !wants_more(word) {
                return;
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests;
