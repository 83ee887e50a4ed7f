//! A round's sums where nothing is masked: devices train in shards, the aggregator adds its noise.

use std::sync::Arc;

use silhouette_model::Model;
use silhouette_privacy::{Accumulator, NoisySum, ReleaseParameters};
use silhouette_wire::{ContentHash, QueryKind};

use super::{Federation, FederationError, Workers};
use crate::device::Streams;
use crate::groups::unless_too_long;
use crate::shard::{Draft, RoundSpec};

impl Federation<'_> {
    /// The sum of each group; one whose sum is longer than honest ones can be is left out.
    pub(super) fn collect(
        &mut self,
        round: u64,
        groups: &[Vec<u32>],
        base: ContentHash,
        workers: Option<&mut dyn Workers>,
    ) -> Result<Vec<NoisySum>, FederationError> {
        let spec = self.spec(round, groups, base);
        let partial = match workers {
            None => self.shard.run(&spec, 0..spec.places().len())?,
            Some(workers) => workers.run(&spec, &self.shard)?,
        };
        let (sums, cost) = (partial.complete(&spec)?, self.shard.cost_of(&spec)?);
        self.joined(&spec.into_users(), &cost);
        let mut finished = Vec::with_capacity(sums.len());
        for sum in sums {
            finished.extend(unless_too_long(self.add_noise(round, sum))?);
        }
        Ok(finished)
    }

    /// The round as its shards are told it.
    fn spec(&self, round: u64, groups: &[Vec<u32>], base: ContentHash) -> RoundSpec {
        Draft {
            fingerprint: self.shard.fingerprint(),
            round,
            now: self.now,
            base,
            clip: self.shard.offers.training.parameters.clip(),
            groups,
            pasts: &self.pasts,
            model: self.asked_about(self.shard.offers.schedule.kind(round)),
        }
        .into()
    }

    /// A group's sum with the aggregator's noise, if it adds any.
    fn add_noise(&mut self, round: u64, sum: Accumulator) -> Result<NoisySum, FederationError> {
        if let Some(mut noise) = self.ahead.take(round)? {
            self.draw_ahead(round + 1);
            let sum = sum.finish(&mut noise)?;
            self.ahead.recycle(noise);
            return Ok(sum);
        }
        let mut noise = Streams::new(self.config.seed, round, 0).noise("central");
        let sum = match &mut self.tree {
            Some(tree) => sum.finish_in_tree(tree, round, &mut noise)?,
            None => self.shard.pool.install(|| sum.finish_on(self.config.threads, &mut noise))?,
        };
        self.draw_ahead(round + 1);
        Ok(sum)
    }

    /// Begins to draw the noise of a round to come, if the run has it.
    fn draw_ahead(&mut self, round: u64) {
        let schedule = self.shard.offers.schedule;
        if round <= schedule.rounds() {
            let parameters: &ReleaseParameters = &self.shard.offers.of(schedule.kind(round)).parameters;
            self.ahead.begin(&self.shard.pool, self.config.seed, round, parameters);
        }
    }

    /// The model a round is about: an evaluation is of what was published, everything else starts from the iterate.
    pub(super) fn asked_about(&self, query: QueryKind) -> &Arc<Model> {
        self.averaged.as_ref().filter(|_| query == QueryKind::Evaluate).unwrap_or(&self.model)
    }
}
