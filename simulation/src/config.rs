//! What a run is asked to do.

mod check;
mod poison;

use std::collections::BTreeMap;
use std::sync::Arc;

use silhouette_model::BertSpec;
use silhouette_model::bert::BertEncoder;
use silhouette_privacy::Mode;
use silhouette_privacy::accounting::plan::{Alongside, CohortSampling, PlanRequest};
use silhouette_privacy::accounting::{Delta, Epsilon, NoiseCorrelation, NoiseMultiplier, PrivacyPlan, zcdp};
use silhouette_privacy::secagg::MAX_DEGREE;
use silhouette_query::{AdaptiveClipConfig, OptimiserKind};
use silhouette_round::QuerySchedule;
use silhouette_wire::{ContentHash, QueryKind};
use thiserror::Error;

use crate::clock::ClockConfig;
use crate::partition::Partition;

pub(crate) use check::{MAX_ROUNDS, ensure};
pub use poison::{Attack, Poison};

/// Which encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderChoice {
    /// The frozen bag.
    Bag,
    /// The bag with a trained table of this width.
    TrainedBag(usize),
    /// The small transformer.
    Transformer,
    /// A published sentence encoder, whose weights the run is given.
    Bert,
}

/// How private the run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PrivacyChoice {
    /// No noise at all: what the same federation reaches without privacy.
    None,
    /// User-level differential privacy over all rounds.
    Budget {
        /// Where the noise is added.
        mode: Mode,
        /// The promise.
        epsilon: f64,
        /// The promise.
        delta: f64,
    },
}

/// Fewest devices in a group: fewer make no masked round with a tenth of them corrupt.
const FEWEST_IN_A_GROUP: u32 = 4;

/// Most devices in a masked sum of the active mode, whose graph is complete.
const MOST_IN_THE_ACTIVE_MODE: u32 = MAX_DEGREE + 1;

/// Settings of a run; `None` leaves a value to the recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulationConfig {
    /// The encoder; a task file's own, or else the frozen bag, when absent.
    pub encoder: Option<EncoderChoice>,
    /// The weights of a frozen sentence encoder, for a run or a task whose encoder is one.
    pub encoder_weights: Option<Arc<BertEncoder>>,
    /// Privacy.
    pub privacy: PrivacyChoice,
    /// Noise multiplier, z, of every round; what the budget's epsilon is follows from it then. As small as the
    /// budget allows when absent.
    pub noise_multiplier: Option<f64>,
    /// With `noise_multiplier`: no round takes a device past this epsilon; the run ends before the first that would.
    pub stop_at_epsilon: Option<f64>,
    /// The run ends when so many looks at held-out people brought no better accuracy. They are exact figures, so this
    /// is for research and has no place in a deployment.
    pub stop_when_flat: Option<u64>,
    /// Rounds of training.
    pub rounds: u64,
    /// Devices per round; everybody when absent.
    pub cohort: Option<u32>,
    /// Who takes part in each round, by the users' places in the data set, instead of those who were asked least
    /// often. All rounds have as many devices.
    pub schedule: Option<Vec<Vec<u32>>>,
    /// The model is looked at on held-out people after every so many rounds of training, after every private
    /// evaluation, and after the last round; 0 for without the first of these.
    pub evaluate_every: u64,
    /// After every so many rounds of training devices evaluate the model privately, on texts that are kept out of
    /// training for it; 0 for never.
    pub evaluate_privately: u64,
    /// Whether the very first round counts labels.
    pub label_counts: bool,
    /// The share of rho that private evaluation gets, above 0.
    pub evaluation_share: f64,
    /// The share of rho that label counts get, above 0.
    pub label_counts_share: f64,
    /// Per cent of all texts that are kept out of training where the run evaluates privately, 1 to 50.
    pub held_out: u8,
    /// Rounds of training one device may join, K; as many as a balanced schedule asks for when absent.
    pub participations: Option<u64>,
    /// Rounds between two participations of one device, at least, B; 1 allows every round.
    pub min_separation: u32,
    /// Mode `central` only: the noise is that of one tree over all rounds.
    pub tree: bool,
    /// Clip norm; of the first round, if it is adaptive.
    pub clip: Option<f64>,
    /// How the clip follows a quantile of the norms; one clip throughout when absent.
    pub adaptive_clip: Option<AdaptiveClipConfig>,
    /// Local learning rate.
    pub learning_rate: Option<f64>,
    /// Local epochs.
    pub local_epochs: Option<u32>,
    /// Local batch size.
    pub batch: Option<u32>,
    /// FedProx's mu.
    pub proximal_mu: f64,
    /// Server optimiser.
    pub server_optimiser: Option<OptimiserKind>,
    /// Server learning rate.
    pub server_learning_rate: Option<f64>,
    /// Hash buckets, as a power of two.
    pub buckets_log2: Option<u8>,
    /// How the rows of a file are dealt to made-up people; they stay with its users when absent.
    pub partition: Option<Partition>,
    /// Seed of everything.
    pub seed: u64,
    /// Mode `distributed` only: run keys, shares and masks for real instead of leaving them out. The
    /// result is the same, bit for bit; the time is not.
    pub secure_aggregation: bool,
    /// With `secure_aggregation`: the active mode, in which devices prove identities that an authority apart from
    /// the aggregator has endorsed, and agree on who survived. The result is the same, bit for bit.
    pub active_mode: bool,
    /// Mode `distributed` only: groups that a round's devices are split into at random, each a masked
    /// sum of its own; 1 for none.
    pub groups: u32,
    /// Values of each coordinate left out at each end of the groups' means.
    pub trim: u32,
    /// Mode `distributed` only: devices that try to spoil the model.
    pub poison: Option<Poison>,
    /// Devices in time: who is there when, how long they take, and what comes of it; no clock when absent.
    pub clock: Option<ClockConfig>,
    /// Keep the later texts of everybody who trains out of all training, so that the model can be held beside each
    /// person's own and one of all texts in one place: [`compare`](crate::compare()).
    pub compare: bool,
    /// Worker threads; the result does not depend on it.
    pub threads: usize,
}

impl Default for SimulationConfig {
    fn default() -> Self {
        Self {
            encoder: None,
            encoder_weights: None,
            privacy: PrivacyChoice::Budget { mode: Mode::Central, epsilon: 8.0, delta: 1e-5 },
            noise_multiplier: None,
            stop_at_epsilon: None,
            stop_when_flat: None,
            rounds: 20,
            cohort: None,
            schedule: None,
            evaluate_every: 1,
            evaluate_privately: 0,
            label_counts: false,
            evaluation_share: 0.1,
            label_counts_share: 0.02,
            held_out: 20,
            participations: None,
            min_separation: 1,
            tree: false,
            clip: None,
            adaptive_clip: None,
            learning_rate: None,
            local_epochs: None,
            batch: None,
            proximal_mu: 0.0,
            server_optimiser: None,
            server_learning_rate: None,
            buckets_log2: None,
            partition: None,
            seed: 7,
            secure_aggregation: false,
            active_mode: false,
            groups: 1,
            trim: 0,
            poison: None,
            clock: None,
            compare: false,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

/// Settings that make no run.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting outside its range.
    #[error("--{field}: expected {expected}, found {found}")]
    Setting {
        /// The setting, by the name of the program's flag.
        field: &'static str,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A device trace that can't be used.
    #[error("--trace: {0}")]
    Trace(String),
    /// The promise can't be kept with these rounds and devices.
    #[error("privacy: {0}")]
    Plan(String),
}

impl SimulationConfig {
    /// Devices per round when `users` take part.
    ///
    /// # Errors
    /// When more are asked for than there are, or none.
    pub fn cohort_of(&self, users: usize) -> Result<u32, ConfigError> {
        let scheduled = self.schedule.as_ref().and_then(|rounds| rounds.first()).map(Vec::len);
        let beyond = self.schedule.iter().flatten().flatten().find(|&&user| user as usize >= users);
        if let Some(user) = beyond {
            return Err(ConfigError::Setting {
                field: "schedule",
                expected: format!("places below the {users} training users"),
                found: user.to_string(),
            });
        }
        let buffer = self.clock.as_ref().and_then(ClockConfig::buffer).map(|buffer| buffer as usize);
        let cohort = scheduled.or(buffer).or_else(|| self.cohort.map(|c| c as usize)).unwrap_or(users);
        if cohort == 0 || cohort > users {
            return Err(ConfigError::Setting {
                field: if buffer.is_some() { "buffer" } else { "cohort" },
                expected: format!("1 to the {users} training users"),
                found: cohort.to_string(),
            });
        }
        Ok(cohort as u32)
    }

    /// Devices that may be charged in one round when `users` take part: those whose reports are wanted, and with a
    /// virtual clock those that are invited besides.
    fn charged_of(&self, users: usize) -> Result<u64, ConfigError> {
        let wanted = self.group_of(users)? * self.groups.max(1);
        let Some(clock) = &self.clock else { return Ok(wanted.into()) };
        let invited = clock.invitations(wanted);
        if invited > users as u64 {
            return Err(ConfigError::Setting {
                field: "over-selection",
                expected: format!("at most the {users} training users for a cohort of {wanted}"),
                found: format!("{invited} invited"),
            });
        }
        Ok(invited)
    }

    /// Rounds of training one device may join, where something else than the plan's own count says it.
    fn joined_of(&self, users: usize) -> Result<Option<u64>, ConfigError> {
        let asked = self.most_joined().or(self.participations);
        let Some(clock) = self.clock.as_ref().filter(|_| asked.is_none()) else { return Ok(asked) };
        Ok(Some(clock.participations(self.rounds, self.group_of(users)? * self.groups.max(1), users)))
    }

    /// Devices in a group when `users` take part: the cohort over the groups. What is left over, fewer
    /// devices than there are groups, sits the round out.
    ///
    /// # Errors
    /// When there is no such cohort, or a group would be too small for a masked round.
    pub fn group_of(&self, users: usize) -> Result<u32, ConfigError> {
        let cohort = self.cohort_of(users)?;
        let group = cohort / self.groups.max(1);
        if self.groups > 1 && group < FEWEST_IN_A_GROUP {
            return Err(ConfigError::Setting {
                field: "groups",
                expected: format!("groups of at least {FEWEST_IN_A_GROUP} devices out of a cohort of {cohort}"),
                found: self.groups.to_string(),
            });
        }
        if self.active_mode && group > MOST_IN_THE_ACTIVE_MODE {
            return Err(ConfigError::Setting {
                field: "active-mode",
                expected: format!("at most {MOST_IN_THE_ACTIVE_MODE} devices in a masked sum"),
                found: group.to_string(),
            });
        }
        Ok(group)
    }

    /// The sentence encoder whose weights the run has, reading no more of a text than they have positions for. Without any it names none that there could be, and whoever
    /// needs them says so.
    pub(crate) fn bert(&self) -> BertSpec {
        let Some(weights) = &self.encoder_weights else { return BertSpec::new(ContentHash([0; 32]), 384) };
        let usual = BertSpec::new(weights.hash(), weights.dim());
        BertSpec { length: usual.length.min(weights.positions()), ..usual }
    }

    /// How many users' worth of averaging is left against the noise: groups add the whole noise once
    /// each, so their mean has `sqrt(groups)` times as much as one sum.
    pub(crate) fn worth_of(&self, users: usize) -> usize {
        (users as f64 / f64::from(self.groups.max(1)).sqrt()) as usize
    }

    /// Rounds that the schedule, if there is one, gives the user who is in most of them.
    fn most_joined(&self) -> Option<u64> {
        let mut joined: BTreeMap<u32, u64> = BTreeMap::new();
        self.schedule.as_ref()?.iter().flatten().for_each(|&user| *joined.entry(user).or_default() += 1);
        joined.into_values().max()
    }

    /// Which round asks for what.
    ///
    /// # Errors
    /// When there would be no private evaluation though one is asked for.
    pub fn queries(&self) -> Result<QuerySchedule, ConfigError> {
        let (rounds, every) = (self.rounds, self.evaluate_privately);
        QuerySchedule::new(rounds, every, self.label_counts).map_err(|error| ConfigError::Setting {
            field: "evaluate-privately",
            expected: format!("0 to the {rounds} rounds of training"),
            found: error.found.to_string(),
        })
    }

    /// Per cent of all texts that nobody trains on in this run.
    pub(crate) fn kept_out(&self) -> u8 {
        if self.evaluate_privately > 0 { self.held_out } else { 0 }
    }

    /// Where the noise is added; `None` where there is none.
    pub fn mode(&self) -> Option<Mode> {
        match self.privacy {
            PrivacyChoice::None => None,
            PrivacyChoice::Budget { mode, .. } => Some(mode),
        }
    }

    /// The most rho that a device may spend where the run stops at an epsilon.
    ///
    /// # Errors
    /// When epsilon or delta are out of range.
    pub(crate) fn rho_to_stop_at(&self) -> Result<Option<f64>, ConfigError> {
        let (Some(epsilon), PrivacyChoice::Budget { delta, .. }) = (self.stop_at_epsilon, self.privacy) else {
            return Ok(None);
        };
        let say = |e: &dyn std::fmt::Display| ConfigError::Plan(e.to_string());
        let (epsilon, delta) = (Epsilon::new(epsilon).map_err(|e| say(&e))?, Delta::new(delta).map_err(|e| say(&e))?);
        Ok(Some(zcdp::max_rho(epsilon, delta).get()))
    }

    /// The rho that training will have at most, which the recipe depends on; `None` without privacy.
    pub(crate) fn rho_of_training(&self, users: usize) -> Result<Option<f64>, ConfigError> {
        let (planned, most) = (self.plan(users)?.map(|plan| plan.rho_of_training()), self.rho_to_stop_at()?);
        Ok(planned.map(|rho| most.map_or(rho, |most| rho.min(most))))
    }

    /// What the promise costs with `users` in the federation; `None` without privacy.
    ///
    /// # Errors
    /// When epsilon or delta are out of range, or no noise keeps the promise.
    pub fn plan(&self, users: usize) -> Result<Option<PrivacyPlan>, ConfigError> {
        let PrivacyChoice::Budget { epsilon, delta, .. } = self.privacy else { return Ok(None) };
        let say = |e: &dyn std::fmt::Display| ConfigError::Plan(e.to_string());
        let queries = self.queries()?;
        let request = PlanRequest {
            epsilon: Epsilon::new(epsilon).map_err(|e| say(&e))?,
            delta: Delta::new(delta).map_err(|e| say(&e))?,
            rounds: self.rounds,
            cohort: self.charged_of(users)?,
            population: users as u64,
            sampling: CohortSampling::BalancedSchedule,
            participation_cap: self.joined_of(users)?,
            noise: if self.tree {
                NoiseCorrelation::Tree { min_separation: self.min_separation.into() }
            } else {
                NoiseCorrelation::Independent
            },
            evaluation: Alongside { rounds: queries.count(QueryKind::Evaluate), share: self.evaluation_share },
            label_counts: Alongside { rounds: queries.count(QueryKind::LabelCounts), share: self.label_counts_share },
        };
        let plan = match self.noise_multiplier {
            None => PrivacyPlan::new(&request),
            Some(z) => PrivacyPlan::of_noise(&request, NoiseMultiplier::new(z).map_err(|e| say(&e))?),
        };
        plan.map(Some).map_err(|e| say(&e))
    }
}
