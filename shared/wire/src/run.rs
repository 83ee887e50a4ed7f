//! A place in a flat vector.

/// Neighbouring entries of a flat vector: `start .. start + len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first entry.
    pub start: u32,
    /// Entries, at least one.
    pub len: u32,
}

impl Run {
    /// The entries as a range.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}
