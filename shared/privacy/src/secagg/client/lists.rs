use std::collections::{BTreeMap, BTreeSet};

use silhouette_wire::message::MemberList;

use super::Abort;
use super::context::Context;
use super::masked_input::Held;

/// Who survived, as one device may believe it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Survivors {
    pub(super) alive: BTreeSet<u32>,
    pub(super) dropped: BTreeSet<u32>,
}

impl Survivors {
    /// Checks the aggregator's lists: each neighbour whose shares the device holds stands in
    /// exactly one of them, nobody else in any, and enough are alive.
    pub(super) fn check(
        context: &Context,
        held: &BTreeMap<u32, Held>,
        survivors: u32,
        alive: &MemberList,
        dropped: &MemberList,
    ) -> Result<Self, Abort> {
        let alive = check_list(context, held, alive)?;
        let dropped = check_list(context, held, dropped)?;
        if let Some(&member) = alive.intersection(&dropped).next() {
            return Err(Abort::Overlap { member });
        }
        if let Some(&member) = held.keys().find(|member| !alive.contains(member) && !dropped.contains(member)) {
            return Err(Abort::Missing { member });
        }
        context.enough_alive(alive.len())?;
        // The device itself survived. On the complete graph it sees everybody else; on a ring it
        // sees its neighbours, who can't be more than all.
        let seen = alive.len() as u32 + 1;
        if survivors < seen || survivors > context.graph.members() || (context.graph.is_complete() && survivors != seen)
        {
            return Err(Abort::SurvivorCount);
        }
        let least = context.terms.min_reports;
        if survivors < least {
            return Err(Abort::TooFewSurvivors { least, found: survivors });
        }
        Ok(Self { alive, dropped })
    }

    /// All survivors as seen from here, this device included; all of the round on the complete
    /// graph.
    pub(super) fn with(&self, own: u32) -> BTreeSet<u32> {
        self.alive.iter().copied().chain([own]).collect()
    }
}

fn check_list(context: &Context, held: &BTreeMap<u32, Held>, list: &MemberList) -> Result<BTreeSet<u32>, Abort> {
    let mut seen = BTreeSet::new();
    for &member in list.as_slice() {
        if member == context.own {
            return Err(Abort::Own);
        }
        if !context.neighbours.contains_key(&member) {
            return Err(Abort::Unknown { member });
        }
        if !held.contains_key(&member) {
            return Err(Abort::Returned { member });
        }
        if !seen.insert(member) {
            return Err(Abort::Repeated { member });
        }
    }
    Ok(seen)
}
