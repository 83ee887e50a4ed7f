//! Columns of a terminal: how wide a text is there, and how it is cut and broken.

use super::super::html::turns;

/// Columns of a character: none for what joins or marks another, two for the wide and full-width ones
/// (UAX 11, East Asian Width, classes W and F) and for emoji.
fn of_char(c: char) -> usize {
    match c {
        '\u{0300}'..='\u{036f}'
        | '\u{0483}'..='\u{0489}'
        | '\u{0591}'..='\u{05bd}'
        | '\u{064b}'..='\u{065f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}'
        | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0100}'..='\u{e01ef}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{231a}'..='\u{231b}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe10}'..='\u{fe19}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff01}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Columns of a text.
pub(in super::super) fn width(text: &str) -> usize {
    text.chars().map(of_char).sum()
}

/// The text without anything that a terminal obeys.
pub(super) fn clean(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c });
    spaced.filter(|&c| !c.is_control() && !turns(c)).collect()
}

/// The text in exactly `columns`: filled up with spaces, or cut with `end` in the place of the rest.
pub(super) fn fit(text: &str, columns: usize, end: char) -> String {
    let wide = width(text);
    if wide <= columns {
        return format!("{text}{}", " ".repeat(columns - wide));
    }
    let mut used = of_char(end);
    let mut cut: String = text
        .chars()
        .take_while(|&c| {
            used += of_char(c);
            used <= columns
        })
        .collect();
    if columns > 0 {
        cut.push(end);
    }
    let wide = width(&cut);
    cut.push_str(&" ".repeat(columns.saturating_sub(wide)));
    cut
}

/// The text in lines of at most `columns`: broken at spaces, between wide characters, and where nothing else helps.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for piece in pieces(text) {
        let wide = width(piece);
        if used + width(piece.trim_end()) > columns && used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if wide <= columns {
            line.push_str(piece);
            used += wide;
            continue;
        }
        for c in piece.chars() {
            if used + of_char(c) > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += of_char(c);
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Pieces that are not broken: words with the spaces after them, single wide characters with the marks that close them.
fn pieces(text: &str) -> Vec<&str> {
    let closes = |c: char| "，。！？；：、）》」』”’,.!?;:)".contains(c);
    let mut found = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let breaks = before.is_some_and(|b| {
            (b == ' ' && c != ' ') || (c != ' ' && !closes(c) && (of_char(b) == 2 || of_char(c) == 2))
        });
        if breaks && at > start {
            found.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!((width("ab"), width("吉他"), width("e\u{301}"), width("😀")), (2, 4, 1, 2));
        assert_eq!(fit("吉他声音", 6, '…'), "吉他… ");
        assert_eq!(fit("ab", 4, '…'), "ab  ");
        assert_eq!(fit("abcd", 3, '…'), "ab…");
    }

    #[test]
    fn lines_break_between_words_and_after_marks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("吉他很好，琴也很好。", 10), ["吉他很", "好，琴也很", "好。"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_columns(text in "\\PC{0,60}", columns in 2_usize..40) {
            prop_assert_eq!(width(&fit(&text, columns, '…')), columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns, "{:?}", line);
            }
        }

        #[test]
        fn wrapping_loses_nothing_but_space(text in "[a-z 的好足球，。]{0,80}") {
            let bare = |t: &str| t.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(bare(&wrap(&text, 12).concat()), bare(&text));
        }
    }
}
