use std::collections::BTreeMap;

use rayon::prelude::*;
use silhouette_wire::DeviceId;
use silhouette_wire::message::{RevealedShare, SecaggRevealed};

use super::round::{Common, Members, Roster};
use super::{Ended, Failure, Refused, Step, Sum};
use crate::secagg::Millis;
use crate::secagg::keys::{KeyPair, Purpose};
use crate::secagg::mask::{self, Mask, Sign};
use crate::secagg::shamir::{self, Share};

/// Round 3: collects shares and takes the masks off.
pub(super) struct UnmaskPhase {
    common: Common,
    roster: Roster,
    /// Members whose shares lie with their neighbours.
    shared: Members,
    /// Of them, those whose input is in the sum.
    alive: Members,
    /// Of those, whoever was asked for shares.
    asked: Members,
    answered: Members,
    sum: Vec<u8>,
    /// By owner: shares of the self mask of a survivor, of the mask key of whoever dropped out.
    shares: BTreeMap<u32, Vec<Share>>,
}

impl UnmaskPhase {
    pub(super) fn new(
        common: Common,
        roster: Roster,
        shared: Members,
        alive: Members,
        asked: Members,
        sum: Vec<u8>,
    ) -> Self {
        let (answered, shares) = (Members::new(), BTreeMap::new());
        Self { common, roster, shared, alive, asked, answered, sum, shares }
    }

    pub(super) fn receive(&mut self, now: Millis, device: DeviceId, message: &SecaggRevealed) -> Result<(), Refused> {
        self.common.admit(now, device, &message.at)?;
        let holder = self.roster.place(device)?;
        if !self.asked.contains(&holder) {
            return Err(Refused::Unknown);
        }
        if self.answered.contains(&holder) {
            return Err(Refused::Duplicate);
        }
        let shares = message.shares.as_slice();
        let owners = shares.iter().map(|(owner, _)| *owner);
        if !owners.eq(self.roster.neighbours_in(holder, &self.shared)) {
            return Err(Refused::Members);
        }
        let mut taken = Vec::with_capacity(shares.len());
        for &(owner, share) in shares {
            let ((RevealedShare::SelfMask(y), true) | (RevealedShare::MaskKey(y), false)) =
                (share, self.alive.contains(&owner))
            else {
                return Err(Refused::Members);
            };
            let x = self.roster.coordinate(owner, holder).ok_or(Refused::Members)?;
            taken.push((owner, Share { x, y }));
        }
        for (owner, share) in taken {
            self.shares.entry(owner).or_default().push(share);
        }
        self.answered.insert(holder);
        Ok(())
    }

    /// Whether enough shares are in to take every mask off.
    pub(super) fn is_ready(&self) -> bool {
        self.roster.recoverable(Step::Unmask, &self.shared, &self.alive, &self.answered).is_ok()
    }

    pub(super) fn finish(self) -> Result<Sum, Ended> {
        let Self { mut common, roster, shared, alive, asked, answered, mut sum, shares } = self;
        for &place in asked.difference(&answered) {
            common.lose(Step::Unmask, roster.member(place).device);
        }
        let masks = roster
            .recoverable(Step::Unmask, &shared, &alive, &answered)
            .and_then(|()| masks(&common, &roster, &shared, &alive, &shares));
        let masks = match masks {
            Ok(masks) => masks,
            Err(why) => return Err(common.end(why)),
        };
        mask::apply_parallel(&mut sum, common.terms.modulus_bits, &masks);
        let survivors = alive.iter().map(|&place| roster.member(place).device).collect();
        Ok(Sum { bytes: sum, modulus_bits: common.terms.modulus_bits, survivors, lost: common.lost })
    }
}

/// What has to be applied to the sum so that only the inputs remain: each survivor's self mask and,
/// for each member that dropped out, the masks it shares with survivors.
fn masks(
    common: &Common,
    roster: &Roster,
    shared: &Members,
    alive: &Members,
    shares: &BTreeMap<u32, Vec<Share>>,
) -> Result<Vec<Mask>, Failure> {
    let threshold = roster.graph.parameters().threshold;
    let owners: Vec<u32> = roster.owners(shared, alive).collect();
    let of_owner = |&owner: &u32| {
        let false_share = |_| Failure::FalseShare { member: owner };
        let held = shares.get(&owner).map_or(&[][..], Vec::as_slice);
        let secret = shamir::combine(held, threshold).map_err(false_share)?;
        if alive.contains(&owner) {
            return Ok(vec![(secret, Sign::Minus)]);
        }
        let keys = KeyPair::of_secret(&secret);
        if keys.public() != roster.member(owner).entry.mask_key {
            return Err(Failure::FalseShare { member: owner });
        }
        let pair = |survivor: u32| {
            let peer = roster.member(survivor).entry.mask_key;
            let agreed = keys.agree(peer).map_err(|_| Failure::FalseShare { member: owner })?;
            let seed = agreed.derive(common.terms.manifest, Purpose::Mask, owner, survivor);
            // The survivor's vector carries the mask with its sign; the owner's sign takes it off.
            Ok((seed, Sign::of_pair(owner, survivor)))
        };
        roster.neighbours_in(owner, alive).map(pair).collect()
    };
    let masks: Result<Vec<Vec<Mask>>, Failure> = owners.par_iter().map(of_owner).collect();
    Ok(masks?.into_iter().flatten().collect())
}
