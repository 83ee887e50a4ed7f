//! The writing system of a character: the one classification that cleaning, language detection,
//! segmentation and hashing share, so that they never disagree about where a Chinese run ends.

use serde::{Deserialize, Serialize};

/// The writing system of a character or of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Script {
    /// Chinese characters.
    Han,
    /// Japanese syllabaries, kept apart so that Japanese is not taken for Chinese.
    Kana,
    /// Latin letters, accented ones included.
    Latin,
    /// Digits and other numeric characters.
    Number,
    /// Letters of any other script.
    OtherLetter,
    /// Punctuation, symbols, white space, controls.
    Symbol,
}

impl Script {
    /// Classifies one character.
    pub fn of(c: char) -> Self {
        match c {
            'a'..='z' | 'A'..='Z' => Self::Latin,
            '0'..='9' => Self::Number,
            '\0'..='\x7f' => Self::Symbol,
            '\u{aa}' | '\u{ba}' => Self::Latin,
            '\u{c0}'..='\u{24f}' if c.is_alphabetic() => Self::Latin,
            '\u{300}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}' => Self::Latin,
            // 々 and 〇 are written inside Chinese words.
            '\u{3005}'
            | '\u{3007}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{323af}' => Self::Han,
            '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' if c.is_alphabetic() => {
                Self::Kana
            }
            _ if c.is_alphabetic() => Self::OtherLetter,
            _ if c.is_numeric() => Self::Number,
            _ => Self::Symbol,
        }
    }

    /// Whether characters of this script make up words.
    pub fn is_word(self) -> bool {
        self != Self::Symbol
    }
}

/// Whether a text holds at least one Chinese character.
pub fn has_han(text: &str) -> bool {
    // Every Han character starts with one of these UTF-8 bytes, so ASCII text is passed quickly.
    text.bytes().any(|byte| byte >= 0xe3) && text.chars().any(|c| Script::of(c) == Script::Han)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classifies_the_scripts_we_meet() {
        for (c, script) in [
            ('a', Script::Latin),
            ('é', Script::Latin),
            ('7', Script::Number),
            ('中', Script::Han),
            ('𠮷', Script::Han),
            ('々', Script::Han),
            ('の', Script::Kana),
            ('ー', Script::Kana),
            ('ж', Script::OtherLetter),
            ('한', Script::OtherLetter),
            ('，', Script::Symbol),
            ('×', Script::Symbol),
            ('😀', Script::Symbol),
            ('\n', Script::Symbol),
        ] {
            assert_eq!(Script::of(c), script, "{c:?}");
        }
    }

    #[test]
    fn finds_han() {
        assert!(has_han("ok 好"));
        assert!(!has_han("plain, naïve"));
        assert!(!has_han("。、"));
    }
}
