//! One JSON object a line.

use std::path::Path;

use serde_json::Value;

use super::{ReadOptions, RowError, RowReason, lines::Lines, source::Input};
use crate::event::{Event, RowRules, event_from_row};

#[derive(Debug)]
pub(super) struct JsonRows {
    lines: Lines,
}

impl JsonRows {
    pub(super) fn new(input: Input, file: &Path, options: &ReadOptions) -> Self {
        Self { lines: Lines::new(input, file, options) }
    }

    pub(super) fn next_row(&mut self, rules: &RowRules) -> Option<Result<Event, RowError>> {
        let parsed = match self.lines.next_line()? {
            Ok(line) => parse(line, rules),
            Err(error) => return Some(Err(error)),
        };
        Some(parsed.map_err(|reason| self.lines.error(reason)))
    }
}

fn parse(line: &str, rules: &RowRules) -> Result<Event, RowReason> {
    match serde_json::from_str(line) {
        Ok(Value::Object(row)) => Ok(event_from_row(row, rules)?),
        Ok(other) => Err(RowReason::NotAnObject { found: type_name(&other) }),
        Err(error) => Err(syntax_reason(line, &error)),
    }
}

/// The parser has no codes for the two cases we tell apart, so its fixed messages are looked at;
/// they show nothing of the line.
fn syntax_reason(line: &str, error: &serde_json::Error) -> RowReason {
    let message = error.to_string();
    let column = error.column();
    if message.starts_with("recursion limit") {
        RowReason::TooDeep
    } else if message.starts_with("number out of range") || spells_not_finite(line, column) {
        RowReason::NotFinite { column }
    } else {
        RowReason::InvalidJson { column, length: line.len() }
    }
}

/// Whether a token such as `NaN`, which some writers put in JSON, stands where the parser gave up.
fn spells_not_finite(line: &str, column: usize) -> bool {
    // The parser stops before, inside or after the token, depending on its first letter.
    let window = column.saturating_sub(4)..line.len().min(column + 8);
    let around = line.as_bytes().get(window).unwrap_or_default();
    [b"NaN".as_slice(), b"nan", b"Inf", b"inf"]
        .iter()
        .any(|token| around.windows(token.len()).any(|part| part == *token))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(line: &str) -> RowReason {
        parse(line, &RowRules::default()).unwrap_err()
    }

    #[test]
    fn tells_apart_what_is_wrong() {
        for line in [
            r#"{"user":"u","text":"t","rating":NaN}"#,
            r#"{"user":"u","text":"t","rating": NaN}"#,
            r#"{"user":"u","text":"t","rating":-Infinity}"#,
            r#"{"user":"u","text":"t","rating":Infinity}"#,
            r#"{"user":"u","text":"t","rating":1e999}"#,
            r#"{"user":"u","text":"t","rating":"NaN"}"#,
        ] {
            assert_eq!(reason(line).name(), "not_finite", "{line}");
        }
        let deep = format!(r#"{{"user":"u","text":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(reason(&deep), RowReason::TooDeep);
        assert_eq!(reason("[1]"), RowReason::NotAnObject { found: "an array" });
        assert_eq!(reason("\"x\""), RowReason::NotAnObject { found: "text" });
        assert!(matches!(reason("{\"user\":"), RowReason::InvalidJson { .. }));
        assert!(matches!(reason("{}"), RowReason::Field(_)));
    }
}
