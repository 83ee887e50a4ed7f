//! Lower-case hexadecimal, both ways.

use std::fmt;

/// Bytes as lower-case hexadecimal.
pub fn encode(bytes: &[u8]) -> String {
    struct Hex<'a>(&'a [u8]);
    impl fmt::Display for Hex<'_> {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(self.0, out)
        }
    }
    Hex(bytes).to_string()
}

/// Reads bytes; only lower-case digits, so that one value has one spelling.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Writes bytes as lower-case hexadecimal.
pub(crate) fn write(bytes: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

/// Reads exactly `N` bytes. The length is judged first.
pub(crate) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    decode(text)?.try_into().ok()
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_spelling() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = encode(&bytes);
        assert_eq!((text.len(), &text[..6]), (512, "000102"));
        assert_eq!(decode(&text), Some(bytes));
        assert_eq!((encode(&[]), decode("")), (String::new(), Some(Vec::new())));
        for bad in ["0", "0g", "AB", "é"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!((read::<1>("ff"), read::<2>("ff"), read::<1>("0x")), (Some([255]), None, None));
    }
}
