//! Devices in time: what both ways of the virtual clock share.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::seq::SliceRandom;
use silhouette_model::{FileShape, Model};
use silhouette_round::{RoundConfig, Verified};
use silhouette_wire::{ContentHash, QueryKind};

use super::buffered::Versions;
use super::{Federation, FederationError};
use crate::Millis;
use crate::clock::{ClockConfig, Flights, GATHERING, GATHERING_LIMIT, Limits, Pace, Roster, Staleness, World};
use crate::config::SimulationConfig;
use crate::device::{Streams, VirtualDevice};
use crate::past::Cost;
use crate::people::People;
use crate::shard::SimulationShard;
use crate::trace::{Effort, Fleet, Outcome};

/// A held check-in waits for as long as it takes: ten years.
const HOLD: Millis = 315_360_000_000;

/// Devices in time.
pub(super) struct Clock {
    pub(super) fleet: Fleet,
    /// Devices that still work for a round that is over, and until when.
    pub(super) busy: BTreeMap<u32, Millis>,
    /// Rounds in a row, up to the last one, that got no report.
    pub(super) fruitless: Fruitless,
    /// What there is instead of rounds.
    pub(super) buffered: Option<Buffered>,
}

/// Rounds without a report, and what became of their devices.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fruitless {
    pub(super) rounds: usize,
    pub(super) vanished: usize,
    pub(super) late: usize,
}

/// What a run without rounds keeps.
pub(super) struct Buffered {
    pub(super) flights: Flights,
    pub(super) versions: Versions,
    pub(super) staleness: Staleness,
}

impl Clock {
    /// The clock of a run, if it has one.
    pub(super) fn of(
        config: &SimulationConfig,
        shard: &SimulationShard<'_>,
        model: &Model,
    ) -> Result<Option<Self>, FederationError> {
        let Some(clock) = &config.clock else { return Ok(None) };
        let users = shard.data.train.len();
        let fleet = Fleet::new(&clock.trace, config.seed, &shard.data.train)?;
        let buffered = match clock.pace {
            Pace::Synchronous { .. } => None,
            Pace::Asynchronous { buffer, concurrency, staleness, max_staleness } => {
                let limits = Limits {
                    buffer: buffer as usize,
                    concurrency: concurrency as usize,
                    max_staleness: max_staleness.into(),
                    participations: shard.offers.training.max_participations,
                };
                let mut order: Vec<u32> = (0..users as u32).collect();
                order.shuffle(&mut Streams::new(config.seed, 0, 0).arrival());
                let first = FileShape::of(model)?.hash(model);
                Some(Buffered {
                    flights: Flights::new(limits, Roster::new(order)),
                    versions: Versions::new(max_staleness.into(), first, model),
                    staleness,
                })
            }
        };
        Ok(Some(Self { fleet, busy: BTreeMap::new(), fruitless: Fruitless::default(), buffered }))
    }

    pub(super) fn asynchronous(&self) -> bool {
        self.buffered.is_some()
    }
}

/// What the coordinator is to do about time.
pub(super) fn rounds(clock: &ClockConfig, cohort: u32) -> RoundConfig {
    let over_selection = match clock.pace {
        Pace::Synchronous { over_selection, .. } => over_selection,
        Pace::Asynchronous { .. } => 1.0,
    };
    RoundConfig {
        over_selection,
        deadline: clock.deadline(),
        gathering: GATHERING,
        gathering_limit: GATHERING_LIMIT,
        spares: clock.spares(cohort),
        hold: HOLD,
        ..RoundConfig::default()
    }
}

/// Devices and what they would do.
pub(super) struct Devices<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) people: &'a People,
    /// Bytes a device fetches and sends.
    pub(super) down: usize,
    pub(super) up: usize,
    /// Times it goes through its texts.
    pub(super) epochs: usize,
}

impl World for Devices<'_> {
    fn eligible_until(&self, device: u32, t: Millis) -> Option<Millis> {
        self.fleet.eligible_until(device as usize, t)
    }

    fn absent_until(&self, device: u32, t: Millis) -> Millis {
        self.fleet.absent_until(device as usize, t)
    }

    fn work(&self, device: u32, t: Millis, until: Millis) -> (Outcome, usize) {
        let examples = self.people.examples_of(device as usize);
        let effort = Effort { down: self.down, examples: examples * self.epochs, up: self.up };
        (self.fleet.work(device as usize, t, until, effort), examples)
    }
}

/// A device whose ledger is charged without its update counting, and the texts it has.
pub(super) type Payer = (usize, usize);

impl Federation<'_> {
    /// What devices do for a kind of query.
    pub(super) fn devices<'c>(&'c self, clock: &'c Clock, query: QueryKind) -> Devices<'c> {
        let terms = self.shard.offers.of(query);
        Devices {
            fleet: &clock.fleet,
            people: &self.shard.data.train,
            down: self.shape.bytes(),
            up: terms.parameters.byte_len(),
            // Other kinds go through the texts once.
            epochs: terms.training.epochs.max(1) as usize,
        }
    }

    /// Charges the ledgers of devices that have trained for `round`, or will, without the aggregator using it.
    pub(super) fn charge_in_vain(
        &mut self,
        round: u64,
        base: ContentHash,
        payers: &[Payer],
    ) -> Result<(), FederationError> {
        if payers.is_empty() {
            return Ok(());
        }
        let offers = &self.shard.offers;
        let terms = offers.of(offers.schedule.kind(round));
        let query = terms.query;
        let manifests = offers.manifests(terms, round, base, 1);
        let verified: Option<Arc<Verified>> = match self.config.mode() {
            None => None,
            Some(_) => manifests.first().map(|manifest| offers.sign(manifest)).transpose()?,
        };
        let pasts = Arc::make_mut(&mut self.pasts);
        for &(user, examples) in payers {
            let past = &mut pasts[user];
            match &verified {
                Some(verified) => {
                    let mut device = VirtualDevice::new(user, &offers.kind, *past, None);
                    device.begin_in_vain(self.now, examples, verified)?;
                    *past = device.past();
                }
                None => *past = past.after(&Cost { query, round, charge: None }),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
