//! Where devices of one round are worked off, by as many threads as there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use silhouette_client::LocalRoundError;
use silhouette_privacy::{Accumulator, ReleaseParameters, release};
use silhouette_query::{Asked, contribute};
use silhouette_round::Verified;

use super::{Place, RoundSpec, SimulationShard};
use crate::device::{Outward, Past, Streams, Surroundings, VirtualDevice};
use crate::federation::FederationError;

/// What the workers of one round share.
pub(super) struct Desk<'a> {
    pub(super) shard: &'a SimulationShard<'a>,
    pub(super) spec: &'a RoundSpec,
    pub(super) places: &'a [Place],
    pub(super) parameters: &'a ReleaseParameters,
    pub(super) verified: Option<&'a Arc<Verified>>,
    /// What the round asks for.
    pub(super) asked: Asked<'a>,
    /// Longest work first.
    pub(super) order: &'a [usize],
    pub(super) next: AtomicUsize,
}

impl Desk<'_> {
    /// Takes devices until none is left, and adds what they release. Returns what is to be kept of each, by its
    /// place among `places`.
    pub(super) fn work(&self, sum: &mut Accumulator) -> Result<Vec<(usize, Past)>, FederationError> {
        let mut done = Vec::with_capacity(self.order.len());
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&i) = self.order.get(next) else { return Ok(done) };
            let place = &self.places[i];
            let person = self.shard.data.train.person(place.user())?;
            let around = Surroundings {
                now: self.spec.now(),
                seed: self.shard.config.seed,
                engine: self.shard.engine,
                model: self.spec.model(),
                examples: &person.examples,
                in_process: true,
            };
            let past = match self.verified {
                Some(verified) => {
                    let attack = self.shard.attacks.get(&place.user()).copied();
                    let mut device = VirtualDevice::new(place.user(), &self.shard.offers.kind, place.past, attack);
                    let Outward::Release(release) = device.begin(&around, verified, place.nonce)? else {
                        return Err(FederationError::NoReport);
                    };
                    sum.fold_release(&release)?;
                    device.past()
                }
                None => {
                    self.contribute_openly(&around, place.user(), sum)?;
                    let mut past = place.past;
                    past.joined(self.asked.query, self.spec.round());
                    past
                }
            };
            done.push((i, past));
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
