//! Exact and near duplicates among the texts of one person.
//!
//! A text is compared by its SimHash (Charikar 2002): 64 bits of which texts that share most of
//! their character 3-grams share most. The person's earlier fingerprints are kept in bands, so
//! that a fingerprint within the allowed distance shares at least one band exactly, and only
//! those are compared.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::hash::hash64;

/// Seeds of our fingerprints, apart from those of features so that neither tells of the other.
const EXACT_SEED: u64 = 0x6578_6163_7400_0001;
const NEAR_SEED: u64 = 0x6e65_6172_0000_0001;

/// How near is near, and how much to remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DuplicateOptions {
    /// Two texts are near duplicates up to this many differing bits of 64. Measured on Chinese
    /// reviews of 50 to 70 characters: two different ones differ in 32 bits, give or take 4, never
    /// below 22; one changed character changes 6.5 on average and at most 9 in nine of ten. At
    /// most 15; more is taken as 15.
    pub max_distance: u32,
    /// Shorter texts, in characters, are compared exactly only: they have too few 3-grams.
    pub min_chars: usize,
    /// How many texts of a person are remembered; the oldest are forgotten first.
    pub remembered: usize,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        Self { max_distance: 9, min_chars: 20, remembered: 50_000 }
    }
}

/// What a text is to the person's earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The same text was there before.
    Exact,
    /// Nearly the same text was there before.
    Near {
        /// Differing bits.
        distance: u32,
    },
    /// Unlike any text before.
    New,
}

/// Finds duplicates in a stream of texts, each person's for themselves.
///
/// ```
/// use silhouette_text::{Deduplicator, Verdict};
///
/// let mut seen = Deduplicator::default();
/// assert_eq!(seen.check("ann", "the same"), Verdict::New);
/// assert_eq!(seen.check("bob", "the same"), Verdict::New);
/// assert_eq!(seen.check("ann", "the same"), Verdict::Exact);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Deduplicator {
    options: DuplicateOptions,
    users: HashMap<String, Seen>,
    exact: u64,
    near: u64,
}

impl Deduplicator {
    /// Nothing seen yet.
    pub fn new(options: DuplicateOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Compares a clean text with the earlier ones of `user`, and remembers it if it is new.
    pub fn check(&mut self, user: &str, text: &str) -> Verdict {
        if !self.users.contains_key(user) {
            self.users.insert(user.to_owned(), Seen::default());
        }
        let Some(seen) = self.users.get_mut(user) else {
            return Verdict::New;
        };
        let verdict = seen.check(text, &self.options);
        match verdict {
            Verdict::Exact => self.exact += 1,
            Verdict::Near { .. } => self.near += 1,
            Verdict::New => {}
        }
        verdict
    }

    /// How many exact duplicates were found.
    pub fn exact(&self) -> u64 {
        self.exact
    }

    /// How many near duplicates were found.
    pub fn near(&self) -> u64 {
        self.near
    }
}

/// The texts of one person, by their fingerprints only.
#[derive(Clone, Debug, Default)]
struct Seen {
    exact: HashSet<u64>,
    order: VecDeque<(u64, Option<u64>)>,
    bands: HashMap<(u32, u64), Vec<u64>>,
}

impl Seen {
    fn check(&mut self, text: &str, options: &DuplicateOptions) -> Verdict {
        let exact = hash64(text.as_bytes(), EXACT_SEED);
        if self.exact.contains(&exact) {
            return Verdict::Exact;
        }
        let long = text.chars().nth(options.min_chars.max(3) - 1).is_some();
        let near = long.then(|| simhash(text));
        if let Some(near) = near
            && let Some(distance) = self.nearest(near, options)
        {
            return Verdict::Near { distance };
        }
        self.remember(exact, near, options);
        Verdict::New
    }

    fn nearest(&self, near: u64, options: &DuplicateOptions) -> Option<u32> {
        bands(near, options)
            .filter_map(|band| self.bands.get(&band))
            .flatten()
            .map(|other| (near ^ other).count_ones())
            .filter(|&distance| distance <= max_distance(options))
            .min()
    }

    fn remember(&mut self, exact: u64, near: Option<u64>, options: &DuplicateOptions) {
        if self.order.len() >= options.remembered.max(1)
            && let Some((exact, near)) = self.order.pop_front()
        {
            self.forget(exact, near, options);
        }
        self.exact.insert(exact);
        self.order.push_back((exact, near));
        for band in near.into_iter().flat_map(|near| bands(near, options)) {
            self.bands.entry(band).or_default().extend(near);
        }
    }

    fn forget(&mut self, exact: u64, near: Option<u64>, options: &DuplicateOptions) {
        self.exact.remove(&exact);
        let Some(near) = near else { return };
        for band in bands(near, options) {
            if let Some(held) = self.bands.get_mut(&band)
                && let Some(at) = held.iter().position(|&other| other == near)
            {
                held.swap_remove(at);
            }
        }
    }
}

fn max_distance(options: &DuplicateOptions) -> u32 {
    options.max_distance.min(15)
}

/// One band more than bits may differ: by the pigeonhole principle one of them is untouched.
fn bands(near: u64, options: &DuplicateOptions) -> impl Iterator<Item = (u32, u64)> {
    let count = max_distance(options) + 1;
    (0..count).map(move |band| {
        let (from, to) = (64 * band / count, 64 * (band + 1) / count);
        (band, (near >> from) & (u64::MAX >> (64 - (to - from))))
    })
}

/// The SimHash of the character 3-grams of `text`; a text of fewer characters is one gram.
pub fn simhash(text: &str) -> u64 {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut votes = [0i32; 64];
    let mut vote = |gram: &str| {
        let hash = hash64(gram.as_bytes(), NEAR_SEED);
        for (bit, vote) in votes.iter_mut().enumerate() {
            *vote += ((hash >> bit) & 1) as i32 * 2 - 1;
        }
    };
    if starts.len() <= 4 {
        vote(text);
    } else {
        for window in starts.windows(4) {
            vote(&text[window[0]..window[3]]);
        }
    }
    votes.iter().enumerate().fold(0, |bits, (bit, &vote)| bits | (u64::from(vote > 0) << bit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONG: &str = "这个酒店的位置非常好,离地铁站只有五分钟,房间干净,早餐丰富,服务员也很热情,下次出差还会再来住。";

    #[test]
    fn small_edits_are_near_and_other_texts_are_not() {
        let mut seen = Deduplicator::default();
        assert_eq!(seen.check("u", LONG), Verdict::New);
        let edited = LONG.replace("五分钟", "六分钟");
        assert!(matches!(seen.check("u", &edited), Verdict::Near { .. }));
        let other = "手机电池太不耐用了,充电又慢,用了三天就想退货,客服还一直推脱,真的很失望,不推荐购买。";
        assert_eq!(seen.check("u", other), Verdict::New);
        assert_eq!((seen.exact(), seen.near()), (0, 1));
    }

    #[test]
    fn short_texts_are_compared_exactly() {
        let mut seen = Deduplicator::default();
        for text in ["很好", "很好!", "不好"] {
            assert_eq!(seen.check("u", text), Verdict::New);
        }
        assert_eq!(seen.check("u", "很好"), Verdict::Exact);
    }

    #[test]
    fn memory_is_bounded() {
        let options = DuplicateOptions { remembered: 10, ..DuplicateOptions::default() };
        let mut seen = Deduplicator::new(options);
        for index in 0..100 {
            seen.check("u", &format!("{index}"));
        }
        assert_eq!(seen.users["u"].order.len(), 10);
        assert_eq!(seen.check("u", "99"), Verdict::Exact);
        assert_eq!(seen.check("u", "1"), Verdict::New);
    }

    proptest! {
        #[test]
        fn bands_find_whatever_is_near(near: u64, flips in proptest::collection::vec(0u32..64, 0..8)) {
            let options = DuplicateOptions::default();
            let mut seen = Seen::default();
            seen.remember(0, Some(near), &options);
            let other = flips.iter().fold(near, |bits, flip| bits ^ (1 << flip));
            let distance = (near ^ other).count_ones();
            prop_assert_eq!(seen.nearest(other, &options), Some(distance));
        }
    }
}
