//! One way to write each kind of number and date.

use silhouette_text::Language;

use super::words::{Counted, Words, fill};

/// Shown where there is no value.
pub(super) const MISSING: &str = "–";

/// Digits in groups of three.
pub(super) fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things, in words for one or for many.
pub(super) fn counted(words: Counted, value: usize) -> String {
    fill(words[usize::from(value != 1)], &[&count(value)])
}

/// A share, 0 to 1, in whole percent; a trace of something is not nothing.
pub(super) fn percent(share: f64) -> String {
    match unit(share) * 100.0 {
        p if p > 0.0 && p < 0.5 => "<1%".to_owned(),
        p => format!("{p:.0}%"),
    }
}

/// A number with at most `places` decimals and no zeros at its end; thousands apart.
pub(super) fn decimal(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let text = format!("{:.places$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let whole = whole.parse::<usize>().map_or_else(|_| whole.to_owned(), count);
    let sign = if value < 0.0 && text.contains(|c: char| ('1'..='9').contains(&c)) { "−" } else { "" };
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// A sentiment, -1 to 1, with its sign.
pub(super) fn signed(value: f64) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    match value.clamp(-1.0, 1.0) {
        v if v.abs() < 0.005 => "0.00".to_owned(),
        v if v < 0.0 => format!("−{:.2}", -v),
        v => format!("+{v:.2}"),
    }
}

/// A share as one can be drawn: 0 to 1, 0 for what is no number.
pub(super) fn unit(share: f64) -> f64 {
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

/// Year, month 1 to 12 and day of a moment in unix seconds, in UTC: days to a civil date by eras of 400 years
/// (Hinnant 2021, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(unix: i64) -> (i64, usize, i64) {
    let z = unix.div_euclid(86_400) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    // Between 1 and 12 by construction.
    (yoe + era * 400 + i64::from(month <= 2), month as usize, day)
}

/// The day of a moment in unix seconds, in UTC.
pub(super) fn date(unix: i64, words: &Words) -> String {
    let (year, month, day) = civil(unix);
    match words.months[month - 1] {
        "" => format!("{year}年{month}月{day}日"),
        name => format!("{day} {name} {year}"),
    }
}

/// Day, hour and minute of a moment in unix seconds, in UTC.
pub(super) fn moment(unix: i64, words: &Words) -> String {
    let second = unix.rem_euclid(86_400);
    format!("{} {:02}:{:02} UTC", date(unix, words), second / 3_600, second % 3_600 / 60)
}

/// A language of the texts.
pub(super) fn language(language: Language, words: &Words) -> &'static str {
    words.name(&format!("language.{language}")).unwrap_or(MISSING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persona::PersonaLanguage;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!((count(0), count(1_234_567)), ("0".into(), "1,234,567".into()));
        assert_eq!([0.0, 0.001, 0.376, 1.0, 7.0, f64::NAN].map(percent), ["0%", "<1%", "38%", "100%", "100%", "0%"]);
        assert_eq!([0.0, 0.1, -0.304, -9.0].map(signed), ["0.00", "+0.10", "−0.30", "−1.00"]);
        assert_eq!(decimal(-1234.50, 2), "−1,234.5");
        assert_eq!((decimal(-0.001, 2), decimal(f64::INFINITY, 1)), ("0".into(), "–".into()));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let (en, zh) = (Words::of(PersonaLanguage::En), Words::of(PersonaLanguage::Zh));
        assert_eq!(date(0, en), "1 Jan 1970");
        assert_eq!(date(-1, en), "31 Dec 1969");
        assert_eq!(date(1_709_164_800, zh), "2024年2月29日");
        assert_eq!(moment(1_709_251_199, en), "29 Feb 2024 23:59 UTC");
        assert_eq!(date(4_107_542_400, en), "1 Mar 2100"); // no leap year
        for extreme in [i64::MIN, i64::MAX] {
            assert!(!date(extreme, en).is_empty());
        }
    }
}
