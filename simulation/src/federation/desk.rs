//! Where the invited devices of one round are worked off, by as many threads as there are.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use silhouette_client::LocalRoundError;
use silhouette_model::{Engine, Model};
use silhouette_privacy::{Accumulator, ReleaseParameters, release};
use silhouette_query::{Asked, contribute};
use silhouette_round::{Coordinator, Verified};
use silhouette_wire::{ContentHash, Nonce};

use super::error::FederationError;
use crate::config::Attack;
use crate::dataset::Dataset;
use crate::device::{Kind, Outward, Past, Streams, Surroundings, VirtualDevice, id_of};

/// One invited device with the nonce of its one upload.
pub(super) type Invitation = (usize, Nonce);

/// What the workers of one round share.
pub(super) struct Desk<'a> {
    pub(super) coordinator: Mutex<&'a mut Coordinator>,
    pub(super) kind: &'a Kind,
    pub(super) pasts: Vec<Mutex<&'a mut Past>>,
    pub(super) attacks: &'a BTreeMap<usize, Attack>,
    pub(super) next: AtomicUsize,
    pub(super) invitations: &'a [Invitation],
    pub(super) parameters: &'a ReleaseParameters,
    pub(super) verified: Option<&'a Arc<Verified>>,
    pub(super) seed: u64,
    pub(super) round: u64,
    /// What the round asks for.
    pub(super) asked: Asked<'a>,
    pub(super) now: u64,
    /// Longest work first.
    pub(super) order: &'a [usize],
    pub(super) engine: &'a dyn Engine,
    pub(super) model: &'a Model,
    pub(super) data: &'a Dataset,
}

impl Desk<'_> {
    /// Takes invited devices until none is left, and adds what they release.
    pub(super) fn work(&self, sum: &mut Accumulator) -> Result<(), FederationError> {
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&i) = self.order.get(next) else { return Ok(()) };
            let (user, nonce) = self.invitations[i];
            let person = self.data.train.person(user);
            let around = Surroundings {
                now: self.now,
                seed: self.seed,
                engine: self.engine,
                model: self.model,
                examples: &person.examples,
                in_process: true,
            };
            let mut past = lock(&self.pasts[i]);
            match self.verified {
                Some(verified) => {
                    let attack = self.attacks.get(&user).copied();
                    let mut device = VirtualDevice::new(user, self.kind, **past, attack);
                    let Outward::Release(release) = device.begin(&around, verified, nonce)? else {
                        return Err(FederationError::NoReport);
                    };
                    sum.fold_release(&release)?;
                    **past = device.past();
                }
                None => {
                    self.contribute_openly(&around, user, sum)?;
                    past.joined(self.asked.query, self.round);
                }
            }
            // Nobody asks for a receipt, so nobody needs its digest.
            lock(&self.coordinator).reported(id_of(user), ContentHash([0; 32]));
        }
    }

    /// A round without noise: no manifest can express it and no device's session would accept it,
    /// so the simulator asks the release code directly.
    fn contribute_openly(
        &self,
        around: &Surroundings<'_>,
        user: usize,
        sum: &mut Accumulator,
    ) -> Result<(), FederationError> {
        let streams = Streams::new(self.seed, self.round, user as u64 + 1);
        let share = self.parameters.draw_noise(&mut streams.noise("none")).map_err(LocalRoundError::from)?;
        let update = contribute(self.engine, self.model, around.examples, self.asked, streams.order())?;
        let released =
            release(update, self.parameters, share, &mut streams.rounding()).map_err(LocalRoundError::from)?;
        Ok(sum.fold_release(&released)?)
    }
}

/// The pasts of the invited devices, in the order of the invitations.
pub(super) fn claim<'d>(pasts: &'d mut [Past], invitations: &[Invitation]) -> Vec<Mutex<&'d mut Past>> {
    let mut all: Vec<Option<&'d mut Past>> = pasts.iter_mut().map(Some).collect();
    invitations.iter().filter_map(|&(user, _)| all[user].take()).map(Mutex::new).collect()
}

/// A poisoned lock means that another worker has panicked, which ends the run anyway.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
