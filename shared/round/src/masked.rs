//! The aggregator's side of a masked round: steps, who still has to answer, and until when.
//!
//! [`Server`] knows the protocol; this machine drives it with a clock. A device's request is held
//! until its step is over, which is when everybody left has answered or the step's time is up.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::VerifyingKey;
use silhouette_privacy::secagg::{Adversary, Closed, Ended, Failure, Invited, Refused, Server, Step, Sum, Terms};
use silhouette_privacy::{ParameterError, ReleaseParameters};
use silhouette_wire::manifest::Manifest;
use silhouette_wire::message::{SecaggReply, SecaggRequest, UploadReply};
use silhouette_wire::{ContentHash, DeviceId};
use thiserror::Error;

use crate::Millis;

mod groups;

pub use groups::{Group, GroupsEffect, MaskedGroups};

/// Whom a masked round is protected against. Where the task's owner named an endorser of identities:
/// an aggregator that may lie about everything but the enrolment. Else one that may lie about who
/// survived. It follows from the signed terms, so there is nothing to negotiate down.
fn adversary(endorsed: bool) -> Adversary {
    if endorsed { Adversary::Active } else { Adversary::SemiMalicious }
}

/// When each step ends, in hundredths of the round's time. Devices train before they advertise, and
/// vectors take longer than lists.
const STEP_ENDS: [(Step, u64); 5] =
    [(Step::Advertise, 60), (Step::Share, 70), (Step::MaskedInput, 88), (Step::Consistency, 93), (Step::Unmask, 100)];

/// The terms of the secure aggregation that a round's manifest implies; `endorsed` if the task's owner
/// named an endorser, `deadline` is on the caller's clock.
///
/// # Errors
/// When the manifest's public numbers do not make a release.
pub(crate) fn terms(
    manifest: &Manifest,
    signed: ContentHash,
    endorsed: bool,
    deadline: Millis,
) -> Result<Terms, ParameterError> {
    let mut terms = Terms::of_manifest(manifest, signed, adversary(endorsed), deadline);
    // What is summed is the released vector, which is longer than the private one.
    terms.dimension = ReleaseParameters::try_from(manifest)?.released_len();
    Ok(terms)
}

/// Why a masked round could not be opened.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum MaskedError {
    /// The manifest's public numbers do not make a release.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The terms make no secure aggregation.
    #[error(transparent)]
    Aggregation(#[from] Failure),
    /// Groups that share a manifest would share keys, and a device in two of them would be in the
    /// result twice.
    #[error("groups: expected manifests and devices of their own, found {found} in two groups")]
    Shared {
        /// What two groups have in common.
        found: &'static str,
    },
}

/// What the driver of a masked round must do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MaskedEffect {
    /// Answer the device's held request.
    Reply {
        /// The device.
        device: DeviceId,
        /// The answer.
        reply: SecaggReply,
    },
    /// Every share is in that will be: call [`MaskedRound::finish`], beside the network's tasks.
    Finish,
    /// The round has no result; nothing was revealed unless it was at its last step.
    Failed(Ended),
}

/// A masked round on the aggregator.
pub struct MaskedRound {
    server: Server,
    opened: Millis,
    deadline: Millis,
    /// Who was sent something in the step before, so may answer in this one.
    expected: BTreeSet<DeviceId>,
    answered: BTreeSet<DeviceId>,
    /// SHA-256 of each masked vector in the sum.
    digests: BTreeMap<DeviceId, ContentHash>,
    over: bool,
}

impl MaskedRound {
    /// Opens the round for the devices invited. `signed` is the hash of the signed manifest, `endorser`
    /// the key that endorses identities if the task's owner named one: then the round runs in the
    /// active mode.
    ///
    /// # Errors
    /// When the manifest's terms make no masked round.
    pub fn new(
        manifest: &Manifest,
        signed: ContentHash,
        endorser: Option<VerifyingKey>,
        invited: Invited,
        now: Millis,
    ) -> Result<Self, MaskedError> {
        let deadline = now + manifest.deadline_ms;
        let terms = terms(manifest, signed, endorser.is_some(), deadline)?;
        let expected = invited.keys().copied().collect();
        Ok(Self {
            server: Server::new(terms, invited, endorser)?,
            opened: now,
            deadline,
            expected,
            answered: BTreeSet::new(),
            digests: BTreeMap::new(),
            over: false,
        })
    }

    /// Whether a round with this manifest, in the active mode or not, could be opened for a full cohort:
    /// the threshold has to be reached by those that are left when all who may drop out do, and not by
    /// the corrupt.
    ///
    /// # Errors
    /// When the terms make no masked round.
    pub fn check(manifest: &Manifest, active: bool) -> Result<(), MaskedError> {
        let terms = terms(manifest, manifest.layout, active, manifest.deadline_ms)?;
        terms.validate().map_err(Failure::from)?;
        terms.graph_parameters(manifest.cohort).map_err(Failure::from)?;
        Ok(())
    }

    /// The step whose requests are taken; `None` once the round is over.
    pub fn step(&self) -> Option<Step> {
        if self.over { None } else { self.server.step() }
    }

    /// SHA-256 of the masked vector of each device in the sum.
    pub fn digests(&self) -> &BTreeMap<DeviceId, ContentHash> {
        &self.digests
    }

    /// May this device send its masked vector? Asked before a byte of it is read.
    ///
    /// # Errors
    /// The reason to refuse it with.
    pub fn admit_input(&self, device: &DeviceId) -> Result<(), Refused> {
        match self.step() {
            Some(Step::MaskedInput) if self.answered.contains(device) => Err(Refused::Duplicate),
            Some(Step::MaskedInput) if self.expected.contains(device) => Ok(()),
            Some(Step::MaskedInput) => Err(Refused::Unknown),
            Some(step) if step < Step::MaskedInput => Err(Refused::Early),
            _ => Err(Refused::Late),
        }
    }

    /// A device's request, with the masked vector if it is one. The request is held unless an effect
    /// answers it.
    ///
    /// # Errors
    /// The reason to refuse it with; the round goes on.
    pub fn receive(
        &mut self,
        now: Millis,
        device: DeviceId,
        request: &SecaggRequest,
        body: &[u8],
    ) -> Result<Vec<MaskedEffect>, Refused> {
        let receipt = |round, sha256| {
            let reply = SecaggReply::Done(UploadReply::Receipt { round, sha256, duplicate: false });
            MaskedEffect::Reply { device, reply }
        };
        if self.over {
            // Its vector is in the sum, and its shares were not needed any more.
            return match (request, self.digests.get(&device)) {
                (SecaggRequest::Revealed(message), Some(sha256)) => Ok(vec![receipt(message.at.round, *sha256)]),
                _ => Err(Refused::Late),
            };
        }
        let mut effects = Vec::new();
        match request {
            SecaggRequest::Advert(message) => self.server.advert(now, device, message)?,
            SecaggRequest::Shares(message) => self.server.shares(now, device, message)?,
            SecaggRequest::MaskedInput(message) => {
                self.server.masked_input(now, device, message, body)?;
                self.digests.insert(device, message.sha256);
            }
            SecaggRequest::Consistency(message) => self.server.consistency(now, device, message)?,
            SecaggRequest::Revealed(message) => {
                self.server.revealed(now, device, message)?;
                let sha256 = self.digests.get(&device).copied().unwrap_or(ContentHash([0; 32]));
                effects.push(receipt(message.at.round, sha256));
            }
        }
        self.answered.insert(device);
        if self.answered.len() == self.expected.len() || self.server.is_ready() {
            effects.extend(self.close(now));
        }
        Ok(effects)
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) -> Vec<MaskedEffect> {
        match self.next_tick() {
            Some(due) if now >= due => self.close(now),
            _ => Vec::new(),
        }
    }

    /// When the current step ends at the latest; `None` once the round is over.
    pub fn next_tick(&self) -> Option<Millis> {
        let step = self.step()?;
        let (_, share) = STEP_ENDS.iter().find(|(ended, _)| *ended == step)?;
        Some(self.opened + (self.deadline - self.opened) * share / 100)
    }

    fn close(&mut self, now: Millis) -> Vec<MaskedEffect> {
        if self.server.step() == Some(Step::Unmask) {
            self.over = true;
            return vec![MaskedEffect::Finish];
        }
        // Whoever did not answer is out; it hears so when it comes back.
        let replies = match self.server.close(now) {
            Ok(closed) => replies(closed),
            Err(ended) => {
                self.over = true;
                return vec![MaskedEffect::Failed(ended)];
            }
        };
        self.expected = replies.iter().map(|(device, _)| *device).collect();
        self.answered.clear();
        replies.into_iter().map(|(device, reply)| MaskedEffect::Reply { device, reply }).collect()
    }

    /// Takes the masks off: one keystream for each survivor, one for each pair of a survivor and a
    /// neighbour that dropped out, over vectors of d' entries. Blocks for as long as that takes.
    ///
    /// # Errors
    /// When too few shares came in, or false ones.
    pub fn finish(mut self, now: Millis) -> Result<Sum, Ended> {
        match self.server.close(now.min(self.deadline))? {
            Closed::Sum(sum) => Ok(sum),
            _ => Err(Ended { why: Failure::Over, lost: Vec::new() }),
        }
    }
}

fn replies(closed: Closed) -> Vec<(DeviceId, SecaggReply)> {
    fn with<T>(messages: Vec<(DeviceId, T)>, reply: impl Fn(T) -> SecaggReply) -> Vec<(DeviceId, SecaggReply)> {
        messages.into_iter().map(|(device, message)| (device, reply(message))).collect()
    }
    match closed {
        Closed::Rosters(messages) => with(messages, SecaggReply::Roster),
        Closed::Inboxes(messages) => with(messages, SecaggReply::Inbox),
        Closed::Survivors(messages) => with(messages, SecaggReply::Survivors),
        Closed::Unmask(messages) => with(messages, SecaggReply::Unmask),
        Closed::Sum(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
