use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;
use silhouette_wire::message::{SecaggInbox, SecaggMaskedInput};
use zeroize::Zeroizing;

use super::context::{Context, in_time};
use super::{Abort, Consistency, Unmask};
use crate::Release;
use crate::secagg::keys::{KeyPair, Purpose, SHARE_BYTES, Secret, open};
use crate::secagg::mask::{self, Mask, Sign};
use crate::secagg::shamir::Share as ShamirShare;
use crate::secagg::{Millis, transcript};

/// A masked vector, packed: uniformly distributed for whoever lacks a mask.
pub struct MaskedVector(Vec<u8>);

impl MaskedVector {
    /// The bytes as they go on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives the bytes back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// A neighbour's shares, held until the unmasking. Erased when dropped.
pub(super) struct Held {
    pub(super) self_mask: ShamirShare,
    pub(super) mask_key: ShamirShare,
}

/// What comes after the masked input.
pub enum AfterInput {
    /// The active mode: the survivors are signed first.
    Consistency(Consistency),
    /// Otherwise.
    Unmask(Unmask),
}

/// Round 2: shares are sent; waiting for the neighbours'.
pub struct MaskedInput {
    pub(super) context: Context,
    pub(super) mask_keys: KeyPair,
    pub(super) self_mask: Secret,
    pub(super) opening: BTreeMap<u32, Secret>,
}

impl MaskedInput {
    /// Masks what was released: `k + PRG(b_u) + sum of +-PRG(s_uv)` over the neighbours that shared
    /// (Bonawitz et al. 2017, section 4.1).
    ///
    /// Only a [`Release`] can be masked, so that masking is not a way around the one door.
    ///
    /// # Errors
    /// When fewer than t neighbours shared, a share does not open, the lists contradict the graph,
    /// the vector is not of the terms' size; and after the deadline.
    pub fn mask(
        self,
        now: Millis,
        inbox: &SecaggInbox,
        release: Release,
    ) -> Result<(AfterInput, SecaggMaskedInput, MaskedVector), Abort> {
        let bits = release.modulus_bits();
        self.mask_bytes(now, inbox, bits, release.into_bytes())
    }

    /// As [`mask`](Self::mask), for any packed vector.
    pub(crate) fn mask_bytes(
        self,
        now: Millis,
        inbox: &SecaggInbox,
        bits: u8,
        bytes: Vec<u8>,
    ) -> Result<(AfterInput, SecaggMaskedInput, MaskedVector), Abort> {
        // Erased on every way out but the last.
        let mut bytes = Zeroizing::new(bytes);
        let terms = &self.context.terms;
        in_time(terms, now)?;
        if bits != terms.modulus_bits || bytes.len() != terms.byte_len() {
            return Err(Abort::Size { expected: terms.byte_len(), bits: terms.modulus_bits, found: bytes.len() });
        }
        let held = self.open_inbox(inbox)?;
        mask::apply(&mut bytes, bits, &self.masks(held.keys().copied())?);
        let vector = MaskedVector(std::mem::take(&mut *bytes));
        let message = SecaggMaskedInput {
            at: self.context.at.clone(),
            dimension: self.context.terms.dimension as u32,
            modulus_bits: bits,
            byte_len: vector.0.len() as u64,
            sha256: ContentHash(Sha256::digest(&vector.0).into()),
        };
        // Its own secrets are of no further use to the device, and are erased here.
        let context = self.context;
        let next = if context.is_active() {
            AfterInput::Consistency(Consistency { context, held })
        } else {
            AfterInput::Unmask(Unmask { context, held, agreed: None })
        };
        Ok((next, message, vector))
    }

    /// Opens the shares of the neighbours that shared.
    fn open_inbox(&self, inbox: &SecaggInbox) -> Result<BTreeMap<u32, Held>, Abort> {
        let context = &self.context;
        let mut held = BTreeMap::new();
        for share in inbox.shares.as_slice() {
            let member = share.member;
            if member == context.own {
                return Err(Abort::Own);
            }
            let key = self.opening.get(&member).ok_or(Abort::Unknown { member })?;
            let aad = transcript::shares(context.roster, context.graph.parameters(), member, context.own);
            let plain = open(key, &aad, share.sealed.as_slice()).ok_or(Abort::Sealed { member })?;
            let (first, second) = plain.split_at(SHARE_BYTES);
            // The coordinate that the graph gives this device, and no other.
            let coordinate = context.graph.coordinate(member, context.own);
            let read = |half: &[u8]| {
                let (&x, y) = half.split_first()?;
                (Some(x) == coordinate).then_some(ShamirShare { x, y: y.try_into().ok()? })
            };
            let self_mask = read(first).ok_or(Abort::Sealed { member })?;
            let mask_key = read(second).ok_or(Abort::Sealed { member })?;
            if held.insert(member, Held { self_mask, mask_key }).is_some() {
                return Err(Abort::Repeated { member });
            }
        }
        context.enough_alive(held.len())?;
        Ok(held)
    }

    /// The self mask, and one mask for each neighbour that shared.
    fn masks(&self, sharers: impl Iterator<Item = u32>) -> Result<Vec<Mask>, Abort> {
        let context = &self.context;
        let mut masks = vec![(self.self_mask.clone(), Sign::Plus)];
        for peer in sharers {
            let entry = context.neighbours.get(&peer).ok_or(Abort::Unknown { member: peer })?;
            let agreed = self.mask_keys.agree(entry.mask_key).map_err(|_| Abort::WeakKey { member: peer })?;
            let seed = agreed.derive(context.terms.manifest, Purpose::Mask, context.own, peer);
            masks.push((seed, Sign::of_pair(context.own, peer)));
        }
        Ok(masks)
    }
}
