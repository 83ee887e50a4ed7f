//! From a closed sum to a published model.

use std::sync::Arc;

use silhouette_model::{Model, ModelError};
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::Ended;
use silhouette_privacy::{Accumulator, FinishError, FoldError, NoiseTree, ParameterError, ReleaseParameters};
use silhouette_query::{AdaptiveClipError, OptimiserError, ServerOptimiser, train};
use silhouette_round::Millis;
use silhouette_wire::{ContentHash, DeviceId};
use thiserror::Error;

use super::opened::Collecting;
use crate::plan::Plan;
use crate::storage::{ClosedRound, ROUNDS_KEPT, Storage, StorageError};

/// What the last published round left; a new round starts from it.
#[derive(Clone)]
pub(crate) struct State {
    /// The model that was published.
    pub(crate) published: ContentHash,
    /// The model the next round starts from, and its hash.
    pub(crate) start: ContentHash,
    pub(crate) model: Arc<Model>,
    pub(crate) optimiser: ServerOptimiser,
    /// The public numbers of the next round's releases: the plan's, at the next round's clip.
    pub(crate) parameters: ReleaseParameters,
    /// The noise that the published model carries, where it is a tree's.
    pub(crate) tree: Option<NoiseTree>,
}

/// A sum whose round is over.
pub(super) struct Closed {
    pub(super) round: u64,
    pub(super) collecting: Collecting,
    pub(super) reports: Vec<(DeviceId, ContentHash)>,
    /// On the clock of the round.
    pub(super) now: Millis,
}

/// Why a round has no result although it had its reports.
#[derive(Debug, Error)]
pub(super) enum OutcomeError {
    #[error(transparent)]
    Unmask(#[from] Ended),
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error(transparent)]
    Finish(#[from] FinishError),
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    #[error(transparent)]
    AdaptiveClip(#[from] AdaptiveClipError),
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// A blocking task ended before its work was done: it panicked, or the runtime is going down.
#[derive(Debug, Error)]
#[error("the task was stopped before it was done")]
pub(super) struct Stopped;

/// Why nothing was written.
#[derive(Debug, Error)]
pub(super) enum StoreError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl State {
    /// Noise, optimiser, model; files first, then the one transaction that publishes. Blocks, for
    /// as long as drawing the noise takes.
    pub(super) fn after(mut self, closed: Closed, plan: &Plan, storage: &Storage) -> Result<Self, OutcomeError> {
        let sum = match closed.collecting {
            Collecting::Plain(sum) => sum,
            Collecting::Masked { round, parameters } => {
                Accumulator::from_masked(parameters, &round.finish(closed.now)?)?
            }
        };
        let noise = &mut OpenDpNoise::new();
        let noisy = match &mut self.tree {
            Some(tree) => sum.finish_in_tree(tree, closed.round, noise)?,
            None => sum.finish(noise)?,
        };
        let rounds = plan.config().rounds;
        let values = train::absorb(&mut self.optimiser, &self.model, &noisy, closed.round, rounds)?;
        let mut clip_next = None;
        if let Some(adaptive) = &plan.config().adaptive_clip {
            let clip = adaptive.next(&noisy)?;
            self.parameters = self.parameters.with_clip(clip)?;
            clip_next = Some(clip);
        }
        let keep = |values: Vec<f32>| -> Result<(ContentHash, Model), OutcomeError> {
            let model = Model::with_values(plan.task().clone(), values)?;
            Ok((storage.put_model(&model.to_safetensors()?)?, model))
        };
        (self.published, _) = keep(values)?;
        // The same file unless the optimiser averages its last iterates.
        let (start, model) = keep(self.optimiser.iterate().to_vec())?;
        (self.start, self.model) = (start, Arc::new(model));
        let optimiser_after = storage.put_optimiser(&self.optimiser.to_bytes())?;
        // Before the model that carries it: drawn again, it would give this round's sum away.
        let noise_after = self.tree.as_ref().map(|tree| storage.put_noise(&tree.to_bytes())).transpose()?;
        storage.publish_round(&ClosedRound {
            number: closed.round,
            model_after: self.published,
            model_next: self.start,
            optimiser_after,
            clip_next,
            noise_after,
            reports: &closed.reports,
        })?;
        // Published is published: files that stay behind are a matter of room.
        if let Err(error) = storage.prune(ROUNDS_KEPT) {
            tracing::warn!(%error, "superfluous files could not be removed");
        }
        Ok(self)
    }
}
