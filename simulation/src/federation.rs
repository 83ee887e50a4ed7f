//! The rounds: coordinator, devices and accumulator wired together in one process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ed25519_dalek::{SigningKey, VerifyingKey};
use silhouette_model::{Engine, EngineError, FileShape, Model};
use silhouette_privacy::accounting::NoiseCorrelation;
use silhouette_privacy::accounting::tree::TreeSchedule;
use silhouette_privacy::{Accumulator, Charge, Mode, NoiseTree, NoisySum, ParameterError, ReleaseParameters};
use silhouette_query::robust::{fewest_groups, trim_left};
use silhouette_query::train::absorb_groups;
use silhouette_query::{Figures, ServerOptimiser, fraction_within_clip};
use silhouette_round::{Coordinator, QuerySchedule, RoundConfig, Terms, Verified};
use silhouette_wire::manifest::{Manifest, QueryKind, SignedManifest, SignedTask, TaskTerms};
use silhouette_wire::{ContentHash, DeviceId};

use crate::config::{Attack, PrivacyChoice, SimulationConfig};
use crate::dataset::Dataset;
use crate::device::{Kind, Past};
use crate::evaluate::{Evaluation, evaluate};
use ahead::Ahead;
use desk::{Invitation, lock};
use groups::{group_seed, poisoners, unless_too_long};
use queries::other_terms;

pub use error::FederationError;
pub use record::RoundRecord;

mod ahead;
mod collect;
mod desk;
mod error;
mod gather;
mod groups;
mod masked;
mod queries;
mod record;

/// A federation in one process.
pub(crate) struct Federation<'a> {
    config: &'a SimulationConfig,
    data: &'a Dataset,
    engine: &'a dyn Engine,
    owner: SigningKey,
    coordinator: Coordinator,
    kind: Kind,
    /// Whom the owner names as the endorser of devices.
    endorser: Option<VerifyingKey>,
    pasts: Vec<Past>,
    /// Devices that send something else than their update.
    attacks: BTreeMap<usize, Attack>,
    optimiser: ServerOptimiser,
    /// What the next round's devices start from.
    model: Model,
    /// How a model's file looks, and the hash of this one's.
    shape: FileShape,
    file: ContentHash,
    /// What was published last, where iterates are averaged and it is not what the next round starts from.
    averaged: Option<Model>,
    schedule: QuerySchedule,
    /// Of training.
    terms: Terms,
    /// Of the other kinds of query.
    other_terms: Vec<Terms>,
    /// The noise that the last published model carries, where it is a tree's.
    tree: Option<NoiseTree>,
    now: u64,
    /// The workers: they outlive a round, and with them what their engines keep.
    pool: rayon::ThreadPool,
    /// Sums that are used up, a worker's or a round's, for their memory.
    spare: Vec<Accumulator>,
    ahead: Ahead,
}

impl<'a> Federation<'a> {
    pub(crate) fn new(
        model: Model,
        data: &'a Dataset,
        config: &'a SimulationConfig,
        engine: &'a dyn Engine,
    ) -> Result<Self, FederationError> {
        let users = data.train.len();
        let plan = config.plan(users)?;
        let terms = terms(data, config, &model)?;
        let other_terms = other_terms(&terms, plan.as_ref(), config, &model)?;
        let cohort = terms.parameters.cohort();
        let rounds = RoundConfig {
            rounds: config.rounds,
            evaluate_every: config.evaluate_privately,
            label_counts: config.label_counts,
            cohort,
            min_reports: cohort,
            groups: config.groups,
            min_groups: fewest_groups(config.trim as usize) as u32,
            max_participations: terms.max_participations,
            max_evaluations: other_terms
                .iter()
                .find(|terms| terms.query == QueryKind::Evaluate)
                .map_or(u32::MAX, |terms| terms.max_participations),
            min_separation: terms.min_separation,
            ..RoundConfig::default()
        };
        let shape = FileShape::of(&model)?;
        let owner = SigningKey::from_bytes(&seed_bytes(config.seed, b"owner"));
        let authority = config.active_mode.then(|| SigningKey::from_bytes(&seed_bytes(config.seed, b"endorser")));
        let endorser = authority.as_ref().map(SigningKey::verifying_key);
        let cap = plan.as_ref().map_or(0.0, |p| p.rho_total.get());
        Ok(Self {
            coordinator: Coordinator::new(rounds, 0, seed_bytes(config.seed, b"cohort"))?,
            kind: Kind { task: terms.task.clone(), owner: owner.verifying_key(), cap, authority, seed: config.seed },
            endorser,
            pasts: vec![Past::default(); users],
            attacks: poisoners(config, users).into_iter().collect(),
            optimiser: ServerOptimiser::new(data.recipe.optimiser, model.values())?,
            config,
            data,
            engine,
            owner,
            file: shape.hash(&model),
            shape,
            averaged: None,
            model,
            tree: NoiseTree::new(&terms.parameters),
            schedule: config.queries()?,
            terms,
            other_terms,
            now: 0,
            pool: rayon::ThreadPoolBuilder::new().num_threads(config.threads).build()?,
            spare: Vec::new(),
            ahead: Ahead::default(),
        })
    }

    /// What was published last.
    pub(crate) fn published(&self) -> &Model {
        self.averaged.as_ref().unwrap_or(&self.model)
    }

    /// Looks at what was published last on the people who are held out.
    pub(crate) fn evaluate(&self) -> Result<Evaluation, EngineError> {
        let (engine, model, people) = (self.engine, self.published(), &self.data.test);
        self.pool.install(|| evaluate(engine, model, people))
    }

    /// What was published last, of a run that is over.
    pub(crate) fn into_published(self) -> Model {
        self.averaged.unwrap_or(self.model)
    }

    /// One round; the record has no evaluation yet.
    pub(crate) fn round(&mut self) -> Result<RoundRecord, FederationError> {
        let started = Instant::now();
        let (round, groups) = self.gather()?;
        let mut published = self.averaged.as_ref().map_or(self.file, |model| self.shape.hash(model));
        // What was published is evaluated; training goes on from the iterate.
        let base = if self.schedule.kind(round) == QueryKind::Evaluate { published } else { self.file };
        let sums = self.sums(round, &groups, base)?;
        // Nobody vanishes here: a group without a sum had one that was too long.
        let (tolerated, rejected) = (self.config.trim as usize, groups.len() - sums.len());
        let trim = trim_left(tolerated, rejected);
        let query = self.schedule.kind(round);
        // Of too few groups, or with more bad ones than the trim allows for, there is no result; the model
        // stays as it was, and so do the charges.
        let enough = sums.len() >= fewest_groups(trim) && (tolerated == 0 || rejected <= tolerated);
        let figures = if enough { Figures::of(query, &sums, &self.data.task)? } else { None };
        if enough && query == QueryKind::Train {
            let (step, steps) = (self.schedule.count_until(query, round), self.config.rounds);
            let values = absorb_groups(&mut self.optimiser, &self.model, &sums, trim, step, steps)?;
            // Something else than the iterate is published only while iterates are averaged.
            let averaged = self.data.recipe.optimiser.averaging > 0.0;
            self.averaged =
                averaged.then(|| Model::with_values(self.data.task.clone(), values.to_vec())).transpose()?;
            self.model.set_values(self.optimiser.iterate())?;
            self.file = self.shape.hash(&self.model);
            published = self.averaged.as_ref().map_or(self.file, |model| self.shape.hash(model));
        }
        let reports = sums.iter().map(|sum| sum.reports() as usize).sum();
        // In a masked round nobody's report counts by itself, masks or not.
        self.coordinator.unmasked(reports);
        self.coordinator.published(self.now);
        let parameters = &self.terms_of(query).parameters;
        let (clip, bytes) = (parameters.clip(), parameters.byte_len());
        // Where every group's sum was too long, nothing says how to move the clip.
        let moves = query == QueryKind::Train && !sums.is_empty();
        if let Some(adaptive) = self.config.adaptive_clip.as_ref().filter(|_| moves) {
            self.terms.parameters = self.terms.parameters.clone().with_clip(adaptive.next(&sums)?)?;
        }
        let fraction = fraction_within_clip(&sums);
        let groups_left = sums.len();
        self.spare.extend(sums.into_iter().map(NoisySum::recycle));
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

    /// The sum of each group; one whose sum is longer than honest ones can be is left out.
    fn sums(
        &mut self,
        round: u64,
        groups: &[Vec<Invitation>],
        base: ContentHash,
    ) -> Result<Vec<NoisySum>, FederationError> {
        let terms = self.terms_of(self.schedule.kind(round)).clone();
        let manifest = |group| terms.manifest(round, base, group_seed(self.config.seed, round, group));
        let manifests: Vec<Manifest> = (0..groups.len()).map(manifest).collect();
        // Every device would check the same signatures: once is enough.
        let verified = match self.config.mode() {
            None => Vec::new(),
            Some(_) => manifests.iter().map(|m| self.offer(m)).collect::<Result<Vec<_>, _>>()?,
        };
        if self.config.mode() == Some(Mode::Distributed) && self.config.secure_aggregation {
            return self.collect_masked(groups, &terms.parameters, &manifests, &verified);
        }
        let mut sums = Vec::with_capacity(groups.len());
        for (i, group) in groups.iter().enumerate() {
            sums.extend(unless_too_long(self.collect(round, group, &terms, manifests[i].seed, verified.get(i)))?);
        }
        Ok(sums)
    }

    /// The terms of a kind of query that the schedule has rounds of.
    fn terms_of(&self, query: QueryKind) -> &Terms {
        self.other_terms.iter().find(|terms| terms.query == query).unwrap_or(&self.terms)
    }

    fn offer(&self, manifest: &Manifest) -> Result<Arc<Verified>, FederationError> {
        let endorser = self.endorser.map(|key| key.to_bytes());
        let terms = TaskTerms::up_to(manifest, self.owner.verifying_key().to_bytes(), endorser);
        let signed = SignedManifest::sign_round(manifest, &SignedTask::sign(&terms, &self.owner)?, &self.owner)?;
        Verified::new(&signed, &self.owner.verifying_key()).map(Arc::new).map_err(FederationError::Device)
    }

    fn epsilon(&self, rho: f64) -> Option<f64> {
        use silhouette_privacy::accounting::{Delta, Rho, zcdp};
        let (rho, delta) = (Rho::new(rho).ok()?, Delta::new(self.terms.delta).ok()?);
        (rho.get() > 0.0).then(|| zcdp::epsilon(rho, delta).get())
    }
}

/// The model a round is about: an evaluation is of what was published, everything else starts from the iterate.
fn asked_about<'m>(query: QueryKind, iterate: &'m Model, averaged: Option<&'m Model>) -> &'m Model {
    averaged.filter(|_| query == QueryKind::Evaluate).unwrap_or(iterate)
}

/// What every round of the run offers its devices.
fn terms(data: &Dataset, config: &SimulationConfig, model: &Model) -> Result<Terms, FederationError> {
    let users = data.train.len();
    let plan = config.plan(users)?;
    let (mode, delta) = match config.privacy {
        PrivacyChoice::None => (Mode::Central, 0.0),
        PrivacyChoice::Budget { mode, delta, .. } => (mode, delta),
    };
    let z = plan.as_ref().map_or(0.0, |p| p.noise_multiplier.get());
    let (d, cohort) = (model.layout().total(), config.group_of(users)?);
    let mut parameters = ReleaseParameters::new(mode, d, data.recipe.clip, z, cohort, cohort)?;
    if z == 0.0 {
        // Without noise the grid itself is the only error: make it fine.
        parameters = parameters.with_grid(1 << 24, 32)?;
    }
    if let Some(adaptive) = &config.adaptive_clip {
        adaptive.check(data.recipe.clip)?;
        parameters = parameters.with_adaptive_clip(adaptive.terms(cohort))?;
    }
    if let Some(NoiseCorrelation::Tree { min_separation }) = plan.as_ref().map(|p| p.noise) {
        let joined = plan.as_ref().map_or(0, |p| p.participations_per_user);
        let schedule = TreeSchedule::new(config.rounds, joined, min_separation).map_err(ParameterError::from)?;
        parameters = parameters.with_tree(schedule)?;
    }
    Ok(Terms {
        task: data.task.id()?,
        query: QueryKind::Train,
        layout: model.layout().hash(),
        parameters,
        delta,
        max_participations: plan.as_ref().map_or(u32::MAX, |p| p.participations_per_user as u32),
        min_separation: config.min_separation,
        deadline: RoundConfig::default().deadline,
        held_out: config.kept_out(),
        training: data.recipe.training,
    })
}

fn number(device: &DeviceId) -> usize {
    let mut first = [0; 8];
    first.copy_from_slice(&device.0[..8]);
    u64::from_be_bytes(first) as usize
}

fn seed_bytes(seed: u64, purpose: &[u8]) -> [u8; 32] {
    ContentHash::of(&[b"silhouette/simulation/seed\0", purpose, &seed.to_le_bytes()].concat()).0
}
