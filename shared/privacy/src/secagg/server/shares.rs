use std::collections::BTreeMap;

use silhouette_wire::DeviceId;
use silhouette_wire::bounded::List;
use silhouette_wire::message::{SealedShare, SealedShares, SecaggInbox, SecaggShares};

use super::inputs::InputPhase;
use super::round::{Common, Members, Roster};
use super::{Ended, Refused, Step};
use crate::secagg::Millis;

/// Round 1: collects sealed shares and passes them on.
pub(super) struct SharePhase {
    common: Common,
    roster: Roster,
    sealed: BTreeMap<u32, SealedShares>,
}

impl SharePhase {
    pub(super) fn new(common: Common, roster: Roster) -> Self {
        Self { common, roster, sealed: BTreeMap::new() }
    }

    pub(super) fn receive(&mut self, now: Millis, device: DeviceId, message: &SecaggShares) -> Result<(), Refused> {
        self.common.admit(now, device, &message.at)?;
        let place = self.roster.place(device)?;
        if self.sealed.contains_key(&place) {
            return Err(Refused::Duplicate);
        }
        let receivers = message.shares.as_slice().iter().map(|share| share.member);
        if !receivers.eq(self.roster.member(place).neighbours.iter().copied()) {
            return Err(Refused::Members);
        }
        self.sealed.insert(place, message.shares.clone());
        Ok(())
    }

    pub(super) fn close(self, now: Millis) -> Result<(InputPhase, Vec<(DeviceId, SecaggInbox)>), Ended> {
        let Self { mut common, roster, sealed } = self;
        let shared = core(&roster, sealed.keys().copied().collect());
        for member in roster.members.iter().filter(|member| !shared.contains(&member.entry.member)) {
            common.lose(Step::Share, member.device);
        }
        if let Err(why) = common.in_time(now).and_then(|()| common.enough(Step::Share, shared.len())) {
            return Err(common.end(why));
        }
        let messages =
            shared.iter().map(|&place| (roster.member(place).device, inbox(&roster, &shared, &sealed, place)));
        let messages = messages.collect();
        Ok((InputPhase::new(common, roster, shared), messages))
    }
}

/// Takes out, again and again, whoever has fewer than t neighbours left. Such a device would leave
/// the round next, and nobody could take off the masks it shares with others; taken out now, it
/// shares none.
fn core(roster: &Roster, mut shared: Members) -> Members {
    loop {
        let short = |&member: &u32| roster.neighbours_in(member, &shared).count() < roster.threshold();
        let out: Vec<u32> = shared.iter().copied().filter(short).collect();
        if out.is_empty() {
            return shared;
        }
        shared.retain(|member| !out.contains(member));
    }
}

fn inbox(roster: &Roster, shared: &Members, sealed: &BTreeMap<u32, SealedShares>, receiver: u32) -> SecaggInbox {
    let from = |sender: u32| {
        let rank = roster.member(sender).neighbours.binary_search(&receiver).ok()?;
        let share = sealed.get(&sender)?.as_slice().get(rank)?;
        Some(SealedShare { member: sender, sealed: share.sealed.clone() })
    };
    let shares: Vec<SealedShare> = roster.neighbours_in(receiver, shared).filter_map(from).collect();
    SecaggInbox { shares: List::new(shares).unwrap_or_default() }
}
