use silhouette_wire::Nonce;
use silhouette_wire::message::{Participation, SecaggAdvert};

use super::context::in_time;
use super::{Abort, Share};
use crate::secagg::keys::KeyPair;
use crate::secagg::{Adversary, Entropy, Identity, Millis, Terms};

/// What a device asks of a round beyond what the protocol needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Smallest `N_min` the device accepts.
    pub min_reports: u32,
}

/// Round 0: about to make fresh keys.
pub struct Advertise {
    terms: Terms,
    at: Participation,
    identity: Option<Identity>,
    entropy: Entropy,
}

impl Advertise {
    /// `identity` is needed in the active mode and only there. The keys are made from `entropy`,
    /// for this round and no other.
    ///
    /// # Errors
    /// When the terms are out of range or below the policy.
    pub fn new(
        terms: Terms,
        policy: Policy,
        nonce: Nonce,
        identity: Option<Identity>,
        entropy: Entropy,
    ) -> Result<Self, Abort> {
        terms.validate()?;
        if terms.min_reports < policy.min_reports {
            return Err(Abort::Policy { least: policy.min_reports, found: terms.min_reports });
        }
        if identity.is_some() != (terms.adversary == Adversary::Active) {
            return Err(Abort::Identity);
        }
        let at = Participation { task: terms.task.clone(), round: terms.round, nonce };
        Ok(Self { terms, at, identity, entropy })
    }

    /// Makes the keys and advertises their public halves.
    ///
    /// # Errors
    /// When the deadline has passed.
    pub fn advertise(mut self, now: Millis) -> Result<(Share, SecaggAdvert), Abort> {
        in_time(&self.terms, now)?;
        let share_keys = KeyPair::generate(self.entropy.rng());
        let mask_keys = KeyPair::generate(self.entropy.rng());
        let (share_key, mask_key) = (share_keys.public(), mask_keys.public());
        let sign = |identity: &Identity| identity.sign_advert(&self.terms, &share_key, &mask_key);
        let signature = self.identity.as_ref().map(sign);
        let message =
            SecaggAdvert { at: self.at.clone(), manifest: self.terms.manifest, share_key, mask_key, signature };
        let next = Share {
            terms: self.terms,
            at: self.at,
            identity: self.identity,
            entropy: self.entropy,
            share_keys,
            mask_keys,
        };
        Ok((next, message))
    }
}
