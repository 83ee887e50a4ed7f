//! The groups of one round: each a masked round of its own, side by side.
//!
//! A device knows one group only: its manifest names the group's size, its `N_min` and its seed, and
//! every key is derived from that manifest's hash, so nothing of one group opens anything of another.
//! A round without groups is a round of one.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::VerifyingKey;
use silhouette_privacy::secagg::{Ended, Invited, Refused, Sum};
use silhouette_wire::manifest::Manifest;
use silhouette_wire::message::{SecaggReply, SecaggRequest};
use silhouette_wire::{ContentHash, DeviceId};

use super::{MaskedEffect, MaskedError, MaskedRound};
use crate::Millis;

/// What a group is opened with.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its terms.
    pub manifest: Manifest,
    /// The hash of its signed manifest.
    pub signed: ContentHash,
    /// Its devices.
    pub invited: Invited,
}

/// What the driver of a round of groups must do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GroupsEffect {
    /// Answer the device's held request.
    Reply {
        /// The device.
        device: DeviceId,
        /// The answer.
        reply: SecaggReply,
    },
    /// A group has no sum and is left out; refuse what its devices still ask. What they were charged
    /// stays charged.
    Lost {
        /// The group, from 0.
        group: usize,
        /// Its devices.
        devices: Vec<DeviceId>,
        /// Why.
        ended: Ended,
    },
    /// Every group is over, and enough of them have their shares: call [`MaskedGroups::finish`], beside
    /// the network's tasks.
    Finish,
    /// Too few groups are left: the round has no result.
    Failed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Complete,
    Lost,
}

struct Part {
    round: MaskedRound,
    state: State,
}

/// The groups of a masked round on the aggregator.
pub struct MaskedGroups {
    parts: Vec<Part>,
    group_of: BTreeMap<DeviceId, usize>,
    /// Fewest groups of which a round is made.
    least: usize,
    over: bool,
}

impl MaskedGroups {
    /// Opens all groups of a round, of which at least `least` must come to a sum; with an `endorser` as
    /// in [`MaskedRound::new`].
    ///
    /// # Errors
    /// When a group's terms make no masked round, or two groups share a manifest or a device.
    pub fn new(
        groups: Vec<Group>,
        endorser: Option<VerifyingKey>,
        least: usize,
        now: Millis,
    ) -> Result<Self, MaskedError> {
        let hashes: BTreeSet<_> = groups.iter().map(|group| group.signed).collect();
        if hashes.len() != groups.len() {
            return Err(MaskedError::Shared { found: "a manifest" });
        }
        let (mut parts, mut group_of) = (Vec::with_capacity(groups.len()), BTreeMap::new());
        for (number, group) in groups.into_iter().enumerate() {
            for device in group.invited.keys() {
                if group_of.insert(*device, number).is_some() {
                    return Err(MaskedError::Shared { found: "a device" });
                }
            }
            let round = MaskedRound::new(&group.manifest, group.signed, endorser, group.invited, now)?;
            parts.push(Part { round, state: State::Running });
        }
        Ok(Self { parts, group_of, least, over: false })
    }

    /// Whether no group takes requests any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// SHA-256 of the masked vector of each device in a group that came to a sum.
    pub fn digests(&self) -> impl Iterator<Item = (DeviceId, ContentHash)> {
        let complete = self.parts.iter().filter(|part| part.state == State::Complete);
        complete.flat_map(|part| part.round.digests()).map(|(device, digest)| (*device, *digest))
    }

    /// May this device send its masked vector? Asked before a byte of it is read.
    ///
    /// # Errors
    /// The reason to refuse it with.
    pub fn admit_input(&self, device: &DeviceId) -> Result<(), Refused> {
        let part = self.group_of.get(device).and_then(|&group| self.parts.get(group)).ok_or(Refused::Unknown)?;
        part.round.admit_input(device)
    }

    /// A device's request to its group, with the masked vector if it is one. The request is held unless
    /// an effect answers it.
    ///
    /// # Errors
    /// The reason to refuse it with; the round goes on.
    pub fn receive(
        &mut self,
        now: Millis,
        device: DeviceId,
        request: &SecaggRequest,
        body: &[u8],
    ) -> Result<Vec<GroupsEffect>, Refused> {
        let group = *self.group_of.get(&device).ok_or(Refused::Unknown)?;
        let part = self.parts.get_mut(group).filter(|part| part.state != State::Lost).ok_or(Refused::Late)?;
        let effects = part.round.receive(now, device, request, body)?;
        Ok(self.carry(group, effects))
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) -> Vec<GroupsEffect> {
        let mut all = Vec::new();
        for group in 0..self.parts.len() {
            if self.over {
                break;
            }
            let effects = self.parts[group].round.tick(now);
            all.extend(self.carry(group, effects));
        }
        all
    }

    /// When the current step of some group ends at the latest; `None` once the round is over.
    pub fn next_tick(&self) -> Option<Millis> {
        if self.over { None } else { self.parts.iter().filter_map(|part| part.round.next_tick()).min() }
    }

    /// What a group's effects are for the whole round.
    fn carry(&mut self, group: usize, effects: Vec<MaskedEffect>) -> Vec<GroupsEffect> {
        let mut all = Vec::new();
        for effect in effects {
            match effect {
                MaskedEffect::Reply { device, reply } => all.push(GroupsEffect::Reply { device, reply }),
                MaskedEffect::Finish => self.parts[group].state = State::Complete,
                MaskedEffect::Failed(ended) => {
                    self.parts[group].state = State::Lost;
                    let of_group = self.group_of.iter().filter(|&(_, &of)| of == group);
                    let devices = of_group.map(|(device, _)| *device).collect();
                    all.push(GroupsEffect::Lost { group, devices, ended });
                }
            }
        }
        all.extend(self.verdict());
        all
    }

    /// How the round ends, said once.
    fn verdict(&mut self) -> Option<GroupsEffect> {
        if self.over {
            return None;
        }
        let count = |state| self.parts.iter().filter(|part| part.state == state).count();
        let (running, complete) = (count(State::Running), count(State::Complete));
        if running + complete < self.least {
            self.over = true;
            // Nothing is asked of anybody any more, so nothing more is revealed.
            self.parts.iter_mut().for_each(|part| part.state = State::Lost);
            return Some(GroupsEffect::Failed);
        }
        self.over = running == 0;
        self.over.then_some(GroupsEffect::Finish)
    }

    /// Takes the masks off of every group that has its shares: the sums by their group's number, or
    /// why a group has none after all. Blocks for as long as that takes.
    pub fn finish(self, now: Millis) -> Vec<(usize, Result<Sum, Ended>)> {
        let complete = self.parts.into_iter().enumerate().filter(|(_, part)| part.state == State::Complete);
        complete.map(|(group, part)| (group, part.round.finish(now))).collect()
    }
}

#[cfg(test)]
mod tests;
