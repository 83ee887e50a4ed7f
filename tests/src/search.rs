//! Looks for a text in bytes, in every spelling in which a program may let it slip.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How a text was spelled where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// UTF-8, letters of either case.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// Base64 of the UTF-8, this many bytes after the start of a group of three.
    Base64(usize),
    /// Hexadecimal digits of the UTF-8, letters of either case.
    Hex,
    /// The escapes of JSON, `\uXXXX`, for what is not ASCII.
    Json,
}

impl fmt::Display for Spelling {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

/// A text and its spellings.
pub struct Canary {
    needles: Vec<(Spelling, Vec<u8>)>,
}

impl Canary {
    /// The spellings of `text`.
    pub fn new(text: &str) -> Self {
        let utf8 = text.as_bytes();
        let units = || text.encode_utf16();
        let mut needles = vec![
            (Spelling::Utf8, utf8.to_vec()),
            (Spelling::Utf16Le, units().flat_map(u16::to_le_bytes).collect()),
            (Spelling::Utf16Be, units().flat_map(u16::to_be_bytes).collect()),
            (Spelling::Hex, utf8.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()),
        ];
        if !text.is_ascii() {
            let escape = |unit: u16| match u8::try_from(unit) {
                Ok(ascii) if ascii.is_ascii() => char::from(ascii).to_string(),
                _ => format!("\\u{unit:04x}"),
            };
            needles.push((Spelling::Json, units().map(escape).collect::<String>().into_bytes()));
        }
        for before in 0..3 {
            for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                needles.push((Spelling::Base64(before), base64_within(&alphabet, utf8, before)));
            }
        }
        needles.dedup();
        Self { needles }
    }

    /// Every spelling found in `bytes`.
    pub fn in_bytes(&self, bytes: &[u8]) -> Vec<Spelling> {
        // Letters of either case: what is searched for is spelled small.
        let small = bytes.to_ascii_lowercase();
        let holds = |haystack: &[u8], needle: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
        let found = self.needles.iter().filter(|(spelling, needle)| match spelling {
            Spelling::Base64(_) => holds(bytes, needle),
            _ => holds(&small, &needle.to_ascii_lowercase()),
        });
        found.map(|(spelling, _)| *spelling).collect()
    }

    /// Every spelling found in a file below `folder`, or in a file's name.
    pub fn in_folder(&self, folder: &Path) -> Vec<(std::path::PathBuf, Spelling)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            found.extend(self.in_bytes(entry.file_name().as_encoded_bytes()).into_iter().map(|s| (path.clone(), s)));
            if path.is_dir() {
                found.extend(self.in_folder(&path));
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.extend(self.in_bytes(&bytes).into_iter().map(|s| (path.clone(), s)));
            }
        }
        found
    }
}

/// The part of the base64 of `... text ...` that does not depend on its neighbours, when `before`
/// bytes stand between the start of a group of three and the text.
fn base64_within(alphabet: &impl Engine, text: &[u8], before: usize) -> Vec<u8> {
    let mut padded = vec![0; before];
    padded.extend_from_slice(text);
    let encoded = alphabet.encode(&padded).into_bytes();
    // Six bits a character: whole characters inside the text's bits.
    let first = (8 * before).div_ceil(6);
    let end = 8 * padded.len() / 6;
    encoded[first..end].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 2] = ["my secret kumquat recipe", "我的秘密金桔"];

    #[test]
    fn a_planted_text_is_found_in_every_spelling() {
        for text in TEXTS {
            let canary = Canary::new(text);
            let is_found = |bytes: &[u8], spelling| assert!(canary.in_bytes(bytes).contains(&spelling), "{spelling}");
            is_found(format!("x{text}y").as_bytes(), Spelling::Utf8);
            is_found(text.to_ascii_uppercase().as_bytes(), Spelling::Utf8);
            let utf16: Vec<u16> = format!("x{text}y").encode_utf16().collect();
            is_found(&utf16.iter().flat_map(|u| u.to_le_bytes()).collect::<Vec<_>>(), Spelling::Utf16Le);
            is_found(&utf16.iter().flat_map(|u| u.to_be_bytes()).collect::<Vec<_>>(), Spelling::Utf16Be);
            let hex: String = text.bytes().map(|b| format!("{b:02X}")).collect();
            is_found(hex.as_bytes(), Spelling::Hex);
            for before in 0..9 {
                let bytes = [&vec![0xfb; before], text.as_bytes(), b"after"].concat();
                for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                    is_found(encoded.as_bytes(), Spelling::Base64(before % 3));
                }
            }
        }
        let escaped = br#"{"text":"\u6211\u7684\u79D8\u5bc6\u91d1\u6854"}"#;
        assert_eq!(Canary::new(TEXTS[1]).in_bytes(escaped), [Spelling::Json]);
    }

    #[test]
    fn a_text_that_is_not_there_is_not_found() {
        let other = "quite another text, 另一段文字".repeat(50);
        for bytes in [other.as_bytes(), STANDARD_NO_PAD.encode(&other).as_bytes(), b""] {
            assert!(TEXTS.iter().all(|text| Canary::new(text).in_bytes(bytes).is_empty()));
        }
    }

    #[test]
    fn files_and_their_names_are_searched() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a").join("b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join("log"), format!("... {} ...", TEXTS[0])).unwrap();
        std::fs::write(below.join(format!("{}.txt", TEXTS[1])), "").unwrap();
        let found = |text| Canary::new(text).in_folder(folder.path()).len();
        assert_eq!((found(TEXTS[0]), found(TEXTS[1]), found("nothing")), (1, 1, 0));
    }
}
