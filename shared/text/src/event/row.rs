//! From the raw columns of a row to an [`Event`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{Column, Event, EventKind, timestamp};

/// Why the value of a column cannot be used. Values themselves are never shown: they are the
/// person's own words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The column is there and holds nothing.
    #[error("field `{field}`: expected text, found nothing")]
    Empty {
        /// Preferred name of the column.
        field: &'static str,
    },
    /// The column is not there.
    #[error("field `{field}`: expected one of the columns {}, found none", .names.join(", "))]
    Missing {
        /// Preferred name of the column.
        field: &'static str,
        /// Every name it goes by.
        names: &'static [&'static str],
    },
    /// A number is not finite.
    #[error("field `{field}`: expected a finite number, found one that is not finite")]
    NotFinite {
        /// Preferred name of the column.
        field: &'static str,
    },
    /// The value has the wrong type or form.
    #[error("field `{field}`: expected {expected}, found {found}")]
    Type {
        /// Preferred name of the column.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
        /// The type or the length found.
        found: String,
    },
}

impl FieldError {
    /// The column at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Empty { field }
            | Self::Missing { field, .. }
            | Self::NotFinite { field }
            | Self::Type { field, .. } => field,
        }
    }
}

/// What a row may leave out.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowRules {
    pub(crate) default_user: Option<String>,
    pub(crate) default_kind: EventKind,
    pub(crate) allow_empty_text: bool,
}

/// Builds an event from the columns of a row.
pub(crate) fn event_from_row(mut row: Map<String, Value>, rules: &RowRules) -> Result<Event, FieldError> {
    let mut taken: [Option<Value>; Column::ALL.len()] = Default::default();
    for (slot, column) in taken.iter_mut().zip(Column::ALL) {
        *slot = take(&mut row, column);
    }
    let [user, time, kind, text, lang, item, category, rating] = taken;
    Ok(Event {
        user: user_of(user, rules)?,
        time: time_of(time.as_ref())?,
        kind: match label_of(kind, Column::Kind)? {
            Some(name) => EventKind::named(&name),
            None => rules.default_kind,
        },
        text: text_of(text, rules)?,
        lang: label_of(lang, Column::Lang)?,
        item: label_of(item, Column::Item)?,
        category: label_of(category, Column::Category)?,
        rating: rating_of(rating.as_ref())?,
        extra: row.into_iter().collect::<BTreeMap<_, _>>(),
    })
}

/// Takes a column out of the row under the most preferred of its names.
fn take(row: &mut Map<String, Value>, column: Column) -> Option<Value> {
    let mut null = None;
    for name in column.names() {
        match row.remove(*name) {
            Some(Value::Null) => null = Some(Value::Null),
            Some(value) => return Some(value),
            None => {}
        }
    }
    if null.is_some() {
        return null;
    }
    // Only a row with unusual capitals pays for the slow comparison.
    let key =
        column.names().iter().find_map(|name| row.keys().find(|key| key.trim().eq_ignore_ascii_case(name)).cloned())?;
    row.remove(&key)
}

fn user_of(value: Option<Value>, rules: &RowRules) -> Result<String, FieldError> {
    let present = value.is_some();
    let user = label_of(value, Column::User)?;
    match (user, &rules.default_user) {
        (Some(user), _) => Ok(user),
        (None, Some(default)) if !present => Ok(default.clone()),
        (None, _) if present => Err(FieldError::Empty { field: name(Column::User) }),
        (None, _) => Err(missing(Column::User)),
    }
}

fn text_of(value: Option<Value>, rules: &RowRules) -> Result<String, FieldError> {
    let field = name(Column::Text);
    match value {
        Some(Value::String(text)) if rules.allow_empty_text || !text.trim().is_empty() => Ok(text),
        None | Some(Value::Null) if rules.allow_empty_text => Ok(String::new()),
        Some(Value::String(_) | Value::Null) => Err(FieldError::Empty { field }),
        Some(other) => Err(FieldError::Type { field, expected: "text", found: shape(&other) }),
        None => Err(missing(Column::Text)),
    }
}

/// A scalar in its text form; nothing for null and for blank text.
fn label_of(value: Option<Value>, column: Column) -> Result<Option<String>, FieldError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let trimmed = text.trim();
            Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
        }
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => {
            Err(FieldError::Type { field: name(column), expected: "text or a number", found: shape(&other) })
        }
    }
}

fn time_of(value: Option<&Value>) -> Result<Option<i64>, FieldError> {
    let seconds = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => timestamp::from_text(text),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(number) => Some(timestamp::from_integer(number)),
            None => number.as_f64().and_then(timestamp::from_float),
        },
        Some(_) => None,
    };
    seconds.map(Some).ok_or_else(|| FieldError::Type {
        field: name(Column::Time),
        expected: "unix seconds, an RFC 3339 moment or a YYYY-MM-DD date",
        found: value.map(shape).unwrap_or_default(),
    })
}

fn rating_of(value: Option<&Value>) -> Result<Option<f32>, FieldError> {
    let field = name(Column::Rating);
    let rating = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse::<f32>().ok(),
        Some(Value::Number(number)) => number.as_f64().map(|rating| rating as f32),
        Some(_) => None,
    };
    match rating {
        Some(rating) if rating.is_finite() => Ok(Some(rating)),
        Some(_) => Err(FieldError::NotFinite { field }),
        None => Err(FieldError::Type { field, expected: "a number", found: value.map(shape).unwrap_or_default() }),
    }
}

fn name(column: Column) -> &'static str {
    column.names()[0]
}

fn missing(column: Column) -> FieldError {
    FieldError::Missing { field: name(column), names: column.names() }
}

/// The type of a value, and for text its length, in place of the value.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) => format!("text of {} characters", text.chars().count()),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn build(row: Value) -> Result<Event, FieldError> {
        let Value::Object(row) = row else { panic!("an object is needed") };
        event_from_row(row, &RowRules::default())
    }

    #[test]
    fn ratings_must_be_finite_numbers() {
        let rate = |rating: Value| build(json!({"user": "u", "text": "t", "rating": rating}));
        assert_eq!(rate(json!("4.5")).unwrap().rating, Some(4.5));
        assert_eq!(rate(json!(null)).unwrap().rating, None);
        for bad in [json!("NaN"), json!("inf"), json!("1e999"), json!(1e300)] {
            assert_eq!(rate(bad), Err(FieldError::NotFinite { field: "rating" }));
        }
        assert!(matches!(rate(json!("many")), Err(FieldError::Type { .. })));
    }

    #[test]
    fn errors_show_no_values() {
        let secret = "my secret diary";
        let error = build(json!({"user": "u", "text": "t", "time": secret})).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().contains("15 characters"), "{error}");
        let error = build(json!({"user": "u", "text": {"a": secret}})).unwrap_err();
        assert_eq!(error.to_string(), "field `text`: expected text, found an object");
    }

    #[test]
    fn user_and_text_are_needed() {
        assert!(matches!(build(json!({"text": "t"})), Err(FieldError::Missing { field: "user", .. })));
        assert_eq!(build(json!({"user": " ", "text": "t"})), Err(FieldError::Empty { field: "user" }));
        assert_eq!(build(json!({"user": "u", "text": " "})), Err(FieldError::Empty { field: "text" }));
        assert_eq!(build(json!({"user": "u", "text": null})), Err(FieldError::Empty { field: "text" }));
    }

    #[test]
    fn rules_fill_what_is_absent() {
        let rules = RowRules { default_user: Some("me".into()), default_kind: EventKind::Note, allow_empty_text: true };
        let Value::Object(row) = json!({"item": 3}) else { unreachable!() };
        let event = event_from_row(row, &rules).unwrap();
        assert_eq!((event.user.as_str(), event.kind, event.text.as_str()), ("me", EventKind::Note, ""));
        assert_eq!(event.item.as_deref(), Some("3"));
    }

    #[test]
    fn capitals_in_names_are_accepted() {
        let event = build(json!({"User": "u", "TEXT": "t", "Label": 1})).unwrap();
        assert_eq!(event.text, "t");
        assert_eq!(event.extra.keys().collect::<Vec<_>>(), ["Label"]);
    }
}
