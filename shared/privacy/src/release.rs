//! [`release`]: the only way from [`Private`] to the network.

use sha2::{Digest, Sha256};
use silhouette_wire::{ContentHash, pack};
use thiserror::Error;

use crate::clip::clip;
use crate::parameters::{NoiseShare, ReleaseParameters};
use crate::private::Private;
use crate::quantise::{Rounding, quantise, squared_norm};

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

/// A vector of integers that may leave the device: bounded, rounded, noised where the mode says
/// so, packed little-endian.
pub struct Release {
    bytes: Vec<u8>,
    dimension: usize,
    modulus_bits: u8,
}

impl Release {
    /// The packed bytes as they go on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Entries of the vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Bits of one entry.
    pub fn modulus_bits(&self) -> u8 {
        self.modulus_bits
    }

    /// SHA-256 of the packed bytes.
    pub fn sha256(&self) -> ContentHash {
        ContentHash(Sha256::digest(&self.bytes).into())
    }
}

/// Adds `noise` and wraps into `[-2^(b-1), 2^(b-1))`. Wrapping is arithmetic in `Z_(2^b)`: it
/// costs accuracy in a far tail and never privacy.
fn add_and_wrap(k: &mut [i64], noise: &[i64], bits: u8) {
    let shift = 64 - u32::from(bits);
    for (k, &n) in k.iter_mut().zip(noise) {
        *k = (k.wrapping_add(n) << shift) >> shift;
    }
}

/// Clips, rounds, checks, noises and packs one private vector (PRIVACY specification, section 4).
///
/// `noise` comes from [`ReleaseParameters::draw_noise`], drawn before this call.
///
/// # Errors
/// When the dimension or the noise do not fit, or the exact norm check fails; nothing leaves then.
pub fn release(
    update: Private<Vec<f32>>,
    parameters: &ReleaseParameters,
    noise: NoiseShare,
    rounding: &mut Rounding,
) -> Result<Release, ReleaseError> {
    let mut u = update.into_inner();
    if u.len() != parameters.dimension() {
        return Err(ReleaseError::Dimension { expected: parameters.dimension(), found: u.len() });
    }
    let noise = noise.into_noise(parameters).ok_or(ReleaseError::NoiseMismatch)?;
    clip(&mut u, parameters.clip());
    let bound = parameters.delta2_squared();
    let mut k = quantise(&u, parameters.scale(), bound, rounding);
    // The one check that privacy rests on; `quantise` promises it, this line does not trust it.
    if squared_norm(&k) > bound {
        return Err(ReleaseError::Norm);
    }
    add_and_wrap(&mut k, &noise, parameters.modulus_bits());
    let bytes = pack(&k, parameters.modulus_bits()).map_err(|e| ReleaseError::Pack(e.to_string()))?;
    Ok(Release { bytes, dimension: k.len(), modulus_bits: parameters.modulus_bits() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use silhouette_wire::Mode;

    use super::*;
    use crate::noise::OpenDpNoise;

    fn released(update: Vec<f32>, p: &ReleaseParameters) -> Vec<i64> {
        let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let mut rounding = Rounding::seeded([9; 32]);
        let r = release(Private::new(update), p, noise, &mut rounding).unwrap();
        assert_eq!(r.as_bytes().len(), p.byte_len());
        silhouette_wire::unpack(r.as_bytes(), p.modulus_bits()).unwrap()
    }

    proptest! {
        #[test]
        fn any_float_input_obeys_the_exact_bound(update in prop::collection::vec(any::<f32>(), 1..50)) {
            let p = ReleaseParameters::new(Mode::Central, update.len(), 0.7, 1.0, 10, 1).unwrap();
            let k = released(update, &p);
            prop_assert!(squared_norm(&k) <= p.delta2_squared());
        }
    }

    #[test]
    fn the_support_is_the_integer_grid_for_neighbouring_inputs() {
        // Floating-point attacks read the input off the low bits of the output; integers have none.
        let p = ReleaseParameters::new(Mode::Local, 4, 1.0, 0.01, 1, 1).unwrap();
        for update in [vec![0.0; 4], vec![1e-30, 0.5, -0.5, 1.0 / 3.0]] {
            assert_eq!(released(update, &p).len(), 4);
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
