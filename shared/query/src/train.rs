//! Federated averaging as a query: the device's half and the aggregator's half.

use silhouette_model::{Change, Engine, EngineError, Examples, LocalTraining, Model};
use silhouette_privacy::{NoisySum, Private, Update};
use thiserror::Error;

use crate::optimiser::{OptimiserError, ServerOptimiser};
use crate::robust::{TrimError, trimmed_mean, trimmed_noise_sd};

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
) -> Result<Private<Update>, EngineError> {
    let change = engine.train(model, examples, training, seed)?;
    Ok(Private::new(update_of(change)))
}

/// A change of a model as what the privacy mechanisms take, run by run.
pub fn update_of(Change { dimension, runs, values }: Change) -> Update {
    Update::Sparse { dimension, runs, values }
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
pub fn absorb<'o>(
    optimiser: &'o mut ServerOptimiser,
    model: &Model,
    sum: &NoisySum,
    round: u64,
    rounds: u64,
) -> Result<&'o [f32], OptimiserError> {
    absorb_mean(optimiser, model, sum.mean(), sum.mean_noise_sd(), round, rounds)
}

/// Why the sums of a round's groups were not absorbed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum AbsorbError {
    /// They have no trimmed mean.
    #[error(transparent)]
    Groups(#[from] TrimError),
    /// The optimiser.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
}

/// The aggregator's half for a round of groups: [`absorb`] of the coordinate-wise trimmed mean of
/// their means ([`trimmed_mean`]). One group and `trim` 0 give the same bits as [`absorb`].
///
/// # Errors
/// With fewer than `2 trim + 1` groups, or sums of another dimension than the model.
pub fn absorb_groups<'o>(
    optimiser: &'o mut ServerOptimiser,
    model: &Model,
    groups: &[NoisySum],
    trim: usize,
    round: u64,
    rounds: u64,
) -> Result<&'o [f32], AbsorbError> {
    if let (0, [whole]) = (trim, groups) {
        return Ok(absorb(optimiser, model, whole, round, rounds)?);
    }
    let means: Vec<Vec<f32>> = groups.iter().map(NoisySum::mean).collect();
    let sds: Vec<f64> = groups.iter().map(NoisySum::mean_noise_sd).collect();
    let mean = trimmed_mean(&means, trim)?;
    Ok(absorb_mean(optimiser, model, mean, trimmed_noise_sd(&sds, trim), round, rounds)?)
}

fn absorb_mean<'o>(
    optimiser: &'o mut ServerOptimiser,
    model: &Model,
    mut mean: Vec<f32>,
    noise_sd: f64,
    round: u64,
    rounds: u64,
) -> Result<&'o [f32], OptimiserError> {
    let kept = centre_heads(model, &mut mean);
    optimiser.step(&mean, noise_sd * kept, round, rounds)
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
