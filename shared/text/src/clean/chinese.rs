//! Traditional to Simplified Chinese.

use std::{collections::HashSet, sync::LazyLock};

use ferrous_opencc::{OpenCC, config::BuiltinConfig};

use crate::script::{Script, has_han};

/// Characters that are written alike in both, except in some words: a text that has none of these
/// and no Traditional character stays as it is. Taken from the phrase table of the dictionary.
const CHANGED_IN_PHRASES: &str = "覆藉瞭沈牴衹";

/// Most conversions of one text: some results, mostly names, are themselves convertible once more.
const MAX_PASSES: usize = 4;

/// The Simplified form; `None` where `text` has it already.
///
/// The conversion is repeated until it settles. That loses the few names in which a Traditional
/// character is right in Simplified text too, and gains one form for every text.
pub(super) fn simplify(text: &str) -> Option<String> {
    if !has_han(text) {
        return None;
    }
    // The dictionary is embedded and was built with the crate. Should it still fail to load, text
    // stays as it is.
    let converter = CONVERTER.as_ref()?;
    if !text.chars().any(|c| converter.changing.contains(&c)) {
        return None;
    }
    let mut current = converter.opencc.convert(text);
    for _ in 1..MAX_PASSES {
        let next = converter.opencc.convert(&current);
        if next == current {
            break;
        }
        current = next;
    }
    (current != text).then_some(current)
}

struct Converter {
    opencc: OpenCC,
    changing: HashSet<char>,
}

/// Loaded when the first Chinese text is met.
static CONVERTER: LazyLock<Option<Converter>> = LazyLock::new(|| {
    let opencc = OpenCC::from_config(BuiltinConfig::T2s).ok()?;
    let mut changing: HashSet<char> = CHANGED_IN_PHRASES.chars().collect();
    let mut buffer = [0; 4];
    let han = ('\u{3400}'..='\u{323af}').filter(|&c| Script::of(c) == Script::Han);
    changing.extend(han.filter(|c| {
        let alone: &str = c.encode_utf8(&mut buffer);
        opencc.convert(alone) != alone
    }));
    Some(Converter { opencc, changing })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_loads_and_is_plausible() {
        let converter = CONVERTER.as_ref().unwrap();
        assert!(converter.changing.len() > 3_000, "{}", converter.changing.len());
    }

    #[test]
    fn converts_words_and_characters() {
        for (text, simplified) in [
            ("簡體與繁體", Some("简体与繁体")),
            ("不瞭解", Some("不了解")),
            ("藉口", Some("借口")),
            ("沈默", Some("沉默")),
            ("简体", None),
            ("english", None),
        ] {
            assert_eq!(simplify(text).as_deref(), simplified, "{text}");
        }
    }

    #[test]
    fn every_character_settles() {
        for c in ('\u{3400}'..='\u{9fff}').chain('\u{20000}'..='\u{2a6df}') {
            if let Some(once) = simplify(&c.to_string()) {
                assert_eq!(simplify(&once), None, "{c}");
            }
        }
    }
}
