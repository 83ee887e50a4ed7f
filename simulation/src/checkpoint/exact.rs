//! Numbers through JSON without losing a bit: reading decimals back may be off in the last place.

use serde_json::{Map, Value};

/// The one name of an object that stands for a number's bits.
const BITS: &str = "f64";

/// Every number that is not whole as its bits.
pub(super) fn to_bits(value: Value) -> Value {
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
pub(super) fn from_bits(value: Value) -> Value {
    match value {
        Value::Array(all) => Value::Array(all.into_iter().map(from_bits).collect()),
        Value::Object(all) => match all.get(BITS).and_then(Value::as_u64) {
            Some(bits) if all.len() == 1 => f64::from_bits(bits).into(),
            _ => Value::Object(all.into_iter().map(|(name, value)| (name, from_bits(value))).collect()),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
