//! The labels of a text.

use serde::{Deserialize, Serialize};

/// What a text is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say all there is to say")]
pub enum Interest {
    Music,
    Sport,
    Cooking,
    Travel,
    Technology,
    Reading,
    Gardening,
    Film,
}

impl Interest {
    /// Every interest; a configuration with `n` interests uses the first `n`.
    pub const ALL: [Self; 8] = [
        Self::Music,
        Self::Sport,
        Self::Cooking,
        Self::Travel,
        Self::Technology,
        Self::Reading,
        Self::Gardening,
        Self::Film,
    ];

    /// The label in the data.
    pub fn key(self) -> &'static str {
        match self {
            Self::Music => "music",
            Self::Sport => "sport",
            Self::Cooking => "cooking",
            Self::Travel => "travel",
            Self::Technology => "technology",
            Self::Reading => "reading",
            Self::Gardening => "gardening",
            Self::Film => "film",
        }
    }

    /// The name shown to readers of Chinese.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Music => "音乐",
            Self::Sport => "体育",
            Self::Cooking => "美食",
            Self::Travel => "旅行",
            Self::Technology => "科技",
            Self::Reading => "阅读",
            Self::Gardening => "园艺",
            Self::Film => "电影",
        }
    }
}

/// How a text judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say all there is to say")]
pub enum Sentiment {
    Negative,
    Neutral,
    Positive,
}

impl Sentiment {
    /// The label in the data.
    pub fn key(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }
}

/// The language of one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    Chinese,
}

impl Tongue {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::English => Self::Chinese,
            Self::Chinese => Self::English,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_agree_with_serde() {
        for interest in Interest::ALL {
            assert_eq!(serde_json::to_value(interest).unwrap(), interest.key());
        }
        for sentiment in [Sentiment::Negative, Sentiment::Neutral, Sentiment::Positive] {
            assert_eq!(serde_json::to_value(sentiment).unwrap(), sentiment.key());
        }
    }
}
