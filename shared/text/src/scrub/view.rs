//! A text as characters, full-width forms and typographic dashes made plain.

use std::marker::PhantomData;

/// What stands for a character outside the text.
pub(super) const NONE: char = '\0';

/// The characters of a text, one for one, and where each begins.
pub(super) struct View<'t> {
    chars: Vec<char>,
    bytes: Vec<usize>,
    text: PhantomData<&'t str>,
}

impl<'t> View<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut chars = Vec::with_capacity(text.len());
        let mut bytes = Vec::with_capacity(text.len() + 1);
        for (at, c) in text.char_indices() {
            chars.push(plain(c));
            bytes.push(at);
        }
        bytes.push(text.len());
        Self { chars, bytes, text: PhantomData }
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// The byte at which character `at` begins.
    pub(super) fn byte(&self, at: usize) -> usize {
        self.bytes[at.min(self.len())]
    }

    pub(super) fn get(&self, at: usize) -> char {
        self.chars.get(at).copied().unwrap_or(NONE)
    }

    pub(super) fn get_before(&self, at: usize) -> char {
        at.checked_sub(1).map_or(NONE, |at| self.get(at))
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &[char] {
        self.chars.get(from..to.min(self.len())).unwrap_or_default()
    }

    pub(super) fn string(&self, from: usize, to: usize) -> String {
        self.slice(from, to).iter().collect()
    }

    /// Whether the text goes on with `word`, ASCII capitals not told apart.
    pub(super) fn starts_with(&self, at: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(i, c)| self.get(at + i).eq_ignore_ascii_case(&c))
    }

    /// The character after `word` at `at`, where no longer ASCII word begins with it.
    pub(super) fn after_word(&self, at: usize, word: &str) -> Option<usize> {
        if !self.starts_with(at, word) {
            return None;
        }
        let end = at + word.chars().count();
        let inside = self.get_before(end).is_ascii_alphanumeric() && self.get(end).is_ascii_alphanumeric();
        (!inside).then_some(end)
    }

    /// The first character from `at` on that does not belong, at most `most` further.
    pub(super) fn run(&self, at: usize, most: usize, belongs: impl Fn(char) -> bool) -> usize {
        let rest = self.slice(at, at.saturating_add(most));
        at + rest.iter().take_while(|&&c| belongs(c)).count()
    }

    /// Whether one of `words`, all in small letters, stands in the `window` characters before `at`.
    pub(super) fn has_before(&self, at: usize, window: usize, words: &[&str]) -> bool {
        let from = at.saturating_sub(window);
        words.iter().any(|word| {
            let length = word.chars().count();
            (from..(at + 1).saturating_sub(length)).any(|start| {
                let word_start = !word.is_ascii()
                    || !word.starts_with(|c: char| c.is_ascii_alphanumeric())
                    || !self.get_before(start).is_ascii_alphanumeric();
                word_start && self.starts_with(start, word)
            })
        })
    }

    /// Whether one of `words` stands in the `window` characters from `at` on.
    pub(super) fn has_after(&self, at: usize, window: usize, words: &[&str]) -> bool {
        (at..at + window).any(|start| words.iter().any(|word| self.starts_with(start, word)))
    }
}

fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{a0}' | '\u{3000}' | '\u{2009}' | '\u{202f}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '’' | '‘' => '\'',
        _ => c,
    }
}
