//! `silhouette simulate`: a federation in one process, over a file of real text.

mod staging;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use silhouette_engine::{Backend, choose};
use silhouette_model::{Engine, Task};
use silhouette_privacy::Mode;
use silhouette_query::OptimiserKind;
use silhouette_simulation::{
    Dataset, EncoderChoice, PrivacyChoice, RoundRecord, RunResult, SimulationConfig, Summary, TaskChoice,
    run as run_rounds, write_outputs,
};
use silhouette_text::ReadOptions;

use self::staging::Staging;
use crate::people::skipped;
use crate::terminal::{self, Usage};

/// Train over every user of a file, in one process, through the code that devices and aggregator run.
///
/// Results are written at the end, all or none: stopping it earlier leaves those of an earlier run.
#[derive(clap::Args)]
#[command(after_help = "Example: silhouette simulate --data people.jsonl --task interest --epsilon 8 --out run/")]
pub(crate) struct Args {
    /// JSON Lines, CSV (either also .gz), or a folder of .txt files.
    #[arg(long)]
    data: PathBuf,
    /// The column that holds the label, or a task file (.toml).
    #[arg(long)]
    task: String,
    /// Where the results go.
    #[arg(long, default_value = "run")]
    out: PathBuf,
    /// Who adds the noise: nobody, the aggregator, each device all of it, or each device its share
    /// under masks that only the sum is free of.
    #[arg(long, default_value = "central", value_parser = ["none", "central", "local", "distributed"])]
    mode: String,
    /// Mode distributed: run keys, shares and masks for real. The model is the same, bit for bit,
    /// without; the time is not.
    #[arg(long)]
    secure_aggregation: bool,
    /// The promise per user over all rounds: epsilon.
    #[arg(long, default_value_t = 8.0)]
    epsilon: f64,
    /// The promise per user over all rounds: delta.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// Rounds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Devices per round [default: every training user]
    #[arg(long)]
    cohort: Option<u32>,
    /// bag, bag:DIM (trained table of that width) or transformer.
    #[arg(long, default_value = "bag")]
    encoder: String,
    /// auto, native, flex, ndarray or wgpu. auto takes the hand-written engine for the frozen bag.
    #[arg(long, default_value = "auto")]
    backend: Backend,
    /// Clip norm [default: the recipe's, 0.2 for the bag]
    #[arg(long)]
    clip: Option<f64>,
    /// Local learning rate [default: the recipe's]
    #[arg(long)]
    lr: Option<f64>,
    /// Local epochs [default: the recipe's]
    #[arg(long)]
    local_epochs: Option<u32>,
    /// Local batch size [default: the recipe's]
    #[arg(long)]
    batch: Option<u32>,
    /// FedProx's mu; 0 is plain averaging.
    #[arg(long, default_value_t = 0.0)]
    prox_mu: f64,
    /// Server optimiser: sgd, adam, yogi or adagrad [default: the recipe's]
    #[arg(long)]
    server_opt: Option<OptimiserKind>,
    /// Server learning rate [default: the recipe's]
    #[arg(long)]
    server_lr: Option<f64>,
    /// Hash buckets as a power of two [default: the recipe's]
    #[arg(long)]
    buckets: Option<u8>,
    /// Seed of everything: the same seed gives the same model, bit for bit.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Worker threads [default: all CPUs]; the result does not depend on it.
    #[arg(long)]
    threads: Option<usize>,
    /// Stop at the first bad row instead of counting and skipping it.
    #[arg(long)]
    strict: bool,
}

impl Args {
    fn config(&self) -> anyhow::Result<SimulationConfig> {
        let privacy = match self.mode.as_str() {
            "none" => PrivacyChoice::None,
            mode => {
                let mode: Mode =
                    mode.parse().with_context(|| format!("--mode: expected none, central or local, found {mode}"))?;
                PrivacyChoice::Budget { mode, epsilon: self.epsilon, delta: self.delta }
            }
        };
        if self.secure_aggregation && self.mode != "distributed" {
            bail!(Usage(format!("--secure-aggregation: expected --mode distributed, found {}", self.mode)));
        }
        let encoder = match self.encoder.split_once(':') {
            None if self.encoder == "bag" => EncoderChoice::Bag,
            None if self.encoder == "transformer" => EncoderChoice::Transformer,
            Some(("bag", dim)) => EncoderChoice::TrainedBag(
                dim.parse().with_context(|| format!("--encoder bag:{dim}: expected a width"))?,
            ),
            _ => bail!(Usage(format!("--encoder: expected bag, bag:DIM or transformer, found {}", self.encoder))),
        };
        let defaults = SimulationConfig::default();
        Ok(SimulationConfig {
            encoder,
            privacy,
            rounds: self.rounds,
            cohort: self.cohort,
            clip: self.clip,
            learning_rate: self.lr,
            local_epochs: self.local_epochs,
            batch: self.batch,
            proximal_mu: self.prox_mu,
            server_optimiser: self.server_opt,
            server_learning_rate: self.server_lr,
            buckets_log2: self.buckets,
            seed: self.seed,
            secure_aggregation: self.secure_aggregation,
            threads: self.threads.unwrap_or(defaults.threads).max(1),
        })
    }

    fn task(&self) -> anyhow::Result<TaskChoice> {
        if Path::new(&self.task).extension().is_none_or(|e| e != "toml") {
            return Ok(TaskChoice::Field(self.task.clone()));
        }
        let text = std::fs::read_to_string(&self.task).with_context(|| format!("--task {}", self.task))?;
        let task = Task::from_toml(&text).with_context(|| format!("--task {}", self.task))?;
        Ok(TaskChoice::Task(Box::new(task)))
    }

    fn engine(&self, encoder: EncoderChoice) -> anyhow::Result<(Arc<dyn Engine>, String)> {
        let mut backend = self.backend;
        if backend == Backend::Auto && encoder == EncoderChoice::Bag {
            backend = Backend::Native;
        }
        let chosen = choose(backend)?;
        Ok((chosen.engine, chosen.why))
    }
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let config = args.config()?;
    let (engine, why) = args.engine(config.encoder)?;
    let options = ReadOptions { strict: args.strict, ..ReadOptions::default() };
    Staging::try_out(&args.out)?;
    let data = Dataset::load(&args.data, &options, &args.task()?, &config)?;
    if json {
        introduce_json(&data, &config, &why)?;
    } else {
        introduce(&data, &config, &why)?;
    }
    let bar = terminal::bar(config.rounds, json);
    let mut failure = None;
    let result = run_rounds(&data, &config, engine.as_ref(), &mut |record| {
        bar.inc(1);
        bar.set_message(describe(record));
        let shown = if json {
            terminal::json_event("round", record)
        } else if bar.is_hidden() {
            terminal::line(&format!("  round {}: {}", record.round, describe(record)))
        } else {
            Ok(())
        };
        failure = failure.take().or_else(|| shown.err());
    })?;
    bar.finish();
    if let Some(error) = failure {
        return Err(error);
    }
    let summary = Summary::of(&data, &config, &result, engine.name())?;
    let staging = Staging::new(&args.out)?;
    write_outputs(staging.place(), &data, &config, &result, &summary)?;
    staging.publish()?;
    conclude(args, &result, &summary, json)
}

fn introduce_json(data: &Dataset, config: &SimulationConfig, why: &str) -> anyhow::Result<()> {
    let texts: usize = data.train.iter().map(|u| u.examples.len()).sum();
    let plan = config.plan(data.train.len())?;
    let facts = serde_json::json!({
        "users": data.train.len(), "users_test": data.test.len(), "texts": texts, "computed_by": why,
        "read": data.read, "duplicates": data.duplicates,
        "noise_multiplier": plan.as_ref().map(|p| p.noise_multiplier.get()),
        "participations": plan.as_ref().map(|p| p.participations_per_user),
    });
    terminal::json_event("data", facts)
}

fn introduce(data: &Dataset, config: &SimulationConfig, why: &str) -> anyhow::Result<()> {
    let texts: usize = data.train.iter().map(|u| u.examples.len()).sum();
    terminal::line(&format!("{} people train on {texts} texts, {} are held out", data.train.len(), data.test.len()))?;
    terminal::line(&format!("computed by {why}"))?;
    skipped(&data.read).iter().try_for_each(|line| terminal::line(line))?;
    if data.duplicates > 0 {
        terminal::line(&format!("left out {} texts that repeat an earlier one of the same person", data.duplicates))?;
    }
    match config.plan(data.train.len())? {
        Some(plan) => terminal::line(&format!(
            "noise multiplier {:.3} for epsilon {} at delta {:e}, {} participations per user",
            plan.noise_multiplier.get(),
            plan.epsilon.get(),
            plan.delta.get(),
            plan.participations_per_user
        )),
        None => terminal::line("NO NOISE: this run promises no privacy"),
    }
}

fn describe(r: &RoundRecord) -> String {
    let part = |name: &str, value: Option<f64>| value.map_or_else(String::new, |v| format!("{name} {v:.3} "));
    format!(
        "cohort {}/{} {}{}{}up {} down {}",
        r.reports,
        r.invited,
        part("accuracy", r.accuracy),
        part("loss", r.loss),
        part("epsilon", r.epsilon),
        terminal::bytes(r.bytes_up),
        terminal::bytes(r.bytes_down)
    )
}

fn conclude(args: &Args, result: &RunResult, summary: &Summary, json: bool) -> anyhow::Result<()> {
    if json {
        return terminal::json_event("summary", summary);
    }
    let before = result.before.confusion.scores().accuracy;
    let epsilon = summary.epsilon.map_or_else(|| "no privacy".to_owned(), |e| format!("epsilon {e:.3} spent"));
    terminal::line(&format!(
        "accuracy {:.4} (before: {before:.4}), macro F1 {:.4}, top label right for {:.1} % of people, {epsilon}",
        summary.accuracy,
        summary.macro_f1,
        100.0 * summary.user_top1
    ))?;
    terminal::line(&format!(
        "{:.1} s ({:.2} s a round), {} MiB peak; report: {}",
        summary.seconds,
        summary.seconds_per_round,
        summary.peak_rss_mib,
        args.out.join("report.html").display()
    ))
}
