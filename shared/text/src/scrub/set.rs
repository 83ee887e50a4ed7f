//! Sets of characters that are asked about every character of every text.

/// Characters of the basic plane, one bit each; others are never in it.
pub(super) struct CharSet(Box<[u64; 1024]>);

impl CharSet {
    pub(super) fn of(chars: impl IntoIterator<Item = char>) -> Self {
        let mut bits = Box::new([0; 1024]);
        for c in chars {
            if let Some(word) = bits.get_mut(u32::from(c) as usize / 64) {
                *word |= 1 << (u32::from(c) % 64);
            }
        }
        Self(bits)
    }

    /// The first characters of words, in both cases where they are ASCII letters.
    pub(super) fn first_of<'w>(words: impl IntoIterator<Item = &'w &'w str>) -> Self {
        let first = words.into_iter().filter_map(|word| word.chars().next());
        Self::of(first.flat_map(|c| [c.to_ascii_lowercase(), c.to_ascii_uppercase()]))
    }

    pub(super) fn contains(&self, c: char) -> bool {
        self.0.get(u32::from(c) as usize / 64).is_some_and(|word| word >> (u32::from(c) % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_it_was_given() {
        let set = CharSet::first_of(&["微信", "qq", "𠮷"]);
        assert!(set.contains('微') && set.contains('q') && set.contains('Q'));
        assert!(!set.contains('信') && !set.contains('𠮷') && !set.contains('\0'));
    }
}
