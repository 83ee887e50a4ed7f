use std::collections::{BTreeMap, BTreeSet};

use silhouette_wire::bounded::{Bytes, List};
use silhouette_wire::message::{Participation, RosterEntry, SealedShare, SecaggRoster, SecaggShares};
use zeroize::Zeroizing;

use super::context::{Context, in_time};
use super::{Abort, MaskedInput};
use crate::secagg::graph::Graph;
use crate::secagg::keys::{KeyPair, Purpose, SHARE_BYTES, Secret, seal};
use crate::secagg::{Entropy, Identity, Millis, Terms, identity, shamir, transcript};

/// Round 1: keys are made; waiting for the roster.
pub struct Share {
    pub(super) terms: Terms,
    pub(super) at: Participation,
    pub(super) identity: Option<Identity>,
    pub(super) entropy: Entropy,
    pub(super) share_keys: KeyPair,
    pub(super) mask_keys: KeyPair,
}

impl Share {
    /// Checks the roster, splits the device's two secrets and seals a share of each for every
    /// neighbour.
    ///
    /// # Errors
    /// When the roster is below the terms, contradicts itself or the graph, repeats or forges a
    /// key; and after the deadline.
    pub fn share(self, now: Millis, roster: &SecaggRoster) -> Result<(MaskedInput, SecaggShares), Abort> {
        in_time(&self.terms, now)?;
        let graph = self.graph(roster)?;
        let neighbours = self.neighbours(roster, &graph)?;
        let Self { terms, at, identity, mut entropy, share_keys, mask_keys } = self;
        let context = Context { terms, at, identity, own: roster.own, graph, roster: roster.roster, neighbours };
        let self_mask = entropy.seed();
        let (shares, opening) = seal_all(&context, &share_keys, &mask_keys, &self_mask, &mut entropy)?;
        let message = SecaggShares { at: context.at.clone(), shares };
        Ok((MaskedInput { context, mask_keys, self_mask, opening }, message))
    }

    /// The graph that the terms imply for so many members.
    fn graph(&self, roster: &SecaggRoster) -> Result<Graph, Abort> {
        let (least, most) = (self.terms.min_reports, self.terms.cohort);
        if !(least..=most).contains(&roster.members) {
            return Err(Abort::Members { least, most, found: roster.members });
        }
        let parameters = self.terms.graph_parameters(roster.members)?;
        if (u32::from(roster.degree), u32::from(roster.threshold)) != (parameters.degree, parameters.threshold) {
            return Err(Abort::GraphParameters);
        }
        if roster.own >= roster.members {
            return Err(Abort::Neighbours);
        }
        Ok(Graph::new(roster.members, parameters, self.terms.manifest, roster.roster)?)
    }

    fn own_entry(&self, member: u32) -> RosterEntry {
        let (share_key, mask_key) = (self.share_keys.public(), self.mask_keys.public());
        let sign = |identity: &Identity| identity.sign_advert(&self.terms, &share_key, &mask_key);
        RosterEntry { member, share_key, mask_key, signature: self.identity.as_ref().map(sign) }
    }

    /// The neighbours of the graph, all of them, with keys that are theirs alone.
    fn neighbours(&self, roster: &SecaggRoster, graph: &Graph) -> Result<BTreeMap<u32, RosterEntry>, Abort> {
        let listed = roster.neighbours.as_slice();
        if !listed.iter().map(|entry| entry.member).eq(graph.neighbours(roster.own)) {
            return Err(Abort::Neighbours);
        }
        let mut known: BTreeMap<u32, RosterEntry> = listed.iter().map(|entry| (entry.member, *entry)).collect();
        known.insert(roster.own, self.own_entry(roster.own));
        let mut keys = BTreeSet::new();
        let mut identities = BTreeSet::new();
        for (&member, entry) in &known {
            let fresh = keys.insert(entry.share_key)
                && keys.insert(entry.mask_key)
                && entry.signature.is_none_or(|signed| identities.insert(signed.identity));
            if !fresh {
                return Err(Abort::RepeatedKey { member });
            }
            if let Some(own) = &self.identity
                && !identity::advert_holds(&self.terms, own.authority(), entry)
            {
                return Err(Abort::AdvertSignature { member });
            }
        }
        // Places follow the mask keys: the aggregator has no say in who stands where.
        if !known.values().is_sorted_by(|a, b| a.mask_key < b.mask_key) {
            return Err(Abort::Neighbours);
        }
        if graph.is_complete() && transcript::roster(&self.terms, known.values()) != roster.roster {
            return Err(Abort::RosterHash);
        }
        known.remove(&roster.own);
        Ok(known)
    }
}

/// Sealed shares to send, and the keys that open what comes back.
type Sealed = (silhouette_wire::message::SealedShares, BTreeMap<u32, Secret>);

fn seal_all(
    context: &Context,
    share_keys: &KeyPair,
    mask_keys: &KeyPair,
    self_mask: &Secret,
    entropy: &mut Entropy,
) -> Result<Sealed, Abort> {
    let (own, manifest) = (context.own, context.terms.manifest);
    let holders = context.neighbours.len();
    let of_self_mask = shamir::split(self_mask, context.threshold(), holders, entropy.rng())?;
    let of_mask_key = shamir::split(mask_keys.secret(), context.threshold(), holders, entropy.rng())?;
    let mut sealed = Vec::with_capacity(holders);
    let mut opening = BTreeMap::new();
    // Share and neighbour of the same rank belong together: the coordinate is the rank plus one.
    for ((&peer, entry), (b, sk)) in context.neighbours.iter().zip(of_self_mask.iter().zip(&of_mask_key)) {
        let agreed = share_keys.agree(entry.share_key).map_err(|_| Abort::WeakKey { member: peer })?;
        let mut plain = Zeroizing::new([0; 2 * SHARE_BYTES]);
        let (first, second) = plain.split_at_mut(SHARE_BYTES);
        for (half, share) in [(first, b), (second, sk)] {
            half[0] = share.x;
            half[1..].copy_from_slice(&share.y);
        }
        let key = agreed.derive(manifest, Purpose::Share, own, peer);
        let aad = transcript::shares(context.roster, context.graph.parameters(), own, peer);
        let bytes = seal(&key, &aad, &plain).and_then(|bytes| Bytes::new(bytes).ok());
        sealed.push(SealedShare { member: peer, sealed: bytes.ok_or(Abort::Sealed { member: peer })? });
        opening.insert(peer, agreed.derive(manifest, Purpose::Share, peer, own));
    }
    let sealed = List::new(sealed).map_err(|_| Abort::GraphParameters)?;
    Ok((sealed, opening))
}
