//! Who was asked to join the current round.

use std::collections::BTreeMap;
use std::fmt;

use chacha20::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use silhouette_wire::Nonce;

use super::key::DeviceKey;

/// 32-bit words of the randomness that a nonce takes.
const NONCE_WORDS: u128 = 4;

/// The devices of a round. Their nonces follow each other in the coordinator's randomness: where the first one begins
/// says them all, so that nothing but its key is kept of a device before it reports.
#[derive(Debug)]
pub(super) struct Cohort<D: DeviceKey> {
    /// In order, none twice.
    devices: Vec<D>,
    nonces: Option<Nonces>,
    /// Of those whose report is in the sum.
    receipts: BTreeMap<D, D::Receipt>,
}

/// Where in the randomness the nonces of a round are.
struct Nonces {
    seed: [u8; 32],
    /// The word in which the first one begins.
    first: u128,
}

impl fmt::Debug for Nonces {
    /// Without the seed, which is secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Nonces").finish_non_exhaustive()
    }
}

impl Nonces {
    /// The randomness, where the nonce of the device in place `place` begins.
    fn from(&self, place: usize) -> ChaCha20Rng {
        let mut random = ChaCha20Rng::from_seed(self.seed);
        random.set_word_pos(self.first + NONCE_WORDS * place as u128);
        random
    }
}

impl<D: DeviceKey> Default for Cohort<D> {
    fn default() -> Self {
        Self { devices: Vec::new(), nonces: None, receipts: BTreeMap::new() }
    }
}

impl<D: DeviceKey> Cohort<D> {
    /// These devices, in order, with the next nonces of `random`.
    pub(super) fn new(devices: Vec<D>, random: &mut ChaCha20Rng) -> Self {
        let nonces = Nonces { seed: random.get_seed(), first: random.get_word_pos() };
        random.set_word_pos(nonces.first + NONCE_WORDS * devices.len() as u128);
        Self { devices, nonces: Some(nonces), receipts: BTreeMap::new() }
    }

    /// The devices, in order.
    pub(super) fn devices(&self) -> &[D] {
        &self.devices
    }

    /// Each device with its nonce, in order.
    pub(super) fn invitations(&self) -> impl Iterator<Item = (D, Nonce)> {
        let random = self.nonces.as_ref().map(|nonces| nonces.from(0));
        let nonces = random.into_iter().flat_map(|mut random| std::iter::repeat_with(move || next(&mut random)));
        self.devices.iter().copied().zip(nonces)
    }

    /// The nonce of a device that was asked.
    pub(super) fn nonce(&self, device: &D) -> Option<Nonce> {
        let place = self.devices.binary_search(device).ok()?;
        self.nonces.as_ref().map(|nonces| next(&mut nonces.from(place)))
    }

    /// What stands for a device's report in the sum.
    pub(super) fn receipt(&self, device: &D) -> Option<D::Receipt> {
        self.receipts.get(device).cloned()
    }

    /// The report of a device that was asked is in the sum; says whether it is the first.
    pub(super) fn takes(&mut self, device: D, receipt: D::Receipt) -> bool {
        let first = self.devices.binary_search(&device).is_ok() && !self.receipts.contains_key(&device);
        if first {
            self.receipts.insert(device, receipt);
        }
        first
    }
}

fn next(random: &mut ChaCha20Rng) -> Nonce {
    let mut nonce = [0; 16];
    random.fill_bytes(&mut nonce);
    Nonce(nonce)
}
