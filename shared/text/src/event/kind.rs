//! What a person did.

use serde::{Deserialize, Serialize};

/// The kind of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A line of a log.
    Log,
    /// A note for oneself.
    Note,
    /// A kind we have no name for.
    Other,
    /// A post or message, and what a row without a kind is taken for.
    #[default]
    Post,
    /// A purchase.
    Purchase,
    /// A review.
    Review,
    /// A search.
    Search,
    /// A look at an item.
    View,
}

impl EventKind {
    const ALL: [Self; 8] =
        [Self::Log, Self::Note, Self::Other, Self::Post, Self::Purchase, Self::Review, Self::Search, Self::View];

    /// The kind with this name, [`EventKind::Other`] where there is none.
    pub fn named(name: &str) -> Self {
        let name = name.trim();
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name)).unwrap_or(Self::Other)
    }

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Note => "note",
            Self::Other => "other",
            Self::Post => "post",
            Self::Purchase => "purchase",
            Self::Review => "review",
            Self::Search => "search",
            Self::View => "view",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_serde() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(EventKind::named(kind.name()), kind);
        }
        assert_eq!(EventKind::named("Yodel"), EventKind::Other);
    }
}
