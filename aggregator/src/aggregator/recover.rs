//! What a start makes of what the last one left.

use std::sync::Arc;

use silhouette_model::Model;
use silhouette_privacy::NoiseTree;
use silhouette_query::ServerOptimiser;
use silhouette_round::Coordinator;
use tracing::{info, warn};

use super::OpenError;
use crate::plan::{Plan, PlanError, TaskConfig, first_difference};
use crate::service::State;
use crate::storage::{Storage, StoredTask};

/// The model and the optimiser of the last published round, or of the start.
pub(super) fn state(storage: &Storage, plan: &Plan) -> Result<State, OpenError> {
    let interrupted = storage.abandon_interrupted()?;
    if interrupted > 0 {
        warn!(interrupted, "a round was open when the last process ended: it is abandoned, its charge stays");
    }
    let task = match storage.task()? {
        Some(task) => goes_on(storage, plan, task)?,
        None => begins(storage, plan)?,
    };
    let latest = storage.progress()?.latest;
    let (published, start, optimiser) = match latest {
        Some(latest) => (latest.model, latest.next, latest.optimiser),
        None => (task.model, task.model, task.optimiser),
    };
    let mut parameters = plan.parameters().clone();
    if let Some(clip) = latest.and_then(|latest| latest.clip) {
        parameters = parameters.with_clip(clip).map_err(PlanError::from)?;
    }
    let tree = match (NoiseTree::new(&parameters), latest) {
        (None, _) => None,
        (Some(fresh), None) => Some(fresh),
        // A node that was published must not be drawn again: without its tree the task can't go on.
        (Some(_), Some(latest)) => {
            let hash = latest.noise.ok_or(OpenError::NoNoise { round: latest.round })?;
            Some(NoiseTree::from_bytes(&parameters, &storage.noise(&hash)?)?)
        }
    };
    // Both are read, so that a damaged folder is noticed now and not by the devices.
    storage.model(&published)?;
    let model = Arc::new(Model::from_safetensors(&storage.model(&start)?)?);
    let bytes = storage.optimiser(&optimiser)?;
    let dimension = plan.parameters().dimension();
    let optimiser = ServerOptimiser::from_bytes(plan.config().optimiser, dimension, &bytes)?;
    Ok(State { published, start, model, optimiser, parameters, tree })
}

fn begins(storage: &Storage, plan: &Plan) -> Result<StoredTask, OpenError> {
    let model = plan.first_model();
    let optimiser = ServerOptimiser::new(plan.config().optimiser, model.values())?;
    let task = StoredTask {
        name: plan.task_id().to_string(),
        toml: plan.task().to_toml().map_err(PlanError::from)?,
        config: plan.config().to_toml()?,
        model: storage.put_model(&model.to_safetensors()?)?,
        optimiser: storage.put_optimiser(&optimiser.to_bytes())?,
    };
    storage.create_task(&task)?;
    info!(task = task.name, "a new task");
    Ok(task)
}

/// The stored promise is what the devices know; a configuration that breaks it is refused.
fn goes_on(storage: &Storage, plan: &Plan, task: StoredTask) -> Result<StoredTask, OpenError> {
    let stored = Plan::new(TaskConfig::from_toml(&task.config)?)?;
    if let Some(difference) = first_difference(&stored, plan) {
        return Err(difference.into());
    }
    storage.update_config(&plan.config().to_toml()?)?;
    info!(task = task.name, "going on");
    Ok(task)
}

/// The coordinator, with the number of the last round and everybody's past; `seed` feeds its choices.
pub(super) fn coordinator(storage: &Storage, plan: &Plan, seed: [u8; 32]) -> Result<Coordinator, OpenError> {
    let last_round = storage.progress()?.last_round;
    let mut coordinator = Coordinator::new(plan.round_config(), last_round, seed)?;
    for (device, participation) in storage.participations(plan.schedule())? {
        coordinator.remember(device, participation);
    }
    Ok(coordinator)
}
