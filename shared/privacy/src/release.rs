//! [`release`]: the only way from [`Private`] to the network.

mod vector;

use silhouette_wire::{Mode, Run};
use thiserror::Error;

pub use vector::Release;

use crate::clip::{Clipped, clip};
use crate::parameters::{NoiseShare, ReleaseParameters};
use crate::private::Private;
use crate::quantise::{Rounding, quantise, squared_norm_narrow};
use crate::rotate::rotate;
use crate::update::Update;

/// Why a vector was not released.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The vector's length is not the manifest's dimension.
    #[error("vector: expected {expected} entries, found {found}")]
    Dimension {
        /// The manifest's dimension.
        expected: usize,
        /// The vector's length.
        found: usize,
    },
    /// The noise was drawn for another release.
    #[error("noise: drawn for other parameters than this release's")]
    NoiseMismatch,
    /// The exact norm check failed; nothing was released.
    #[error("the exact norm check failed; nothing was released")]
    Norm,
    /// The vector could not be packed.
    #[error("packing the released vector failed: {0}")]
    Pack(String),
}

/// Integers that passed the one check that privacy rests on. What is noised or packed is made from these
/// alone, so nothing gets there past the check.
struct Bounded {
    k: Vec<i32>,
    bound: u128,
}

impl Bounded {
    /// Takes `k` if its exact squared norm is at most `bound`; [`quantise`] promises it, this does not
    /// trust it. Entries that are not there are zero and add nothing.
    fn checked(k: Vec<i32>, bound: u128) -> Result<Self, ReleaseError> {
        if squared_norm_narrow(&k) > bound { Err(ReleaseError::Norm) } else { Ok(Self { k, bound }) }
    }

    /// All entries of the vector that has these in its runs.
    fn whole(self, runs: &[Run], dimension: usize) -> Vec<i64> {
        let mut whole = vec![0; dimension];
        let places = runs.iter().flat_map(|run| run.range());
        places.zip(self.k).for_each(|(i, k)| whole[i] = k.into());
        whole
    }
}

/// Adds `noise`, if there is any, and wraps into `[-2^(b-1), 2^(b-1))`. Wrapping is arithmetic in
/// `Z_(2^b)`: it costs accuracy in a far tail and never privacy.
fn add_and_wrap(k: &mut [i64], noise: &[i64], bits: u8) {
    k.iter_mut().zip(noise).for_each(|(k, &n)| *k = k.wrapping_add(n));
    k.iter_mut().for_each(|k| *k = centre(*k, bits));
}

/// The representative of `k` modulo `2^bits` in `[-2^(bits-1), 2^(bits-1))`.
pub(crate) fn centre(k: i64, bits: u8) -> i64 {
    let shift = 64 - u32::from(bits);
    (k << shift) >> shift
}

/// Clips, rounds, checks, noises and packs one private vector (PRIVACY specification, section 4).
///
/// With an adaptive clip the vector gets one more entry, which says whether the update was within it.
///
/// `noise` comes from [`ReleaseParameters::draw_noise`], drawn before this call.
///
/// # Errors
/// When the dimension or the noise do not fit, or the exact norm check fails; nothing leaves then.
pub fn release<U: Into<Update>>(
    update: Private<U>,
    parameters: &ReleaseParameters,
    noise: NoiseShare,
    rounding: &mut Rounding,
) -> Result<Release, ReleaseError> {
    let update: Update = update.into_inner().into();
    if update.dimension() != parameters.dimension() || !update.is_well_formed() {
        return Err(ReleaseError::Dimension { expected: parameters.dimension(), found: update.dimension() });
    }
    let noise = noise.into_noise(parameters).ok_or(ReleaseError::NoiseMismatch)?;
    let (mut runs, mut u) = match parameters.rotation() {
        None => update.into_runs(),
        // Rotated, a vector touches every entry.
        Some(_) => (vec![Run { start: 0, len: parameters.released_len() as u32 }], update.into_dense()),
    };
    let clipped = clip(&mut u, parameters.clip());
    if let Some(weight) = parameters.indicator_weight() {
        // An update that is no number is longer than any clip.
        let within = clipped == Clipped::Unchanged;
        u.push((if within { 0.5 * weight } else { -0.5 * weight }) as f32);
        if parameters.rotation().is_none() {
            runs.push(Run { start: parameters.dimension() as u32, len: 1 });
        }
    }
    if let Some(seed) = parameters.rotation() {
        u = rotate(u, seed);
    }
    let bound = parameters.delta2_squared();
    let k = Bounded::checked(quantise(&u, parameters.scale(), bound, rounding), bound)?;
    let (length, bits) = (parameters.released_len(), parameters.modulus_bits());
    if parameters.mode() == Mode::Central {
        return Release::sparse(runs, k, length, bits);
    }
    let mut whole = k.whole(&runs, length);
    add_and_wrap(&mut whole, &noise, bits);
    Release::dense(whole, bits)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use silhouette_wire::Mode;

    use super::*;
    use crate::accumulate::Accumulator;
    use crate::noise::OpenDpNoise;
    use crate::noise::simulation::SeededNoise;

    fn released(update: Vec<f32>, p: &ReleaseParameters) -> Vec<i64> {
        let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let mut rounding = Rounding::seeded([9; 32]);
        let r = release(Private::new(update), p, noise, &mut rounding).unwrap();
        assert_eq!((r.dimension(), r.as_bytes().len()), (p.released_len(), p.byte_len()));
        silhouette_wire::unpack(r.as_bytes(), p.modulus_bits()).unwrap()
    }

    proptest! {
        #[test]
        fn any_float_input_obeys_the_exact_bound(update in prop::collection::vec(any::<f32>(), 1..50)) {
            let p = ReleaseParameters::new(Mode::Central, update.len(), 0.7, 1.0, 10, 1).unwrap();
            let k = released(update, &p);
            prop_assert!(crate::quantise::squared_norm(&k) <= p.delta2_squared());
        }
    }

    #[test]
    fn the_exact_check_does_not_trust_the_rounding() {
        assert!(Bounded::checked(vec![3, -4], 25).is_ok());
        for (k, bound) in [(vec![3, -4], 24), (vec![1], 0), (vec![i32::MIN; 4], 1 << 60)] {
            assert_eq!(Bounded::checked(k, bound).err(), Some(ReleaseError::Norm));
        }
    }

    /// What is published of a round of one report whose entries all are `steps` grid steps: the sums, and
    /// the bits of their means, within nine grid steps of zero.
    fn published(mode: Mode, steps: f32) -> (BTreeSet<i64>, BTreeSet<u32>) {
        // 2^8 steps in the clip norm, 2^16 entries: sigma = 0.011 sqrt(2^16 + 2^14 + 2^8 + 2^7) = 3.2.
        let p = ReleaseParameters::new(mode, 1 << 16, 1.0, 0.011, 1, 1).unwrap().with_grid(1 << 8, 32).unwrap();
        let mut noise = SeededNoise::dangerous_for_simulation_only([6; 32], steps.to_bits().into());
        let share = p.draw_noise(&mut noise).unwrap();
        let update = Private::new(vec![steps / 256.0; 1 << 16]);
        let mut sum = Accumulator::new(p.clone());
        sum.fold(release(update, &p, share, &mut Rounding::seeded([9; 32])).unwrap().as_bytes()).unwrap();
        let result = sum.finish(&mut noise).unwrap();
        let near = |&(k, _): &(i64, f32)| k.abs() <= 9;
        result.as_grid().iter().copied().zip(result.mean()).filter(near).map(|(k, mean)| (k, mean.to_bits())).unzip()
    }

    #[test]
    fn the_support_is_the_integer_grid_for_neighbouring_inputs() {
        // Floating-point attacks (Mironov 2012; Haney et al. 2022) read the input off which outputs are
        // possible at all. Here the same ones are, down to the bits of the published mean, whatever the
        // input: nothing, a subnormal fraction of a step, a third, a half, a whole step. Each of these 19
        // values is drawn 2^16 p > 30 times on average, so that none is missed by chance.
        let grid: BTreeSet<i64> = (-9..=9).collect();
        for mode in [Mode::Local, Mode::Central] {
            let (sums, means) = published(mode, 0.0);
            assert_eq!(sums, grid, "{mode}");
            for steps in [1e-38, 1.0 / 3.0, 0.5, 0.999, -0.7] {
                assert_eq!(published(mode, steps), (grid.clone(), means.clone()), "{mode} {steps}");
            }
        }
    }

    proptest! {
        #[test]
        fn both_forms_of_a_vector_on_the_grid_give_the_same_bytes(steps in prop::collection::vec(prop_oneof![Just(0_i32), -90_i32..90], 1..50)) {
            // Whole steps are not rounded, so that chance plays no part. 2^14 of them are the clip norm, 1.
            let update: Vec<f32> = steps.iter().map(|&k| k as f32 / 16384.0).collect();
            let p = ReleaseParameters::new(Mode::Central, update.len(), 1.0, 1.0, 10, 1).unwrap();
            let entries: Vec<_> = update.iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(i, v)| (i as u32, *v)).collect();
            let sparse = Update::of_entries(update.len(), &entries);
            let noise = || p.draw_noise(&mut OpenDpNoise::new()).unwrap();
            let a = release(Private::new(update), &p, noise(), &mut Rounding::seeded([9; 32])).unwrap();
            let b = release(Private::new(sparse), &p, noise(), &mut Rounding::seeded([7; 32])).unwrap();
            prop_assert_eq!(a.as_bytes(), b.as_bytes());
            let whole: Vec<i64> = steps.iter().map(|&k| k.into()).collect();
            prop_assert_eq!(silhouette_wire::unpack(a.as_bytes(), 16).unwrap(), whole);
            let mut sums = [Accumulator::new(p.clone()), Accumulator::new(p.clone())];
            sums[0].fold_release(&a).unwrap();
            sums[1].fold(b.as_bytes()).unwrap();
            let [a, b] = sums.map(|sum| sum.finish(&mut SeededNoise::dangerous_for_simulation_only([1; 32], 0)).unwrap());
            prop_assert_eq!(a.as_grid(), b.as_grid());
        }
    }

    #[test]
    fn a_malformed_sparse_vector_is_refused() {
        let p = ReleaseParameters::new(Mode::Central, 4, 1.0, 1.0, 1, 1).unwrap();
        let (one, two) = (|start| Run { start, len: 1 }, |start| Run { start, len: 2 });
        let runs = [vec![one(4), one(5)], vec![one(1), one(1)], vec![one(2), one(0)], vec![two(3)], vec![one(0)]];
        for runs in runs.into_iter().chain([vec![two(0), one(1)], vec![one(0), Run { start: u32::MAX, len: 1 }]]) {
            let share = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
            let sparse = Update::Sparse { dimension: 4, runs, values: vec![1.0; 2] };
            assert!(release(Private::new(sparse), &p, share, &mut Rounding::seeded([1; 32])).is_err());
        }
    }

    #[test]
    fn noise_for_other_parameters_is_refused() {
        let p = ReleaseParameters::new(Mode::Local, 4, 1.0, 1.0, 1, 1).unwrap();
        let weaker = ReleaseParameters::new(Mode::Local, 4, 1.0, 0.5, 1, 1).unwrap();
        let share = weaker.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let result = release(Private::new(vec![0.0; 4]), &p, share, &mut Rounding::seeded([1; 32]));
        assert_eq!(result.err(), Some(ReleaseError::NoiseMismatch));
    }

    #[test]
    fn a_wrong_dimension_is_refused() {
        let p = ReleaseParameters::new(Mode::Central, 4, 1.0, 1.0, 1, 1).unwrap();
        let share = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let result = release(Private::new(vec![0.0; 5]), &p, share, &mut Rounding::seeded([1; 32]));
        assert_eq!(result.err(), Some(ReleaseError::Dimension { expected: 4, found: 5 }));
    }

    #[test]
    fn wrapping_is_arithmetic_modulo_two_to_the_b() {
        let mut k = vec![32767, -32768, 5];
        add_and_wrap(&mut k, &[1, -1, 2], 16);
        assert_eq!(k, [-32768, 32767, 7]);
    }
}
