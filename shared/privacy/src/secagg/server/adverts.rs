use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::VerifyingKey;
use silhouette_wire::DeviceId;
use silhouette_wire::bounded::List;
use silhouette_wire::message::{RosterEntry, SecaggAdvert, SecaggRoster};

use super::round::{Common, Invited, Member, Roster, is_active};
use super::shares::SharePhase;
use super::{Ended, Failure, Refused, Step};
use crate::secagg::graph::Graph;
use crate::secagg::keys::is_weak;
use crate::secagg::{Millis, Terms, identity, transcript};

/// Round 0: collects adverts.
pub(super) struct AdvertPhase {
    common: Common,
    authority: Option<VerifyingKey>,
    adverts: BTreeMap<DeviceId, RosterEntry>,
    keys: BTreeSet<[u8; 32]>,
}

impl AdvertPhase {
    pub(super) fn new(terms: Terms, invited: Invited, authority: Option<VerifyingKey>) -> Result<Self, Failure> {
        terms.validate()?;
        if invited.len() > terms.cohort as usize {
            return Err(Failure::Invited { cohort: terms.cohort, found: invited.len() });
        }
        if authority.is_some() != is_active(&terms) {
            return Err(Failure::Authority);
        }
        let common = Common { terms, invited, lost: Vec::new() };
        Ok(Self { common, authority, adverts: BTreeMap::new(), keys: BTreeSet::new() })
    }

    pub(super) fn receive(&mut self, now: Millis, device: DeviceId, advert: &SecaggAdvert) -> Result<(), Refused> {
        self.common.admit(now, device, &advert.at)?;
        if advert.manifest != self.common.terms.manifest {
            return Err(Refused::Manifest);
        }
        if self.adverts.contains_key(&device) {
            return Err(Refused::Duplicate);
        }
        // A weak or repeated key would make its neighbours leave the round.
        let identity = advert.signature.map(|signed| signed.identity);
        let fresh: BTreeSet<_> =
            [Some(advert.share_key), Some(advert.mask_key), identity].into_iter().flatten().collect();
        if fresh.len() < 2 + usize::from(identity.is_some())
            || fresh.iter().any(|key| self.keys.contains(key))
            || is_weak(advert.share_key)
            || is_weak(advert.mask_key)
        {
            return Err(Refused::Key);
        }
        let (share_key, mask_key, signature) = (advert.share_key, advert.mask_key, advert.signature);
        let entry = RosterEntry { member: 0, share_key, mask_key, signature };
        let holds = match &self.authority {
            Some(authority) => identity::advert_holds(&self.common.terms, authority, &entry),
            None => signature.is_none(),
        };
        if !holds {
            return Err(Refused::Signature);
        }
        self.keys.extend(fresh);
        self.adverts.insert(device, entry);
        Ok(())
    }

    pub(super) fn close(self, now: Millis) -> Result<(SharePhase, Vec<(DeviceId, SecaggRoster)>), Ended> {
        let Self { mut common, adverts, .. } = self;
        let missing: Vec<DeviceId> = common.invited.keys().filter(|id| !adverts.contains_key(id)).copied().collect();
        missing.into_iter().for_each(|device| common.lose(Step::Advertise, device));
        let roster = match common
            .in_time(now)
            .and_then(|()| common.enough(Step::Advertise, adverts.len()))
            .and_then(|()| roster(&common.terms, adverts))
        {
            Ok(roster) => roster,
            Err(why) => return Err(common.end(why)),
        };
        let messages = roster.members.iter().map(|member| (member.device, message(&roster, member))).collect();
        Ok((SharePhase::new(common, roster), messages))
    }
}

/// Members in the order of their mask keys, which none of them could choose knowing the others'.
fn roster(terms: &Terms, adverts: BTreeMap<DeviceId, RosterEntry>) -> Result<Roster, Failure> {
    let mut adverts: Vec<(DeviceId, RosterEntry)> = adverts.into_iter().collect();
    adverts.sort_by_key(|(_, entry)| entry.mask_key);
    for (place, (_, entry)) in (0..).zip(&mut adverts) {
        entry.member = place;
    }
    let count = adverts.len() as u32;
    let parameters = terms.graph_parameters(count)?;
    let hash = transcript::roster(terms, adverts.iter().map(|(_, entry)| entry));
    let graph = Graph::new(count, parameters, terms.manifest, hash)?;
    let places = adverts.iter().map(|(device, entry)| (*device, entry.member)).collect();
    let member =
        |(device, entry): (DeviceId, RosterEntry)| Member { device, entry, neighbours: graph.neighbours(entry.member) };
    Ok(Roster { members: adverts.into_iter().map(member).collect(), places, graph, hash })
}

fn message(roster: &Roster, member: &Member) -> SecaggRoster {
    let neighbours: Vec<RosterEntry> = member.neighbours.iter().map(|&other| roster.member(other).entry).collect();
    let parameters = roster.graph.parameters();
    SecaggRoster {
        members: roster.graph.members(),
        own: member.entry.member,
        degree: parameters.degree as u16,
        threshold: parameters.threshold as u16,
        roster: roster.hash,
        neighbours: List::new(neighbours).unwrap_or_default(),
    }
}
