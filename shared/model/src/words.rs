//! Public knowledge about words, made from permissively licensed sources and no private data: how
//! frequent a term is, and a vector for each English word.
//!
//! `assets/words-en.bin` is distilled from all-MiniLM-L6-v2 (Apache-2.0) by
//! `scripts/make_word_table.py`; `assets/frequency-zh.tsv` holds shares of Chinese characters and
//! pairs from jieba's dictionary (MIT). The model card is docs/model-card.md.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::vector::is_han;

const WORDS: &[u8] = include_bytes!("../assets/words-en.bin");
const FREQUENCY_ZH: &str = include_str!("../assets/frequency-zh.tsv");

/// Smoothing of the frequency weight: a term of this probability has weight `sqrt(1/2)`.
const FREQUENCY_SMOOTHING: f32 = 1e-3;

/// The longest word piece, in characters.
const MAX_PIECE: usize = 20;

/// The distilled English word table: a vector for each word piece.
pub(crate) struct WordTable {
    index: HashMap<&'static str, usize>,
    scales: Vec<f32>,
    probabilities: Vec<f32>,
    quantised: &'static [u8],
    dims: usize,
}

static TABLE: LazyLock<WordTable> = LazyLock::new(|| WordTable::read(WORDS));
static HAN: LazyLock<HashMap<&'static str, f32>> = LazyLock::new(|| {
    let parse = |line: &'static str| line.split_once('\t').and_then(|(t, p)| Some((t, p.parse().ok()?)));
    FREQUENCY_ZH.lines().filter_map(parse).collect()
});

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

impl WordTable {
    /// The table in this binary.
    pub(crate) fn get() -> &'static Self {
        &TABLE
    }

    /// Reads the embedded file: `FSTB`, u32 version, u32 words, u32 dims, u32 length of the names,
    /// the names joined by newlines, a scale and a probability per word as f32, then `words x dims`
    /// signed bytes; little-endian.
    fn read(bytes: &'static [u8]) -> Self {
        let (n, dims, names) = (u32_at(bytes, 8), u32_at(bytes, 12), u32_at(bytes, 16));
        let after_names = 20 + names;
        let text = std::str::from_utf8(&bytes[20..after_names]).unwrap_or("");
        let scales = f32s(&bytes[after_names..after_names + 4 * n]);
        let probabilities = f32s(&bytes[after_names + 4 * n..after_names + 8 * n]);
        let index = text.split('\n').enumerate().map(|(i, w)| (w, i)).collect();
        Self { index, scales, probabilities, quantised: &bytes[after_names + 8 * n..], dims }
    }

    /// The word's vector times `weight`: the sum over its word pieces, empty for a term that is no
    /// English word or can't be pieced together.
    pub(crate) fn vector(&self, term: &str, weight: f32) -> Vec<(u32, f32)> {
        if term.chars().next().is_none_or(is_han) {
            return Vec::new();
        }
        let pieces = self.pieces(term);
        if pieces.is_empty() {
            return Vec::new();
        }
        let mut sum = vec![0.0_f32; self.dims];
        for piece in pieces {
            let row = &self.quantised[piece * self.dims..(piece + 1) * self.dims];
            let scale = self.scales[piece] * weight;
            sum.iter_mut().zip(row).for_each(|(s, &q)| *s += scale * f32::from(q.cast_signed()));
        }
        sum.into_iter().enumerate().map(|(i, v)| (i as u32, v)).collect()
    }

    /// Greedy longest-match word pieces of a lower-case word without its accents.
    fn pieces(&self, term: &str) -> Vec<usize> {
        let word: Vec<char> = term.nfd().filter(|c| !is_combining_mark(*c)).collect();
        let mut found = Vec::new();
        let mut start = 0;
        let mut candidate = String::new();
        while start < word.len() {
            let longest = (start + 1..=word.len().min(start + MAX_PIECE)).rev().find_map(|end| {
                candidate.clear();
                candidate.push_str(if start > 0 { "##" } else { "" });
                candidate.extend(&word[start..end]);
                self.index.get(candidate.as_str()).map(|&piece| (piece, end))
            });
            let Some((piece, end)) = longest else { return Vec::new() };
            found.push(piece);
            start = end;
        }
        found
    }

    fn probability(&self, word: &str) -> f32 {
        self.index.get(word).map_or(0.0, |&i| self.probabilities[i])
    }
}

/// The weight of a term by its public frequency p: `sqrt(s / (s + p))` (smooth inverse frequency,
/// Arora, Liang, Ma 2017, under a root). Unknown terms weigh 1.
pub(crate) fn frequency_weight(term: &str) -> f32 {
    let p = if term.chars().next().is_some_and(is_han) {
        HAN.get(term).copied().unwrap_or(0.0)
    } else {
        TABLE.probability(term)
    };
    (FREQUENCY_SMOOTHING / (FREQUENCY_SMOOTHING + p)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let (a, b) = (TABLE.vector(a, 1.0), TABLE.vector(b, 1.0));
        let dot = |x: &[(u32, f32)], y: &[(u32, f32)]| x.iter().zip(y).map(|(a, b)| a.1 * b.1).sum::<f32>();
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    }

    #[test]
    fn the_embedded_table_is_whole() {
        assert_eq!(TABLE.dims, crate::encoder::WORD_DIMS);
        assert_eq!(TABLE.quantised.len(), TABLE.scales.len() * TABLE.dims);
        assert_eq!(TABLE.index.len(), TABLE.scales.len());
        assert_eq!(&WORDS[..4], b"FSTB");
    }

    #[test]
    fn related_words_are_close_and_others_are_not() {
        assert!(cosine("guitar", "piano") > cosine("guitar", "parliament") + 0.2);
        assert!(cosine("goalkeeper", "football") > cosine("goalkeeper", "recipe"));
    }

    #[test]
    fn what_is_not_english_has_no_vector() {
        assert!(TABLE.vector("音乐", 1.0).is_empty());
        assert!(TABLE.vector("", 1.0).is_empty());
        assert!(!TABLE.vector("café", 1.0).is_empty());
    }

    #[test]
    fn frequent_terms_weigh_little() {
        assert!(frequency_weight("the") < 0.2);
        assert!(frequency_weight("的") < 0.5);
        assert_eq!(frequency_weight("zyzzyva9"), 1.0);
    }
}
