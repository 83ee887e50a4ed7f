use std::collections::BTreeMap;

use silhouette_wire::ContentHash;
use silhouette_wire::message::{Participation, RosterEntry};

use super::Abort;
use crate::secagg::graph::Graph;
use crate::secagg::{Adversary, Identity, Millis, Terms};

/// What a device knows from the roster on.
pub(super) struct Context {
    pub(super) terms: Terms,
    pub(super) at: Participation,
    pub(super) identity: Option<Identity>,
    pub(super) own: u32,
    pub(super) graph: Graph,
    pub(super) roster: ContentHash,
    /// The neighbours of the graph.
    pub(super) neighbours: BTreeMap<u32, RosterEntry>,
}

impl Context {
    pub(super) fn threshold(&self) -> u32 {
        self.graph.parameters().threshold
    }

    pub(super) fn is_active(&self) -> bool {
        self.terms.adversary == Adversary::Active
    }

    /// At least t of the neighbours must be there; the device leaves otherwise.
    pub(super) fn enough_alive(&self, alive: usize) -> Result<(), Abort> {
        let (threshold, found) = (self.threshold(), alive as u32);
        if found < threshold { Err(Abort::TooFewAlive { threshold, found }) } else { Ok(()) }
    }
}

pub(super) fn in_time(terms: &Terms, now: Millis) -> Result<(), Abort> {
    if now > terms.deadline { Err(Abort::Deadline) } else { Ok(()) }
}
