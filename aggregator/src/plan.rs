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
mod sample;
mod terms;

use silhouette_model::{Layout, Model, Task};
use silhouette_privacy::accounting::tree::TreeSchedule;
use silhouette_privacy::accounting::{Delta, Epsilon, Rho, calibrate, zcdp};
use silhouette_privacy::{Charge, ParameterError, ReleaseParameters};
use silhouette_query::{OptimiserKind, ServerOptimiser};
use silhouette_round::{Coordinator, MaskedRound, RoundConfig, Terms};
use silhouette_wire::{ContentHash, Manifest, Mode, QueryKind, TaskId};

pub use config::{NoiseChoice, TaskConfig};
pub use error::PlanError;
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
        let parameters = parameters(&config, delta, layout.total())?;
        let charge = Charge::of(parameters.rho())?;
        let plan = Self { task, id, layout, parameters, delta, charge, config };
        // Whatever would stop the first round stops the start instead.
        Coordinator::new(plan.round_config(), 0, [0; 32])?;
        ServerOptimiser::new(plan.config.optimiser, &[])?;
        let manifest = plan.manifest(1, ContentHash([0; 32]), 0);
        manifest.validate()?;
        if plan.config.mode == Mode::Distributed {
            MaskedRound::check(&manifest, plan.config.active_mode)?;
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

    /// The public numbers of every device's release; with an adaptive clip, in the first round.
    pub fn parameters(&self) -> &ReleaseParameters {
        &self.parameters
    }

    /// What one round costs each device that takes part.
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
        }
    }

    /// The terms of one round; with an adaptive clip, at the first round's.
    pub fn manifest(&self, round: u64, model: ContentHash, seed: u64) -> Manifest {
        self.manifest_of(&self.parameters, round, model, seed)
    }

    /// The terms of one round at its own clip.
    pub(crate) fn manifest_of(
        &self,
        parameters: &ReleaseParameters,
        round: u64,
        model: ContentHash,
        seed: u64,
    ) -> Manifest {
        let c = &self.config;
        let terms = Terms {
            task: self.id.clone(),
            query: QueryKind::Train,
            layout: self.layout.hash(),
            parameters: parameters.clone(),
            delta: c.delta,
            max_participations: c.max_participations,
            min_separation: c.min_separation,
            deadline: c.deadline_ms,
            training: c.training,
        };
        terms.manifest(round, model, seed)
    }

    /// The terms of the last round, with model and seed at zero: what the task's owner signs.
    pub fn last_manifest(&self) -> Manifest {
        self.manifest(self.config.rounds, ContentHash([0; 32]), 0)
    }

    /// Rounds one device can join at most: by the limit, and by the separation.
    pub fn participations(&self) -> u64 {
        participations(&self.config, self.config.rounds)
    }

    /// The epsilon of a device that joined as often as it could in `rounds` rounds.
    pub fn epsilon_after(&self, rounds: u64) -> f64 {
        let joined = participations(&self.config, rounds);
        if joined == 0 {
            return 0.0;
        }
        let spent = Rho::new(self.charge.times(joined).rho());
        spent.map_or(f64::INFINITY, |rho| zcdp::epsilon(rho, self.delta).get())
    }

    /// The epsilon of a device that joins as often as it can in all rounds, as its ledger counts.
    ///
    /// # Errors
    /// When the numbers leave the accountant's range.
    pub fn promised_epsilon(&self) -> Result<f64, PlanError> {
        let spent = Rho::new(self.charge.times(self.participations()).rho())?;
        Ok(zcdp::epsilon(spent, self.delta).get())
    }
}

/// Whether groups make sense here, and enough of them are asked for to trim.
fn check_groups(config: &TaskConfig) -> Result<(), PlanError> {
    let (groups, least, found) =
        (config.groups, config.trim.saturating_mul(2).saturating_add(1), config.fewest_groups());
    if groups > 1 && config.mode != Mode::Distributed {
        return Err(PlanError::Groups { mode: config.mode, found: groups });
    }
    if groups > 1 && config.adaptive_clip.is_some() {
        return Err(PlanError::GroupsClip(groups));
    }
    if !(least..=groups).contains(&found) {
        return Err(PlanError::MinGroups { least, groups, found });
    }
    Ok(())
}

/// Rounds out of the first `rounds` that one device can join.
fn participations(config: &TaskConfig, rounds: u64) -> u64 {
    rounds.div_ceil(u64::from(config.min_separation.max(1))).min(u64::from(config.max_participations))
}

/// The public numbers of the first round's releases.
fn parameters(config: &TaskConfig, delta: Delta, dimension: usize) -> Result<ReleaseParameters, PlanError> {
    let tree = tree(config)?;
    let z = noise_multiplier(config, delta, tree.as_ref())?;
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
fn tree(config: &TaskConfig) -> Result<Option<TreeSchedule>, PlanError> {
    if config.noise == NoiseChoice::Independent {
        return Ok(None);
    }
    if config.optimiser.kind != OptimiserKind::Sgd {
        return Err(PlanError::TreeOptimiser(config.optimiser.kind));
    }
    let (most, apart) = (config.max_participations.into(), config.min_separation.into());
    let schedule = TreeSchedule::new(config.rounds, most, apart).map_err(ParameterError::from)?;
    Ok(Some(schedule))
}

/// The stated multiplier, or the smallest that keeps the promise against an aggregator that knows
/// every cohort: this aggregator does, so no amplification is claimed.
fn noise_multiplier(config: &TaskConfig, delta: Delta, tree: Option<&TreeSchedule>) -> Result<f64, PlanError> {
    match (config.noise_multiplier, config.epsilon) {
        (Some(z), None) => Ok(z),
        (None, Some(epsilon)) => {
            let epsilon = Epsilon::new(epsilon)?;
            let z = match tree {
                Some(schedule) => calibrate::for_ledgers_in_tree(epsilon, delta, schedule)?,
                None => calibrate::for_ledgers(epsilon, delta, participations(config, config.rounds))?,
            };
            Ok(z.get())
        }
        _ => Err(PlanError::OneOfTwo),
    }
}

#[cfg(test)]
mod tests;
