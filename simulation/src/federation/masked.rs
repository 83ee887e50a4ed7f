//! A masked round in one process: every device's keys, shares and masks are real.

use std::collections::BTreeMap;
use std::sync::Mutex;

use silhouette_privacy::secagg::MaskedVector;
use silhouette_privacy::{Accumulator, NoisySum};
use silhouette_round::{MaskedEffect, MaskedRound};
use silhouette_wire::message::{SecaggReply, SecaggRequest};

use super::desk::Invitation;
use super::{Federation, FederationError, lock, number};
use crate::device::{Outward, Streams, Surroundings};
use silhouette_wire::manifest::{Manifest, SignedManifest};

/// What a device sends next, by its place among the invited.
type Pending = (usize, Box<SecaggRequest>, Option<MaskedVector>);

impl Federation<'_> {
    /// Devices work on all threads; the aggregator takes their requests in the order of the
    /// invitations. What is left of the masks is nothing, so the sum has the same bits as without.
    pub(super) fn collect_masked(
        &mut self,
        invitations: &[Invitation],
        manifest: &Manifest,
        signed: &SignedManifest,
    ) -> Result<NoisySum, FederationError> {
        let (now, threads) = (self.now, self.config.threads);
        let invited = invitations.iter().map(|&(user, nonce)| (self.devices[user].id, nonce)).collect();
        let mut round = MaskedRound::new(manifest, signed.hash(), None, invited, now)?;
        let places: BTreeMap<usize, usize> = invitations.iter().enumerate().map(|(i, &(user, _))| (user, i)).collect();
        let devices = super::desk::claim(&mut self.devices, invitations);
        let around = |i: usize| Surroundings {
            now,
            seed: self.config.seed,
            engine: self.engine,
            model: &self.model,
            examples: &self.data.train[invitations[i].0].examples,
            without_masks: false,
        };
        let begin = |i: usize| {
            let outward = lock(&devices[i]).begin(&around(i), signed, invitations[i].1)?;
            Ok((i, outward))
        };
        let mut outward = each(threads, (0..invitations.len()).collect(), begin)?;
        loop {
            let mut replies = Vec::new();
            for (i, request, vector) in outward.into_iter().filter_map(pending) {
                let body = vector.as_ref().map_or(&[][..], MaskedVector::as_bytes);
                for effect in round.receive(now, lock(&devices[i]).id, &request, body)? {
                    match effect {
                        MaskedEffect::Reply { device, reply } => {
                            replies.extend(places.get(&number(&device)).map(|&i| (i, reply)));
                        }
                        MaskedEffect::Failed(ended) => return Err(ended.into()),
                        _ => {}
                    }
                }
            }
            // The last answers too: a device that never hears that the round is over joins no other.
            let answer = |(i, reply): (usize, SecaggReply)| Ok((i, lock(&devices[i]).masked(&around(i), reply)?));
            outward = each(threads, replies, answer)?;
            if round.step().is_none() {
                break;
            }
        }
        drop(devices);
        let reports = round.digests().len();
        let sum = round.finish(now)?;
        self.coordinator.unmasked(reports);
        let sum = Accumulator::from_masked(self.terms.parameters.clone().with_rotation(manifest.seed), &sum)?;
        // Nobody adds noise here: every device added its share.
        Ok(sum.finish(&mut Streams::new(self.config.seed, manifest.round, 0).noise("central"))?)
    }
}

fn pending((i, outward): (usize, Outward)) -> Option<Pending> {
    match outward {
        Outward::Mask { request, vector } => Some((i, request, vector)),
        _ => None,
    }
}

/// Maps items over threads; results in the order of the items.
fn each<T: Send, R: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T) -> Result<R, FederationError> + Sync,
) -> Result<Vec<R>, FederationError> {
    let count = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    // The lock is let go before the work begins.
                    let next = lock(&queue).next();
                    let Some((place, item)) = next else { return };
                    let result = work(item);
                    lock(&done).push((place, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}
