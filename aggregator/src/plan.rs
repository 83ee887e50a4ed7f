//! From a configuration file to the terms of every round.
//!
//! ```
//! use silhouette_aggregator::{Plan, TaskConfig};
//!
//! let config = TaskConfig::from_toml(include_str!("../sample.toml")).unwrap();
//! let plan = Plan::new(config).unwrap();
//! assert!(plan.promised_epsilon().unwrap() <= 8.0);
//! ```

mod config;
mod error;
mod kinds;
mod sample;
mod terms;

use silhouette_model::{Layout, Model, Task};
use silhouette_privacy::accounting::tree::TreeSchedule;
use silhouette_privacy::accounting::{Delta, Epsilon, Rho, calibrate, zcdp};
use silhouette_privacy::{Charge, ParameterError, ReleaseParameters};
use silhouette_query::{OptimiserKind, ServerOptimiser};
use silhouette_round::{Coordinator, MaskedRound, QuerySchedule, RoundConfig, Terms};
use silhouette_wire::manifest::{SignError, TaskTerms};
use silhouette_wire::{ContentHash, DeviceId, Manifest, Mode, QueryKind, TaskId};

pub use config::{NoiseChoice, TaskConfig};
pub use error::PlanError;
use kinds::{NO_TRAINING, OtherKind};
pub use sample::{sample_config, sample_for};
pub(crate) use terms::first_difference;

/// A configuration that was checked as a whole, with everything that follows from it.
#[derive(Clone, Debug)]
pub struct Plan {
    config: TaskConfig,
    task: Task,
    id: TaskId,
    layout: Layout,
    parameters: ReleaseParameters,
    delta: Delta,
    charge: Charge,
    schedule: QuerySchedule,
    /// The kinds of query beside training.
    others: Vec<OtherKind>,
}

impl Plan {
    /// Checks a configuration whose task was read ([`TaskConfig::load`] does).
    ///
    /// # Errors
    /// Names the first thing that is wrong.
    pub fn new(config: TaskConfig) -> Result<Self, PlanError> {
        let task = config.task.clone().ok_or(PlanError::NoTask)?;
        task.validate()?;
        if config.active_mode && config.mode != Mode::Distributed {
            return Err(PlanError::ActiveMode(config.mode));
        }
        // Degree, threshold and noise are made for the cohort, so exactly it is invited.
        if config.mode == Mode::Distributed && config.over_selection > 1.0 {
            return Err(PlanError::OverSelection(config.over_selection));
        }
        check_groups(&config)?;
        let id = task.id()?;
        let layout = Layout::of(&task);
        let delta = Delta::new(config.delta)?;
        let schedule = kinds::schedule(&config)?;
        let tree = tree(&config, schedule)?;
        let (z, multipliers) = match &tree {
            Some(tree) => (tree_multiplier(&config, delta, tree)?, Vec::new()),
            None => kinds::multipliers(&config, delta, schedule)?,
        };
        let parameters = parameters(&config, z, tree, layout.total())?;
        let model = Model::new(task.clone(), config.model_seed);
        let others = kinds::other_kinds(&config, schedule, &multipliers, &model)?;
        let charge = Charge::of(parameters.rho())?;
        let plan = Self { task, id, layout, parameters, delta, charge, schedule, others, config };
        // Whatever would stop the first round stops the start instead.
        Coordinator::<DeviceId>::new(plan.round_config(), 0, [0; 32])?;
        ServerOptimiser::new(plan.config.optimiser, &[])?;
        for manifest in plan.last_manifests() {
            manifest.validate()?;
            if plan.config.mode == Mode::Distributed {
                MaskedRound::check(&manifest, plan.config.active_mode)?;
            }
        }
        Ok(plan)
    }

    /// The configuration.
    pub fn config(&self) -> &TaskConfig {
        &self.config
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The task's name on the wire.
    pub fn task_id(&self) -> &TaskId {
        &self.id
    }

    /// The public numbers of a release of training; with an adaptive clip, in the first round.
    pub fn parameters(&self) -> &ReleaseParameters {
        &self.parameters
    }

    /// What one round of training costs each device that takes part.
    pub fn charge(&self) -> Charge {
        self.charge
    }

    /// The model before the first round.
    pub fn first_model(&self) -> Model {
        Model::new(self.task.clone(), self.config.model_seed)
    }

    /// How rounds are gathered and closed.
    pub fn round_config(&self) -> RoundConfig {
        let c = &self.config;
        RoundConfig {
            rounds: c.rounds,
            evaluate_every: c.evaluate_every,
            label_counts: c.label_counts,
            cohort: c.cohort,
            min_reports: c.min_reports,
            groups: c.groups,
            min_groups: c.fewest_groups(),
            over_selection: c.over_selection,
            gathering: c.gathering_ms,
            deadline: c.deadline_ms,
            hold: c.hold_ms,
            retry: c.retry_ms,
            min_separation: c.min_separation,
            max_participations: c.max_participations,
            max_evaluations: c.max_evaluations,
            // A smaller cohort starts with `min_reports`, as its file says.
            ..RoundConfig::default()
        }
    }

    /// The terms of one round; with an adaptive clip, at the first round's.
    pub fn manifest(&self, round: u64, model: ContentHash, seed: u64) -> Manifest {
        self.manifest_of(&self.parameters, round, model, seed)
    }

    /// The terms of one round; of training at its own clip, which `training` has.
    pub(crate) fn manifest_of(
        &self,
        training: &ReleaseParameters,
        round: u64,
        model: ContentHash,
        seed: u64,
    ) -> Manifest {
        self.terms_for(self.schedule.kind(round), training).manifest(round, model, seed)
    }

    fn terms_for(&self, query: QueryKind, training: &ReleaseParameters) -> Terms {
        let c = &self.config;
        let of_training = Terms {
            task: self.id.clone(),
            query: QueryKind::Train,
            layout: self.layout.hash(),
            parameters: training.clone(),
            delta: c.delta,
            max_participations: c.max_participations,
            min_separation: c.min_separation,
            deadline: c.deadline_ms,
            held_out: if c.evaluate_every > 0 { c.held_out } else { 0 },
            training: c.training,
        };
        let Some(other) = self.other(query) else { return of_training };
        let (layout, parameters) = (other.layout, other.parameters.clone());
        let max_participations = if query == QueryKind::Evaluate { c.max_evaluations } else { 1 };
        Terms { query, layout, parameters, max_participations, training: NO_TRAINING, ..of_training }
    }

    /// For training and for each other kind of query the terms of the last round, with model and seed at zero:
    /// what the task's owner signs.
    pub fn last_manifests(&self) -> Vec<Manifest> {
        let kinds = std::iter::once(QueryKind::Train).chain(self.others.iter().map(|kind| kind.query));
        let last =
            |query| self.terms_for(query, &self.parameters).manifest(self.schedule.rounds(), ContentHash([0; 32]), 0);
        kinds.map(last).collect()
    }

    /// The same with the keys that its owner names, to be signed.
    ///
    /// # Errors
    /// Never of a plan that was made: there are as many kinds as terms have room for.
    pub fn task_terms(&self, round_key: [u8; 32], endorser: Option<[u8; 32]>) -> Result<TaskTerms, SignError> {
        let all = self.last_manifests();
        let first = TaskTerms::up_to(&all[0], round_key, endorser);
        all[1..].iter().try_fold(first, TaskTerms::and_up_to)
    }

    /// Rounds of training one device can join at most: by the limit, and by the separation.
    pub fn participations(&self) -> u64 {
        kinds::participations(&self.config, self.schedule, QueryKind::Train, self.schedule.rounds())
    }

    /// The epsilon of a device that joined as often as it could in the first `rounds` rounds of all kinds.
    pub fn epsilon_after(&self, rounds: u64) -> f64 {
        let Some(spent) = self.spent_after(rounds) else { return 0.0 };
        Rho::new(spent.rho()).map_or(f64::INFINITY, |rho| zcdp::epsilon(rho, self.delta).get())
    }

    /// The epsilon of a device that joins as often as it can in all rounds of all kinds, as its ledger counts.
    ///
    /// # Errors
    /// When the numbers leave the accountant's range.
    pub fn promised_epsilon(&self) -> Result<f64, PlanError> {
        let spent = self.spent_after(self.schedule.rounds()).map_or(0.0, Charge::rho);
        Ok(zcdp::epsilon(Rho::new(spent)?, self.delta).get())
    }
}

/// Whether groups make sense here, and enough of them are asked for to trim.
fn check_groups(config: &TaskConfig) -> Result<(), PlanError> {
    let (groups, least, found) =
        (config.groups, config.trim.saturating_mul(2).saturating_add(1), config.fewest_groups());
    if groups > 1 && config.mode != Mode::Distributed {
        return Err(PlanError::Groups { mode: config.mode, found: groups });
    }
    if !(least..=groups).contains(&found) {
        return Err(PlanError::MinGroups { least, groups, found });
    }
    Ok(())
}

/// The public numbers of the first round's releases of training.
fn parameters(
    config: &TaskConfig,
    z: f64,
    tree: Option<TreeSchedule>,
    dimension: usize,
) -> Result<ReleaseParameters, PlanError> {
    let mut parameters =
        ReleaseParameters::new(config.mode, dimension, config.clip, z, config.cohort, config.min_reports)?;
    if let Some(adaptive) = &config.adaptive_clip {
        adaptive.check(config.clip)?;
        parameters = parameters.with_adaptive_clip(adaptive.terms(config.cohort))?;
    }
    match tree {
        Some(schedule) => Ok(parameters.with_tree(schedule)?),
        None => Ok(parameters),
    }
}

/// The tree of noise, if that is asked for. The optimiser has to be linear in the updates: what the tree
/// takes off again, an adaptive one would already have divided by something else.
fn tree(config: &TaskConfig, schedule: QuerySchedule) -> Result<Option<TreeSchedule>, PlanError> {
    if config.noise == NoiseChoice::Independent {
        return Ok(None);
    }
    if schedule.rounds() > config.rounds {
        return Err(PlanError::TreeAlongside);
    }
    if config.optimiser.kind != OptimiserKind::Sgd {
        return Err(PlanError::TreeOptimiser(config.optimiser.kind));
    }
    let (most, apart) = (config.max_participations.into(), config.min_separation.into());
    let schedule = TreeSchedule::new(config.rounds, most, apart).map_err(ParameterError::from)?;
    Ok(Some(schedule))
}

/// The stated multiplier, or the smallest that keeps the promise against an aggregator that knows
/// every cohort: this aggregator does, so no amplification is claimed. Of a tree's nodes.
fn tree_multiplier(config: &TaskConfig, delta: Delta, tree: &TreeSchedule) -> Result<f64, PlanError> {
    match (config.noise_multiplier, config.epsilon) {
        (Some(z), None) => Ok(z),
        (None, Some(epsilon)) => Ok(calibrate::for_ledgers_in_tree(Epsilon::new(epsilon)?, delta, tree)?.get()),
        _ => Err(PlanError::OneOfTwo),
    }
}

#[cfg(test)]
mod tests;
