//! Sixteen generators side by side, so that vectors of any width draw from them alike.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use fearless_simd::{Level, Simd, SimdBase, dispatch, u32x16};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::LANES;

/// xoshiro128++ (Blackman and Vigna, 2021) in every lane, seeded with a keystream. Even and fast; no cipher: who sees
/// its words can go on.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Lanes([[u32; LANES]; 4]);

impl Lanes {
    pub(crate) fn seeded(seed: [u8; 32]) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        let mut state = [[0; LANES]; 4];
        state.as_flattened_mut().iter_mut().for_each(|word| *word = rng.next_u32());
        // The one state that a generator never leaves is four zeros.
        state[0].iter_mut().for_each(|word| *word |= 1);
        Self(state)
    }

    /// Takes the generators into registers, for as long as `work` draws from them.
    #[inline(always)]
    pub(crate) fn with<S: Simd>(&mut self, simd: S, work: impl FnOnce(&mut Drawn<S>)) {
        let mut drawn = Drawn(self.0.map(|row| u32x16::from_slice(simd, &row)));
        work(&mut drawn);
        for (row, now) in self.0.iter_mut().zip(&drawn.0) {
            now.store_slice(row);
        }
    }

    /// Fills `out` with words, lane by lane.
    pub(crate) fn fill(&mut self, out: &mut [[u32; LANES]]) {
        dispatch!(Level::new(), simd => self.with(simd, #[inline(always)] |drawn| {
            out.iter_mut().for_each(|words| drawn.next().store_slice(words));
        }));
    }
}

/// Generators in registers.
pub(crate) struct Drawn<S: Simd>([u32x16<S>; 4]);

impl<S: Simd> Drawn<S> {
    /// The next word of every lane.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> u32x16<S> {
        let s = &mut self.0;
        let rotated = |x: u32x16<S>, by: u32| (x << by) | (x >> (32 - by));
        let out = rotated(s[0] + s[3], 7) + s[0];
        let t = s[1] << 9;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rotated(s[3], 11);
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
        let mut found = [[0; LANES]; 6];
        lanes.fill(&mut found[..2]);
        lanes.fill(&mut found[2..]);
        let expected = [641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274, 4_247_214_768];
        assert_eq!(found, expected.map(|word| [word; LANES]));
    }

    #[test]
    fn lanes_and_seeds_differ() {
        let mut found = [[0; LANES]; 2];
        Lanes::seeded([1; 32]).fill(&mut found[..1]);
        Lanes::seeded([2; 32]).fill(&mut found[1..]);
        let all: std::collections::BTreeSet<&u32> = found.as_flattened().iter().collect();
        assert_eq!(all.len(), 2 * LANES);
    }
}
