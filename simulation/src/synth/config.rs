//! What a population should look like.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Interest;

/// 2026-01-01T00:00:00Z, a round date in the recent past.
const DEFAULT_START: i64 = 1_767_225_600;

/// What to generate. The defaults give 200 users with all eight interests over 90 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SynthConfig {
    /// Number of users.
    pub users: usize,
    /// The same seed gives the same bytes. A user depends on the seed and on their number only,
    /// so a larger population contains the smaller one.
    pub seed: u64,
    /// How many users speak what.
    pub languages: LanguageMix,
    /// How much each of them writes.
    pub texts: TextsPerUser,
    /// How many of [`Interest::ALL`] are used, at least 2.
    pub interests: usize,
    /// Whether texts may be neutral; without, every text is positive or negative.
    pub neutral: bool,
    /// Unix seconds at which the first day begins.
    pub start: i64,
    /// Number of days the texts are spread over.
    pub days: u32,
}

impl Default for SynthConfig {
    fn default() -> Self {
        Self {
            users: 200,
            seed: 1,
            languages: LanguageMix::default(),
            texts: TextsPerUser::default(),
            interests: Interest::ALL.len(),
            neutral: true,
            start: DEFAULT_START,
            days: 90,
        }
    }
}

impl SynthConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let texts = &self.texts;
        if texts.min == 0 || texts.min > texts.median || texts.median > texts.max {
            return Err(ConfigError::Texts);
        }
        if !(2..=Interest::ALL.len()).contains(&self.interests) {
            return Err(ConfigError::Interests);
        }
        if self.days == 0 {
            return Err(ConfigError::Days);
        }
        let weights = self.languages.weights();
        let valid = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        if !weights.iter().all(valid) || weights.iter().sum::<f64>() <= 0.0 {
            return Err(ConfigError::Languages);
        }
        Ok(())
    }
}

/// The weights of the languages among users; they need not sum to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageMix {
    /// Users who write English.
    pub english: f64,
    /// Users who write Chinese.
    pub chinese: f64,
    /// Users who write both, sometimes within one text.
    pub bilingual: f64,
}

impl Default for LanguageMix {
    fn default() -> Self {
        Self { english: 0.4, chinese: 0.4, bilingual: 0.2 }
    }
}

impl LanguageMix {
    pub(super) fn weights(&self) -> [f64; 3] {
        [self.english, self.chinese, self.bilingual]
    }
}

/// Number of texts of a user: log-normal around the median, cut at both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextsPerUser {
    /// Nobody writes less.
    pub min: usize,
    /// Half of the users write less.
    pub median: usize,
    /// Nobody writes more.
    pub max: usize,
}

impl Default for TextsPerUser {
    fn default() -> Self {
        Self { min: 20, median: 28, max: 40 }
    }
}

/// Why a configuration makes no population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There must be a day.
    #[error("the number of days must be at least 1")]
    Days,
    /// The number of interests is out of range.
    #[error("the number of interests must be from 2 to 8")]
    Interests,
    /// The weights of the languages are of no use.
    #[error("the language weights must be finite, not negative, and not all zero")]
    Languages,
    /// The numbers of texts contradict each other.
    #[error("texts per user must satisfy 1 <= min <= median <= max")]
    Texts,
}
