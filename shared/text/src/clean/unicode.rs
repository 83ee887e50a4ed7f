//! Unicode forms, capitals, invisible characters and white space.
//!
//! Each step gives `None` where there is nothing to change, so that clean text is never copied.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::CleanReport;
use crate::emoji::is_emoji;

/// The NFKC form.
pub(super) fn normalize(text: &str) -> Option<String> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return None;
    }
    let normalized: String = text.nfkc().collect();
    (normalized != text).then_some(normalized)
}

/// Small letters.
pub(super) fn lowercase(text: &str) -> Option<String> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return None;
    }
    let lower = text.to_lowercase();
    (lower != text).then_some(lower)
}

/// Drops what cannot be seen and makes every run of white space one space, none at the ends.
pub(super) fn fold(text: &str, report: &mut CleanReport) -> Option<String> {
    if is_folded(text) {
        return None;
    }
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = joins(folded.chars().next_back(), c, chars.peek().copied()) && !gap;
        if c.is_whitespace() {
            gap = true;
        } else if is_invisible(c) && !joins {
            report.invisible += 1;
        } else {
            if gap && !folded.is_empty() {
                folded.push(' ');
            }
            gap = false;
            folded.push(c);
        }
    }
    Some(folded)
}

fn is_folded(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let foldable = c == ' ' && before == ' ' || c != ' ' && c.is_whitespace();
        if foldable || is_invisible(c) && !joins(Some(before), c, chars.peek().copied()) {
            return false;
        }
        before = c;
    }
    text.is_empty() || before != ' '
}

/// Whether `c` joins two emoji into one, which are another picture without it.
fn joins(before: Option<char>, c: char, after: Option<char>) -> bool {
    let joined = |c: Option<char>| c.is_some_and(|c| is_emoji(c) || matches!(c, '\u{1f3fb}'..='\u{1f3ff}'));
    c == '\u{200d}'
        && joined(before)
        && joined(after.map(|c| if matches!(c, '\u{2640}' | '\u{2642}') { '\u{2764}' } else { c }))
}

/// Controls and format characters: zero-width and direction marks, soft hyphens, variation
/// selectors, tags, and the replacement character that a lost byte leaves.
fn is_invisible(c: char) -> bool {
    match c {
        ' '..='~' => false,
        _ if c.is_control() => !c.is_whitespace(),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffd}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_is_not_copied() {
        let mut report = CleanReport::default();
        for text in ["", "a b", "你好 world"] {
            assert_eq!(normalize(text), None);
            assert_eq!(lowercase(text), if text.is_ascii() { None } else { lowercase(text) });
            assert_eq!(fold(text, &mut report), None);
        }
        assert_eq!(report, CleanReport::default());
    }

    #[test]
    fn emoji_stay_joined() {
        let mut report = CleanReport::default();
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(fold(family, &mut report), None);
        assert_eq!(fold("a\u{200d}b 👨 \u{200d}👩", &mut report).as_deref(), Some("ab 👨 👩"));
    }

    #[test]
    fn folds_every_kind_of_space() {
        let mut report = CleanReport::default();
        let folded = fold("\u{3000}a\u{a0}\u{2028}\r\nb\u{0}\u{202e} ", &mut report);
        assert_eq!(folded.as_deref(), Some("a b"));
        assert_eq!(report.invisible, 2);
    }
}
