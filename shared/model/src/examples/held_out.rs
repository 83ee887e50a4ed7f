//! Which texts are kept out of training.

use crate::vector::TextVector;

/// Separates this use of the mixing below from the order of an epoch.
const DOMAIN: u64 = 0x5349_4c48_4f55_5431;

/// Whether a text is among the `percent` per cent that are held out for evaluation. Nothing private hangs
/// on the hash, so it is a fast one: `SplitMix64`'s finaliser, chained over the entries.
pub(super) fn is_held_out(vector: &TextVector, percent: u8) -> bool {
    if percent == 0 {
        return false;
    }
    let entries = vector.indices().iter().zip(vector.values());
    let hash = entries.fold(mix(DOMAIN), |state, (&i, v)| mix(state ^ (u64::from(i) << 32 | u64::from(v.to_bits()))));
    // The high bits, scaled: every share comes out to one part in 2^32.
    ((hash >> 32) * 100) >> 32 < u64::from(percent)
}

fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Example, Examples};

    fn texts(n: u32) -> Vec<Example> {
        let vector = |i| TextVector::from_entries(vec![(i % 7, 0.5), (7 + i, 0.25)]);
        (0..n).map(|i| Example { vector: vector(i), targets: Vec::new() }).collect()
    }

    #[test]
    fn the_share_that_is_asked_for_is_held_out() {
        let all = Examples::from_items(texts(10_000));
        for (percent, least, most) in [(0, 0, 0), (1, 60, 140), (20, 1_850, 2_150), (50, 4_800, 5_200)] {
            let (kept, out) = all.parted(percent);
            assert_eq!(kept.len() + out.len(), 10_000);
            assert!((least..=most).contains(&out.len()), "{percent} per cent: {}", out.len());
        }
    }

    #[test]
    fn a_text_stays_on_its_side_whatever_comes_or_goes() {
        let texts = texts(500);
        let (_, out) = Examples::from_items(texts.clone()).parted(20);
        let held: Vec<_> = out.items().iter().map(|e| e.vector.clone()).collect();
        let fewer: Vec<_> = texts.into_iter().rev().step_by(3).collect();
        let (kept, out) = Examples::from_items(fewer).parted(20);
        assert!(out.items().iter().all(|e| held.contains(&e.vector)));
        assert!(kept.items().iter().all(|e| !held.contains(&e.vector)));
        // A larger share holds out more, and lets none go.
        let (_, more) = Examples::from_items(self::texts(500)).parted(40);
        assert!(held.iter().all(|v| more.items().iter().any(|e| e.vector == *v)));
    }

    #[test]
    fn the_split_is_stable() {
        let side: String = texts(40).iter().map(|e| if is_held_out(&e.vector, 20) { '1' } else { '0' }).collect();
        assert_eq!(side, "0000000000000000000000110010000001000000");
    }
}
