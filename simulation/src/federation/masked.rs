//! A masked round in one process: every device's keys, shares and masks are real, in each group.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use silhouette_privacy::secagg::MaskedVector;
use silhouette_privacy::{Accumulator, NoisySum, ReleaseParameters};
use silhouette_query::robust::fewest_groups;
use silhouette_round::{Group, GroupsEffect, MaskedGroups, Verified};
use silhouette_wire::message::{SecaggReply, SecaggRequest};

use super::{Federation, FederationError};
use crate::device::{Outward, Streams, Surroundings, VirtualDevice, id_of};
use crate::groups::unless_too_long;
use crate::past::Number;
use crate::shard::lock;
use silhouette_wire::manifest::Manifest;
use silhouette_wire::{DeviceId, Nonce};

/// What a device sends next, by its place among the invited.
type Pending = (usize, Box<SecaggRequest>, Option<MaskedVector>);

impl Federation<'_> {
    /// Devices work on all threads; the aggregator takes their requests in the order of the
    /// invitations. What is left of the masks is nothing, so the sums have the same bits as without.
    pub(super) fn collect_masked(
        &mut self,
        groups: &[Vec<u32>],
        parameters: &ReleaseParameters,
        manifests: &[Manifest],
        verified: &[Arc<Verified>],
    ) -> Result<Vec<NoisySum>, FederationError> {
        let now = self.now;
        let invited = |&user: &u32| Some((id_of(user as usize), self.coordinator.nonce(&Number(user))?));
        let of_group = |(i, devices): (usize, &Vec<u32>)| Group {
            manifest: manifests[i].clone(),
            signed: verified[i].hash(),
            invited: devices.iter().filter_map(invited).collect(),
        };
        let all = groups.iter().enumerate().map(of_group).collect();
        let mut round =
            MaskedGroups::new(all, self.shard.offers.endorser, fewest_groups(self.config.trim as usize), now)?;
        self.exchange(&mut round, groups, verified)?;
        let mut sums = Vec::with_capacity(groups.len());
        for (group, sum) in round.finish(now) {
            let rotated = parameters.clone().with_rotation(manifests[group].seed);
            let sum = Accumulator::from_masked(rotated, &sum?)?;
            // Nobody adds noise here: every device added its share.
            let mut none = Streams::new(self.config.seed, manifests[group].round, 0).noise("central");
            sums.extend(unless_too_long(sum.finish(&mut none).map_err(Into::into))?);
        }
        Ok(sums)
    }

    /// All exchanges of all groups, until every group is over.
    fn exchange(
        &mut self,
        round: &mut MaskedGroups,
        groups: &[Vec<u32>],
        verified: &[Arc<Verified>],
    ) -> Result<(), FederationError> {
        let (now, threads) = (self.now, self.config.threads);
        let query = self.shard.offers.schedule.kind(self.coordinator.round());
        let model = self.asked_about(query);
        let invited = groups.concat();
        let none = || FederationError::NoCohort(self.coordinator.round());
        let nonce = |&user: &u32| self.coordinator.nonce(&Number(user)).ok_or_else(none);
        let nonces: Vec<Nonce> = invited.iter().map(nonce).collect::<Result<_, _>>()?;
        let group_of: Vec<usize> = groups.iter().enumerate().flat_map(|(g, devices)| vec![g; devices.len()]).collect();
        let places: BTreeMap<DeviceId, usize> =
            invited.iter().enumerate().map(|(i, &user)| (id_of(user as usize), i)).collect();
        let device = |&user: &u32| {
            let (user, attacks) = (user as usize, &self.shard.attacks);
            VirtualDevice::new(user, &self.shard.offers.kind, self.pasts[user], attacks.get(&user).copied())
        };
        let devices: Vec<Mutex<VirtualDevice>> = invited.iter().map(device).map(Mutex::new).collect();
        let person = |&user: &u32| self.shard.data.train.person(user as usize);
        let people = invited.iter().map(person).collect::<Result<Vec<_>, _>>()?;
        let around = |i: usize| Surroundings {
            now,
            seed: self.config.seed,
            engine: self.shard.engine,
            model,
            examples: &people[i].examples,
            in_process: false,
        };
        let begin = |i: usize| {
            let outward = lock(&devices[i]).begin(&around(i), &verified[group_of[i]], nonces[i])?;
            Ok((i, outward))
        };
        let mut outward = each(threads, (0..invited.len()).collect(), begin)?;
        loop {
            let mut replies = Vec::new();
            for (i, request, vector) in outward.into_iter().filter_map(pending) {
                let body = vector.as_ref().map_or(&[][..], MaskedVector::as_bytes);
                for effect in round.receive(now, lock(&devices[i]).id, &request, body)? {
                    match effect {
                        GroupsEffect::Reply { device, reply } => {
                            replies.extend(places.get(&device).map(|&i| (i, reply)));
                        }
                        // Nobody vanishes here, so this is a fault and not a round without a result.
                        GroupsEffect::Lost { ended, .. } => return Err(ended.into()),
                        _ => {}
                    }
                }
            }
            // The last replies are receipts, without which no device would rest and join the next round.
            let answer = |(i, reply): (usize, SecaggReply)| Ok((i, lock(&devices[i]).masked(&around(i), reply)?));
            outward = each(threads, replies, answer)?;
            if round.is_over() {
                break;
            }
        }
        let after: Vec<_> = devices.iter().map(|device| lock(device).past()).collect();
        let pasts = Arc::make_mut(&mut self.pasts);
        invited.iter().zip(after).for_each(|(&user, past)| pasts[user as usize] = past);
        Ok(())
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

#[cfg(test)]
mod tests;
