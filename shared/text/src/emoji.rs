//! Emoji, emoticons and bracketed stickers: found, counted, weighed.
//!
//! A sequence of emoji that is drawn as one (Unicode Technical Standard 51: skin tones, joined with
//! U+200D, flags, keycaps) counts as one. Emoticons are those of western, Japanese and Chinese chats
//! (`:-)`, `^_^`, `T_T`), stickers the words in square brackets of Chinese networks (`[微笑]`).
//!
//! ```
//! use silhouette_text::emoji::{self, EmojiKind};
//!
//! let found = emoji::find("好吃😍 👨‍👩‍👧 :-)");
//! assert_eq!(found.len(), 3);
//! assert_eq!(found[0].weight, 3.0);
//! assert_eq!(found[2].kind, EmojiKind::Emoticon);
//! ```

use std::{collections::HashMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

const TABLE: &str = include_str!("../data/emoji.txt");

/// Longest emoticon or sticker, in bytes.
const MAX_WRITTEN: usize = 16;

/// Most emoji joined into one.
const MAX_JOINED: usize = 10;

static WEIGHTS: LazyLock<HashMap<&'static str, f32>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let weight: f32 = words.next()?.parse().ok()?;
        Some(words.map(move |word| (word, weight)))
    });
    lines.flatten().collect()
});

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmojiKind {
    /// A character or sequence of Unicode that is drawn as a picture.
    Emoji,
    /// Punctuation and letters that make up a face.
    Emoticon,
    /// A word in square brackets that a network draws as a picture.
    Sticker,
}

/// An emoji, emoticon or sticker in a text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Emoji {
    /// How it is written.
    pub kind: EmojiKind,
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// What it feels like, from -3 to 3 as in the lexicon; 0 where the table does not know it.
    pub weight: f32,
}

/// How often a text uses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmojiCounts {
    /// Emoji, sequences as one.
    pub emoji: u32,
    /// Emoticons.
    pub emoticons: u32,
    /// Stickers.
    pub stickers: u32,
    /// Of all of them, those that feel good.
    pub positive: u32,
    /// Of all of them, those that feel bad.
    pub negative: u32,
}

impl EmojiCounts {
    /// Counts those of a text.
    pub fn of(text: &str) -> Self {
        let mut counts = Self::default();
        for emoji in find(text) {
            match emoji.kind {
                EmojiKind::Emoji => counts.emoji += 1,
                EmojiKind::Emoticon => counts.emoticons += 1,
                EmojiKind::Sticker => counts.stickers += 1,
            }
            counts.positive += u32::from(emoji.weight > 0.0);
            counts.negative += u32::from(emoji.weight < 0.0);
        }
        counts
    }
}

/// Those of `text`, from left to right.
pub fn find(text: &str) -> Vec<Emoji> {
    let mut found = Vec::new();
    let mut before = ' ';
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if let Some(emoji) = emoji_at(text, at, c).or_else(|| written_at(text, at, c, before)) {
            at = emoji.end;
            before = ' ';
            found.push(emoji);
        } else {
            at += c.len_utf8();
            before = c;
        }
    }
    found
}

/// Whether a character alone is drawn as an emoji.
pub(crate) fn is_emoji(c: char) -> bool {
    match c {
        '\0'..='\u{203b}' => false,
        '\u{1f300}'..='\u{1faff}' | '\u{1f004}' | '\u{1f0cf}' | '\u{1f18e}' | '\u{1f191}'..='\u{1f19a}' => !is_tone(c),
        '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23f3}' | '\u{25b6}' | '\u{25fd}' | '\u{25fe}' => true,
        '\u{2600}'..='\u{2604}' | '\u{260e}' | '\u{2611}' | '\u{2614}' | '\u{2615}' | '\u{2618}' | '\u{261d}' => true,
        '\u{2620}'..='\u{2623}' | '\u{2639}' | '\u{263a}' | '\u{2648}'..='\u{2653}' | '\u{267f}' => true,
        '\u{2693}'..='\u{26fd}' | '\u{2702}'..='\u{270d}' | '\u{2714}' | '\u{2728}' => true,
        '\u{2744}' | '\u{274c}' | '\u{274e}' | '\u{2753}'..='\u{2757}' | '\u{2763}' | '\u{2764}' => true,
        '\u{2b50}' | '\u{2b55}' => true,
        _ => false,
    }
}

fn is_tone(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

fn is_regional(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// The emoji sequence that begins at `at` with `c`.
fn emoji_at(text: &str, at: usize, c: char) -> Option<Emoji> {
    let mut chars = text[at..].chars().peekable();
    let first = chars.next()?;
    let mut end = at + first.len_utf8();
    if is_regional(c) {
        let second = chars.next().filter(|&c| is_regional(c))?;
        return Some(Emoji { kind: EmojiKind::Emoji, start: at, end: end + second.len_utf8(), weight: 0.0 });
    }
    if matches!(c, '0'..='9' | '#' | '*') {
        chars.next_if_eq(&'\u{fe0f}');
        chars.next_if_eq(&'\u{20e3}')?;
        let length = if text[end..].starts_with('\u{fe0f}') { 6 } else { 3 };
        return Some(Emoji { kind: EmojiKind::Emoji, start: at, end: end + length, weight: 0.0 });
    }
    if !is_emoji(c) {
        return None;
    }
    let mut joined = 1;
    while let Some(&next) = chars.peek() {
        let goes_on = match next {
            '\u{fe0f}' | '\u{fe0e}' | '\u{e0020}'..='\u{e007f}' => true,
            '\u{200d}' => {
                let mut after = chars.clone();
                after.next();
                joined += 1;
                joined <= MAX_JOINED
                    && after.next().is_some_and(|c| is_emoji(c) || matches!(c, '\u{2640}' | '\u{2642}'))
            }
            _ => is_tone(next),
        };
        if !goes_on {
            break;
        }
        end += next.len_utf8();
        chars.next();
        if next == '\u{200d}'
            && let Some(after) = chars.next()
        {
            end += after.len_utf8();
        }
    }
    let mut buffer = [0; 4];
    let weight = WEIGHTS.get(&*c.encode_utf8(&mut buffer)).copied().unwrap_or(0.0);
    Some(Emoji { kind: EmojiKind::Emoji, start: at, end, weight })
}

/// The emoticon or sticker that begins at `at`, the longest of the table.
fn written_at(text: &str, at: usize, c: char, before: char) -> Option<Emoji> {
    let letter = c.is_ascii_alphabetic();
    let may_begin = letter || ":;=<>^(-[".contains(c);
    if !may_begin || before.is_ascii_alphanumeric() || c == '=' && before == ')' {
        return None;
    }
    let rest = &text[at..];
    let most = MAX_WRITTEN.min(rest.len());
    let (written, weight) = (2..=most).rev().filter_map(|length| rest.get(..length)).find_map(|written| {
        let weight = WEIGHTS.get(written)?;
        let after = rest[written.len()..].chars().next().unwrap_or(' ');
        let ends_in_letter = written.ends_with(|c: char| c.is_ascii_alphanumeric());
        let repeats = written.ends_with(after) && !ends_in_letter;
        let whole = !(ends_in_letter && after.is_alphanumeric()) && (after != '/' || !written.ends_with('/'));
        (whole || repeats && after != '/').then_some((written, *weight))
    })?;
    let kind = if c == '[' { EmojiKind::Sticker } else { EmojiKind::Emoticon };
    Some(Emoji { kind, start: at, end: at + written.len(), weight })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans(text: &str) -> Vec<&str> {
        find(text).iter().map(|emoji| &text[emoji.start..emoji.end]).collect()
    }

    #[test]
    fn sequences_are_one() {
        for one in ["👨‍👩‍👧‍👦", "👍🏽", "🇨🇳", "❤️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩🏻‍🚀", "🤦‍♂️", "☺"]
        {
            let text = format!("a{one}好");
            assert_eq!(spans(&text), [one]);
        }
        assert_eq!(spans("😀😀🇨🇳🇺🇸"), ["😀", "😀", "🇨🇳", "🇺🇸"]);
    }

    #[test]
    fn emoticons_are_told_from_text() {
        assert_eq!(spans("good :) bad :-( <3"), [":)", ":-(", "<3"]);
        assert_eq!(spans("开心^_^难过T_T[微笑]"), ["^_^", "T_T", "[微笑]"]);
        for text in ["http://a.b", "TTL XDR", "ratio 3:3", "[链接]", "f(x)=(y)", "1 < 2", "★ § 12345", "note: P"] {
            assert_eq!(spans(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn counts_and_weights() {
        let counts = EmojiCounts::of("👍👍😭 :) [怒]🚗");
        assert_eq!(counts, EmojiCounts { emoji: 4, emoticons: 1, stickers: 1, positive: 3, negative: 2 });
        assert!(WEIGHTS.len() > 150 && WEIGHTS.values().all(|weight| (-3.0..=3.0).contains(weight)));
    }

    proptest! {
        #[test]
        fn spans_are_in_order(text in "([a:;)(D<3/T_\\[\\]^-]|😀|\u{200d}|\u{fe0f}|🏽|🇨|🇳|1|\u{20e3}|好|❤|[微笑]){0,16}") {
            let mut last = 0;
            for emoji in find(&text) {
                prop_assert!(emoji.start >= last && emoji.start < emoji.end);
                prop_assert!(text.get(emoji.start..emoji.end).is_some());
                last = emoji.end;
            }
        }
    }
}
