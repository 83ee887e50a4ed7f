//! The terms of each kind of query beside training.

use silhouette_model::Model;
use silhouette_privacy::ReleaseParameters;
use silhouette_privacy::accounting::{PrivacyPlan, plan::PlannedKind};
use silhouette_query::{dimension, evaluate, label_counts, layout};
use silhouette_round::Terms;
use silhouette_wire::QueryKind;
use silhouette_wire::manifest::LocalTraining;

use crate::config::{ConfigError, SimulationConfig};
use crate::federation::FederationError;

/// No device trains in such a round.
const NO_TRAINING: LocalTraining =
    LocalTraining { epochs: 0, batch: 0, learning_rate: 0.0, proximal_mu: 0.0, shuffled: false };

/// The terms of the kinds of query beside training that the run has rounds of.
pub(super) fn other_terms(
    training: &Terms,
    plan: Option<&PrivacyPlan>,
    config: &SimulationConfig,
    model: &Model,
) -> Result<Vec<Terms>, FederationError> {
    let schedule = config.queries()?;
    let planned = |query| match query {
        QueryKind::Evaluate => plan.and_then(|plan| plan.evaluation),
        _ => plan.and_then(|plan| plan.label_counts),
    };
    let kinds = [(QueryKind::Evaluate, evaluate::CLIP), (QueryKind::LabelCounts, label_counts::CLIP)];
    let asked = kinds.into_iter().filter(|&(query, _)| schedule.count(query) > 0);
    asked.map(|(query, clip)| terms_of(query, clip, training, planned(query), model)).collect()
}

fn terms_of(
    query: QueryKind,
    clip: f64,
    training: &Terms,
    planned: Option<PlannedKind>,
    model: &Model,
) -> Result<Terms, FederationError> {
    let (Some(d), Some(layout)) = (dimension(query, model), layout(query, model)) else {
        return Err(ConfigError::Setting {
            field: if query == QueryKind::Evaluate { "evaluate-privately" } else { "label-counts" },
            expected: "a task with labels".into(),
            found: "one without".into(),
        }
        .into());
    };
    let p = &training.parameters;
    let z = planned.map_or(0.0, |kind| kind.noise_multiplier.get());
    let mut parameters = ReleaseParameters::new(p.mode(), d, clip, z, p.cohort(), p.min_reports())?;
    if z == 0.0 {
        // As for training: without noise the grid itself is the only error.
        parameters = parameters.with_grid(1 << 24, 32)?;
    }
    Ok(Terms {
        query,
        layout,
        parameters,
        max_participations: planned.map_or(u32::MAX, |kind| kind.participations_per_user as u32),
        training: NO_TRAINING,
        ..training.clone()
    })
}
