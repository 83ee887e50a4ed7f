use std::collections::{BTreeMap, BTreeSet};

use silhouette_wire::message::{Participation, RosterEntry, SecaggUnmask};
use silhouette_wire::{ContentHash, DeviceId, Nonce};

use super::{Ended, Failure, Lost, Refused, Step};
use crate::secagg::graph::Graph;
use crate::secagg::{Adversary, Millis, Terms};

/// Who may take part: the devices invited, and the nonce of each one's assignment.
pub type Invited = BTreeMap<DeviceId, Nonce>;

/// What belongs to the whole round: terms, devices, and who was lost where.
pub(super) struct Common {
    pub(super) terms: Terms,
    pub(super) invited: Invited,
    pub(super) lost: Vec<Lost>,
}

impl Common {
    /// Refuses what is late, from elsewhere, or from somebody who is not invited.
    pub(super) fn admit(&self, now: Millis, device: DeviceId, at: &Participation) -> Result<(), Refused> {
        if now > self.terms.deadline {
            return Err(Refused::Late);
        }
        if (&at.task, at.round) != (&self.terms.task, self.terms.round) {
            return Err(Refused::OtherRound);
        }
        match self.invited.get(&device) {
            None => Err(Refused::Unknown),
            Some(nonce) if *nonce != at.nonce => Err(Refused::Nonce),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn in_time(&self, now: Millis) -> Result<(), Failure> {
        if now > self.terms.deadline { Err(Failure::Deadline) } else { Ok(()) }
    }

    pub(super) fn lose(&mut self, step: Step, device: DeviceId) {
        self.lost.push(Lost { step, device });
    }

    pub(super) fn end(self, why: Failure) -> Ended {
        Ended { why, lost: self.lost }
    }

    /// At least `N_min` devices completed the step.
    pub(super) fn enough(&self, step: Step, found: usize) -> Result<(), Failure> {
        let least = self.terms.min_reports;
        if found < least as usize { Err(Failure::TooFew { step, least, found }) } else { Ok(()) }
    }
}

/// A member of the roster.
pub(super) struct Member {
    pub(super) device: DeviceId,
    pub(super) entry: RosterEntry,
    pub(super) neighbours: Vec<u32>,
}

/// From the roster on: the members by place, and their graph.
pub(super) struct Roster {
    pub(super) members: Vec<Member>,
    pub(super) places: BTreeMap<DeviceId, u32>,
    pub(super) graph: Graph,
    pub(super) hash: ContentHash,
}

/// A set of members.
pub(super) type Members = BTreeSet<u32>;

impl Roster {
    pub(super) fn place(&self, device: DeviceId) -> Result<u32, Refused> {
        self.places.get(&device).copied().ok_or(Refused::Unknown)
    }

    pub(super) fn member(&self, place: u32) -> &Member {
        &self.members[place as usize]
    }

    pub(super) fn threshold(&self) -> usize {
        self.graph.parameters().threshold as usize
    }

    /// The neighbours of a member that are in `among`, ascending.
    pub(super) fn neighbours_in<'a>(&'a self, member: u32, among: &'a Members) -> impl Iterator<Item = u32> + 'a {
        self.member(member).neighbours.iter().copied().filter(|other| among.contains(other))
    }

    /// The x-coordinate of `holder`'s shares of `owner`'s secrets.
    pub(super) fn coordinate(&self, owner: u32, holder: u32) -> Option<u8> {
        let rank = self.member(owner).neighbours.binary_search(&holder).ok()?;
        u8::try_from(rank + 1).ok()
    }

    /// Members whose secrets are needed to unmask: every survivor, and whoever shared, dropped out
    /// and has a mask in common with a survivor.
    pub(super) fn owners<'a>(&'a self, shared: &'a Members, alive: &'a Members) -> impl Iterator<Item = u32> + 'a {
        shared
            .iter()
            .copied()
            .filter(move |&member| alive.contains(&member) || self.neighbours_in(member, alive).next().is_some())
    }

    /// Every secret that is needed can be put together from the shares of `responders`.
    pub(super) fn recoverable(
        &self,
        step: Step,
        shared: &Members,
        alive: &Members,
        responders: &Members,
    ) -> Result<(), Failure> {
        let short = |&member: &u32| self.neighbours_in(member, responders).count() < self.threshold();
        match self.owners(shared, alive).find(short) {
            Some(member) => Err(Failure::Unrecoverable { step, member }),
            None => Ok(()),
        }
    }

    /// Whether every survivor is connected to every other through survivors.
    pub(super) fn connected(&self, alive: &Members) -> bool {
        let Some(&first) = alive.first() else { return false };
        let mut reached = Members::from([first]);
        let mut edge = vec![first];
        while let Some(member) = edge.pop() {
            edge.extend(self.neighbours_in(member, alive).filter(|&other| reached.insert(other)));
        }
        reached.len() == alive.len()
    }

    /// The two lists for one member, without signatures.
    pub(super) fn request(&self, member: u32, shared: &Members, alive: &Members) -> SecaggUnmask {
        let (alive_near, dropped): (Vec<u32>, Vec<u32>) =
            self.neighbours_in(member, shared).partition(|other| alive.contains(other));
        // The graph refused a degree beyond the lists' limit.
        let list = |names: Vec<u32>| silhouette_wire::bounded::List::new(names).unwrap_or_default();
        SecaggUnmask {
            survivors: alive.len() as u32,
            alive: list(alive_near),
            dropped: list(dropped),
            signatures: silhouette_wire::bounded::List::default(),
        }
    }
}

pub(super) fn is_active(terms: &Terms) -> bool {
    terms.adversary == Adversary::Active
}
