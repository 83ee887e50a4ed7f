//! From a closed sum to a published model.

use std::collections::BTreeSet;
use std::sync::Arc;

use silhouette_model::{Model, ModelError};
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::{Ended, Sum};
use silhouette_privacy::{Accumulator, FinishError, FoldError, NoiseTree, NoisySum, ParameterError, ReleaseParameters};
use silhouette_query::label_counts::LengthError;
use silhouette_query::robust::trim_left;
use silhouette_query::{AdaptiveClipError, Figures, ServerOptimiser, train};
use silhouette_round::{MaskedGroups, Millis};
use silhouette_wire::{ContentHash, DeviceId, QueryKind};
use thiserror::Error;
use tracing::warn;

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

/// A published round.
pub(super) struct Published {
    pub(super) state: State,
    /// Reports in its result.
    pub(super) reports: usize,
    /// Groups in its result.
    pub(super) groups: usize,
    /// What it made public beside a model.
    pub(super) figures: Option<Figures>,
}

/// Why a group has no sum although it had its reports.
#[derive(Debug, Error)]
enum GroupError {
    #[error(transparent)]
    Unmask(#[from] Ended),
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error(transparent)]
    Finish(#[from] FinishError),
}

/// Why a round has no result although it had its reports.
#[derive(Debug, Error)]
pub(super) enum OutcomeError {
    #[error("groups: expected at least {expected} with a sum, found {found}")]
    TooFewGroups { expected: usize, found: usize },
    #[error("groups: expected at most trim = {tolerated} with a sum that is too long, found {found}")]
    TooManyBadGroups { tolerated: usize, found: usize },
    #[error(transparent)]
    Finish(#[from] FinishError),
    #[error(transparent)]
    Absorb(#[from] train::AbsorbError),
    #[error(transparent)]
    Figures(#[from] LengthError),
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
    /// Noise, optimiser, model (or figures, which leave the model as it is); files first, then the one transaction that publishes. Blocks, for
    /// as long as drawing the noise takes.
    pub(super) fn after(mut self, closed: Closed, plan: &Plan, storage: &Storage) -> Result<Published, OutcomeError> {
        let mut reports = closed.reports;
        let Unmasked { sums, rejected, .. } = match closed.collecting {
            Collecting::Plain(sum) => {
                let noise = &mut OpenDpNoise::new();
                let sum = match &mut self.tree {
                    Some(tree) => sum.finish_in_tree(tree, closed.round, noise)?,
                    None => sum.finish(noise)?,
                };
                Unmasked { sums: vec![sum], ..Unmasked::default() }
            }
            Collecting::Masked { round, parameters } => {
                let unmasked = unmasked(*round, &parameters, closed.now);
                reports.retain(|(device, _)| unmasked.counted.contains(device));
                unmasked
            }
        };
        let expected = plan.config().fewest_groups() as usize;
        if sums.len() + rejected < expected {
            return Err(OutcomeError::TooFewGroups { expected, found: sums.len() + rejected });
        }
        // More liars than the trim allows for: whatever hid better is in the groups that are left.
        let tolerated = plan.config().trim as usize;
        if tolerated > 0 && rejected > tolerated {
            return Err(OutcomeError::TooManyBadGroups { tolerated, found: rejected });
        }
        let figures = Figures::of(plan.schedule().kind(closed.round), &sums, plan.task())?;
        if figures.is_none() {
            self.learn(closed.round, &sums, rejected, plan, storage)?;
        }
        let groups = sums.len();
        self.publish(closed.round, figures.as_ref(), &reports, plan, storage)?;
        Ok(Published { reports: reports.len(), groups, figures, state: self })
    }

    /// A round of training: the sums go into the model and its files onto the disk.
    fn learn(
        &mut self,
        round: u64,
        sums: &[NoisySum],
        rejected: usize,
        plan: &Plan,
        storage: &Storage,
    ) -> Result<(), OutcomeError> {
        let trim = trim_left(plan.config().trim as usize, rejected);
        let (step, steps) = (plan.schedule().count_until(QueryKind::Train, round), plan.config().rounds);
        let values = train::absorb_groups(&mut self.optimiser, &self.model, sums, trim, step, steps)?.to_vec();
        if let Some(adaptive) = &plan.config().adaptive_clip {
            self.parameters = self.parameters.clone().with_clip(adaptive.next(sums)?)?;
        }
        let keep = |values: Vec<f32>| -> Result<(ContentHash, Model), OutcomeError> {
            let model = Model::with_values(plan.task().clone(), values)?;
            Ok((storage.put_model(&model.to_safetensors()?)?, model))
        };
        (self.published, _) = keep(values)?;
        // The same file unless the optimiser averages its last iterates.
        let (start, model) = keep(self.optimiser.iterate().to_vec())?;
        (self.start, self.model) = (start, Arc::new(model));
        Ok(())
    }

    /// The one transaction that publishes. Rounds beside training carry over what training left.
    fn publish(
        &self,
        round: u64,
        figures: Option<&Figures>,
        reports: &[(DeviceId, ContentHash)],
        plan: &Plan,
        storage: &Storage,
    ) -> Result<(), OutcomeError> {
        let optimiser_after = storage.put_optimiser(&self.optimiser.to_bytes())?;
        // Before the model that carries it: drawn again, it would give this round's sum away.
        let noise_after = self.tree.as_ref().map(|tree| storage.put_noise(&tree.to_bytes())).transpose()?;
        storage.publish_round(&ClosedRound {
            number: round,
            model_after: self.published,
            model_next: self.start,
            optimiser_after,
            clip_next: plan.config().adaptive_clip.map(|_| self.parameters.clip()),
            noise_after,
            figures,
            reports,
        })?;
        // Published is published: files that stay behind are a matter of room.
        if let Err(error) = storage.prune(ROUNDS_KEPT) {
            warn!(%error, "superfluous files could not be removed");
        }
        Ok(())
    }
}

/// What a round's groups came to.
#[derive(Default)]
struct Unmasked {
    sums: Vec<NoisySum>,
    /// Whose reports are in the sums.
    counted: BTreeSet<DeviceId>,
    /// Groups whose sums are longer than those of honest reports.
    rejected: usize,
}

/// The sum of each group that has one and whose length is that of honest reports. A group that has
/// none is left out; what it was charged stays charged.
fn unmasked(round: MaskedGroups, parameters: &[ReleaseParameters], now: Millis) -> Unmasked {
    let mut all = Unmasked::default();
    for (group, sum) in round.finish(now) {
        let Some(parameters) = parameters.get(group) else { continue };
        match noisy(sum, parameters.clone()) {
            Ok((sum, survivors)) => {
                all.sums.push(sum);
                all.counted.extend(survivors);
            }
            Err(error) => {
                all.rejected += usize::from(matches!(error, GroupError::Finish(FinishError::SumTooLong { .. })));
                warn!(group, %error, "a group's sum is left out");
            }
        }
    }
    all
}

fn noisy(sum: Result<Sum, Ended>, parameters: ReleaseParameters) -> Result<(NoisySum, Vec<DeviceId>), GroupError> {
    let sum = sum?;
    // Every device has added its share, so nothing is drawn here.
    let noisy = Accumulator::from_masked(parameters, &sum)?.finish(&mut OpenDpNoise::new())?;
    Ok((noisy, sum.survivors))
}
