//! Without rounds: a version of the model for every full buffer (FedBuff: Nguyen et al. 2022, Algorithm 1).

use std::collections::BTreeMap;
use std::sync::Arc;

use silhouette_model::Model;
use silhouette_privacy::{BufferedSum, NoisySum};
use silhouette_wire::{ContentHash, QueryKind};

use super::clocked::Buffered;
use super::{Federation, FederationError, RoundRecord, Workers};
use crate::clock::{Deserted, Start};
use crate::device::Streams;
use crate::shard::{Draft, RoundSpec};

/// Versions of the model that devices at work started from. Those whose updates would be thrown away are kept as
/// hashes only, so there are never more models than `max_staleness + 1`.
pub(super) struct Versions {
    max_staleness: u64,
    kept: BTreeMap<u64, (ContentHash, Option<Arc<Model>>)>,
}

impl Versions {
    /// Version 0.
    pub(super) fn new(max_staleness: u64, file: ContentHash, model: &Model) -> Self {
        Self { max_staleness, kept: BTreeMap::from([(0, (file, Some(Arc::new(model.clone()))))]) }
    }

    /// The newest.
    fn current(&self) -> u64 {
        self.kept.last_key_value().map_or(0, |(&version, _)| version)
    }

    fn file(&self, version: u64) -> Result<ContentHash, FederationError> {
        self.kept.get(&version).map(|(file, _)| *file).ok_or(FederationError::Version(version))
    }

    fn model(&self, version: u64) -> Result<&Arc<Model>, FederationError> {
        self.kept.get(&version).and_then(|(_, model)| model.as_ref()).ok_or(FederationError::Version(version))
    }

    /// A new version; forgets those that nobody `in_use` started from.
    fn advance(&mut self, file: ContentHash, model: Arc<Model>, in_use: &BTreeMap<u64, usize>) {
        let next = self.current() + 1;
        self.kept.retain(|version, _| in_use.contains_key(version));
        for (version, (_, model)) in &mut self.kept {
            if next - version > self.max_staleness {
                *model = None;
            }
        }
        self.kept.insert(next, (file, Some(model)));
    }

    /// Models in memory.
    fn models(&self) -> usize {
        self.kept.values().filter(|(_, model)| model.is_some()).count()
    }
}

impl Federation<'_> {
    /// One version: lets time pass until the buffer is full, then trains its devices, each from the version it started
    /// from, and steps the server with their weighted, noisy sum.
    pub(super) fn buffer(&mut self, workers: Option<&mut dyn Workers>) -> Result<RoundRecord, FederationError> {
        let Some(mut clock) = self.clock.take() else { return Err(FederationError::NoCohort(0)) };
        let Some(mut buffered) = clock.buffered.take() else { return Err(FederationError::NoCohort(0)) };
        let version = buffered.versions.current();
        let round = version + 1;
        let deserted = |deserted| match deserted {
            Deserted::Fruitless { vanished } => FederationError::NoUpdates { version: round, vanished },
            Deserted::Nobody { waiting, updates } => FederationError::Deserted {
                round,
                there: updates,
                wanted: self.shard.offers.training.parameters.cohort() as usize,
                waiting,
                most: self.shard.offers.training.max_participations,
            },
        };
        let filled = buffered.flights.fill(version, &self.devices(&clock, QueryKind::Train)).map_err(deserted)?;
        self.now = buffered.flights.now();
        self.charge_starts(&buffered.versions, filled.payers)?;
        let weigh = |staleness| buffered.staleness.weight(staleness);
        let sum = self.weighted(&buffered.versions, filled.members.clone(), weigh, workers)?;
        self.absorb(round, std::slice::from_ref(&sum), 0)?;
        self.shard.recycle(sum.recycle());
        buffered.versions.advance(self.file, Arc::clone(&self.model), &buffered.flights.versions());
        let parameters = &self.shard.offers.training.parameters;
        let staleness: u64 = filled.members.iter().map(|start| version - start.version).sum();
        let record = RoundRecord {
            invited: filled.started,
            reports: filled.members.len(),
            groups: 1,
            clip: parameters.clip(),
            bytes_up: ((filled.members.len() + filled.stale) * parameters.byte_len()) as u64,
            bytes_down: (filled.started * self.shape.bytes()) as u64,
            clock_seconds: Some(self.now as f64 / 1e3),
            dropped: Some(filled.vanished),
            stale: Some(filled.stale),
            mean_staleness: Some(staleness as f64 / filled.members.len().max(1) as f64),
            versions_kept: Some(buffered.versions.models()),
            ..RoundRecord::of(round, QueryKind::Train)
        };
        clock.buffered = Some(buffered);
        self.clock = Some(clock);
        if round == self.config.rounds {
            self.end()?;
        }
        Ok(record)
    }

    /// The run is over. Devices at work do not know: they charge their ledgers for what nobody takes any more. A second
    /// time nobody is at work.
    pub(crate) fn end(&mut self) -> Result<(), FederationError> {
        let Some(buffered) = self.clock.as_mut().and_then(|clock| clock.buffered.take()) else { return Ok(()) };
        let Buffered { mut flights, versions, staleness } = buffered;
        self.charge_starts(&versions, flights.payers_at_the_end())?;
        if let Some(clock) = &mut self.clock {
            clock.buffered = Some(Buffered { flights, versions, staleness });
        }
        Ok(())
    }

    /// Charges devices for the versions they started from, in this order: a device may be among them for two.
    fn charge_starts(&mut self, versions: &Versions, mut payers: Vec<Start>) -> Result<(), FederationError> {
        // By version: a device that is there twice paid for the older one first.
        payers.sort();
        for same in payers.chunk_by(|a, b| a.version == b.version) {
            let payers: Vec<_> = same.iter().map(|start| (start.device as usize, start.examples)).collect();
            let version = same[0].version;
            self.charge_in_vain(version + 1, versions.file(version)?, &payers)?;
        }
        Ok(())
    }

    /// The buffer's weighted sum with the aggregator's noise. Updates of one version are equally stale: each version's
    /// devices are a round of their own for the shards, whose sum of integers is weighted as a whole.
    fn weighted(
        &mut self,
        versions: &Versions,
        mut members: Vec<Start>,
        weigh: impl Fn(u64) -> silhouette_privacy::Weight,
        mut workers: Option<&mut dyn Workers>,
    ) -> Result<NoisySum, FederationError> {
        let current = versions.current();
        members.sort();
        let mut sum = BufferedSum::new(self.shard.offers.training.parameters.clone())?;
        for same in members.chunk_by(|a, b| a.version == b.version) {
            let version = same[0].version;
            let spec = self.spec_of_version(versions, version, same)?;
            let partial = match &mut workers {
                None => self.shard.run(&spec, 0..spec.places().len())?,
                Some(workers) => workers.run(&spec, &self.shard)?,
            };
            let (parts, cost) = (partial.complete(&spec)?, self.shard.cost_of(&spec)?);
            self.joined(&spec.into_users(), &cost);
            for part in parts {
                sum.add(&part, weigh(current - version))?;
                self.shard.recycle(part);
            }
        }
        let mut noise = Streams::new(self.config.seed, current + 1, 0).noise("central");
        Ok(self.shard.pool.install(|| sum.finish(self.config.threads, &mut noise))?)
    }

    /// Devices that started from one version, as shards are told of a round.
    fn spec_of_version(
        &self,
        versions: &Versions,
        version: u64,
        devices: &[Start],
    ) -> Result<RoundSpec, FederationError> {
        Ok(Draft {
            fingerprint: self.shard.fingerprint(),
            round: version + 1,
            now: self.now,
            base: versions.file(version)?,
            clip: self.shard.offers.training.parameters.clip(),
            groups: &[devices.iter().map(|start| start.device).collect()],
            pasts: &self.pasts,
            model: versions.model(version)?,
        }
        .into())
    }
}
