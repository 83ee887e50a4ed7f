//! Writes Chinese numerals.

use super::DIGITS;

/// `value` in Chinese, the standard way: 2005 is 两千零五 in speech and 二千零五 here.
pub fn format_chinese(value: u64) -> String {
    let digit = |digit: u64| DIGITS.chars().nth(digit as usize).unwrap_or('零');
    if value == 0 {
        return "零".to_owned();
    }
    let mut text = String::new();
    for (name, size) in [("亿", 100_000_000), ("万", 10_000), ("", 1)] {
        let above = value / size / if size == 100_000_000 { u64::MAX } else { 10_000 };
        let section = if size == 100_000_000 { value / size } else { value / size % 10_000 };
        if section == 0 {
            continue;
        }
        if section > 9_999 {
            // More than 9999 亿 are counted in 万亿.
            text.push_str(&format_chinese(section));
            text.push_str(name);
            continue;
        }
        let mut gap = section < 1_000 && (above > 0 || !text.is_empty());
        for (unit, size) in [("千", 1_000), ("百", 100), ("十", 10), ("", 1)] {
            let d = section / size % 10;
            if d == 0 {
                gap |= !text.is_empty() && section % size > 0 && section / size > 0;
                continue;
            }
            if gap {
                text.push('零');
                gap = false;
            }
            let ten = size == 10 && d == 1 && text.is_empty();
            if !ten {
                text.push(digit(d));
            }
            text.push_str(unit);
        }
        text.push_str(name);
    }
    text
}
