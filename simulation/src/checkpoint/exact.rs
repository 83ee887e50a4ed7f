//! Numbers through JSON without losing a bit: reading decimals back may be off in the last place.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The one name of an object that stands for a number's bits.
const BITS: &str = "f64";

/// Every number that is not whole as its bits.
pub(crate) fn to_bits(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => Value::Object(Map::from_iter([(BITS.to_owned(), float.to_bits().into())])),
            None => Value::Number(number),
        },
        Value::Array(all) => Value::Array(all.into_iter().map(to_bits).collect()),
        Value::Object(all) => Value::Object(all.into_iter().map(|(name, value)| (name, to_bits(value))).collect()),
        other => other,
    }
}

/// What [`to_bits`] was made of.
pub(crate) fn from_bits(value: Value) -> Value {
    match value {
        Value::Array(all) => Value::Array(all.into_iter().map(from_bits).collect()),
        Value::Object(all) => match all.get(BITS).and_then(Value::as_u64) {
            Some(bits) if all.len() == 1 => f64::from_bits(bits).into(),
            _ => Value::Object(all.into_iter().map(|(name, value)| (name, from_bits(value))).collect()),
        },
        other => other,
    }
}

/// JSON whose decimals are read to the last bit, as the standard library does.
///
/// # Errors
/// When it is none, or of something else.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    serde_json::from_value(from_bits(serde_json::from_str(&with_bits(json))?))
}

/// The text with its decimals replaced by their bits; what is no number is left for the parser to refuse.
fn with_bits(json: &str) -> String {
    let (mut out, mut rest, mut quoted) = (String::with_capacity(json.len()), json, false);
    while let Some(c) = rest.chars().next() {
        let number = if quoted || !(c == '-' || c.is_ascii_digit()) { 0 } else { number_len(rest) };
        let taken = match rest[..number].parse::<f64>() {
            Ok(float) if rest[..number].contains(['.', 'e', 'E']) => {
                out.push_str(&format!("{{\"{BITS}\":{}}}", float.to_bits()));
                number
            }
            _ if number > 0 => {
                out.push_str(&rest[..number]);
                number
            }
            // An escaped character never ends a string.
            _ if quoted && c == '\\' => {
                let escape: String = rest.chars().take(2).collect();
                out.push_str(&escape);
                escape.len()
            }
            _ => {
                quoted ^= c == '"';
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

/// Bytes of the number that a text begins with.
fn number_len(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_to_the_last_bit() {
        let floats = [3.999_999_983_107_709_3, 0.1, -2.5e-7, 1e300, 0.083_333_333_333_333_33];
        let value = serde_json::json!({"a \\\" 1.5": floats, "b": [3, "1.5", {"c": -4}], "d": "\\"});
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            assert_eq!(read::<Value>(&text).unwrap(), value);
        }
        for odd in ["{\"a\": 1.2.3}", "[1.5", "-", "nonsense"] {
            assert!(read::<Value>(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn no_bit_is_lost() {
        let floats = [0.1, 1.0, -0.0, f64::MIN_POSITIVE, 2.225_073_858_507_201e-308, 0.300_000_000_000_000_04, 1e300];
        let value = serde_json::json!({"a": floats, "b": 3, "c": [null, "x", {"d": 0.7}]});
        let text = to_bits(value.clone()).to_string();
        let back = from_bits(serde_json::from_str(&text).unwrap());
        assert_eq!(back, value);
        for (one, other) in floats.iter().zip(back["a"].as_array().unwrap()) {
            assert_eq!(one.to_bits(), other.as_f64().unwrap().to_bits());
        }
    }
}
