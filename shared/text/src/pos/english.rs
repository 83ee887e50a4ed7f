//! The averaged perceptron that tags English.

use std::{io::Read, sync::LazyLock};

use flate2::read::GzDecoder;

use super::{Pos, TaggedWord};
use crate::hash::Fnv;

const WEIGHTS: &[u8] = include_bytes!("../../data/pos.en.bin.gz");
const HEAD: &[u8] = b"SPOS\x01";

/// Marks outside of a text, as in the training.
const BEFORE: [&str; 2] = ["-s2-", "-s1-"];
const AFTER: [&str; 2] = ["-e1-", "-e2-"];

/// Weights of features by the upper half of the hash of their names, in the order of the hashes.
struct Model {
    /// The first feature whose hash has these upper 16 bits, and the end.
    index: Vec<u32>,
    hashes: Vec<u32>,
    /// Where the weights of each feature begin, and the end.
    starts: Vec<u32>,
    /// Tag and weight.
    weights: Vec<(u8, i8)>,
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let mut bytes = Vec::new();
    // The file was built into the crate. Should it fail to unpack, every word is tagged by its form.
    let read = GzDecoder::new(WEIGHTS).read_to_end(&mut bytes);
    read.ok().and_then(|_| Model::parse(&bytes)).unwrap_or_else(Model::empty)
});

/// How many features have weights.
#[cfg(test)]
pub(super) fn features() -> usize {
    MODEL.hashes.len()
}

impl Model {
    fn empty() -> Self {
        Self { index: vec![0; (1 << 16) + 1], hashes: Vec::new(), starts: vec![0], weights: Vec::new() }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(HEAD)?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let mut bytes = rest.iter().copied();
        let mut model = Self::empty();
        let mut hash: u32 = 0;
        for _ in 0..u32::from_le_bytes(*count) {
            hash = hash.checked_add(varint(&mut bytes)?)?;
            model.hashes.push(hash);
            for _ in 0..bytes.next()? {
                let tag = bytes.next().filter(|&tag| usize::from(tag) < Pos::ALL.len())?;
                model.weights.push((tag, bytes.next()?.cast_signed()));
            }
            model.starts.push(model.weights.len() as u32);
        }
        let mut at = 0;
        for (upper, first) in model.index.iter_mut().enumerate() {
            while model.hashes.get(at).is_some_and(|hash| ((hash >> 16) as usize) < upper) {
                at += 1;
            }
            *first = at as u32;
        }
        Some(model)
    }

    fn add(&self, hash: u32, scores: &mut [i32; 17]) {
        let upper = (hash >> 16) as usize;
        let (from, to) = (self.index[upper] as usize, self.index[upper + 1] as usize);
        if let Some(at) = self.hashes[from..to].iter().position(|&other| other == hash) {
            let (start, end) = (self.starts[from + at] as usize, self.starts[from + at + 1] as usize);
            for &(tag, weight) in &self.weights[start..end] {
                scores[usize::from(tag)] += i32::from(weight);
            }
        }
    }
}

fn varint(bytes: &mut impl Iterator<Item = u8>) -> Option<u32> {
    let mut value = 0;
    for shift in (0..32).step_by(7) {
        let byte = bytes.next()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Tags the words of one run.
pub(super) fn tag(words: &mut [TaggedWord<'_>]) {
    let lower: Vec<String> = words.iter().map(|word| lower(word.text)).collect();
    let (mut t1, mut t2) = (BEFORE[1], BEFORE[0]);
    for (at, word) in words.iter_mut().enumerate() {
        word.pos = match form(word.text) {
            Some(pos) => pos,
            None => best(word.text, &lower, at, t1, t2),
        };
        (t2, t1) = (t1, word.pos.name());
    }
}

/// As in training: small letters, plain apostrophes, and 0 for any number.
fn lower(word: &str) -> String {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        "0".to_owned()
    } else {
        word.to_lowercase().replace('’', "'")
    }
}

/// What the form alone tells.
fn form(word: &str) -> Option<Pos> {
    let first = word.chars().next()?;
    if first.is_ascii_digit() {
        return Some(Pos::Num);
    }
    if first.is_alphanumeric() || first == '&' {
        return None;
    }
    let symbol = "$%+=<>^|~£€¥°©®™#".contains(first) || !first.is_ascii() && crate::emoji::is_emoji(first);
    Some(if symbol { Pos::Sym } else { Pos::Punct })
}

fn best(word: &str, lower: &[String], at: usize, t1: &str, t2: &str) -> Pos {
    let get = |offset: isize| -> &str {
        match at.checked_add_signed(offset) {
            None => BEFORE[if at as isize + offset == -1 { 1 } else { 0 }],
            Some(at) if at >= lower.len() => AFTER[(at - lower.len()).min(1)],
            Some(at) => &lower[at],
        }
    };
    let (w, p1, p2, n1, n2) = (get(0), get(-1), get(-2), get(1), get(2));
    let shape = shape(word);
    let first = if at == 0 { "1" } else { "0" };
    let mut scores = [0; 17];
    let mut add = |parts: &[&str]| {
        let hash = parts.iter().fold(Fnv::new(0), |state, part| state.with(part.as_bytes()));
        MODEL.add((hash.finish() >> 32) as u32, &mut scores);
    };
    add(&["b"]);
    add(&["w", w]);
    add(&["s", last(w, 3)]);
    add(&["t", last(w, 2)]);
    add(&["f", head(w, 1)]);
    add(&["h", head(w, 3)]);
    add(&["c", shape]);
    add(&["p", p1]);
    add(&["q", p2]);
    add(&["n", n1]);
    add(&["m", n2]);
    add(&["u", last(p1, 3)]);
    add(&["v", last(n1, 3)]);
    add(&["x", w, " ", n1]);
    add(&["y", p1, " ", w]);
    add(&["k", shape, first, last(w, 2)]);
    add(&["1", t1]);
    add(&["2", t2]);
    add(&["3", t1, " ", t2]);
    add(&["4", t1, " ", w]);
    add(&["5", t1, " ", last(w, 3)]);
    // Of equal scores the first, as in training.
    let best = scores.iter().enumerate().rev().max_by_key(|&(_, score)| score).map_or(0, |(tag, _)| tag);
    Pos::ALL[best]
}

fn shape(word: &str) -> &'static str {
    let mut chars = word.chars();
    let first = chars.next().unwrap_or(' ');
    let upper = word.chars().any(char::is_uppercase) && !word.chars().any(char::is_lowercase);
    match (upper, first.is_uppercase()) {
        (true, _) if chars.next().is_none() => "A",
        (true, _) => "AA",
        (false, true) => "Aa",
        (false, false) => "a",
    }
}

fn last(word: &str, count: usize) -> &str {
    word.char_indices().rev().nth(count - 1).map_or(word, |(at, _)| &word[at..])
}

fn head(word: &str, count: usize) -> &str {
    word.char_indices().nth(count).map_or(word, |(at, _)| &word[..at])
}
