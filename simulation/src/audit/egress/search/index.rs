//! Many byte strings looked for in one pass.

use std::collections::HashMap;

use super::Spelling;

/// Shorter strings are found everywhere by chance.
const SHORTEST: usize = 4;

/// Byte strings by their first two bytes.
pub(super) struct Index {
    needles: Vec<(Spelling, Vec<u8>)>,
    /// One bit for each pair of bytes that a needle begins with.
    pairs: Vec<bool>,
    by_pair: HashMap<[u8; 2], Vec<usize>>,
}

impl Index {
    pub(super) fn new(mut needles: Vec<(Spelling, Vec<u8>)>) -> Self {
        needles.retain(|(_, needle)| needle.len() >= SHORTEST);
        needles.sort_unstable();
        needles.dedup();
        let (mut pairs, mut by_pair) = (vec![false; 1 << 16], HashMap::<[u8; 2], Vec<usize>>::new());
        for (place, (_, needle)) in needles.iter().enumerate() {
            let pair = [needle[0], needle[1]];
            pairs[usize::from(u16::from_be_bytes(pair))] = true;
            by_pair.entry(pair).or_default().push(place);
        }
        Self { needles, pairs, by_pair }
    }

    pub(super) fn len(&self) -> usize {
        self.needles.len()
    }

    /// The spellings of the strings that are in `bytes`; some may come twice.
    pub(super) fn search(&self, bytes: &[u8]) -> Vec<Spelling> {
        let mut found = vec![false; self.needles.len()];
        for (at, pair) in bytes.windows(2).enumerate() {
            let pair = [pair[0], pair[1]];
            if !self.pairs[usize::from(u16::from_be_bytes(pair))] {
                continue;
            }
            for &place in self.by_pair.get(&pair).into_iter().flatten() {
                found[place] |= bytes[at..].starts_with(&self.needles[place].1);
            }
        }
        self.needles.iter().zip(found).filter(|(_, found)| *found).map(|((spelling, _), _)| *spelling).collect()
    }
}
