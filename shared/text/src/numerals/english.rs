//! English number words.

use super::{NumeralKind, Reading};

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(&str, f64); 5] =
    [("hundred", 1e2), ("thousand", 1e3), ("million", 1e6), ("billion", 1e9), ("trillion", 1e12)];
const SMALL_ORDINALS: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const PARTS: [(&str, f64); 6] =
    [("half", 2.0), ("halves", 2.0), ("third", 3.0), ("quarter", 4.0), ("fourth", 4.0), ("fifth", 5.0)];

/// Longest word looked at, and most words of a number.
const MAX_WORD: usize = 12;
const MAX_WORDS: usize = 24;

/// The word at `at` in small letters, and its end.
fn word(text: &[char], at: usize) -> Option<(String, usize)> {
    let rest = text.get(at..)?;
    let word: String = rest.iter().take(MAX_WORD + 1).take_while(|c| c.is_ascii_alphabetic()).collect();
    let whole = (1..=MAX_WORD).contains(&word.len());
    whole.then(|| (word.to_ascii_lowercase(), at + word.len()))
}

/// The next word after a space or a hyphen.
fn next(text: &[char], end: usize) -> Option<(String, usize)> {
    matches!(text.get(end), Some(' ' | '-')).then(|| word(text, end + 1)).flatten()
}

fn small(word: &str) -> Option<f64> {
    SMALL.iter().position(|other| *other == word).map(|value| value as f64)
}

fn tens(word: &str) -> Option<f64> {
    TENS.iter().position(|other| *other == word).map(|place| (place as f64 + 2.0) * 10.0)
}

fn scale(word: &str) -> Option<f64> {
    let plain = word.strip_suffix('s').unwrap_or(word);
    SCALES.iter().find(|(name, _)| *name == plain).map(|(_, scale)| *scale)
}

/// The value of an ordinal: third, twentieth, hundredth.
fn ordinal(word: &str) -> Option<f64> {
    let small = SMALL_ORDINALS.iter().position(|other| *other == word).map(|value| value as f64);
    small.or_else(|| tens(&format!("{}y", word.strip_suffix("ieth")?))).or_else(|| scale(word.strip_suffix("th")?))
}

/// The number that begins at `at`.
pub(super) fn at(text: &[char], at: usize) -> Option<Reading> {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '\'' | '$')) {
        return None;
    }
    if text.get(at)?.is_ascii_digit() {
        return scaled_digits(text, at);
    }
    let (first, end) = word(text, at)?;
    if matches!(first.as_str(), "few" | "several" | "a") {
        return open(text, &first, end);
    }
    if first == "half" {
        return Some(Reading { end, value: Some(0.5), kind: NumeralKind::Fraction });
    }
    let (end, value, kind) = words(text, at)?;
    // "one" and "second" are more often a pronoun and a part of a minute.
    if end == at + first.len() && matches!(first.as_str(), "one" | "second" | "hundreds" | "thousands") {
        return None;
    }
    if kind == NumeralKind::Ordinal {
        return Some(Reading { end, value: Some(value), kind });
    }
    Some(rest(text, end, value))
}

/// `a few hundred`, `several thousand`, `a hundred and five`.
fn open(text: &[char], first: &str, end: usize) -> Option<Reading> {
    let (second, after) = next(text, end)?;
    if first == "a" && second == "dozen" {
        return Some(Reading { end: after, value: Some(12.0), kind: NumeralKind::Cardinal });
    }
    if first == "a" && scale(&second).is_some() {
        let (end, value, _) = words_from(text, end, 1.0, after)?;
        return Some(rest(text, end, value));
    }
    let (unit, end) = if first == "a" && second == "few" { next(text, after)? } else { (second, after) };
    let open = first != "a" || after != end;
    (open && (scale(&unit).is_some() || unit == "dozen")).then_some(Reading {
        end,
        value: None,
        kind: NumeralKind::Cardinal,
    })
}

/// `1.5k`, `2M`, `3 million`.
fn scaled_digits(text: &[char], at: usize) -> Option<Reading> {
    let is = |at: usize, test: fn(&char) -> bool| text.get(at).is_some_and(test);
    let mut end = at;
    while end < at + 20
        && (is(end, char::is_ascii_digit) || is(end, |c| matches!(c, '.' | ',')) && is(end + 1, char::is_ascii_digit))
    {
        end += 1;
    }
    let value: f64 = text[at..end].iter().filter(|c| **c != ',').collect::<String>().parse().ok()?;
    let letter = match text.get(end)? {
        'k' | 'K' => Some(1e3),
        'M' => Some(1e6),
        _ => None,
    };
    if let Some(scale) = letter.filter(|_| !is(end + 1, char::is_ascii_alphanumeric)) {
        return Some(Reading { end: end + 1, value: Some(value * scale), kind: NumeralKind::Cardinal });
    }
    let (unit, after) = next(text, end)?;
    let scale = scale(&unit)?;
    Some(Reading { end: after, value: Some(value * scale), kind: NumeralKind::Cardinal })
}

/// Number words from `at` on, as far as they make up one number.
fn words(text: &[char], at: usize) -> Option<(usize, f64, NumeralKind)> {
    let (first, end) = word(text, at)?;
    if let Some(value) = ordinal(&first) {
        return Some((end, value, NumeralKind::Ordinal));
    }
    let value = small(&first).or_else(|| tens(&first))?;
    words_from(text, end, value, end)
}

/// Goes on after a first value; `end` is where it ends.
fn words_from(text: &[char], start: usize, first: f64, end: usize) -> Option<(usize, f64, NumeralKind)> {
    let (mut total, mut group, mut limit) = (0.0, first, f64::INFINITY);
    // The unit below which the next word must be: 100 after hundred, 10 after twenty.
    let mut room = if (20.0..100.0).contains(&first) { 10.0 } else { 0.0 };
    let mut end = end;
    let mut at = start;
    for _ in 0..MAX_WORDS {
        let Some((mut word, mut after)) = next(text, at) else { break };
        if word == "and" && room >= 100.0 || word == "and" && limit < f64::INFINITY && room > 0.0 {
            let Some(following) = next(text, after) else { break };
            (word, after) = following;
            // "two thousand and half" is no number.
            if small(&word).or_else(|| tens(&word)).is_none() {
                break;
            }
        }
        if let Some(value) = small(&word).or_else(|| tens(&word)) {
            if value >= room || value == 0.0 {
                break;
            }
            group += value;
            room = if value >= 20.0 { 10.0 } else { 0.0 };
        } else if let Some(value) = ordinal(&word).filter(|value| *value < room && *value > 0.0) {
            return Some((after, total + group + value, NumeralKind::Ordinal));
        } else if let Some(scale) = scale(&word).filter(|scale| *scale < limit) {
            if scale == 1e2 {
                if group == 0.0 || group >= 100.0 {
                    break;
                }
                group *= scale;
                room = 100.0;
            } else {
                total += group * scale;
                (group, limit, room) = (0.0, scale, scale.min(1e3));
            }
        } else {
            break;
        }
        (at, end) = (after, after);
    }
    Some((end, total + group, NumeralKind::Cardinal))
}

/// What follows a number: a dozen, a half, decimals, percent, parts.
fn rest(text: &[char], end: usize, value: f64) -> Reading {
    let cardinal = |end: usize, value: f64| Reading { end, value: Some(value), kind: NumeralKind::Cardinal };
    let Some((word, after)) = next(text, end) else { return cardinal(end, value) };
    match word.as_str() {
        "dozen" => cardinal(after, value * 12.0),
        "percent" => Reading { end: after, value: Some(value / 100.0), kind: NumeralKind::Percent },
        "and" => {
            let half = next(text, after).filter(|(word, _)| word == "a").and_then(|(_, at)| next(text, at));
            match half.filter(|(word, _)| word == "half") {
                Some((_, end)) => cardinal(end, value + 0.5),
                None => cardinal(end, value),
            }
        }
        "point" => {
            let (mut at, mut end, mut place, mut sum) = (after, end, 1.0, value);
            while let Some((digit, after)) = next(text, at).and_then(|(word, after)| Some((small(&word)?, after))) {
                if digit > 9.0 || place < 1e-12 {
                    break;
                }
                place /= 10.0;
                sum += digit * place;
                (at, end) = (after, after);
            }
            cardinal(end, sum)
        }
        _ => {
            let singular = word.strip_suffix('s').unwrap_or(&word);
            let part = PARTS.iter().find(|(name, _)| *name == word || *name == singular);
            match part.filter(|_| value < 20.0 && (value == 1.0) == (singular == word)) {
                Some((_, parts)) => Reading { end: after, value: Some(value / parts), kind: NumeralKind::Fraction },
                None => cardinal(end, value),
            }
        }
    }
}

/// `st`, `nd`, `rd` or `th`.
pub(super) fn ending(value: f64) -> &'static str {
    let value = value as u64;
    match (value % 100, value % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// `value` in English words: `one hundred twenty-three`.
pub fn format_english(value: u64) -> String {
    if value < 20 {
        return SMALL[value as usize].to_owned();
    }
    if value < 100 {
        let ten = TENS[(value / 10 - 2) as usize];
        return if value.is_multiple_of(10) {
            ten.to_owned()
        } else {
            format!("{ten}-{}", SMALL[(value % 10) as usize])
        };
    }
    for (name, size) in SCALES.iter().rev() {
        let size = *size as u64;
        if value >= size {
            let head = format!("{} {name}", format_english(value / size));
            return if value.is_multiple_of(size) { head } else { format!("{head} {}", format_english(value % size)) };
        }
    }
    String::new()
}
