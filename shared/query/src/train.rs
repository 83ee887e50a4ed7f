//! Federated averaging as a query: the device's half and the aggregator's half.

use silhouette_model::{Engine, EngineError, Examples, LocalTraining, Model};
use silhouette_privacy::noise::{NoiseError, NoiseSource};
use silhouette_privacy::{NoisySum, Private, Release, ReleaseError, ReleaseParameters, Rounding, release};
use thiserror::Error;

use crate::optimiser::{OptimiserError, ServerOptimiser};

/// Why a device's contribution was not made. Nothing left the device.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContributeError {
    /// The noise source failed.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// Training failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The release pipeline refused.
    #[error(transparent)]
    Release(#[from] ReleaseError),
}

/// The device's half: trains on this person's examples and yields the update, weights after minus
/// weights before. Uniform weight per user: the number of examples is not part of it.
///
/// # Errors
/// When the engine fails.
pub fn contribute(
    engine: &dyn Engine,
    model: &Model,
    examples: &Examples,
    training: &LocalTraining,
    seed: u64,
) -> Result<Private<Vec<f32>>, EngineError> {
    engine.train(model, examples, training, seed).map(Private::new)
}

/// One device's whole part of a round, in the order that privacy asks for: the noise is drawn, then
/// the data are looked at, then the result goes through the one door. The network client and the
/// simulator both call this.
///
/// # Errors
/// When noise, training or the release fail; nothing left the device then.
pub fn contribute_release(
    engine: &dyn Engine,
    model: &Model,
    examples: &Examples,
    training: &LocalTraining,
    parameters: &ReleaseParameters,
    randomness: (&mut dyn NoiseSource, &mut Rounding, u64),
) -> Result<Release, ContributeError> {
    let (noise, rounding, seed) = randomness;
    let share = parameters.draw_noise(noise)?;
    let update = contribute(engine, model, examples, training, seed)?;
    Ok(release(update, parameters, share, rounding)?)
}

/// The aggregator's half: the noisy mean update goes through the server optimiser; returns the
/// parameters to publish.
///
/// Before that, the mean over a head's classes is taken off each input's row of weights. Softmax
/// does not see it (adding the same number to all classes changes no probability), but it carries
/// noise: without it each coordinate's noise has standard deviation `sqrt(1 - 1/C)` of before.
///
/// # Errors
/// When the sum is of another dimension than the model.
pub fn absorb(
    optimiser: &mut ServerOptimiser,
    model: &Model,
    sum: &NoisySum,
    round: u64,
    rounds: u64,
) -> Result<Vec<f32>, OptimiserError> {
    let mut mean = sum.mean();
    let kept = centre_heads(model, &mut mean);
    optimiser.step(&mean, sum.mean_noise_sd() * kept, round, rounds)
}

/// Centres the classes of every softmax head; returns the share of the noise's standard deviation
/// that is left on the coordinates of the widest head.
fn centre_heads(model: &Model, mean: &mut [f32]) -> f64 {
    let outputs = model.task().outputs();
    let mut kept: f64 = 1.0;
    if !model.task().encoder.is_frozen() {
        return kept;
    }
    kept = 0.0;
    for (head, range) in model.task().ranges() {
        let classes = head.labels().len();
        if classes == 0 {
            kept = 1.0;
            continue;
        }
        kept = kept.max((1.0 - 1.0 / classes as f64).sqrt());
        for row in mean.chunks_exact_mut(outputs) {
            let row = &mut row[range.clone()];
            let centre = row.iter().sum::<f32>() / classes as f32;
            row.iter_mut().for_each(|v| *v -= centre);
        }
    }
    kept
}
