//! What a run leaves behind in its folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use silhouette_model::ModelError;
use silhouette_privacy::Mode;
use silhouette_query::evaluate::Evaluation as PrivateEvaluation;
use silhouette_query::label_counts::LabelCounts;
use silhouette_wire::QueryKind;
use thiserror::Error;

pub use compared::compared;
pub use told::{percent_with_error, told_privately};

mod compared;
mod told;
mod users;

use crate::clock::ClockConfig;
use crate::compare::Comparison;
use crate::config::{PrivacyChoice, SimulationConfig};
use crate::dataset::Dataset;
use crate::evaluate::UserAccuracy;
use crate::report::{PartitionSection, ReportData, RoundPoint, render};
use crate::run::{RunResult, Stopped};

/// A folder or file that could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The model could not be written as a file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A held-out person, for the figures of each.
    #[error(transparent)]
    Person(#[from] crate::people::PersonError),
    /// The summary could not be written as JSON.
    #[error("summary: {0}")]
    Json(#[from] serde_json::Error),
}

/// The run in one object, `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The task.
    pub task: String,
    /// The encoder.
    pub encoder: String,
    /// The engine that computed.
    pub backend: String,
    /// Users in all.
    pub users: usize,
    /// Users held out.
    pub users_test: usize,
    /// Rounds of training that there were.
    pub rounds: u64,
    /// The round after which the run was taken up again from a checkpoint, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_after: Option<u64>,
    /// Why it ended before the rounds that were asked for, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// Private evaluations.
    #[serde(default)]
    pub evaluations: u64,
    /// The share of rho that they get.
    #[serde(default)]
    pub evaluation_share: Option<f64>,
    /// The share of rho that label counts get.
    #[serde(default)]
    pub label_counts_share: Option<f64>,
    /// The last private evaluation.
    #[serde(default)]
    pub private_evaluation: Option<PrivateEvaluation>,
    /// The label counts.
    #[serde(default)]
    pub label_counts: Option<LabelCounts>,
    /// Devices per round.
    pub cohort: u32,
    /// `none`, `central` or `local`.
    pub mode: String,
    /// Epsilon spent by the most charged user, against the aggregator, without amplification.
    pub epsilon: Option<f64>,
    /// Its delta.
    pub delta: Option<f64>,
    /// Noise over sensitivity, per round.
    pub noise_multiplier: f64,
    /// Clip norm; with an adaptive clip, of the last round.
    pub clip: f64,
    /// The share of updates that an adaptive clip leaves whole.
    pub clip_quantile: Option<f64>,
    /// `independent`, or `tree`.
    pub noise: String,
    /// Rounds one user may join, and without privacy any.
    pub participations: Option<u64>,
    /// Rounds between two participations of one user, at least.
    pub min_separation: u32,
    /// Share of held-out texts predicted right.
    pub accuracy: f64,
    /// Macro-averaged F1.
    pub macro_f1: f64,
    /// Macro-averaged precision.
    pub precision: f64,
    /// Macro-averaged recall.
    pub recall: f64,
    /// Share of held-out people whose top label is right.
    pub user_top1: f64,
    /// How evenly the model does over held-out people.
    #[serde(default)]
    pub user_accuracy: Option<UserAccuracy>,
    /// The model beside each person's own and one of all texts in one place, where the run compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Held-out texts whose label is none of the task's; they count as wrong.
    pub texts_unseen_label: usize,
    /// Rows the reader skipped.
    pub rows_skipped: u64,
    /// Texts left out of training as repeats.
    pub texts_repeated: u64,
    /// What a reader of the figures should know besides.
    pub notes: Vec<String>,
    /// Seconds of everything: reading, cleaning and encoding the data, training, evaluation.
    pub seconds: f64,
    /// Of these, seconds of training and evaluation.
    pub seconds_training: f64,
    /// Seconds of training and evaluation per round.
    pub seconds_per_round: f64,
    /// With a virtual clock: how the run took its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// With a virtual clock: virtual seconds from the start to the end of the last round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_seconds: Option<f64>,
    /// Peak resident memory of the process; 0 where the system does not tell.
    pub peak_rss_mib: f64,
    /// The seed.
    pub seed: u64,
    /// SHA-256 of `model.safetensors`.
    pub model_sha256: String,
}

impl Summary {
    /// The summary of a run.
    ///
    /// # Errors
    /// When the model can't be hashed.
    pub fn of(
        data: &Dataset,
        config: &SimulationConfig,
        result: &RunResult,
        backend: &str,
    ) -> Result<Self, OutputError> {
        let scores = result.evaluation.confusion.scores();
        let buffer = config.clock.as_ref().and_then(ClockConfig::buffer);
        let cohort = config.cohort.or(buffer).unwrap_or(data.train.len() as u32);
        let (mode, delta) = match config.privacy {
            PrivacyChoice::None => ("none".to_owned(), None),
            PrivacyChoice::Budget { mode, delta, .. } => (mode.to_string(), Some(delta)),
        };
        Ok(Self {
            task: data.task.name.clone(),
            encoder: data.task.encoder.describe().to_owned(),
            backend: backend.to_owned(),
            users: data.train.len() + data.test.len(),
            users_test: data.test.len(),
            rounds: result.rounds.iter().filter(|r| r.query == QueryKind::Train).count() as u64,
            resumed_after: result.resumed_after,
            stopped: result.stopped,
            evaluations: result.rounds.iter().filter(|r| r.query == QueryKind::Evaluate).count() as u64,
            evaluation_share: result.plan.as_ref().and_then(|p| p.evaluation).map(|kind| kind.share),
            label_counts_share: result.plan.as_ref().and_then(|p| p.label_counts).map(|kind| kind.share),
            private_evaluation: result.rounds.iter().rev().find_map(|r| r.evaluation.clone()),
            label_counts: result.rounds.iter().find_map(|r| r.label_counts.clone()),
            cohort,
            mode,
            epsilon: result.rounds.last().and_then(|r| r.epsilon),
            delta,
            noise_multiplier: result.plan.as_ref().map_or(0.0, |p| p.noise_multiplier.get()),
            clip: result.rounds.iter().rfind(|r| r.query == QueryKind::Train).map_or(data.recipe.clip, |r| r.clip),
            clip_quantile: config.adaptive_clip.map(|adaptive| adaptive.quantile),
            noise: if config.tree { "tree" } else { "independent" }.to_owned(),
            participations: result.plan.as_ref().map(|p| p.participations_per_user),
            min_separation: config.min_separation,
            accuracy: scores.accuracy,
            macro_f1: scores.macro_f1,
            precision: scores.precision,
            recall: scores.recall,
            user_top1: result.evaluation.user_top1,
            user_accuracy: UserAccuracy::of(&result.evaluation.user_accuracy()),
            comparison: result.comparison.clone(),
            texts_unseen_label: data.unseen(),
            rows_skipped: data.read.skipped,
            texts_repeated: data.duplicates,
            notes: data.notes.iter().cloned().chain(result.stopped.map(|why| why.to_string())).collect(),
            seconds: data.seconds + result.seconds,
            seconds_training: result.seconds,
            seconds_per_round: result.seconds / result.rounds.len().max(1) as f64,
            clock: config.clock.as_ref().map(|clock| clock.pace.describe(cohort)),
            virtual_seconds: result.rounds.last().and_then(|r| r.clock_seconds),
            peak_rss_mib: peak_rss_mib().unwrap_or(0.0),
            seed: config.seed,
            model_sha256: result.model.content_hash()?.to_string(),
        })
    }
}

/// The high-water mark of resident memory, where the system has `/proc`.
fn peak_rss_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some((kib / 1024.0 * 10.0).round() / 10.0)
}

/// Writes `summary.json`, `rounds.jsonl`, `users.jsonl`, `model.safetensors`, `confusion.csv` and `report.html`.
///
/// # Errors
/// Names the file that could not be written.
pub fn write_outputs(
    folder: &Path,
    data: &Dataset,
    config: &SimulationConfig,
    result: &RunResult,
    summary: &Summary,
) -> Result<(), OutputError> {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|source| OutputError::Write { path, source })
    };
    std::fs::create_dir_all(folder).map_err(|source| OutputError::Write { path: folder.to_owned(), source })?;
    let mut rounds = String::new();
    for record in &result.rounds {
        rounds.push_str(&serde_json::to_string(record)?);
        rounds.push('\n');
    }
    write("summary.json", format!("{}\n", serde_json::to_string_pretty(summary)?).as_bytes())?;
    write("rounds.jsonl", rounds.as_bytes())?;
    write("users.jsonl", users::lines(&data.test, &result.evaluation)?.as_bytes())?;
    write("model.safetensors", &result.model.to_safetensors()?)?;
    write("confusion.csv", result.evaluation.confusion.to_csv(&labels(data)).as_bytes())?;
    write("report.html", render(&report_data(data, config, result, summary)).as_bytes())
}

fn labels(data: &Dataset) -> Vec<String> {
    data.task.heads.iter().find(|h| !h.labels().is_empty()).map_or_else(Vec::new, |h| h.labels().to_vec())
}

/// What the report shows of a run.
pub fn report_data(data: &Dataset, config: &SimulationConfig, result: &RunResult, summary: &Summary) -> ReportData {
    let labels = labels(data);
    let table = &result.evaluation.confusion;
    let confusion = (0..labels.len()).map(|t| (0..labels.len()).map(|p| table.count(t, p)).collect()).collect();
    let epsilon_budget = match config.privacy {
        PrivacyChoice::None => None,
        PrivacyChoice::Budget { .. } => {
            config.stop_at_epsilon.or_else(|| result.plan.as_ref().map(|p| p.epsilon.get()))
        }
    };
    ReportData {
        title: format!("Silhouette: {}", summary.task),
        summary: headline(data, summary, result),
        settings: settings(data, summary),
        left_device: left_device(config),
        told_privately: told_privately(&labels, result),
        baselines: compared::baselines(result.comparison.as_ref().and_then(|c| c.held_out.as_ref())),
        later_baselines: compared::baselines(result.comparison.as_ref().and_then(|c| c.later.as_ref())),
        compared: summary.comparison.as_ref().map(compared).unwrap_or_default(),
        rounds: result
            .rounds
            .iter()
            .map(|r| RoundPoint {
                round: r.round,
                invited: r.invited as u64,
                reports: r.reports as u64,
                accuracy: r.accuracy,
                macro_f1: r.macro_f1,
                loss: r.loss,
                later_accuracy: r.later_accuracy,
                clip: config.adaptive_clip.map(|_| r.clip),
                epsilon: r.epsilon,
                bytes_up: r.bytes_up,
                bytes_down: r.bytes_down,
                seconds: r.seconds,
                clock_hours: r.clock_seconds.map(|seconds| seconds / 3_600.0),
            })
            .collect(),
        labels,
        confusion,
        partition: data.dealt.as_ref().map(|dealt| PartitionSection {
            text: dealt.note(),
            labels: dealt.labels.clone(),
            people: dealt.sample.clone(),
        }),
        epsilon_budget,
        assumptions: assumptions(config, result),
        user_accuracy: result.evaluation.user_accuracy(),
        ..ReportData::default()
    }
}

fn percent(v: f64) -> String {
    format!("{:.1} %", 100.0 * v)
}

fn headline(data: &Dataset, s: &Summary, result: &RunResult) -> Vec<(String, String)> {
    let before = result.before.confusion.scores().accuracy;
    let mut cards = vec![
        ("Accuracy on held-out people".to_owned(), percent(s.accuracy)),
        ("Before training".to_owned(), percent(before)),
        ("Macro F1".to_owned(), format!("{:.3}", s.macro_f1)),
        ("People whose top label is right".to_owned(), percent(s.user_top1)),
    ];
    if let Some(of) = s.user_accuracy {
        cards.push(("Accuracy of the worst tenth of people".to_owned(), percent(of.worst_decile)));
    }
    cards.extend([
        ("Devices".to_owned(), format!("{} train, {} held out", data.train.len(), s.users_test)),
        ("Rounds".to_owned(), format!("{} of {} devices", s.rounds, s.cohort)),
    ]);
    if let Some(seconds) = s.virtual_seconds {
        cards.push(("Virtual time".to_owned(), format!("{:.2} h", seconds / 3_600.0)));
    }
    if let (Some(epsilon), Some(delta)) = (s.epsilon, s.delta) {
        cards.push(("Epsilon spent per user".to_owned(), format!("{epsilon:.3} at delta {delta:e}")));
    }
    cards
}

fn settings(data: &Dataset, s: &Summary) -> Vec<(String, String)> {
    let training = &data.recipe.training;
    let row = |name: &str, value: String| (name.to_owned(), value);
    vec![
        row("task", s.task.clone()),
        row("encoder", s.encoder.clone()),
        row("computed by", s.backend.clone()),
        row("mode", s.mode.clone()),
        row("noise multiplier", format!("{:.4}", s.noise_multiplier)),
        row("noise", s.noise.clone()),
        row(
            "clip norm",
            match s.clip_quantile {
                Some(quantile) => format!("from {} to {:.4}, quantile {quantile}", data.recipe.clip, s.clip),
                None => s.clip.to_string(),
            },
        ),
        row("local epochs", training.epochs.to_string()),
        row("local learning rate", training.learning_rate.to_string()),
        row("server optimiser", format!("{:?}", data.recipe.optimiser.kind).to_lowercase()),
        row("server learning rate", data.recipe.optimiser.learning_rate.to_string()),
        row("rows skipped by the reader", data.read.skipped.to_string()),
        row("repeated texts left out of training", data.duplicates.to_string()),
        row("held-out texts with a label unseen in training (wrong)", s.texts_unseen_label.to_string()),
        row("virtual clock", s.clock.clone().unwrap_or_else(|| "none".to_owned())),
        row(
            "seconds",
            format!("{:.1}, training {:.1} ({:.2} a round)", s.seconds, s.seconds_training, s.seconds_per_round),
        ),
        row("peak memory", format!("{} MiB", s.peak_rss_mib)),
        row("ended", s.stopped.map_or_else(|| "after all rounds".to_owned(), |why| why.to_string())),
        row("seed", s.seed.to_string()),
        row("model (SHA-256)", s.model_sha256.clone()),
    ]
}

/// What crosses the boundary of a device, in words.
pub(crate) fn left_device(config: &SimulationConfig) -> Vec<String> {
    let noise = match config.privacy {
        PrivacyChoice::None => "No noise was added, so each vector shows its device's update.",
        PrivacyChoice::Budget { mode: Mode::Local, .. } => "Each device added all the noise itself, before sending.",
        PrivacyChoice::Budget { mode: Mode::Distributed, .. } => {
            "Each device added its share of the noise; under its mask nobody could see its vector, only the sum."
        }
        PrivacyChoice::Budget { mode: Mode::Central, .. } => {
            "The aggregator added the noise to the sum; it saw each bounded vector."
        }
    };
    let vector = match config.adaptive_clip {
        None => "Per round and device: one vector of integers, clipped to a fixed norm, rounded, checked exactly.",
        Some(_) => {
            "Per round and device: one vector of integers, clipped to the round's norm, rounded, checked exactly. \
             Its last entry says whether the clip shortened it; the noise covers that too."
        }
    };
    vec![
        vector.into(),
        noise.into(),
        if config.evaluate_privately > 0 || config.label_counts {
            "No text, no word, no count of texts. What a device was asked of its accuracy or its labels is in such a \
             vector too: bounded, under the same noise, out of the same budget."
                .into()
        } else {
            "No text, no label, no word, no count of texts, no accuracy of a single device.".into()
        },
        "Profiles and personas have no way out of a device: the type that holds them can't be sent.".into(),
    ]
}

fn assumptions(config: &SimulationConfig, result: &RunResult) -> Vec<String> {
    let Some(plan) = &result.plan else {
        return vec!["No noise was added: this run promises no privacy at all.".into()];
    };
    let mut all: Vec<String> = plan.assumptions.iter().map(ToString::to_string).collect();
    all.extend(plan.warnings.iter().map(ToString::to_string));
    if config.adaptive_clip.is_some() {
        all.push("The clip follows a noisy count that is part of the same release: the promise holds for both.".into());
    }
    if config.clock.is_some() {
        all.push(
            "Public, not protected: who takes part, when a device reports, and how stale its update is. How long it \
             takes follows from the number of its texts, among other things."
                .into(),
        );
    }
    match config.privacy {
        PrivacyChoice::Budget { mode: Mode::Central, .. } => all.push(
            "Mode central: the aggregator sees every clipped update and adds the noise itself; it is trusted to."
                .into(),
        ),
        PrivacyChoice::Budget { mode: Mode::Distributed, .. } => all.push(
            "Mode distributed: at most a tenth of a cohort colludes with the aggregator, which may lie about who \
             survived and hands out the keys it received."
                .into(),
        ),
        _ => {}
    }
    if config.groups > 1 {
        all.push(format!(
            "In {} groups, each a sum of its own with all of the noise: what is assumed of a cohort is assumed of each \
             group.",
            config.groups
        ));
    }
    if let Some(poison) = config.poison {
        all.push(format!("Some devices were malicious on purpose ({poison}): for research."));
    }
    all.push("Public, not protected: the labels, the number of users, the number of rounds, and the recipe.".into());
    all.push("This is a simulation: its noise is reproducible from the seed, so its outputs protect nobody.".into());
    all
}
