//! The spellings of a text, and of the numbers it becomes.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::{Coding, Spelling};

/// Feature numbers in a row that do not come together by chance.
const RUN: usize = 4;

/// A spelled run of fewer bytes could be chance all the same.
const SHORTEST_RUN: usize = 8;

pub(super) fn of_text(text: &str) -> Vec<(Spelling, Vec<u8>)> {
    let utf8 = text.as_bytes();
    let units = || text.encode_utf16();
    let mut needles = vec![
        (Spelling::Utf8, utf8.to_vec()),
        (Spelling::Utf16Le, units().flat_map(u16::to_le_bytes).collect()),
        (Spelling::Utf16Be, units().flat_map(u16::to_be_bytes).collect()),
        (Spelling::Hex, utf8.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()),
        (Spelling::Bytes, decimal(utf8, ",")),
        (Spelling::Bytes, decimal(utf8, ", ")),
    ];
    if !text.is_ascii() {
        let escape = |unit: u16| match u8::try_from(unit) {
            Ok(ascii) if ascii.is_ascii() => char::from(ascii).to_string(),
            _ => format!("\\u{unit:04x}"),
        };
        needles.push((Spelling::Json, units().map(escape).collect::<String>().into_bytes()));
        let percent = |&byte: &u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        };
        needles.push((Spelling::Percent, utf8.iter().map(percent).collect::<String>().into_bytes()));
    }
    for before in 0..3 {
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            needles.push((Spelling::Base64(before), base64_within(&alphabet, utf8, before)));
        }
    }
    needles
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
    encoded.get(first..end).unwrap_or_default().to_vec()
}

/// From every number of every list on, the shortest run of four or more that is long enough.
pub(super) fn of_features(lists: &[Vec<u32>]) -> Vec<(Spelling, Vec<u8>)> {
    let mut needles = Vec::new();
    for list in lists {
        for start in 0..list.len() {
            for (coding, spell) in SPELLED {
                let runs = (start + RUN..=list.len()).map(|end| spell(&list[start..end]));
                let long_enough = runs.into_iter().find(|bytes| bytes.len() >= SHORTEST_RUN);
                needles.extend(long_enough.map(|bytes| (Spelling::Features(coding), bytes)));
            }
        }
    }
    needles
}

type Spell = fn(&[u32]) -> Vec<u8>;

const SPELLED: [(Coding, Spell); 5] = [
    (Coding::U32Le, |run| run.iter().flat_map(|id| id.to_le_bytes()).collect()),
    (Coding::U64Le, |run| run.iter().flat_map(|&id| u64::from(id).to_le_bytes()).collect()),
    (Coding::Varint, |run| run.iter().flat_map(|&id| varint(id)).collect()),
    (Coding::Decimal, |run| decimal(run, ",")),
    (Coding::Decimal, |run| decimal(run, ", ")),
];

fn decimal<T: ToString>(numbers: &[T], comma: &str) -> Vec<u8> {
    numbers.iter().map(T::to_string).collect::<Vec<_>>().join(comma).into_bytes()
}

/// Seven bits a byte, the low ones first, the top bit set on all but the last (LEB128).
pub(crate) fn varint(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
