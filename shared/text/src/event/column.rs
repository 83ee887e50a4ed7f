//! The columns we know, and the names they go by.

/// A column with a meaning of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Who.
    User,
    /// When.
    Time,
    /// What kind of event.
    Kind,
    /// What was written.
    Text,
    /// The declared language.
    Lang,
    /// The thing the event is about.
    Item,
    /// The category of that thing.
    Category,
    /// A rating.
    Rating,
}

impl Column {
    /// Every known column.
    pub const ALL: [Self; 8] =
        [Self::User, Self::Time, Self::Kind, Self::Text, Self::Lang, Self::Item, Self::Category, Self::Rating];

    /// The names the column goes by, the preferred one first.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::User => &["user", "user_id", "userid", "uid", "author"],
            Self::Time => &["time", "ts", "timestamp", "date"],
            Self::Kind => &["kind"],
            Self::Text => &["text", "content", "comment", "review", "body"],
            Self::Lang => &["lang", "language"],
            Self::Item => &["item", "item_id", "product_id"],
            Self::Category => &["category", "cat"],
            Self::Rating => &["rating", "stars"],
        }
    }

    /// The column that goes by `name`, whatever the case of its ASCII letters.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::ALL.into_iter().find(|column| column.names().iter().any(|known| known.eq_ignore_ascii_case(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_two_columns() {
        let mut names: Vec<_> = Column::ALL.iter().flat_map(|column| column.names()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn names_are_case_insensitive() {
        assert_eq!(Column::named(" Review "), Some(Column::Text));
        assert_eq!(Column::named("UserID"), Some(Column::User));
        assert_eq!(Column::named("label"), None);
    }
}
