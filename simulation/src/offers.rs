//! What the rounds of a run offer their devices, and the keys that sign it.

use std::sync::Arc;

use ed25519_dalek::{SigningKey, VerifyingKey};
use silhouette_model::Model;
use silhouette_privacy::accounting::tree::TreeSchedule;
use silhouette_privacy::accounting::{NoiseCorrelation, PrivacyPlan};
use silhouette_privacy::{Mode, ParameterError, ReleaseParameters};
use silhouette_round::{QuerySchedule, RoundConfig, Terms, Verified};
use silhouette_wire::ContentHash;
use silhouette_wire::manifest::{Manifest, QueryKind, SignedManifest, SignedTask, TaskTerms};

use crate::clock::ClockConfig;
use crate::config::{PrivacyChoice, SimulationConfig};
use crate::dataset::Dataset;
use crate::device::Kind;
use crate::federation::FederationError;
use queries::other_terms;

mod queries;

/// The terms of every kind of query of a run, in the owner's name. They follow from the data set, the settings and
/// the seed, so every process that has these makes the same ones.
pub(crate) struct Offers {
    /// Which round asks for what.
    pub(crate) schedule: QuerySchedule,
    /// Of training.
    pub(crate) training: Terms,
    /// Of the other kinds of query.
    pub(crate) others: Vec<Terms>,
    /// What all devices have in common.
    pub(crate) kind: Kind,
    /// Whom the owner names as the endorser of devices.
    pub(crate) endorser: Option<VerifyingKey>,
    owner: SigningKey,
    seed: u64,
}

impl Offers {
    pub(crate) fn new(data: &Dataset, config: &SimulationConfig, model: &Model) -> Result<Self, FederationError> {
        let plan = config.plan(data.train.len())?;
        let training = terms(data, config, plan.as_ref(), model)?;
        let others = other_terms(&training, plan.as_ref(), config, model)?;
        let owner = SigningKey::from_bytes(&seed_bytes(config.seed, b"owner"));
        let authority = config.active_mode.then(|| SigningKey::from_bytes(&seed_bytes(config.seed, b"endorser")));
        let endorser = authority.as_ref().map(SigningKey::verifying_key);
        let planned = plan.as_ref().map_or(0.0, |p| p.rho_total.get());
        let cap = config.rho_to_stop_at()?.map_or(planned, |most| planned.min(most));
        let kind =
            Kind { task: training.task.clone(), owner: owner.verifying_key(), cap, authority, seed: config.seed };
        Ok(Self { schedule: config.queries()?, training, others, kind, endorser, owner, seed: config.seed })
    }

    /// The terms of a kind of query that the schedule has rounds of.
    pub(crate) fn of(&self, query: QueryKind) -> &Terms {
        self.others.iter().find(|terms| terms.query == query).unwrap_or(&self.training)
    }

    /// The manifest of each of `groups` groups of `round`, whose devices start from the file with hash `base`.
    pub(crate) fn manifests(&self, terms: &Terms, round: u64, base: ContentHash, groups: usize) -> Vec<Manifest> {
        (0..groups).map(|group| terms.manifest(round, base, group_seed(self.seed, round, group))).collect()
    }

    /// A manifest as devices get it: signed, and examined once, as every device would find the same.
    pub(crate) fn sign(&self, manifest: &Manifest) -> Result<Arc<Verified>, FederationError> {
        let (key, endorser) = (self.owner.verifying_key(), self.endorser.map(|key| key.to_bytes()));
        let task = SignedTask::sign(&TaskTerms::up_to(manifest, key.to_bytes(), endorser), &self.owner)?;
        let signed = SignedManifest::sign_round(manifest, &task, &self.owner)?;
        Verified::new(&signed, &key).map(Arc::new).map_err(FederationError::Device)
    }
}

/// What every round of training offers its devices.
fn terms(
    data: &Dataset,
    config: &SimulationConfig,
    plan: Option<&PrivacyPlan>,
    model: &Model,
) -> Result<Terms, FederationError> {
    let (mode, delta) = match config.privacy {
        PrivacyChoice::None => (Mode::Central, 0.0),
        PrivacyChoice::Budget { mode, delta, .. } => (mode, delta),
    };
    let z = plan.map_or(0.0, |p| p.noise_multiplier.get());
    let (d, cohort) = (model.layout().total(), config.group_of(data.train.len())?);
    let fewest = config.clock.as_ref().map_or(cohort, |clock| clock.min_reports(cohort));
    let mut parameters = ReleaseParameters::new(mode, d, data.recipe.clip, z, cohort, fewest)?;
    if z == 0.0 {
        // Without noise the grid itself is the only error: make it fine.
        parameters = parameters.with_grid(1 << 24, 32)?;
    }
    if let Some(adaptive) = &config.adaptive_clip {
        adaptive.check(data.recipe.clip)?;
        parameters = parameters.with_adaptive_clip(adaptive.terms(cohort))?;
    }
    if let Some(NoiseCorrelation::Tree { min_separation }) = plan.map(|p| p.noise) {
        let joined = plan.map_or(0, |p| p.participations_per_user);
        let schedule = TreeSchedule::new(config.rounds, joined, min_separation).map_err(ParameterError::from)?;
        parameters = parameters.with_tree(schedule)?;
    }
    Ok(Terms {
        task: data.task.id()?,
        query: QueryKind::Train,
        layout: model.layout().hash(),
        parameters,
        delta,
        max_participations: plan.map_or(u32::MAX, |p| p.participations_per_user as u32),
        min_separation: config.min_separation,
        deadline: config.clock.as_ref().map_or_else(|| RoundConfig::default().deadline, ClockConfig::deadline),
        held_out: config.kept_out(),
        training: data.recipe.training,
    })
}

/// The public randomness of a group's manifest: every group of every round has its own.
fn group_seed(seed: u64, round: u64, group: usize) -> u64 {
    if group == 0 {
        return seed.wrapping_add(round);
    }
    let bytes = seed_bytes(seed, format!("group {group} of round {round}").as_bytes());
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// 32 bytes of the seed for one purpose.
pub(crate) fn seed_bytes(seed: u64, purpose: &[u8]) -> [u8; 32] {
    ContentHash::of(&[b"silhouette/simulation/seed\0", purpose, &seed.to_le_bytes()].concat()).0
}
