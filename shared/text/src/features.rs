//! Hashed n-grams: the features every device of a federation computes alike.
//!
//! Text is cut into Han runs and words. A Han run gives its characters and its pairs of
//! neighbouring characters; a word, a run of any other letters and digits with inner apostrophes,
//! gives itself in small letters. No dictionary is needed. Each feature is hashed with
//! [`hash64`](crate::hash::hash64) over one byte for its kind and its UTF-8 text, and the top bits
//! of the hash are its bucket. The placeholders of [`scrub`](crate::scrub) give nothing, and no pair
//! reaches across one.
//!
//! The definition depends on the alphabetic and lower-case properties of Unicode; characters
//! assigned in later versions of Unicode may be cut differently by older builds.

mod extract;
mod options;
mod sparse;

use std::collections::BTreeMap;

use self::extract::Extractor;
pub use self::{
    options::{NgramOptions, OptionsError},
    sparse::SparseCounts,
};

/// The version of the definition above. Devices of one federation must agree on it.
pub const FEATURE_VERSION: u32 = 1;

/// A bucket and where in the text its features stand: the evidence for a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpannedFeature {
    /// The bucket.
    pub bucket: u32,
    /// Byte ranges in the text, in order.
    pub spans: Vec<(usize, usize)>,
}

/// Turns texts into sparse counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct NgramHasher {
    options: NgramOptions,
}

impl NgramHasher {
    /// A hasher for these options.
    ///
    /// # Errors
    ///
    /// When an option is out of range.
    pub fn new(options: NgramOptions) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self { options })
    }

    /// The options.
    pub fn options(&self) -> &NgramOptions {
        &self.options
    }

    /// How many buckets there are.
    pub fn buckets(&self) -> u32 {
        1 << self.options.buckets_log2
    }

    /// The features of `text`.
    pub fn features(&self, text: &str) -> SparseCounts {
        let mut buckets = Vec::with_capacity(text.len());
        Extractor::new(&self.options).run(text, |bucket, _, _| buckets.push(bucket));
        SparseCounts::from_buckets(buckets)
    }

    /// The features of `text`, each with its places, sorted by bucket.
    pub fn features_with_spans(&self, text: &str) -> Vec<SpannedFeature> {
        let mut places: BTreeMap<u32, Vec<(usize, usize)>> = BTreeMap::new();
        Extractor::new(&self.options).run(text, |bucket, start, end| {
            places.entry(bucket).or_default().push((start, end));
        });
        let feature = |(bucket, mut spans): (_, Vec<_>)| {
            spans.sort_unstable();
            SpannedFeature { bucket, spans }
        };
        places.into_iter().map(feature).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all() -> NgramHasher {
        let options =
            NgramOptions { word_bigrams: true, char_ngrams: Some((2, 4)), seed: 7, ..NgramOptions::default() };
        NgramHasher::new(options).unwrap()
    }

    fn places(hasher: NgramHasher, text: &str) -> Vec<&str> {
        let features = hasher.features_with_spans(text);
        let mut spans: Vec<_> = features.into_iter().flat_map(|feature| feature.spans).collect();
        spans.sort_unstable();
        spans.into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn takes_the_features_it_says() {
        let hasher = NgramHasher::default();
        assert_eq!(places(hasher, "很好, Don't 5G!"), ["很", "很好", "好", "Don't", "5G"]);
        let options = NgramOptions { word_bigrams: true, ..NgramOptions::default() };
        let hasher = NgramHasher::new(options).unwrap();
        assert_eq!(places(hasher, "a b 好 c d"), ["a", "a b", "b", "好", "c", "c d", "d"]);
        let options = NgramOptions { char_ngrams: Some((3, 3)), ..NgramOptions::default() };
        let hasher = NgramHasher::new(options).unwrap();
        assert_eq!(places(hasher, "abc"), ["ab", "abc", "abc", "bc"]);
    }

    #[test]
    fn capitals_and_apostrophes_do_not_matter() {
        let hasher = all();
        assert_eq!(hasher.features("DON’T Stop"), hasher.features("don't stop"));
        assert_ne!(hasher.features("dont stop"), hasher.features("don't stop"));
        assert_eq!(hasher.features("ÉCOLE"), hasher.features("école"));
    }

    #[test]
    fn placeholders_are_no_features() {
        let hasher = all();
        assert!(hasher.features("⟨phone⟩").is_empty());
        assert_eq!(places(NgramHasher::default(), "好⟨name⟩吃 ⟨x⟩"), ["好", "吃", "x"]);
        let options = NgramOptions { word_bigrams: true, ..NgramOptions::default() };
        assert_eq!(places(NgramHasher::new(options).unwrap(), "a ⟨name⟩ b"), ["a", "b"]);
    }

    #[test]
    fn the_seed_and_the_kind_matter() {
        let other = NgramHasher::new(NgramOptions { seed: 1, ..NgramOptions::default() }).unwrap();
        assert_ne!(NgramHasher::default().features("好"), other.features("好"));
        let text = "好";
        let word = crate::hash::hash64(text.as_bytes(), 0) >> 48;
        assert_ne!(NgramHasher::default().features(text).pairs()[0].0, word as u32);
    }

    #[test]
    fn options_out_of_range_are_refused() {
        for options in [
            NgramOptions { buckets_log2: 0, ..NgramOptions::default() },
            NgramOptions { buckets_log2: 31, ..NgramOptions::default() },
            NgramOptions { char_ngrams: Some((0, 3)), ..NgramOptions::default() },
            NgramOptions { char_ngrams: Some((4, 3)), ..NgramOptions::default() },
            NgramOptions { char_ngrams: Some((2, 9)), ..NgramOptions::default() },
        ] {
            assert!(NgramHasher::new(options).is_err(), "{options:?}");
        }
    }

    proptest! {
        #[test]
        fn counts_and_places_agree(text in "[a-zA-Z'0-9 ,。好吃的手机の한İß\u{20bb7}é😀]{0,60}") {
            let hasher = all();
            let counts = hasher.features(&text);
            let spanned = hasher.features_with_spans(&text);
            prop_assert_eq!(counts.pairs().len(), spanned.len());
            for (&(bucket, count), feature) in counts.pairs().iter().zip(&spanned) {
                prop_assert_eq!(bucket, feature.bucket);
                prop_assert_eq!(count as usize, feature.spans.len());
                prop_assert!(bucket < hasher.buckets());
                for &(start, end) in &feature.spans {
                    prop_assert!(!text[start..end].is_empty());
                }
            }
            prop_assert!(counts.pairs().is_sorted_by(|a, b| a.0 < b.0));
        }
    }
}
