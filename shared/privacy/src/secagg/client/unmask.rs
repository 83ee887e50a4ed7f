use std::collections::{BTreeMap, BTreeSet};

use silhouette_wire::bounded::List;
use silhouette_wire::message::{RevealedShare, SecaggRevealed, SecaggUnmask};

use super::Abort;
use super::context::{Context, in_time};
use super::lists::Survivors;
use super::masked_input::Held;
use crate::secagg::{Millis, identity, transcript};

/// Round 3: waiting to be asked for shares, once.
pub struct Unmask {
    pub(super) context: Context,
    pub(super) held: BTreeMap<u32, Held>,
    /// What the device signed, in the active mode.
    pub(super) agreed: Option<Survivors>,
}

impl Unmask {
    /// Reveals, for each neighbour that shared, a share of exactly one of its secrets: of its self
    /// mask if it survived, of its mask key if it dropped out.
    ///
    /// # Errors
    /// When the lists contradict each other or what the device knows, too few survived, in the
    /// active mode when the survivors are not those more than t neighbours signed; and after the
    /// deadline. Nothing is revealed then, and can't be any more.
    pub fn unmask(self, now: Millis, request: &SecaggUnmask) -> Result<SecaggRevealed, Abort> {
        let Self { context, held, agreed } = self;
        in_time(&context.terms, now)?;
        let survivors = Survivors::check(&context, &held, request.survivors, &request.alive, &request.dropped)?;
        if context.is_active() {
            if agreed.as_ref() != Some(&survivors) {
                return Err(Abort::OtherSurvivors);
            }
            check_signatures(&context, &survivors, request)?;
        }
        let reveal = |(&owner, held): (&u32, &Held)| {
            if survivors.alive.contains(&owner) {
                (owner, RevealedShare::SelfMask(held.self_mask.y))
            } else {
                (owner, RevealedShare::MaskKey(held.mask_key.y))
            }
        };
        let shares: Vec<(u32, RevealedShare)> = held.iter().map(reveal).collect();
        one_secret_each(&survivors, &shares)?;
        let shares = List::new(shares).map_err(|_| Abort::GraphParameters)?;
        Ok(SecaggRevealed { at: context.at.clone(), shares })
    }
}

/// The one thing that must never go wrong, looked at once more before anything leaves: each member
/// occurs once, with a share of the one secret that its fate allows.
fn one_secret_each(survivors: &Survivors, shares: &[(u32, RevealedShare)]) -> Result<(), Abort> {
    let mut seen = BTreeSet::new();
    for &(member, share) in shares {
        let allowed = match share {
            RevealedShare::SelfMask(_) => survivors.alive.contains(&member) && !survivors.dropped.contains(&member),
            RevealedShare::MaskKey(_) => survivors.dropped.contains(&member) && !survivors.alive.contains(&member),
        };
        if !seen.insert(member) || !allowed {
            return Err(Abort::BothSecrets { member });
        }
    }
    Ok(())
}

/// More than t members signed the same survivors, this device among them.
fn check_signatures(context: &Context, survivors: &Survivors, request: &SecaggUnmask) -> Result<(), Abort> {
    let bytes = transcript::survivors(context.roster, survivors.with(context.own).into_iter());
    let mut signers = BTreeSet::new();
    for signed in request.signatures.as_slice() {
        let member = signed.member;
        if member == context.own {
            return Err(Abort::Own);
        }
        if !survivors.alive.contains(&member) {
            return Err(Abort::Unknown { member });
        }
        if !signers.insert(member) {
            return Err(Abort::Repeated { member });
        }
        let entry = context.neighbours.get(&member).ok_or(Abort::Unknown { member })?;
        if !identity::signature_holds(entry, &bytes, signed.signature) {
            return Err(Abort::SurvivorSignature { member });
        }
    }
    let (threshold, found) = (context.threshold(), signers.len() as u32 + 1);
    if found > threshold { Ok(()) } else { Err(Abort::TooFewSignatures { threshold, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_guard_refuses_both_secrets_of_a_member() {
        let survivors = Survivors { alive: BTreeSet::from([1, 2]), dropped: BTreeSet::from([3]) };
        let b = |member| (member, RevealedShare::SelfMask([0; 32]));
        let sk = |member| (member, RevealedShare::MaskKey([0; 32]));
        assert_eq!(one_secret_each(&survivors, &[b(1), b(2), sk(3)]), Ok(()));
        for (shares, member) in [(vec![b(1), sk(1)], 1), (vec![b(3)], 3), (vec![sk(3), sk(3)], 3), (vec![b(9)], 9)] {
            assert_eq!(one_secret_each(&survivors, &shares), Err(Abort::BothSecrets { member }));
        }
        let overlapping = Survivors { alive: BTreeSet::from([1]), dropped: BTreeSet::from([1]) };
        assert!(one_secret_each(&overlapping, &[b(1)]).is_err());
    }
}
