//! A round's sum where nothing is masked: devices train, release and are added up on all threads.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use silhouette_privacy::{Accumulator, NoisySum, ReleaseParameters};
use silhouette_query::Asked;
use silhouette_round::{Terms, Verified};

use super::desk::{self, Desk, Invitation, lock};
use super::{Federation, FederationError, asked_about};
use crate::device::Streams;

impl Federation<'_> {
    /// Trains the invited devices over the worker threads, each with its own partial sum, and adds
    /// the partial sums up. Memory is one sum per thread, whatever the cohort. Sums of integers
    /// have the same bits however the devices fall on the threads.
    pub(super) fn collect(
        &mut self,
        round: u64,
        invitations: &[Invitation],
        terms: &Terms,
        rotation: u64,
        verified: Option<&Arc<Verified>>,
    ) -> Result<NoisySum, FederationError> {
        let parameters = &terms.parameters.clone().with_rotation(rotation);
        let kept = self.data.train.kept();
        let work = |&i: &usize| std::cmp::Reverse(kept.get(invitations[i].0).map_or(0, |user| user.examples.len()));
        let mut order: Vec<usize> = (0..invitations.len()).collect();
        order.sort_by_key(work);
        let desk = Desk {
            order: &order,
            coordinator: Mutex::new(&mut self.coordinator),
            kind: &self.kind,
            pasts: desk::claim(&mut self.pasts, invitations),
            attacks: &self.attacks,
            next: AtomicUsize::new(0),
            invitations,
            parameters,
            verified,
            seed: self.config.seed,
            round,
            asked: Asked { query: terms.query, held_out: terms.held_out, training: &terms.training },
            now: self.now,
            engine: self.engine,
            model: asked_about(terms.query, &self.model, self.averaged.as_ref()),
            data: self.data,
        };
        let spare = Mutex::new(std::mem::take(&mut self.spare));
        let parts: Vec<Result<Accumulator, FederationError>> = self.pool.broadcast(|_| {
            let empty = lock(&spare).pop().map(|mut sum| {
                sum.reset(parameters.clone());
                sum
            });
            let mut sum = empty.unwrap_or_else(|| Accumulator::new(parameters.clone()));
            desk.work(&mut sum).map(|()| sum)
        });
        let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.add_up(round, parameters, parts)
    }

    /// The workers' sums as one, with the aggregator's noise.
    fn add_up(
        &mut self,
        round: u64,
        parameters: &ReleaseParameters,
        mut parts: Vec<Accumulator>,
    ) -> Result<NoisySum, FederationError> {
        let prepared = self.ahead.take(round)?;
        let (seed, next) = (self.config.seed, round + 1);
        let of_next = self.terms_of(self.schedule.kind(next)).parameters.clone();
        if prepared.is_some() && next <= self.schedule.rounds() {
            self.ahead.begin(&self.pool, seed, next, &of_next);
        }
        let mut sum = parts.pop().unwrap_or_else(|| Accumulator::new(parameters.clone()));
        parts.iter().try_for_each(|part| sum.merge(part))?;
        self.spare = parts;
        if let Some(mut noise) = prepared {
            let sum = sum.finish(&mut noise)?;
            self.ahead.recycle(noise);
            return Ok(sum);
        }
        let mut noise = Streams::new(seed, round, 0).noise("central");
        let sum = match &mut self.tree {
            Some(tree) => sum.finish_in_tree(tree, round, &mut noise)?,
            None => self.pool.install(|| sum.finish_on(self.config.threads, &mut noise))?,
        };
        if next <= self.schedule.rounds() {
            self.ahead.begin(&self.pool, seed, next, &of_next);
        }
        Ok(sum)
    }
}
