//! Walker's alias method over integer weights: one look and one comparison pick a slot, exactly.

/// Slots.
pub(super) const SLOTS: usize = 1024;

/// Bits that choose a column.
const COLUMN_BITS: u32 = SLOTS.trailing_zeros();

/// Bits that choose inside a column.
const HEIGHT_BITS: u32 = 16;

/// Bits of a word that [`AliasTable::pick`] uses, from the lowest.
pub(super) const WORD_BITS: u32 = COLUMN_BITS + HEIGHT_BITS;

/// What the weights come to: every slot's column is full.
pub(super) const TOTAL: u32 = (SLOTS as u32) << HEIGHT_BITS;

/// One column: below `height` it is its own slot, above it another.
#[derive(Clone, Copy)]
struct Column {
    height: u32,
    other: u32,
}

/// A distribution over the slots with probabilities `weight / TOTAL`.
pub(super) struct AliasTable([Column; SLOTS]);

impl AliasTable {
    /// The table of weights that come to [`TOTAL`] (Vose's construction).
    pub(super) fn new(weights: &[u32; SLOTS]) -> Self {
        debug_assert_eq!(weights.iter().sum::<u32>(), TOTAL);
        let full = 1 << HEIGHT_BITS;
        let mut left = *weights;
        let mut columns = [Column { height: full, other: 0 }; SLOTS];
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..SLOTS).partition(|&i| left[i] < full);
        // Each column that is not full is filled up by one that is more than full.
        while let (Some(short), Some(long)) = (small.pop(), large.pop()) {
            columns[short] = Column { height: left[short], other: long as u32 };
            left[long] -= full - left[short];
            if left[long] < full { small.push(long) } else { large.push(long) }
        }
        Self(columns)
    }

    /// The slot that the word's lowest bits pick.
    #[inline]
    pub(super) fn pick(&self, word: u64) -> usize {
        let own = word as usize % SLOTS;
        let column = self.0[own];
        let height = (word >> COLUMN_BITS) as u32 & ((1 << HEIGHT_BITS) - 1);
        let other = column.other as usize % SLOTS;
        if height < column.height { own } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_picked_by_exactly_its_weight_of_words() {
        let mut weights = [0; SLOTS];
        weights.iter_mut().enumerate().for_each(|(i, w)| *w = (i as u32).pow(2) % 1000);
        weights[17] += TOTAL - weights.iter().sum::<u32>();
        let table = AliasTable::new(&weights);
        let mut found = [0_u32; SLOTS];
        (0..u64::from(TOTAL)).for_each(|word| found[table.pick(word)] += 1);
        assert_eq!(found, weights);
    }
}
