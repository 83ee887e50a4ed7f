//! One thing a person wrote or did: the record every part of the product starts from.
//!
//! Rows come from many tools, so the well-known columns are accepted under the names in
//! [`Column`], and every other column is kept in [`Event::extra`]. Labels for training are
//! found by their column name with [`Event::field`].

mod column;
mod field;
mod kind;
mod row;
mod timestamp;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use self::row::{RowRules, event_from_row};
pub use self::{column::Column, field::FieldValue, kind::EventKind, row::FieldError};

/// One event of one person.
///
/// ```
/// use silhouette_text::Event;
///
/// let row = r#"{"uid": 7, "review": "很好", "date": "2024-02-29", "sentiment": 1}"#;
/// let event: Event = serde_json::from_str(row)?;
/// assert_eq!(event.user, "7");
/// assert_eq!(event.time, Some(1_709_164_800));
/// assert_eq!(event.field("sentiment").map(|v| v.to_string()).as_deref(), Some("1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Event {
    /// Whose event this is; never empty.
    pub user: String,
    /// Unix seconds, where the row says when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// What the person did.
    pub kind: EventKind,
    /// What the person wrote.
    pub text: String,
    /// The language the row declares, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The thing the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The category of that thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// A finite rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<f32>,
    /// Every column we have no name for.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Event {
    /// A post with no time and no labels.
    pub fn new(user: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            time: None,
            kind: EventKind::default(),
            text: text.into(),
            lang: None,
            item: None,
            category: None,
            rating: None,
            extra: BTreeMap::new(),
        }
    }

    /// The value of the column `name`, known or not; `None` for an absent, null, or nested value.
    ///
    /// Unknown columns are compared exactly, known ones by any of their names.
    pub fn field(&self, name: &str) -> Option<FieldValue> {
        if let Some(value) = self.extra.get(name) {
            return FieldValue::from_json(value);
        }
        let text = |value: &str| Some(FieldValue::Text(value.to_owned()));
        match Column::named(name)? {
            Column::User => text(&self.user),
            Column::Time => self.time.map(FieldValue::Integer),
            Column::Kind => text(self.kind.name()),
            Column::Text => text(&self.text),
            Column::Lang => self.lang.as_deref().and_then(text),
            Column::Item => self.item.as_deref().and_then(text),
            Column::Category => self.category.as_deref().and_then(text),
            Column::Rating => self.rating.map(FieldValue::from_rating),
        }
    }
}

impl TryFrom<Map<String, Value>> for Event {
    type Error = FieldError;

    fn try_from(row: Map<String, Value>) -> Result<Self, FieldError> {
        event_from_row(row, &RowRules::default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_labels_by_column_name() {
        let event: Event = serde_json::from_value(json!({
            "author": "a", "comment": "hi", "cat": "tea", "stars": 4.3, "sentiment": 1,
            "seen": true, "gap": null, "share": 0.5, "nested": {"x": 1}
        }))
        .unwrap();
        let get = |name: &str| event.field(name).map(|value| value.to_string());
        assert_eq!(get("sentiment").as_deref(), Some("1"));
        assert_eq!(get("seen").as_deref(), Some("true"));
        assert_eq!(get("share").as_deref(), Some("0.5"));
        assert_eq!(get("stars").as_deref(), Some("4.3"));
        assert_eq!(get("rating").as_deref(), Some("4.3"));
        assert_eq!(get("cat").as_deref(), Some("tea"));
        assert_eq!(get("kind").as_deref(), Some("post"));
        for absent in ["gap", "nested", "time", "nothing"] {
            assert_eq!(get(absent), None, "{absent}");
        }
    }

    #[test]
    fn the_preferred_column_wins_and_the_other_is_kept() {
        let event: Event = serde_json::from_value(json!({"user": "a", "review": "second", "text": "first"})).unwrap();
        assert_eq!(event.text, "first");
        assert_eq!(event.extra["review"], "second");
    }

    proptest! {
        #[test]
        fn json_gives_the_same_event_back(
            user in "[a-z]{1,8}", text in "\\PC*[a-z]", time in proptest::option::of(0i64..4_000_000_000),
            rating in proptest::option::of(-1e6f32..1e6), label in "\\PC{0,5}",
        ) {
            let mut event = Event::new(user, text);
            event.time = time;
            event.rating = rating;
            event.extra.insert("label".into(), Value::String(label));
            let json = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
        }
    }
}
