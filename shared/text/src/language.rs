//! The language of a text by the scripts it is written in.
//!
//! The unit is a Han character or a Latin word, not a letter: an English word carries about as
//! much as one or two Han characters, and counting letters would call a Chinese sentence with one
//! brand name English. Scripts are not languages: French text counts as [`Language::En`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{script::Script, scrub::placeholder_len};

/// From this share of the Han and Latin units on, one of the two is the language of a text.
const MAIN_SHARE: f64 = 0.8;

/// From this share of all units on, other scripts make a text neither Chinese nor English.
const OTHER_SHARE: f64 = 0.5;

/// From this share of the Han and kana units on, kana make a text Japanese. A Chinese shop name
/// with one の stays below it.
const KANA_SHARE: f64 = 0.2;

/// The language of a text, as far as its scripts tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// At least 80 % of the Han and Latin units are Han characters.
    Zh,
    /// At least 80 % of the Han and Latin units are Latin words.
    En,
    /// Chinese and English, each above 20 %.
    Mixed,
    /// No letters, Japanese, or mostly other scripts.
    Other,
}

impl Language {
    /// The language of `text`.
    pub fn of(text: &str) -> Self {
        ScriptShares::of(text).language()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zh => "zh",
            Self::En => "en",
            Self::Mixed => "mixed",
            Self::Other => "other",
        })
    }
}

/// How much of a text each script makes up, in units: Han and kana characters, and words of the
/// other scripts. Digits and punctuation do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ScriptShares {
    /// Share of Han characters.
    pub han: f64,
    /// Share of Latin words.
    pub latin: f64,
    /// Share of kana.
    pub kana: f64,
    /// Share of words of any other script.
    pub other: f64,
    /// How many units there are.
    pub units: usize,
}

impl ScriptShares {
    /// Counts the units of `text`.
    pub fn of(text: &str) -> Self {
        let (mut han, mut latin, mut kana, mut other) = (0u32, 0u32, 0u32, 0u32);
        let mut previous = Script::Symbol;
        let mut after_placeholder = 0;
        for (at, c) in text.char_indices() {
            // A placeholder says nothing about the language of the text around it.
            if let Some(length) = placeholder_len(&text[at..]) {
                after_placeholder = at + length;
            }
            if at < after_placeholder {
                previous = Script::Symbol;
                continue;
            }
            let script = Script::of(c);
            match script {
                Script::Han => han += 1,
                Script::Kana => kana += 1,
                Script::Latin if previous != Script::Latin => latin += 1,
                Script::OtherLetter if previous != Script::OtherLetter => other += 1,
                _ => {}
            }
            // An apostrophe does not begin a new word.
            if !matches!(c, '\'' | '’') {
                previous = script;
            }
        }
        let units = han + latin + kana + other;
        let share = |count: u32| f64::from(count) / f64::from(units.max(1));
        Self { han: share(han), latin: share(latin), kana: share(kana), other: share(other), units: units as usize }
    }

    /// The language these shares tell.
    pub fn language(&self) -> Language {
        let japanese = self.kana > 0.0 && self.kana >= KANA_SHARE * (self.han + self.kana);
        let ours = self.han + self.latin;
        if self.units == 0 || japanese || ours <= 1.0 - OTHER_SHARE {
            Language::Other
        } else if self.han >= MAIN_SHARE * ours {
            Language::Zh
        } else if self.latin >= MAIN_SHARE * ours {
            Language::En
        } else {
            Language::Mixed
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_the_language_of_ordinary_text() {
        for (text, language) in [
            ("这个手机很好用", Language::Zh),
            ("我刚买了一个新的 iPhone 手机", Language::Zh),
            ("I don't like it at all", Language::En),
            ("I really love the 饺子 at this place so very much", Language::En),
            ("我叫⟨name⟩,电话⟨phone⟩", Language::Zh),
            ("today 我们 went 去 shopping", Language::Mixed),
            ("鳥の詩 とても好きです", Language::Other),
            ("鲜の每日", Language::Other),
            ("优の良品旗舰店", Language::Zh),
            ("Привет, мир", Language::Other),
            ("12345 !!! 😀", Language::Other),
            ("", Language::Other),
        ] {
            assert_eq!(Language::of(text), language, "{text}");
        }
    }

    proptest! {
        #[test]
        fn shares_add_up(text in "\\PC*") {
            let shares = ScriptShares::of(&text);
            let sum = shares.han + shares.latin + shares.kana + shares.other;
            prop_assert!(shares.units == 0 && sum == 0.0 || (sum - 1.0).abs() < 1e-9);
        }
    }
}
