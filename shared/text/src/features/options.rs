//! Which n-grams to take.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Buckets of 2^16 by default: one weight row a class stays in the hundreds of kilobytes, and the
/// vocabulary of one domain, some ten thousand frequent features, rarely collides.
const BUCKETS_LOG2: u8 = 16;

/// More buckets than this need more memory than any device has for a model.
const MAX_BUCKETS_LOG2: u8 = 30;

/// Longer character n-grams are as rare as words.
const MAX_CHAR_NGRAM: u8 = 8;

/// Which n-grams to take. Part of what devices of one federation must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NgramOptions {
    /// There are 2 to this power of buckets.
    pub buckets_log2: u8,
    /// Pairs of neighbouring words too.
    pub word_bigrams: bool,
    /// Pairs of neighbouring Han characters too.
    pub han_bigrams: bool,
    /// Character n-grams of these lengths, least and most, within words padded by a space.
    pub char_ngrams: Option<(u8, u8)>,
    /// The seed of the hash.
    pub seed: u64,
}

impl Default for NgramOptions {
    fn default() -> Self {
        Self { buckets_log2: BUCKETS_LOG2, word_bigrams: false, han_bigrams: true, char_ngrams: None, seed: 0 }
    }
}

/// An option out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// Too few or too many buckets.
    #[error("field `buckets_log2`: expected 1 to {MAX_BUCKETS_LOG2}, found {found}")]
    Buckets {
        /// The value found.
        found: u8,
    },
    /// Lengths that are no range, or too long.
    #[error(
        "field `char_ngrams`: expected lengths from 1 to {MAX_CHAR_NGRAM}, the least first, found {least} and {most}"
    )]
    CharNgrams {
        /// The least length found.
        least: u8,
        /// The greatest length found.
        most: u8,
    },
}

impl NgramOptions {
    pub(super) fn check(&self) -> Result<(), OptionsError> {
        if !(1..=MAX_BUCKETS_LOG2).contains(&self.buckets_log2) {
            return Err(OptionsError::Buckets { found: self.buckets_log2 });
        }
        match self.char_ngrams {
            Some((least, most)) if least == 0 || least > most || most > MAX_CHAR_NGRAM => {
                Err(OptionsError::CharNgrams { least, most })
            }
            _ => Ok(()),
        }
    }
}
