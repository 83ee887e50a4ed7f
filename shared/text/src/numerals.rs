//! Numbers in words: Chinese numerals, English number words, and digits mixed with either.
//!
//! 一百二十三, 两千零五, 3万5, 二〇二四, 百分之三十, 三分之二, 十二块八毛五, 几百; twenty-three, a hundred and
//! five, 1.5k, 3 million, half a dozen. Each is found with its place, its value and its kind; money is
//! in yuan. What the writer left open, such as 几百 and "a few hundred", has no value.
//!
//! ```
//! use silhouette_text::numerals::{self, NumeralKind};
//!
//! let found = numerals::find("花了三百二十块五");
//! assert_eq!((found[0].value, found[0].kind), (Some(320.5), NumeralKind::Money));
//! assert_eq!(numerals::normalize("about twenty-three of them"), "about 23 of them");
//! ```
//!
//! A single character or word that is mostly no number (一 in 一起, "one" in "this one") counts only
//! where a measure word, 第 or a unit says so.

mod chinese;
mod english;

use serde::{Deserialize, Serialize};

pub use self::{chinese::format_chinese, english::format_english};

/// What a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NumeralKind {
    /// How many.
    Cardinal,
    /// Digits read one by one, as of a year or a room.
    Digits,
    /// A part of one: 三分之二, 一半, "two thirds".
    Fraction,
    /// An amount in yuan.
    Money,
    /// Which one: 第三, "twenty-first".
    Ordinal,
    /// A percentage; the value is a share of one.
    Percent,
}

/// A number and its place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numeral {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// The value; `None` where it was left open.
    pub value: Option<f64>,
    /// What it says.
    pub kind: NumeralKind,
}

/// The numbers that are written in words, at least in part, from left to right. Plain digits are
/// left out: they need no reading.
pub fn find(text: &str) -> Vec<Numeral> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let byte = |at: usize| chars.get(at).map_or(text.len(), |&(byte, _)| byte);
    let letters: Vec<char> = chars.iter().map(|&(_, c)| c).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let reading = chinese::at(&letters, at).or_else(|| english::at(&letters, at));
        match reading {
            Some(reading) => {
                let (start, end) = (byte(at), byte(reading.end));
                found.push(Numeral { start, end, value: reading.value, kind: reading.kind });
                at = reading.end;
            }
            None => at += 1,
        }
    }
    found
}

/// `text` with every number of known value in digits: 第三 becomes 第3, 百分之三十 becomes 30%, and
/// amounts of money end in 元.
pub fn normalize(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    for numeral in find(text) {
        let Some(value) = numeral.value else { continue };
        plain.push_str(text.get(from..numeral.start).unwrap_or_default());
        let han = text.get(numeral.start..).is_some_and(|rest| rest.starts_with('第'));
        plain.push_str(if han { "第" } else { "" });
        match numeral.kind {
            NumeralKind::Percent => plain.push_str(&format!("{}%", rounded(value * 100.0))),
            NumeralKind::Money => plain.push_str(&format!("{}元", rounded(value))),
            NumeralKind::Ordinal if !han => plain.push_str(&format!("{}{}", rounded(value), english::ending(value))),
            // The digits of a year keep their zeros.
            NumeralKind::Digits => {
                let digits = text.get(numeral.start..numeral.end).unwrap_or_default().chars();
                plain.extend(digits.filter_map(chinese::digit_of).map(|digit| char::from(b'0' + digit)));
            }
            _ => plain.push_str(&rounded(value).to_string()),
        }
        from = numeral.end;
    }
    plain.push_str(text.get(from..).unwrap_or_default());
    plain
}

/// Six places are enough for what people write in words.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// What a language's reader returns: the end of the number in characters.
struct Reading {
    end: usize,
    value: Option<f64>,
    kind: NumeralKind,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn only(text: &str) -> Option<(Option<f64>, NumeralKind)> {
        let found = find(text);
        assert!(found.len() <= 1, "{text}: {found:?}");
        found.first().map(|numeral| (numeral.value, numeral.kind))
    }

    #[test]
    fn chinese_numbers_have_their_values() {
        use NumeralKind::{Cardinal, Digits, Fraction, Money, Ordinal, Percent};
        for (text, value, kind) in [
            ("一百二十三", 123.0, Cardinal),
            ("两千零五", 2005.0, Cardinal),
            ("两千五", 2500.0, Cardinal),
            ("一百二", 120.0, Cardinal),
            ("一百零二", 102.0, Cardinal),
            ("3万5", 35_000.0, Cardinal),
            ("1.5亿", 150_000_000.0, Cardinal),
            ("三万亿", 3e12, Cardinal),
            ("十二", 12.0, Cardinal),
            ("二十", 20.0, Cardinal),
            ("一亿零三百万", 103_000_000.0, Cardinal),
            ("壹仟贰佰", 1_200.0, Cardinal),
            ("三点一五", 3.15, Cardinal),
            ("十点五", 10.5, Cardinal),
            ("买了三个", 3.0, Cardinal),
            ("半斤", 0.5, Cardinal),
            ("两万三", 23_000.0, Cardinal),
            ("二〇二四年", 2024.0, Digits),
            ("一九九八年", 1998.0, Digits),
            ("第十二", 12.0, Ordinal),
            ("第三名", 3.0, Ordinal),
            ("百分之三十", 0.3, Percent),
            ("百分之九十九点九", 0.999, Percent),
            ("百分之百", 1.0, Percent),
            ("百分之5", 0.05, Percent),
            ("千分之三", 0.003, Percent),
            ("三分之二", 2.0 / 3.0, Fraction),
            ("一半", 0.5, Fraction),
            ("三块五", 3.5, Money),
            ("十二块八毛五", 12.85, Money),
            ("五毛", 0.5, Money),
            ("三百元", 300.0, Money),
            ("二十元五角", 20.5, Money),
            ("12块8", 12.8, Money),
            ("三千块钱", 3_000.0, Money),
        ] {
            let (found, of) = only(text).unwrap_or_else(|| panic!("{text}: nothing found"));
            assert!((found.unwrap() - value).abs() < 1e-9 * value.max(1.0), "{text}: {found:?}");
            assert_eq!(of, kind, "{text}");
        }
    }

    #[test]
    fn english_numbers_have_their_values() {
        use NumeralKind::{Cardinal, Fraction, Ordinal, Percent};
        for (text, value, kind) in [
            ("twenty-three", 23.0, Cardinal),
            ("Twenty three", 23.0, Cardinal),
            ("a hundred and five", 105.0, Cardinal),
            ("two thousand and five", 2_005.0, Cardinal),
            ("one hundred twenty-three million four hundred", 123_000_400.0, Cardinal),
            ("1.5k", 1_500.0, Cardinal),
            ("2M", 2_000_000.0, Cardinal),
            ("3 million", 3_000_000.0, Cardinal),
            ("two and a half", 2.5, Cardinal),
            ("three point one five", 3.15, Cardinal),
            ("two dozen", 24.0, Cardinal),
            ("seven", 7.0, Cardinal),
            ("fifty percent", 0.5, Percent),
            ("twenty-first", 21.0, Ordinal),
            ("third", 3.0, Ordinal),
            ("two thirds", 2.0 / 3.0, Fraction),
            ("three quarters", 0.75, Fraction),
            ("half", 0.5, Fraction),
        ] {
            let (found, of) = only(text).unwrap_or_else(|| panic!("{text}: nothing found"));
            assert!((found.unwrap() - value).abs() < 1e-9 * value.max(1.0), "{text}: {found:?}");
            assert_eq!(of, kind, "{text}");
        }
    }

    #[test]
    fn what_is_left_open_has_no_value() {
        for text in ["几百", "十几个", "几个", "好几千", "数百", "a few hundred", "several thousand"] {
            assert_eq!(only(text).map(|(value, _)| value), Some(None), "{text}");
        }
    }

    #[test]
    fn words_are_no_numbers() {
        for text in [
            "一起去",
            "统一",
            "万一坏了",
            "十分满意",
            "千万别买",
            "this one is it",
            "123",
            "2024-05-01",
            "often",
            "八卦",
        ] {
            assert_eq!(find(text), [], "{text}");
        }
    }

    #[test]
    fn numbers_are_put_into_digits() {
        for (text, plain) in [
            ("第三次买,花了一百二十块五,打八五折", "第3次买,花了120.5元,打85折"),
            ("百分之三十的人在二〇〇八年", "30%的人在2008年"),
            ("the twenty-first of twenty-three, 1.5k in all", "the 21st of 23, 1500 in all"),
            ("几百个", "几百个"),
        ] {
            assert_eq!(normalize(text), plain, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_written_is_read(value in prop_oneof![0u64..=10_000, 0u64..=1_000_000_000_000]) {
            if value > 10 {
                let chinese = format_chinese(value);
                prop_assert_eq!(only(&chinese).and_then(|(value, _)| value), Some(value as f64), "{}", chinese);
            }
            if value != 1 {
                let english = format_english(value);
                prop_assert_eq!(only(&english).and_then(|(value, _)| value), Some(value as f64), "{}", english);
            }
        }

        #[test]
        fn any_text_is_read(text in "([零一二两三十百千万亿几半点分之第块毛元0-9. a-z-]|hundred|and|half|twenty|k){0,24}") {
            let mut last = 0;
            for numeral in find(&text) {
                prop_assert!(numeral.start >= last && numeral.start < numeral.end);
                prop_assert!(text.get(numeral.start..numeral.end).is_some());
                last = numeral.end;
            }
            normalize(&text);
        }
    }
}
