//! Chinese numerals.

mod reader;
mod write;

use self::reader::Reader;
pub use self::write::format_chinese;
use super::{NumeralKind, Reading};

const DIGITS: &str = "零一二三四五六七八九";
const FORMAL: &str = "〇壹贰叁肆伍陆柒捌玖";

/// After these a single numeral is a number.
const MEASURES: &str = "个件本次年月日天号岁人斤克两瓶包盒箱袋只条张双台部辆间套杯碗层楼位名家种句篇首节章页倍折米里寸度遍趟回分秒周期届块毛元角";

/// Words that begin with a numeral and are none.
const WORDS: &[&str] = &["十分", "千万", "万一", "一个劲", "百度", "千里", "万分", "一次性", "一家人", "一天到晚"];

/// Longest numeral that is read.
const MAX_LENGTH: usize = 40;

/// The value of one Chinese digit.
pub(super) fn digit_of(c: char) -> Option<u8> {
    let place = |set: &str| set.chars().position(|other| other == c);
    match c {
        '两' => Some(2),
        _ => place(DIGITS).or_else(|| place(FORMAL)).map(|digit| digit as u8),
    }
}

fn unit_of(c: char) -> Option<f64> {
    Some(match c {
        '十' | '拾' => 1e1,
        '百' | '佰' => 1e2,
        '千' | '仟' => 1e3,
        '万' | '萬' => 1e4,
        '亿' | '億' => 1e8,
        _ => return None,
    })
}

fn is_open(c: char) -> bool {
    matches!(c, '几' | '数' | '若')
}

/// The numeral that begins at `at`.
pub(super) fn at(text: &[char], at: usize) -> Option<Reading> {
    let get = |at: usize| text.get(at).copied().unwrap_or('\0');
    let first = get(at);
    let before = at.checked_sub(1).map_or('\0', get);
    let inside =
        first.is_ascii_digit() && (before.is_ascii_alphanumeric() || matches!(before, '.' | ',' | '-' | '/' | ':'));
    let begins =
        first == '第' || first == '半' || is_open(first) || first.is_ascii_digit() || digit_of(first).is_some();
    if inside || !begins && unit_of(first).is_none() || WORDS.iter().any(|word| starts(text, at, word)) {
        return None;
    }
    if first == '第' {
        let number = number(text, at + 1)?;
        let written = number.chinese && number.value.is_some();
        return written.then_some(Reading { end: number.end, value: number.value, kind: NumeralKind::Ordinal });
    }
    if starts(text, at, "一半") || first == '半' && MEASURES.contains(get(at + 1)) {
        let half = first == '半';
        let kind = if half { NumeralKind::Cardinal } else { NumeralKind::Fraction };
        return Some(Reading { end: at + if half { 1 } else { 2 }, value: Some(0.5), kind });
    }
    parts(text, at).or_else(|| {
        let number = number(text, at)?;
        money(text, &number).or_else(|| counted(text, at, &number))
    })
}

fn starts(text: &[char], at: usize, word: &str) -> bool {
    word.chars().enumerate().all(|(place, c)| text.get(at + place) == Some(&c))
}

/// 百分之三十 and 三分之二.
fn parts(text: &[char], at: usize) -> Option<Reading> {
    let whole = if starts(text, at, "百分之") {
        Number { end: at + 1, value: Some(100.0), chinese: true, digits: false, open: false }
    } else if starts(text, at, "千分之") {
        Number { end: at + 1, value: Some(1000.0), chinese: true, digits: false, open: false }
    } else {
        number(text, at)?
    };
    if !starts(text, whole.end, "分之") {
        return None;
    }
    let hundred = starts(text, whole.end + 2, "百").then_some(whole.end + 3);
    let part = match hundred {
        Some(end) => Number { end, value: Some(100.0), chinese: true, digits: false, open: false },
        None => number(text, whole.end + 2)?,
    };
    let of = whole.value.filter(|of| *of > 0.0)?;
    let percent = matches!(text.get(at), Some('百' | '千'));
    let kind = if percent { NumeralKind::Percent } else { NumeralKind::Fraction };
    Some(Reading { end: part.end, value: part.value.map(|part| part / of), kind })
}

/// 十二块八毛五, 三百元, 五毛.
fn money(text: &[char], number: &Number) -> Option<Reading> {
    let get = |at: usize| text.get(at).copied().unwrap_or('\0');
    let (mut end, mut value) = (number.end, number.value?);
    let small = matches!(get(end), '毛' | '角');
    if !small && !matches!(get(end), '块' | '元') {
        return None;
    }
    let mut written = number.chinese;
    let mut place = if small { 0.1 } else { 1.0 };
    value *= place;
    end += 1;
    while place > 0.01 {
        let Some(digit) = digit(get(end)).filter(|_| !digit(get(end + 1)).is_some_and(|_| get(end).is_ascii_digit()))
        else {
            break;
        };
        let unit = get(end + 1);
        let step = if unit == '分' { 0.01 } else { place / 10.0 };
        // 三块五个 is three pieces and five more.
        if !matches!(unit, '毛' | '角' | '分') && MEASURES.contains(unit) && unit != '\0' {
            break;
        }
        value += f64::from(digit) * step;
        written = true;
        place = step;
        end += 1 + usize::from(matches!(unit, '毛' | '角' | '分'));
    }
    end += usize::from(get(end) == '钱');
    written.then_some(Reading { end, value: Some(value), kind: NumeralKind::Money })
}

fn digit(c: char) -> Option<u8> {
    c.to_digit(10).map(|digit| digit as u8).or_else(|| digit_of(c))
}

/// A number of things, or digits one by one.
fn counted(text: &[char], at: usize, number: &Number) -> Option<Reading> {
    if !number.chinese {
        return None;
    }
    let next = text.get(number.end).copied().unwrap_or('\0');
    let single = number.end == at + 1;
    if single && !(MEASURES.contains(next) && next != '\0') {
        return None;
    }
    // 几 alone is a question; before a measure word or a unit it is a number.
    let kind = if number.digits { NumeralKind::Digits } else { NumeralKind::Cardinal };
    Some(Reading { end: number.end, value: number.value.filter(|_| !number.open), kind })
}

struct Number {
    end: usize,
    value: Option<f64>,
    /// Whether any of it is not an ASCII digit.
    chinese: bool,
    digits: bool,
    open: bool,
}

/// Reads digits and units as far as they make up one number.
fn number(text: &[char], from: usize) -> Option<Number> {
    if let Some(number) = digits(text, from) {
        return Some(number);
    }
    let mut reader = Reader::default();
    let mut at = from;
    while at < (from + MAX_LENGTH).min(text.len()) {
        let c = text[at];
        let length = if c.is_ascii_digit() { ascii(text, at) } else { 1 };
        let taken = match (unit_of(c), digit_of(c)) {
            _ if c.is_ascii_digit() => {
                let figures: String = text[at..at + length].iter().filter(|c| **c != ',').collect();
                figures.parse().is_ok_and(|value| reader.number(value))
            }
            _ if is_open(c) => reader.open(),
            (Some(unit), _) => reader.unit(unit),
            (_, Some(0)) => reader.zero(),
            (_, Some(digit)) => reader.number(f64::from(digit)),
            _ => false,
        };
        if !taken {
            break;
        }
        reader.chinese |= !c.is_ascii_digit();
        at += length;
    }
    if at == from || !reader.any {
        return None;
    }
    let value = reader.value();
    let (end, value) = fraction(text, at, value);
    Some(Number { end, value: Some(value), chinese: reader.chinese || end > at, digits: false, open: reader.is_open })
}

/// The digits after 点, where the number goes on with some.
fn fraction(text: &[char], at: usize, value: f64) -> (usize, f64) {
    let run = text.get(at + 1..).unwrap_or_default().iter().take(12).map_while(|&c| digit_of(c));
    let digits: Vec<u8> = run.collect();
    let end = at + 1 + digits.len();
    let next = text.get(end).copied().unwrap_or('\0');
    // 三点五十 and 三点五分 are times of day.
    if text.get(at) != Some(&'点') || digits.is_empty() || unit_of(next).is_some() || matches!(next, '分' | '刻' | '钟')
    {
        return (at, value);
    }
    let part = digits.iter().rev().fold(0.0, |part, &digit| (part + f64::from(digit)) / 10.0);
    (end, value + part)
}

/// Two or more Chinese digits without a unit, such as a year.
fn digits(text: &[char], from: usize) -> Option<Number> {
    let run = text.get(from..)?.iter().take(16).map_while(|&c| digit_of(c).filter(|_| c != '两'));
    let digits: Vec<u8> = run.collect();
    let end = from + digits.len();
    let unit = text.get(end).copied().and_then(unit_of).is_some();
    if digits.len() < 2 || unit || text.get(end).is_some_and(|&c| c == '点' || is_open(c)) {
        return None;
    }
    let value = digits.iter().fold(0.0, |value, &digit| value * 10.0 + f64::from(digit));
    Some(Number { end, value: Some(value), chinese: true, digits: true, open: false })
}

fn ascii(text: &[char], at: usize) -> usize {
    let digit = |at: usize| text.get(at).is_some_and(char::is_ascii_digit);
    let mut end = at;
    while digit(end) || matches!(text.get(end), Some('.' | ',')) && digit(end + 1) && end > at {
        end += 1;
    }
    end - at
}
