//! Sixteen generators side by side, so that vectors of any width draw from them alike.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Generators.
pub(super) const LANES: usize = 16;

/// xoshiro128++ (Blackman and Vigna, 2021) in every lane, seeded with a keystream.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Lanes([[u32; LANES]; 4]);

impl Lanes {
    pub(super) fn seeded(seed: [u8; 32]) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        let mut state = [[0; LANES]; 4];
        state.as_flattened_mut().iter_mut().for_each(|word| *word = rng.next_u32());
        // The one state that a generator never leaves is four zeros.
        state[0].iter_mut().for_each(|word| *word |= 1);
        Self(state)
    }

    /// The next word of every lane.
    #[inline(always)]
    pub(super) fn next(&mut self) -> [u32; LANES] {
        let s = &mut self.0;
        let mut out = [0; LANES];
        for i in 0..LANES {
            out[i] = s[0][i].wrapping_add(s[3][i]).rotate_left(7).wrapping_add(s[0][i]);
            let t = s[1][i] << 9;
            s[2][i] ^= s[0][i];
            s[3][i] ^= s[1][i];
            s[1][i] ^= s[2][i];
            s[0][i] ^= s[3][i];
            s[2][i] ^= t;
            s[3][i] = s[3][i].rotate_left(11);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_is_the_published_generator() {
        // The first outputs of the authors' C code from the state 1, 2, 3, 4.
        let mut lanes = Lanes([[1; LANES], [2; LANES], [3; LANES], [4; LANES]]);
        for expected in [641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274, 4_247_214_768] {
            assert_eq!(lanes.next(), [expected; LANES]);
        }
    }

    #[test]
    fn lanes_and_seeds_differ() {
        let (a, b) = (Lanes::seeded([1; 32]).next(), Lanes::seeded([2; 32]).next());
        let all: std::collections::BTreeSet<u32> = a.into_iter().chain(b).collect();
        assert_eq!(all.len(), 2 * LANES);
    }
}
