//! A part of a round's devices, in any process: on a thread, on another core's process, on another machine.
//!
//! A driver ([`run_on`](crate::run_on)) decides who takes part and writes it down as a [`RoundSpec`]. A shard holds the
//! same data set and settings, trains a range of the round's devices and hands back a [`PartialSum`]: integers, so that
//! parts may be merged in any order and any grouping, and the model has the same bits as when one process does it all.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::ThreadPool;
use silhouette_model::{Engine, Model};
use silhouette_privacy::{Accumulator, Charge, Mode, ReleaseParameters};
use silhouette_query::Asked;
use silhouette_round::{Terms, Verified};
use silhouette_wire::manifest::Manifest;
use silhouette_wire::{ContentHash, QueryKind};

use crate::config::{Attack, SimulationConfig};
use crate::dataset::Dataset;
use crate::federation::FederationError;
use crate::groups::poisoners;
use crate::offers::Offers;
use crate::past::Cost;
use desk::Desk;
use fingerprint::fingerprint;

pub use error::ShardError;
pub use partial::PartialSum;
pub use spec::{Place, RoundSpec};

pub(crate) use desk::lock;
pub(crate) use spec::Draft;

mod desk;
mod error;
mod fingerprint;
mod partial;
mod spec;

/// Trains ranges of rounds' devices on threads of its own, which outlive a round with what their engines keep.
pub struct SimulationShard<'a> {
    pub(crate) data: &'a Dataset,
    pub(crate) config: &'a SimulationConfig,
    pub(crate) engine: &'a dyn Engine,
    pub(crate) pool: ThreadPool,
    pub(crate) offers: Offers,
    /// Devices that send something else than their update.
    pub(crate) attacks: BTreeMap<usize, Attack>,
    /// Of the data set and the settings.
    fingerprint: ContentHash,
    /// Sums that are used up, for their memory.
    spare: Mutex<Vec<Accumulator>>,
}

impl<'a> SimulationShard<'a> {
    /// A shard of the runs of `config` over `data`.
    ///
    /// # Errors
    /// When the settings make no run over these data, or threads can't be started.
    pub fn new(
        data: &'a Dataset,
        config: &'a SimulationConfig,
        engine: &'a dyn Engine,
    ) -> Result<Self, FederationError> {
        config.validate()?;
        Self::of_model(&Model::new(data.task.clone(), config.seed), data, config, engine)
    }

    /// [`new`](Self::new), with a model of the task at hand.
    pub(crate) fn of_model(
        model: &Model,
        data: &'a Dataset,
        config: &'a SimulationConfig,
        engine: &'a dyn Engine,
    ) -> Result<Self, FederationError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(config.threads).build()?;
        keep_memory(&pool);
        Ok(Self {
            offers: Offers::new(data, config, model)?,
            pool,
            attacks: poisoners(config, data.train.len()).into_iter().collect(),
            fingerprint: fingerprint(data, config)?,
            spare: Mutex::new(Vec::new()),
            data,
            config,
            engine,
        })
    }

    /// What a driver and its shards have to agree on: the data set and the settings, `threads` aside.
    pub fn fingerprint(&self) -> ContentHash {
        self.fingerprint
    }

    /// The round that these bytes of [`RoundSpec::to_bytes`] describe.
    ///
    /// # Errors
    /// When they are cut or garbled, or the round is one of other data or settings.
    pub fn decode(&self, bytes: &[u8]) -> Result<RoundSpec, ShardError> {
        let spec = RoundSpec::from_bytes(bytes, self.data)?;
        self.check(&spec)?;
        Ok(spec)
    }

    /// Trains the devices in the places `range` of `spec`. Memory is one sum per thread, whatever the range.
    ///
    /// # Errors
    /// When the round is one of other data or settings, the range lies outside, or a device does not take part.
    pub fn run(&self, spec: &RoundSpec, range: Range<usize>) -> Result<PartialSum, FederationError> {
        self.check(spec)?;
        if range.start > range.end || range.end > spec.places().len() {
            return Err(ShardError::Range { devices: spec.places().len(), start: range.start, end: range.end }.into());
        }
        let terms = self.terms(spec)?;
        let manifests = self.offers.manifests(&terms, spec.round(), spec.base(), spec.groups());
        let mut partial = PartialSum::empty(spec);
        let mut start = range.start;
        while start < range.end {
            let group = spec.group_of(start);
            let end = spec.range_of(group).end.min(range.end);
            let manifest = &manifests[group];
            let parameters = terms.parameters.clone().with_rotation(manifest.seed);
            let verified = self.config.mode().map(|_| self.offers.sign(manifest)).transpose()?;
            let asked = Asked { query: terms.query, held_out: terms.held_out, training: &terms.training };
            let cost = self.cost(spec, &terms)?;
            let part = Part { spec, places: start..end, asked, parameters: &parameters, verified, cost };
            let sum = self.collect(&part)?;
            partial.add(group, sum, part.places)?;
            start = end;
        }
        Ok(partial)
    }

    /// The partial sum that these bytes of [`PartialSum::to_bytes`] hold.
    ///
    /// # Errors
    /// When they are cut or garbled, or of another round than `spec`.
    pub fn decode_partial(&self, bytes: &[u8], spec: &RoundSpec) -> Result<PartialSum, FederationError> {
        let terms = self.terms(spec)?;
        let manifests = self.offers.manifests(&terms, spec.round(), spec.base(), spec.groups());
        let of_group = |manifest: &Manifest| terms.parameters.clone().with_rotation(manifest.seed);
        let parameters: Vec<_> = manifests.iter().map(of_group).collect();
        Ok(PartialSum::from_bytes(bytes, spec, &parameters)?)
    }

    /// What the round costs each of its devices, by its terms.
    fn cost(&self, spec: &RoundSpec, terms: &Terms) -> Result<Cost, FederationError> {
        let charge = || Charge::of(terms.parameters.rho()).map_err(|e| FederationError::Device(e.into()));
        let charge = self.config.mode().map(|_| charge()).transpose()?;
        Ok(Cost { query: terms.query, round: spec.round(), charge })
    }

    /// What a round costs each of its devices. Shards have held the devices' own ledgers against it.
    pub(crate) fn cost_of(&self, spec: &RoundSpec) -> Result<Cost, FederationError> {
        self.cost(spec, &self.terms(spec)?)
    }

    /// What the round offers, under its own clip.
    fn terms(&self, spec: &RoundSpec) -> Result<Terms, FederationError> {
        let query = self.offers.schedule.kind(spec.round());
        let mut terms = self.offers.of(query).clone();
        if query == QueryKind::Train && self.config.adaptive_clip.is_some() {
            terms.parameters = terms.parameters.with_clip(spec.clip())?;
        }
        Ok(terms)
    }

    fn check(&self, spec: &RoundSpec) -> Result<(), ShardError> {
        if spec.fingerprint() != self.fingerprint {
            return Err(ShardError::OtherRun { expected: self.fingerprint, found: spec.fingerprint() });
        }
        let (rounds, found) = (self.offers.schedule.rounds(), spec.round());
        if found == 0 || found > rounds {
            return Err(ShardError::Round { rounds, found });
        }
        let (groups, found) = (self.config.groups as usize, spec.groups());
        if found > groups {
            return Err(ShardError::Groups { groups, found });
        }
        Ok(())
    }

    /// Trains devices of one group over the worker threads, each with its own partial sum, and adds the partial sums
    /// up. Sums of integers have the same bits however the devices fall on the threads.
    fn collect(&self, part: &Part<'_>) -> Result<Accumulator, FederationError> {
        let work = |&i: &u32| (std::cmp::Reverse(self.data.train.weight(part.spec.user(i as usize))), i);
        let mut order: Vec<u32> = (part.places.start as u32..part.places.end as u32).collect();
        // In place, with the place itself against ties.
        order.sort_unstable_by_key(work);
        let desk = Desk {
            shard: self,
            spec: part.spec,
            parameters: part.parameters,
            verified: part.verified.as_ref(),
            asked: part.asked,
            cost: &part.cost,
            order: &order,
            next: AtomicUsize::new(0),
        };
        let results = self.on_all_threads(|| {
            let mut sum = self.empty_sum(part.parameters);
            desk.work(&mut sum).map(|()| sum)
        });
        let mut sums = Vec::with_capacity(results.len());
        for result in results {
            sums.push(result?);
        }
        let mut sum = sums.pop().unwrap_or_else(|| Accumulator::new(part.parameters.clone()));
        sums.iter().try_for_each(|other| sum.merge(other))?;
        lock(&self.spare).append(&mut sums);
        Ok(sum)
    }

    /// Runs `work` on every thread of this shard, this one among them: it is awake already, and whoever still has to
    /// be woken takes what is left.
    fn on_all_threads<R: Send>(&self, work: impl Fn() -> R + Sync) -> Vec<R> {
        let results = Mutex::new(Vec::with_capacity(self.pool.current_num_threads()));
        self.pool.in_place_scope(|scope| {
            for _ in 1..self.pool.current_num_threads() {
                scope.spawn(|_| lock(&results).push(work()));
            }
            let own = work();
            lock(&results).push(own);
        });
        results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn empty_sum(&self, parameters: &ReleaseParameters) -> Accumulator {
        let Some(mut sum) = lock(&self.spare).pop() else { return Accumulator::new(parameters.clone()) };
        sum.reset(parameters.clone());
        sum
    }

    /// Takes a sum that is used up, for its memory.
    pub(crate) fn recycle(&self, sum: Accumulator) {
        lock(&self.spare).push(sum);
    }

    /// Whether the sums of this run are masked for real, which needs all devices of a round in one place.
    pub(crate) fn masked(&self) -> bool {
        self.config.mode() == Some(Mode::Distributed) && self.config.secure_aggregation
    }
}

/// Has the allocator keep, on every thread, memory for vectors as large as a device's or a sum. glibc takes a freed block
/// beyond the threshold of `mmap` as a sign of what is to come: it raises that threshold to the block's size and keeps
/// twice as much at the top of each heap. Otherwise the first devices of a run give every vector back to the system,
/// and its pages are fetched anew for the next. Nothing is written, so it costs no memory; other allocators do with it
/// what they like.
fn keep_memory(pool: &ThreadPool) {
    let reserve = |bytes| drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes)));
    reserve(LARGE);
    // From now on this size comes from a heap, which grows by it once.
    reserve(LARGE / 2);
    pool.broadcast(|_| reserve(LARGE / 2));
}

/// The largest block that glibc takes as such a sign is 32 MiB; no device's vector comes near half of it.
const LARGE: usize = 16 << 20;

/// Devices of one group of a round, side by side.
struct Part<'s> {
    spec: &'s RoundSpec,
    places: Range<usize>,
    asked: Asked<'s>,
    parameters: &'s ReleaseParameters,
    verified: Option<Arc<Verified>>,
    cost: Cost,
}
