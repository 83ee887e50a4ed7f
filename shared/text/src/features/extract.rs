//! The walk over a text that finds every feature once.

use super::NgramOptions;
use crate::{hash::Fnv, script::Script, scrub::placeholder_len};

/// The first byte hashed tells the kind, so that 好 as a character and as a word differ.
const HAN_UNIGRAM: u8 = 1;
const HAN_BIGRAM: u8 = 2;
const WORD: u8 = 3;
const WORD_BIGRAM: u8 = 4;
const CHAR_NGRAM: u8 = 5;

/// A character in small letters, and the bytes of the text it comes from.
type Letter = (char, usize, usize);

pub(super) struct Extractor<'o> {
    options: &'o NgramOptions,
    kinds: [Fnv; 6],
    shift: u32,
}

impl<'o> Extractor<'o> {
    pub(super) fn new(options: &'o NgramOptions) -> Self {
        let start = Fnv::new(options.seed);
        let kinds = [0, 1, 2, 3, 4, 5].map(|kind| start.with(&[kind]));
        Self { options, kinds, shift: 64 - u32::from(options.buckets_log2) }
    }

    /// Calls `emit` with the bucket, the first byte, and the byte after each feature.
    pub(super) fn run(&self, text: &str, mut emit: impl FnMut(u32, usize, usize)) {
        let mut letters: Vec<Letter> = Vec::new();
        let mut word = String::new();
        let mut before = Before::default();
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            let end = start + c.len_utf8();
            let script = Script::of(c);
            if script == Script::Han {
                self.han(text, &mut before.han, (start, end), &mut emit);
                before.word = None;
                continue;
            }
            before.han = None;
            if !script.is_word() {
                if let Some(length) = placeholder_len(&text[start..]) {
                    before.word = None;
                    while chars.next_if(|&(at, _)| at < start + length).is_some() {}
                }
                continue;
            }
            letters.clear();
            word.clear();
            push_letter(c, start, &mut letters, &mut word, self.options.char_ngrams.is_some());
            let mut end = end;
            while let Some(&(at, next)) = chars.peek() {
                let Some(next) = continues(text, at, next) else {
                    break;
                };
                push_letter(next, at, &mut letters, &mut word, self.options.char_ngrams.is_some());
                chars.next();
                end = chars.peek().map_or(text.len(), |&(at, _)| at);
            }
            self.word(&word, &letters, (start, end), &mut before, &mut emit);
        }
    }

    fn han(
        &self,
        text: &str,
        before: &mut Option<usize>,
        (start, end): (usize, usize),
        emit: &mut impl FnMut(u32, usize, usize),
    ) {
        let bytes = text.as_bytes();
        emit(self.bucket(HAN_UNIGRAM, &bytes[start..end]), start, end);
        if self.options.han_bigrams
            && let Some(first) = *before
        {
            emit(self.bucket(HAN_BIGRAM, &bytes[first..end]), first, end);
        }
        *before = Some(start);
    }

    fn word(
        &self,
        word: &str,
        letters: &[Letter],
        (start, end): (usize, usize),
        before: &mut Before,
        emit: &mut impl FnMut(u32, usize, usize),
    ) {
        emit(self.bucket(WORD, word.as_bytes()), start, end);
        if self.options.word_bigrams {
            if let Some((state, first)) = before.word {
                emit(self.reduce(state.with(word.as_bytes())), first, end);
            }
            let state = self.kinds[usize::from(WORD_BIGRAM)].with(word.as_bytes()).with(b" ");
            before.word = Some((state, start));
        }
        if let Some((least, most)) = self.options.char_ngrams {
            for length in least..=most {
                self.char_ngrams(letters, usize::from(length), (start, end), emit);
            }
        }
    }

    /// The windows of `length` over the word with a space at either end.
    fn char_ngrams(
        &self,
        letters: &[Letter],
        length: usize,
        (start, end): (usize, usize),
        emit: &mut impl FnMut(u32, usize, usize),
    ) {
        let padded = letters.len() + 2;
        let letter = |index: usize| match index.checked_sub(1) {
            None => (' ', start, start),
            Some(index) => letters.get(index).copied().unwrap_or((' ', end, end)),
        };
        for first in 0..(padded + 1).saturating_sub(length) {
            let mut state = self.kinds[usize::from(CHAR_NGRAM)];
            let mut buffer = [0; 4];
            for index in first..first + length {
                state.write(letter(index).0.encode_utf8(&mut buffer).as_bytes());
            }
            let (from, to) = (letter(first).1, letter(first + length - 1).2);
            // A padding space alone is no evidence of anything.
            if from < to {
                emit(self.reduce(state), from, to);
            }
        }
    }

    fn bucket(&self, kind: u8, bytes: &[u8]) -> u32 {
        self.reduce(self.kinds[usize::from(kind)].with(bytes))
    }

    fn reduce(&self, state: Fnv) -> u32 {
        (state.finish() >> self.shift) as u32
    }
}

/// What a pair could begin with.
#[derive(Default)]
struct Before {
    han: Option<usize>,
    word: Option<(Fnv, usize)>,
}

/// The character with which the word goes on, an inner apostrophe in its plain form.
fn continues(text: &str, at: usize, c: char) -> Option<char> {
    let is_letter = |c: char| !matches!(Script::of(c), Script::Han | Script::Symbol);
    if is_letter(c) {
        return Some(c);
    }
    let is_apostrophe = matches!(c, '\'' | '’');
    let after = text[at + c.len_utf8()..].chars().next();
    (is_apostrophe && after.is_some_and(is_letter)).then_some('\'')
}

fn push_letter(c: char, start: usize, letters: &mut Vec<Letter>, word: &mut String, keep: bool) {
    let end = start + c.len_utf8();
    if c.is_ascii() {
        let lower = c.to_ascii_lowercase();
        word.push(lower);
        if keep {
            letters.push((lower, start, end));
        }
        return;
    }
    for lower in c.to_lowercase() {
        word.push(lower);
        if keep {
            letters.push((lower, start, end));
        }
    }
}
