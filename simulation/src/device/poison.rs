//! What a malicious device makes of a round's work.
//!
//! It breaks no rule that anybody could check: under its mask a vector is as good as any other. So it
//! goes to the one door with terms of its own, whose grid, length and rotation are the round's, but
//! whose clip norm is not.

use silhouette_client::{LocalRoundError, Work};
use silhouette_privacy::{Mode, ParameterError, Private, Release, ReleaseParameters, release};
use silhouette_query::train::update_of;

use super::Streams;
use crate::config::Attack;

/// Length of a boosted update, in clip norms; less where the grid of [`unclipped`] has no room for it.
const BOOST: f64 = 100.0;

/// Why a malicious device had nothing to send.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum PoisonError {
    /// A part of the work that an honest device does too.
    #[error(transparent)]
    Work(#[from] LocalRoundError),
    /// Its own terms.
    #[error(transparent)]
    Terms(#[from] ParameterError),
}

/// The vector of a malicious device: its update turned around and stretched.
pub(super) fn poisoned(attack: Attack, work: &Work<'_>, streams: &Streams) -> Result<Release, PoisonError> {
    let training = &work.manifest.training;
    let mut change = work
        .engine
        .train(work.model, work.examples, training, streams.order())
        .map_err(|e| PoisonError::Work(e.into()))?;
    let clip = work.parameters.clip();
    let (terms, length) = match attack {
        Attack::Boost => {
            let terms = unclipped(work.parameters, work.manifest.seed)?;
            let length = terms.clip().min(BOOST * clip);
            (terms, length)
        }
        Attack::Flip => (work.parameters.clone(), clip),
    };
    let norm = change.values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    let factor = if norm > 0.0 { (-length / norm) as f32 } else { 0.0 };
    change.values.iter_mut().for_each(|v| *v *= factor);
    let update = Private::new(update_of(change));
    let noise = terms.draw_noise(&mut streams.noise("poison")).map_err(|e| PoisonError::Work(e.into()))?;
    release(update, &terms, noise, &mut streams.rounding()).map_err(|e| PoisonError::Work(e.into()))
}

/// Terms on the same grid without noise, whose clip norm is many times as long.
///
/// In mode `distributed` a grid follows from a cohort; that of a few devices without noise has room for
/// longer vectors.
fn unclipped(honest: &ReleaseParameters, rotation: u64) -> Result<ReleaseParameters, PoisonError> {
    let bits = honest.modulus_bits();
    let alone = |clip: f64, devices: u32| {
        ReleaseParameters::new(Mode::Distributed, honest.dimension(), clip, 0.0, devices, devices)?
            .with_corrupt_fraction(0.0)?
            .with_modulus_bits(bits)
    };
    // Two is the fewest of whom the default share may be corrupt and one is not.
    let units = alone(1.0, 2)?.clip_units();
    let factor = f64::from(units) / f64::from(honest.clip_units());
    Ok(alone(honest.clip() * factor, 2)?.with_rotation(rotation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boosted_vector_is_on_the_rounds_grid() {
        let honest = ReleaseParameters::new(Mode::Distributed, 20_000, 0.2, 2.0, 50, 50).unwrap();
        let wide = unclipped(&honest, 3).unwrap();
        assert_eq!((wide.released_len(), wide.modulus_bits()), (honest.released_len(), honest.modulus_bits()));
        assert!((wide.scale() / honest.scale() - 1.0).abs() < 1e-12);
        assert!(wide.clip() >= 100.0 * honest.clip() && wide.sigma().is_none());
    }
}
