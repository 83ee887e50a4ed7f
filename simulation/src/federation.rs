//! The rounds: coordinator, shards and sums wired together.

use std::sync::Arc;
use std::time::Instant;

use silhouette_model::{Engine, EngineError, FileShape, Model};
use silhouette_privacy::{Charge, NoiseTree, NoisySum};
use silhouette_query::robust::{fewest_groups, trim_left};
use silhouette_query::train::absorb_groups;
use silhouette_query::{Figures, ServerOptimiser, fraction_within_clip};
use silhouette_round::{Coordinator, RoundConfig};
use silhouette_wire::manifest::QueryKind;
use silhouette_wire::{ContentHash, DeviceId};

use crate::config::SimulationConfig;
use crate::dataset::Dataset;
use crate::device::Past;
use crate::evaluate::{Evaluation, evaluate, evaluate_people};
use crate::offers::seed_bytes;
use crate::people::{People, User};
use crate::shard::SimulationShard;
use ahead::Ahead;
use gather::Invitation;

pub use error::FederationError;
pub use record::RoundRecord;
pub use workers::Workers;

mod ahead;
mod collect;
mod error;
mod gather;
mod masked;
mod record;
mod workers;

/// A federation in one process.
pub(crate) struct Federation<'a> {
    config: &'a SimulationConfig,
    /// Trains devices where nobody else does, and knows the terms.
    shard: SimulationShard<'a>,
    coordinator: Coordinator,
    pasts: Vec<Past>,
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
    now: u64,
    ahead: Ahead,
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
        Ok(Self {
            coordinator: Coordinator::new(rounds(&shard), 0, seed_bytes(config.seed, b"cohort"))?,
            pasts: vec![Past::default(); data.train.len()],
            optimiser: ServerOptimiser::new(data.recipe.optimiser, model.values())?,
            file: shape.hash(&model),
            shape,
            averaged: None,
            tree: NoiseTree::new(&offers.training.parameters),
            now: 0,
            ahead: Ahead::default(),
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

    /// What was published last, of a run that is over.
    pub(crate) fn into_published(self) -> Model {
        Arc::unwrap_or_clone(self.averaged.unwrap_or(self.model))
    }

    /// One round, whose devices are trained by `workers` if there are any; the record has no evaluation yet.
    pub(crate) fn round(&mut self, workers: Option<&mut dyn Workers>) -> Result<RoundRecord, FederationError> {
        let started = Instant::now();
        let (round, groups) = self.gather()?;
        let mut published = self.averaged.as_ref().map_or(self.file, |model| self.shape.hash(model));
        // What was published is evaluated; training goes on from the iterate.
        let base = if self.shard.offers.schedule.kind(round) == QueryKind::Evaluate { published } else { self.file };
        let sums = self.sums(round, &groups, base, workers)?;
        // Nobody vanishes here: a group without a sum had one that was too long.
        let (tolerated, rejected) = (self.config.trim as usize, groups.len() - sums.len());
        let trim = trim_left(tolerated, rejected);
        let query = self.shard.offers.schedule.kind(round);
        // Of too few groups, or with more bad ones than the trim allows for, there is no result; the model
        // stays as it was, and so do the charges.
        let enough = sums.len() >= fewest_groups(trim) && (tolerated == 0 || rejected <= tolerated);
        let figures = if enough { Figures::of(query, &sums, &self.shard.data.task)? } else { None };
        if enough && query == QueryKind::Train {
            let (step, steps) = (self.shard.offers.schedule.count_until(query, round), self.config.rounds);
            let values = absorb_groups(&mut self.optimiser, &self.model, &sums, trim, step, steps)?;
            // Something else than the iterate is published only while iterates are averaged.
            let averaged = self.shard.data.recipe.optimiser.averaging > 0.0;
            self.averaged = averaged
                .then(|| Model::with_values(self.shard.data.task.clone(), values.to_vec()).map(Arc::new))
                .transpose()?;
            Arc::make_mut(&mut self.model).set_values(self.optimiser.iterate())?;
            self.file = self.shape.hash(&self.model);
            published = self.averaged.as_ref().map_or(self.file, |model| self.shape.hash(model));
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
        let fraction = fraction_within_clip(&sums);
        let groups_left = sums.len();
        sums.into_iter().for_each(|sum| self.shard.recycle(sum.recycle()));
        let rho = self.pasts.iter().filter_map(Past::spent).max().map_or(0.0, Charge::rho);
        let invited = groups.iter().map(Vec::len).sum::<usize>();
        let record = RoundRecord {
            round,
            query,
            evaluation: figures.as_ref().and_then(Figures::evaluation).cloned(),
            label_counts: figures.as_ref().and_then(Figures::label_counts).cloned(),
            invited,
            reports,
            groups: groups_left,
            groups_lost: groups.len() - groups_left,
            accuracy: None,
            macro_f1: None,
            loss: None,
            later_accuracy: None,
            clip,
            within_clip: fraction,
            epsilon: self.epsilon(rho),
            rho: (rho > 0.0).then_some(rho),
            bytes_up: (invited * bytes) as u64,
            bytes_down: (invited * self.shape.bytes()) as u64,
            seconds: started.elapsed().as_secs_f64(),
            model_sha256: published.to_string(),
        };
        Ok(record)
    }

    /// The sum of each group that has one.
    fn sums(
        &mut self,
        round: u64,
        groups: &[Vec<Invitation>],
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

/// What the coordinator is to do.
fn rounds(shard: &SimulationShard<'_>) -> RoundConfig {
    let (config, offers) = (shard.config, &shard.offers);
    let cohort = offers.training.parameters.cohort();
    let evaluation = offers.others.iter().find(|terms| terms.query == QueryKind::Evaluate);
    RoundConfig {
        rounds: config.rounds,
        evaluate_every: config.evaluate_privately,
        label_counts: config.label_counts,
        cohort,
        min_reports: cohort,
        groups: config.groups,
        min_groups: fewest_groups(config.trim as usize) as u32,
        max_participations: offers.training.max_participations,
        max_evaluations: evaluation.map_or(u32::MAX, |terms| terms.max_participations),
        min_separation: offers.training.min_separation,
        ..RoundConfig::default()
    }
}

fn number(device: &DeviceId) -> usize {
    let mut first = [0; 8];
    first.copy_from_slice(&device.0[..8]);
    u64::from_be_bytes(first) as usize
}
