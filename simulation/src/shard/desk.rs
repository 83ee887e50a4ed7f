//! Where devices of one round are worked off, by as many threads as there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use silhouette_client::LocalRoundError;
use silhouette_privacy::{Accumulator, ReleaseParameters, release};
use silhouette_query::{Asked, contribute};
use silhouette_round::Verified;
use silhouette_wire::Nonce;

use super::{RoundSpec, SimulationShard};
use crate::device::{Outward, Streams, Surroundings, VirtualDevice};
use crate::federation::FederationError;
use crate::past::Cost;

/// What the workers of one round share.
pub(super) struct Desk<'a> {
    pub(super) shard: &'a SimulationShard<'a>,
    pub(super) spec: &'a RoundSpec,
    pub(super) parameters: &'a ReleaseParameters,
    pub(super) verified: Option<&'a Arc<Verified>>,
    /// What the round asks for.
    pub(super) asked: Asked<'a>,
    pub(super) cost: &'a Cost,
    /// Places of the round, longest work first.
    pub(super) order: &'a [u32],
    pub(super) next: AtomicUsize,
}

impl Desk<'_> {
    /// Takes devices until none is left, and adds what they release. The ledger of each has to hold what the round
    /// costs by its terms: so the driver knows what is to be kept of it without being told.
    pub(super) fn work(&self, sum: &mut Accumulator) -> Result<(), FederationError> {
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&i) = self.order.get(next) else { return Ok(()) };
            let place = self.spec.place(i as usize);
            let person = self.shard.data.train.person(place.user())?;
            let around = Surroundings {
                now: self.spec.now(),
                seed: self.shard.config.seed,
                engine: self.shard.engine,
                model: self.spec.model(),
                examples: &person.examples,
                in_process: true,
            };
            match self.verified {
                Some(verified) => {
                    let attack = self.shard.attacks.get(&place.user()).copied();
                    let mut device = VirtualDevice::new(place.user(), &self.shard.offers.kind, place.past, attack);
                    // It is handed over as it is: nothing is uploaded, so no nonce is.
                    let Outward::Release(release) = device.begin(&around, verified, Nonce([0; 16]))? else {
                        return Err(FederationError::NoReport);
                    };
                    sum.fold_release(&release)?;
                    let (expected, found) = (place.past.after(self.cost), device.past());
                    if found != expected {
                        return Err(FederationError::Ledger { user: place.user(), round: self.spec.round() });
                    }
                }
                None => self.contribute_openly(&around, place.user(), sum)?,
            }
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
        let streams = Streams::new(around.seed, self.spec.round(), user as u64 + 1);
        let share = self.parameters.draw_noise(&mut streams.noise("none")).map_err(LocalRoundError::from)?;
        let update = contribute(around.engine, around.model, around.examples, self.asked, streams.order())?;
        let released =
            release(update, self.parameters, share, &mut streams.rounding()).map_err(LocalRoundError::from)?;
        Ok(sum.fold_release(&released)?)
    }
}

/// A poisoned lock means that another worker has panicked, which ends the run anyway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
