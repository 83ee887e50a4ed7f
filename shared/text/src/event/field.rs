//! A scalar found in a row by the name of its column.

use std::fmt;

use serde_json::Value;

/// A scalar value; its `Display` is the label used in training.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// Text.
    Text(String),
}

impl FieldValue {
    /// The scalar in a JSON value; `None` for null, arrays and objects.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => number
                .as_i64()
                .map(Self::Integer)
                .or_else(|| number.as_f64().filter(|value| value.is_finite()).map(Self::Float)),
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The value as a number, text that spells one included.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok().filter(|value: &f64| value.is_finite()),
        }
    }

    // 4.3 must stay "4.3" and not become the 4.300000190734863 that widening gives.
    pub(super) fn from_rating(rating: f32) -> Self {
        Self::Float(rating.to_string().parse().unwrap_or_else(|_| f64::from(rating)))
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_have_one_spelling() {
        for (value, label) in [(json!(1), "1"), (json!(1.0), "1"), (json!(false), "false"), (json!("x"), "x")] {
            assert_eq!(FieldValue::from_json(&value).unwrap().to_string(), label);
        }
        assert_eq!(FieldValue::from_json(&json!([1])), None);
        assert_eq!(FieldValue::from_json(&Value::Null), None);
    }

    #[test]
    fn numbers_are_read_from_text() {
        assert_eq!(FieldValue::Text(" 2.5 ".into()).as_f64(), Some(2.5));
        assert_eq!(FieldValue::Text("NaN".into()).as_f64(), None);
        assert_eq!(FieldValue::Bool(true).as_f64(), Some(1.0));
    }
}
