//! Fields of a JSON object as numbers in range, with errors that name them.

use serde_json::Value;

use super::CaseError;
use crate::accounting::ParameterError;

/// The largest whole number that a JSON reader keeps.
const LARGEST_COUNT: u64 = 1 << 53;

/// The fields of one case, or of one part of it.
pub(super) struct Fields<'a> {
    id: &'a str,
    /// Where these fields are, in front of their names.
    path: &'a str,
    object: &'a Value,
}

/// A value in the words of an error, cut to a line.
pub(super) fn describe(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Array(list)) => format!("a list of {}", list.len()),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(other) => {
            let text = other.to_string();
            let short: String = text.chars().take(60).collect();
            if short.len() < text.len() { format!("{short}...") } else { short }
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) const fn new(id: &'a str, path: &'a str, object: &'a Value) -> Self {
        Self { id, path, object }
    }

    /// The error that `field` is not what was expected.
    pub(super) fn wrong(&self, field: &str, expected: &str) -> CaseError {
        CaseError::BadField {
            id: self.id.to_owned(),
            field: format!("{}{field}", self.path),
            expected: expected.to_owned(),
            found: describe(self.object.get(field)),
        }
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.object.get(field).is_some_and(|value| !value.is_null())
    }

    /// A number that `make` accepts.
    pub(super) fn parameter<T>(&self, field: &str, make: fn(f64) -> Result<T, ParameterError>) -> Result<T, CaseError> {
        let number = self.object.get(field).and_then(Value::as_f64);
        make(number.unwrap_or(f64::NAN)).map_err(|error| match error {
            ParameterError::OutOfRange { expected, .. } | ParameterError::NotANumber { expected, .. } => {
                self.wrong(field, expected)
            }
        })
    }

    /// A number between `low` and `high`.
    pub(super) fn number(&self, field: &str, low: f64, high: f64) -> Result<f64, CaseError> {
        let number = self.object.get(field).and_then(Value::as_f64).filter(|x| (low..=high).contains(x));
        number.ok_or_else(|| self.wrong(field, &format!("a number between {low} and {high}")))
    }

    /// A whole number between `low` and `high`.
    pub(super) fn whole(&self, field: &str, low: u64, high: u64) -> Result<u64, CaseError> {
        let found = self.object.get(field).and_then(whole).filter(|x| (low..=high).contains(x));
        found.ok_or_else(|| self.wrong(field, &format!("a whole number between {low} and {high}")))
    }

    /// A number of steps.
    pub(super) fn steps(&self, field: &str) -> Result<u64, CaseError> {
        self.whole(field, 1, LARGEST_COUNT)
    }

    /// One number of steps, or a list of them: the largest.
    pub(super) fn largest_steps(&self, field: &str) -> Result<u64, CaseError> {
        let Some(list) = self.object.get(field).and_then(Value::as_array) else { return self.steps(field) };
        let fine = |x: &Value| whole(x).filter(|steps| (1..=LARGEST_COUNT).contains(steps));
        let counts: Option<Vec<u64>> = list.iter().map(fine).collect();
        counts
            .and_then(|counts| counts.into_iter().max())
            .ok_or_else(|| self.wrong(field, "a whole number of steps, or a list of such"))
    }

    /// The objects of a list, each with its place.
    pub(super) fn list(&self, field: &str) -> Result<&'a [Value], CaseError> {
        let list = self.object.get(field).and_then(Value::as_array).filter(|list| (1..=1000).contains(&list.len()));
        list.map(Vec::as_slice).ok_or_else(|| self.wrong(field, "a list of 1 to 1000 objects"))
    }

    pub(super) const fn id(&self) -> &'a str {
        self.id
    }
}

/// A whole number, also when it is written with a point.
fn whole(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|x| x.fract() == 0.0 && (0.0..=LARGEST_COUNT as f64).contains(x));
    value.as_u64().or_else(|| float().map(|x| x as u64))
}
