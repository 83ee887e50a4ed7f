//! A whole run: every round, each followed by a look at held-out people.

use std::time::Instant;

use silhouette_model::{Engine, Model};
use silhouette_privacy::accounting::PrivacyPlan;
use silhouette_round::QuerySchedule;
use silhouette_wire::QueryKind;
use thiserror::Error;

use crate::checkpoint::{CheckpointError, Checkpoints};
use crate::compare::{Comparison, compare};
use crate::config::{ConfigError, SimulationConfig};
use crate::dataset::Dataset;
use crate::evaluate::Evaluation;
use crate::federation::{Federation, FederationError, RoundRecord, Workers};

pub use stop::Stopped;

mod kept;
mod stop;

use kept::Kept;

/// Why a run failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The model to start from is of another task, or of the same one with another encoder or other labels.
    #[error("model: expected one of this data set's task, {expected}, found one of {found}")]
    OtherTask {
        /// The data set's task.
        expected: String,
        /// The model's.
        found: String,
    },
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A round.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// The evaluation.
    #[error(transparent)]
    Engine(#[from] silhouette_model::EngineError),
}

/// What a run yields.
pub struct RunResult {
    /// The last published model.
    pub model: Model,
    /// Its figures.
    pub evaluation: Evaluation,
    /// Figures of the untrained model.
    pub before: Evaluation,
    /// One record per round.
    pub rounds: Vec<RoundRecord>,
    /// The round after which the run was taken up again, if it was.
    pub resumed_after: Option<u64>,
    /// Why it ended before its last round, if it did.
    pub stopped: Option<Stopped>,
    /// What the promise cost; `None` without privacy.
    pub plan: Option<PrivacyPlan>,
    /// What the same people reach without a federation, where the run compares.
    pub comparison: Option<Comparison>,
    /// Seconds of training and evaluation, those of a comparison left out.
    pub seconds: f64,
}

/// Runs all rounds; `progress` sees each round's record as it is made.
///
/// # Errors
/// When a round or the evaluation fails.
pub fn run(
    data: &Dataset,
    config: &SimulationConfig,
    engine: &dyn Engine,
    progress: &mut dyn FnMut(&RoundRecord),
) -> Result<RunResult, RunError> {
    run_from(Model::new(data.task.clone(), config.seed), data, config, engine, progress)
}

/// [`run`] from a given model of the data set's task instead of a fresh one.
///
/// # Errors
/// When the model is of another task, or a round or the evaluation fails.
pub fn run_from(
    model: Model,
    data: &Dataset,
    config: &SimulationConfig,
    engine: &dyn Engine,
    progress: &mut dyn FnMut(&RoundRecord),
) -> Result<RunResult, RunError> {
    run_with(model, data, config, engine, None, None, progress)
}

/// [`run_from`], put down now and then in a file from which it can go on to the same end, bit for bit. `progress` sees
/// the rounds after the checkpoint; the result has all. The file stays: see [`Checkpoints::forget`].
///
/// # Errors
/// As [`run_from`]; when a checkpoint can't be written; when the run is to go on and the file is missing, not whole or
/// another run's; and when it is to begin and there is one.
pub fn run_checkpointed(
    model: Model,
    data: &Dataset,
    config: &SimulationConfig,
    engine: &dyn Engine,
    checkpoints: &Checkpoints,
    progress: &mut dyn FnMut(&RoundRecord),
) -> Result<RunResult, RunError> {
    run_with(model, data, config, engine, None, Some(checkpoints), progress)
}

/// [`run_from`], the devices trained by `workers`: in other processes, on other machines. The result is the same, bit
/// for bit. This process decides who takes part, adds the noise, steps the model and evaluates.
///
/// # Errors
/// As [`run_from`], when the workers fail, and when sums are to be masked for real, which needs all devices in one
/// place.
pub fn run_on(
    model: Model,
    data: &Dataset,
    config: &SimulationConfig,
    engine: &dyn Engine,
    workers: &mut dyn Workers,
    progress: &mut dyn FnMut(&RoundRecord),
) -> Result<RunResult, RunError> {
    run_with(model, data, config, engine, Some(workers), None, progress)
}

fn run_with(
    model: Model,
    data: &Dataset,
    config: &SimulationConfig,
    engine: &dyn Engine,
    mut workers: Option<&mut dyn Workers>,
    checkpoints: Option<&Checkpoints>,
    progress: &mut dyn FnMut(&RoundRecord),
) -> Result<RunResult, RunError> {
    if *model.task() != data.task {
        return Err(RunError::OtherTask { expected: data.task.name.clone(), found: model.task().name.clone() });
    }
    config.validate()?;
    let started = Instant::now();
    let plan = config.plan(data.train.len())?;
    let start = config.compare.then(|| model.clone());
    let mut kept = checkpoints.map(|c| Kept::new(c, &model, data, config, engine)).transpose()?;
    let mut federation = Federation::new(model, data, config, engine)?;
    let before = federation.evaluate_people(&data.test)?;
    let mut evaluation = before.clone();
    let queries = config.queries()?;
    let (mut rounds, earlier) = match &kept {
        Some(kept) => kept.take_up(&mut federation)?,
        None => (Vec::new(), 0.0),
    };
    let resumed_after = rounds.last().map(|record| record.round);
    if resumed_after.is_some() {
        evaluation = federation.evaluate_people(&data.test)?;
    }
    let seconds = || earlier + started.elapsed().as_secs_f64();
    let mut stopped = None;
    while (rounds.len() as u64) < queries.rounds() {
        stopped = stops(&mut federation, config, &rounds)?;
        if stopped.is_some() {
            break;
        }
        let mut record = federation.round(workers.as_deref_mut().map(|w| w as &mut dyn Workers))?;
        if looks_after(&record, config, &queries) {
            evaluation = look(&federation, data, &mut record)?;
        }
        rounds.push(record);
        if let Some(kept) = &mut kept {
            kept.put_down(&federation, &rounds, seconds())?;
        }
        rounds.last().into_iter().for_each(&mut *progress);
    }
    if let Some(last) = rounds.last_mut().filter(|_| stopped.is_some()) {
        federation.end()?;
        federation.tell_spent(last);
    }
    // Where it ended early, nobody may have looked at the last model.
    if let Some(last) = rounds.last_mut().filter(|last| stopped.is_some() && last.accuracy.is_none()) {
        evaluation = look(&federation, data, last)?;
    }
    let (model, seconds) = (federation.into_published(), seconds());
    let comparison = start.map(|start| compare(&start, &model, data, config, engine)).transpose()?;
    Ok(RunResult { model, evaluation, before, rounds, resumed_after, stopped, plan, comparison, seconds })
}

/// Whether the run ends here.
fn stops(
    federation: &mut Federation<'_>,
    config: &SimulationConfig,
    rounds: &[RoundRecord],
) -> Result<Option<Stopped>, RunError> {
    if let (Some(limit), Some((next_round, would_be))) = (config.stop_at_epsilon, federation.past_the_budget()?) {
        if rounds.is_empty() {
            return Err(RunError::Config(ConfigError::Setting {
                field: "stop-at-epsilon",
                expected: format!("at least {would_be}, which is what the first round costs"),
                found: limit.to_string(),
            }));
        }
        return Ok(Some(Stopped::Budget { next_round, would_be, limit }));
    }
    Ok(config.stop_when_flat.and_then(|looks| stop::flat(rounds, looks)))
}

/// Whether held-out people are looked at after this round.
fn looks_after(record: &RoundRecord, config: &SimulationConfig, queries: &QuerySchedule) -> bool {
    let last = record.round == queries.rounds();
    let trained = queries.count_until(QueryKind::Train, record.round);
    match record.query {
        QueryKind::Train => last || (config.evaluate_every > 0 && trained.is_multiple_of(config.evaluate_every)),
        // The exact figures stand beside the private ones.
        QueryKind::Evaluate => true,
        QueryKind::LabelCounts => false,
    }
}

/// Looks at what was published last, and writes down what there is to see.
fn look(federation: &Federation<'_>, data: &Dataset, record: &mut RoundRecord) -> Result<Evaluation, RunError> {
    let evaluation = federation.evaluate_people(&data.test)?;
    if evaluation.confusion.total() > 0 {
        let scores = evaluation.confusion.scores();
        record.accuracy = Some(scores.accuracy);
        record.macro_f1 = Some(scores.macro_f1);
        record.loss = Some(evaluation.loss);
    }
    if !data.later.is_empty() {
        record.later_accuracy = Some(federation.evaluate(&data.later)?.confusion.scores().accuracy);
    }
    Ok(evaluation)
}
