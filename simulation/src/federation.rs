//! The rounds: coordinator, shards and sums wired together.

use std::sync::Arc;
use std::time::Instant;

use silhouette_model::{Engine, EngineError, FileShape, Model};
use silhouette_privacy::{Charge, NoiseTree, NoisySum};
use silhouette_query::robust::{fewest_groups, trim_left};
use silhouette_query::train::absorb_groups;
use silhouette_query::{Figures, ServerOptimiser, fraction_within_clip};
use silhouette_round::{Coordinator, Refusal, RoundConfig};
use silhouette_wire::ContentHash;
use silhouette_wire::manifest::QueryKind;

use crate::Millis;
use crate::checkpoint::Bounds;
use crate::config::SimulationConfig;
use crate::dataset::Dataset;
use crate::evaluate::{Evaluation, evaluate, evaluate_people};
use crate::offers::seed_bytes;
use crate::past::{Cost, Number, Past, Roll};
use crate::people::{People, User};
use crate::shard::SimulationShard;
use ahead::Ahead;
use clocked::Clock;

pub use error::FederationError;
pub use record::RoundRecord;
pub(crate) use state::State;
pub use workers::Workers;

mod ahead;
mod arrivals;
mod buffered;
mod clocked;
mod collect;
mod error;
mod gather;
mod masked;
mod record;
mod state;
mod timed;
mod workers;

/// A federation in one process.
pub(crate) struct Federation<'a> {
    config: &'a SimulationConfig,
    /// Trains devices where nobody else does, and knows the terms.
    shard: SimulationShard<'a>,
    coordinator: Coordinator<Number>,
    /// By the place of a device's person; shared with a round while it is at work.
    pasts: Arc<Vec<Past>>,
    optimiser: ServerOptimiser,
    /// What the next round's devices start from.
    model: Arc<Model>,
    /// How a model's file looks, and the hash of this one's.
    shape: FileShape,
    file: ContentHash,
    /// What was published last, where iterates are averaged and it is not what the next round starts from.
    averaged: Option<Arc<Model>>,
    /// The noise that the last published model carries, where it is a tree's.
    tree: Option<NoiseTree>,
    /// Milliseconds since the run began; virtual ones with a clock.
    now: Millis,
    /// Devices in time.
    clock: Option<Clock>,
    ahead: Ahead,
    /// The next round's devices, where they are known already.
    gathered: Option<(u64, Vec<Vec<u32>>)>,
}

impl<'a> Federation<'a> {
    pub(crate) fn new(
        model: Model,
        data: &'a Dataset,
        config: &'a SimulationConfig,
        engine: &'a dyn Engine,
    ) -> Result<Self, FederationError> {
        let shard = SimulationShard::of_model(&model, data, config, engine)?;
        let offers = &shard.offers;
        let shape = FileShape::of(&model)?;
        let mut ahead = Ahead::default();
        // Drawn while everything else is set up. With a clock it is not known which devices make the first sum.
        if config.clock.is_none() {
            ahead.begin(&shard.pool, config.seed, 1, &offers.of(offers.schedule.kind(1)).parameters);
        }
        Ok(Self {
            coordinator: coordinator(&shard, 0)?,
            pasts: Arc::new(vec![Past::default(); data.train.len()]),
            optimiser: ServerOptimiser::new(data.recipe.optimiser, model.values())?,
            file: shape.hash(&model),
            shape,
            averaged: None,
            tree: NoiseTree::new(&offers.training.parameters),
            now: 0,
            clock: Clock::of(config, &shard, &model)?,
            ahead,
            gathered: None,
            model: Arc::new(model),
            config,
            shard,
        })
    }

    /// What was published last.
    pub(crate) fn published(&self) -> &Model {
        self.averaged.as_deref().unwrap_or(&self.model)
    }

    /// Looks at what was published last on people's texts.
    pub(crate) fn evaluate(&self, people: &[User]) -> Result<Evaluation, EngineError> {
        let (engine, model) = (self.shard.engine, self.published());
        self.shard.pool.install(|| evaluate(engine, model, people))
    }

    /// The same on people who may have to be made first.
    pub(crate) fn evaluate_people(&self, people: &People) -> Result<Evaluation, FederationError> {
        let (engine, model) = (self.shard.engine, self.published());
        self.shard.pool.install(|| evaluate_people(engine, model, people))
    }

    /// What bounds a checkpoint of this run.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            parameters: self.model.values().len(),
            released: self.shard.offers.training.parameters.released_len(),
            devices: self.pasts.len(),
            rounds: self.shard.offers.schedule.rounds(),
            labels: self.shard.data.task.heads.iter().map(|head| head.labels().len()).max().unwrap_or(0),
        }
    }

    /// What was published last, of a run that is over.
    pub(crate) fn into_published(self) -> Model {
        Arc::unwrap_or_clone(self.averaged.unwrap_or(self.model))
    }

    /// One round, whose devices are trained by `workers` if there are any; the record has no evaluation yet.
    pub(crate) fn round(&mut self, workers: Option<&mut dyn Workers>) -> Result<RoundRecord, FederationError> {
        let started = Instant::now();
        let mut record = match &self.clock {
            Some(clock) if clock.asynchronous() => self.buffer(workers)?,
            Some(_) => self.timed(workers)?,
            None => {
                let (round, groups) = self.next_round()?;
                self.reported(round, &groups, workers)?
            }
        };
        self.tell_spent(&mut record);
        record.model_sha256 = self.published_file().to_string();
        record.seconds = started.elapsed().as_secs_f64();
        Ok(record)
    }

    /// Writes down what the most charged device has spent.
    pub(crate) fn tell_spent(&self, record: &mut RoundRecord) {
        let rho = self.pasts.iter().filter_map(Past::spent).max().map_or(0.0, Charge::rho);
        (record.epsilon, record.rho) = (self.epsilon(rho), (rho > 0.0).then_some(rho));
    }

    /// What comes of a round in which these devices report; nothing where there are none.
    fn reported(
        &mut self,
        round: u64,
        groups: &[Vec<u32>],
        workers: Option<&mut dyn Workers>,
    ) -> Result<RoundRecord, FederationError> {
        let query = self.shard.offers.schedule.kind(round);
        let base = self.base_of(query);
        let sums = if groups.is_empty() { Vec::new() } else { self.sums(round, groups, base, workers)? };
        // A group without a sum had one that was too long.
        let (tolerated, rejected) = (self.config.trim as usize, groups.len() - sums.len());
        let trim = trim_left(tolerated, rejected);
        // Of too few groups, or with more bad ones than the trim allows for, there is no result; the model
        // stays as it was, and so do the charges.
        let enough = sums.len() >= fewest_groups(trim) && (tolerated == 0 || rejected <= tolerated);
        let figures = if enough { Figures::of(query, &sums, &self.shard.data.task)? } else { None };
        if enough && query == QueryKind::Train {
            self.absorb(round, &sums, trim)?;
        }
        let reports = sums.iter().map(|sum| sum.reports() as usize).sum();
        // In a masked round nobody's report counts by itself, masks or not.
        self.coordinator.unmasked(reports);
        self.coordinator.published(self.now);
        let parameters = &self.shard.offers.of(query).parameters;
        let (clip, bytes) = (parameters.clip(), parameters.byte_len());
        // Where every group's sum was too long, nothing says how to move the clip.
        let moves = query == QueryKind::Train && !sums.is_empty();
        if let Some(adaptive) = self.config.adaptive_clip.as_ref().filter(|_| moves) {
            let terms = &mut self.shard.offers.training;
            terms.parameters = terms.parameters.clone().with_clip(adaptive.next(&sums)?)?;
        }
        let within_clip = fraction_within_clip(&sums);
        let groups_left = sums.len();
        sums.into_iter().for_each(|sum| self.shard.recycle(sum.recycle()));
        let invited = groups.iter().map(Vec::len).sum::<usize>();
        Ok(RoundRecord {
            evaluation: figures.as_ref().and_then(Figures::evaluation).cloned(),
            label_counts: figures.as_ref().and_then(Figures::label_counts).cloned(),
            invited,
            reports,
            groups: groups_left,
            groups_lost: groups.len() - groups_left,
            clip,
            within_clip,
            bytes_up: (invited * bytes) as u64,
            bytes_down: (invited * self.shape.bytes()) as u64,
            ..RoundRecord::of(round, query)
        })
    }

    /// The next round and its devices, who may be known already.
    fn next_round(&mut self) -> Result<(u64, Vec<Vec<u32>>), FederationError> {
        match self.gathered.take() {
            Some(gathered) => Ok(gathered),
            None if self.clock.is_some() => self.gather_in_time(),
            None => self.gather(),
        }
    }

    /// These devices have joined a round at this cost.
    fn joined(&mut self, users: &[u32], cost: &Cost) {
        // Nobody else holds them any more: nothing is copied.
        let pasts = Arc::make_mut(&mut self.pasts);
        for &user in users {
            let past = &mut pasts[user as usize];
            *past = past.after(cost);
        }
    }

    /// The hash of the file that a round's devices fetch: what was published is evaluated, training goes on from the
    /// iterate.
    fn base_of(&self, query: QueryKind) -> ContentHash {
        if query == QueryKind::Evaluate { self.published_file() } else { self.file }
    }

    /// The hash of what was published last, as a file.
    fn published_file(&self) -> ContentHash {
        self.averaged.as_ref().map_or(self.file, |model| self.shape.hash(model))
    }

    /// One step of the server optimiser.
    fn absorb(&mut self, round: u64, sums: &[NoisySum], trim: usize) -> Result<(), FederationError> {
        let (step, steps) = (self.shard.offers.schedule.count_until(QueryKind::Train, round), self.config.rounds);
        let values = absorb_groups(&mut self.optimiser, &self.model, sums, trim, step, steps)?;
        // Something else than the iterate is published only while iterates are averaged.
        let averaged = self.shard.data.recipe.optimiser.averaging > 0.0;
        self.averaged = averaged
            .then(|| Model::with_values(self.shard.data.task.clone(), values.to_vec()).map(Arc::new))
            .transpose()?;
        Arc::make_mut(&mut self.model).set_values(self.optimiser.iterate())?;
        self.file = self.shape.hash(&self.model);
        Ok(())
    }

    /// The epsilon after the next round of its most charged device, if it would pass what the run stops at. Who is in
    /// that round is settled by this, and its manifests would be refused by that device.
    pub(crate) fn past_the_budget(&mut self) -> Result<Option<(u64, f64)>, FederationError> {
        let Some(most) = self.config.rho_to_stop_at()? else { return Ok(None) };
        let (round, groups) = self.next_round()?;
        let offers = &self.shard.offers;
        let charge = Charge::of(offers.of(offers.schedule.kind(round)).parameters.rho()).map_err(Refusal::from);
        let charge = charge.map_err(FederationError::Device)?.billionths();
        let spent = |&user: &u32| self.pasts[user as usize].spent().map_or(0, Charge::billionths);
        let after = groups.iter().flatten().map(spent).max().unwrap_or(0).saturating_add(charge);
        self.gathered = Some((round, groups));
        let after = Charge::of_billionths(after).map_or(0.0, Charge::rho);
        Ok((after > most).then(|| (round, self.epsilon(after).unwrap_or(f64::INFINITY))))
    }

    /// The sum of each group that has one.
    fn sums(
        &mut self,
        round: u64,
        groups: &[Vec<u32>],
        base: ContentHash,
        workers: Option<&mut dyn Workers>,
    ) -> Result<Vec<NoisySum>, FederationError> {
        if !self.shard.masked() {
            return self.collect(round, groups, base, workers);
        }
        if workers.is_some() {
            return Err(FederationError::MaskedShards);
        }
        let offers = &self.shard.offers;
        let terms = offers.of(offers.schedule.kind(round));
        let (parameters, manifests) = (terms.parameters.clone(), offers.manifests(terms, round, base, groups.len()));
        let verified = manifests.iter().map(|manifest| offers.sign(manifest)).collect::<Result<Vec<_>, _>>()?;
        self.collect_masked(groups, &parameters, &manifests, &verified)
    }

    fn epsilon(&self, rho: f64) -> Option<f64> {
        use silhouette_privacy::accounting::{Delta, Rho, zcdp};
        let (rho, delta) = (Rho::new(rho).ok()?, Delta::new(self.shard.offers.training.delta).ok()?);
        (rho.get() > 0.0).then(|| zcdp::epsilon(rho, delta).get())
    }
}

/// The coordinator of a run, after `last_round`.
fn coordinator(shard: &SimulationShard<'_>, last_round: u64) -> Result<Coordinator<Number>, FederationError> {
    let seed = seed_bytes(shard.config.seed, b"cohort");
    Ok(Coordinator::new(rounds(shard), last_round, seed)?.keeping(Roll::of(shard.data.train.len())))
}

/// What the coordinator is to do.
fn rounds(shard: &SimulationShard<'_>) -> RoundConfig {
    let (config, offers) = (shard.config, &shard.offers);
    let cohort = offers.training.parameters.cohort();
    let evaluation = offers.others.iter().find(|terms| terms.query == QueryKind::Evaluate);
    let defaults = config.clock.as_ref().map_or_else(RoundConfig::default, |clock| clocked::rounds(clock, cohort));
    RoundConfig {
        rounds: config.rounds,
        evaluate_every: config.evaluate_privately,
        label_counts: config.label_counts,
        cohort,
        min_reports: offers.training.parameters.min_reports(),
        groups: config.groups,
        min_groups: fewest_groups(config.trim as usize) as u32,
        max_participations: offers.training.max_participations,
        max_evaluations: evaluation.map_or(u32::MAX, |terms| terms.max_participations),
        min_separation: offers.training.min_separation,
        ..defaults
    }
}
