//! The characters that the reference tokenizer treats in its own way.

mod tables;

use self::tables::{DROPPED, MARKS, PUNCTUATION};

fn is_in(table: &[(u32, u32)], c: char) -> bool {
    let c = u32::from(c);
    let at = table.partition_point(|&(_, last)| last < c);
    table.get(at).is_some_and(|&(first, _)| first <= c)
}

/// Control, format and private characters, and the replacement character, which cleaning takes out.
pub(super) fn is_dropped(c: char) -> bool {
    is_in(DROPPED, c)
}

/// Nonspacing marks, which are accents.
pub(super) fn is_mark(c: char) -> bool {
    is_in(MARKS, c)
}

/// Characters that are words of their own: Unicode's punctuation and all of ASCII's signs.
pub(super) fn is_punctuation(c: char) -> bool {
    is_in(PUNCTUATION, c)
}

/// Han characters, which get a space on each side. The fifth range begins where the reference lets it begin.
pub(super) fn is_chinese(c: char) -> bool {
    matches!(u32::from(c),
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x2_a6df | 0x2_a700..=0x2_b73f
        | 0x2_b740..=0x2_b81f | 0x2_b920..=0x2_ceaf | 0x2_f800..=0x2_fa1f)
}

/// Characters that Unicode took apart only after the reference's tables were made (13): it leaves them whole.
pub(super) fn is_newer(c: char) -> bool {
    matches!(u32::from(c),
        0x1_05c9 | 0x1_05e4 | 0x1_1383 | 0x1_1385 | 0x1_138e | 0x1_1391 | 0x1_13c5 | 0x1_13c7 | 0x1_13c8 | 0x1_1938
        | 0x1_6121..=0x1_6128 | 0x1_6d68..=0x1_6d6a)
}
