use std::collections::BTreeMap;

use silhouette_wire::DeviceId;
use silhouette_wire::bounded::List;
use silhouette_wire::message::{SecaggConsistency, SecaggUnmask, SignatureBytes, Signed};

use super::round::{Common, Members, Roster};
use super::unmask::UnmaskPhase;
use super::{Ended, Failure, Refused, Step};
use crate::secagg::{Millis, identity, transcript};

/// Round 2b, in the active mode: collects the signatures over the survivors.
pub(super) struct ConsistencyPhase {
    common: Common,
    roster: Roster,
    shared: Members,
    alive: Members,
    sum: Vec<u8>,
    /// What every survivor has to sign.
    bytes: Vec<u8>,
    signatures: BTreeMap<u32, SignatureBytes>,
}

impl ConsistencyPhase {
    pub(super) fn new(common: Common, roster: Roster, shared: Members, alive: Members, sum: Vec<u8>) -> Self {
        let bytes = transcript::survivors(roster.hash, alive.iter().copied());
        Self { common, roster, shared, alive, sum, bytes, signatures: BTreeMap::new() }
    }

    pub(super) fn receive(
        &mut self,
        now: Millis,
        device: DeviceId,
        message: &SecaggConsistency,
    ) -> Result<(), Refused> {
        self.common.admit(now, device, &message.at)?;
        let place = self.roster.place(device)?;
        if !self.alive.contains(&place) {
            return Err(Refused::Unknown);
        }
        if self.signatures.contains_key(&place) {
            return Err(Refused::Duplicate);
        }
        // One false signature would make all its neighbours leave.
        if !identity::signature_holds(&self.roster.member(place).entry, &self.bytes, message.signature) {
            return Err(Refused::Signature);
        }
        self.signatures.insert(place, message.signature);
        Ok(())
    }

    pub(super) fn close(self, now: Millis) -> Result<(UnmaskPhase, Vec<(DeviceId, SecaggUnmask)>), Ended> {
        let Self { mut common, roster, shared, alive, sum, signatures, .. } = self;
        for place in alive.iter().filter(|place| !signatures.contains_key(place)) {
            common.lose(Step::Consistency, roster.member(*place).device);
        }
        let asked: Members = signatures.keys().copied().collect();
        let (threshold, found) = (roster.graph.parameters().threshold, asked.len());
        let signed =
            if found > threshold as usize { Ok(()) } else { Err(Failure::TooFewSignatures { threshold, found }) };
        let fit = common
            .in_time(now)
            .and(signed)
            .and_then(|()| roster.recoverable(Step::Consistency, &shared, &alive, &asked));
        if let Err(why) = fit {
            return Err(common.end(why));
        }
        let request = |&place: &u32| {
            let others = signatures.iter().filter(|(member, _)| **member != place);
            let others: Vec<Signed> = others.map(|(&member, &signature)| Signed { member, signature }).collect();
            let request = roster.request(place, &shared, &alive);
            let signatures = List::new(others).unwrap_or_default();
            (roster.member(place).device, SecaggUnmask { signatures, ..request })
        };
        let messages = asked.iter().map(request).collect();
        Ok((UnmaskPhase::new(common, roster, shared, alive, asked, sum), messages))
    }
}
