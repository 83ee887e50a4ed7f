//! `silhouette simulate`: a federation in one process, over a file of real text.

mod introduce;
mod staging;
mod watched;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use silhouette_engine::{Backend, choose};
use silhouette_model::Engine;
use silhouette_privacy::Mode;
use silhouette_query::{AdaptiveClipConfig, Estimate, OptimiserKind};
use silhouette_simulation::synth::SynthConfig;
use silhouette_simulation::{
    Dataset, EncoderChoice, Poison, PrivacyChoice, RoundRecord, RunResult, SimulationConfig, Summary, TaskChoice,
    percent_with_error, report_data, run as run_rounds, write_outputs,
};
use silhouette_text::ReadOptions;

use self::introduce::{introduce, introduce_json};
use self::staging::Staging;
use self::watched::Watched;
use crate::terminal::{self, Usage};

/// Train over every user of a file, in one process, through the code that devices and aggregator run.
///
/// Results are written at the end, all or none: stopping it earlier leaves those of an earlier run.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette simulate --data people.jsonl --task interest --epsilon 8 --out run/
  silhouette simulate --data people.jsonl --task interest --adaptive-clip --target-quantile 0.7
  silhouette simulate --data people.jsonl --task interest --noise tree --rounds 128 --cohort 60 --min-separation 8
  silhouette simulate --data people.jsonl --task interest --evaluate-privately 5 --label-counts
  silhouette simulate --population 1000000 --cohort 100000 --rounds 3
  silhouette simulate --data people.jsonl --task interest --mode distributed --groups 5 --trim 1 --poison boost:0.01")]
pub(crate) struct Args {
    /// JSON Lines, CSV (either also .gz), or a folder of .txt files.
    #[arg(long, required_unless_present = "population")]
    data: Option<PathBuf>,
    /// The column that holds the label, or a task file (.toml).
    #[arg(long, required_unless_present = "population")]
    task: Option<String>,
    /// Instead of --data: so many made-up people, written and encoded only when their turn comes.
    #[arg(long, value_name = "PEOPLE", conflicts_with_all = ["data", "task", "strict"])]
    population: Option<usize>,
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
    /// With --secure-aggregation: devices prove identities that an authority apart from the aggregator
    /// has endorsed, and agree on who survived (the active mode). The model is the same, bit for bit.
    #[arg(long, requires = "secure_aggregation")]
    active_mode: bool,
    /// Mode distributed: split the devices of a round at random into this many groups, each a masked
    /// sum of its own with all of the noise.
    #[arg(long, default_value_t = 1)]
    groups: u32,
    /// Leave out this many of the smallest and of the largest of the groups' values of each number:
    /// so many bad groups cannot move the model out of the others' range.
    #[arg(long, default_value_t = 0)]
    trim: u32,
    /// Mode distributed, for research: let a share of the devices attack. boost:0.01 sends its update
    /// turned around, a hundred clip norms long; flip:0.01 the same within the clip.
    #[arg(long, value_name = "ATTACK:SHARE")]
    poison: Option<Poison>,
    /// The promise per user over all rounds: epsilon.
    #[arg(long, default_value_t = 8.0)]
    epsilon: f64,
    /// The promise per user over all rounds: delta.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// The noise multiplier of every round; epsilon is then what that costs.
    #[arg(long, conflicts_with = "epsilon")]
    noise_multiplier: Option<f64>,
    /// Evaluate after every so many rounds, and after the last; 0 for after the last alone.
    #[arg(long, default_value_t = 1)]
    evaluate_every: u64,
    /// Rounds of training.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// After every so many rounds of training, let the devices evaluate the model privately, on texts of theirs that
    /// are kept out of training for it; 0 for never.
    #[arg(long, default_value_t = 0, value_name = "K")]
    evaluate_privately: u64,
    /// Let the very first round count labels: the share of each among people.
    #[arg(long)]
    label_counts: bool,
    /// The share of the privacy budget, of rho, that private evaluation gets.
    #[arg(long, default_value_t = 0.1, requires = "evaluate_privately")]
    evaluation_share: f64,
    /// The share of the privacy budget, of rho, that label counts get.
    #[arg(long, default_value_t = 0.02, requires = "label_counts")]
    label_counts_share: f64,
    /// Per cent of all texts that are kept out of training, where devices evaluate privately.
    #[arg(long, default_value_t = 20, requires = "evaluate_privately", value_name = "PERCENT")]
    held_out: u8,
    /// Devices per round [default: every training user]
    #[arg(long)]
    cohort: Option<u32>,
    /// bag, bag:DIM (trained table of that width) or transformer [default: the task file's, else bag]
    #[arg(long)]
    encoder: Option<String>,
    /// auto, native, flex, ndarray or wgpu. auto takes native, the hand-written engine, the
    /// fastest on a CPU.
    #[arg(long, default_value = "auto")]
    backend: Backend,
    /// independent: fresh noise in every round. tree: one tree of noise over all rounds (DP-FTRL), in mode
    /// central with server optimiser sgd.
    #[arg(long, default_value = "independent", value_parser = ["independent", "tree"])]
    noise: String,
    /// Rounds one user may join [default: as many as a balanced schedule asks for]
    #[arg(long)]
    participations: Option<u64>,
    /// Rounds between two participations of one user, at least; 1 allows every round.
    #[arg(long, default_value_t = 1)]
    min_separation: u32,
    /// Clip norm; with --adaptive-clip, of the first round [default: the recipe's, 0.2 for the bag]
    #[arg(long)]
    clip: Option<f64>,
    /// The clip follows a quantile of the norms, which devices tell in a noisy count.
    #[arg(long)]
    adaptive_clip: bool,
    /// The share of updates that an adaptive clip leaves whole [default: 0.5]
    #[arg(long, requires = "adaptive_clip")]
    target_quantile: Option<f64>,
    /// How fast an adaptive clip moves: by at most a factor of e to this power a round [default: 0.2]
    #[arg(long, requires = "adaptive_clip")]
    clip_lr: Option<f64>,
    /// Deviation of the noise on the count, in devices [default: a twentieth of the cohort]
    #[arg(long, requires = "adaptive_clip")]
    count_noise: Option<f64>,
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
                let mode: Mode = mode
                    .parse()
                    .with_context(|| format!("--mode: expected none, central, local or distributed, found {mode}"))?;
                PrivacyChoice::Budget { mode, epsilon: self.epsilon, delta: self.delta }
            }
        };
        if self.secure_aggregation && self.mode != "distributed" {
            bail!(Usage(format!("--secure-aggregation: expected --mode distributed, found {}", self.mode)));
        }
        let defaults = SimulationConfig::default();
        let config = SimulationConfig {
            encoder: self.encoder.as_deref().map(encoder).transpose()?,
            privacy,
            noise_multiplier: self.noise_multiplier,
            schedule: None,
            evaluate_every: self.evaluate_every,
            rounds: self.rounds,
            evaluate_privately: self.evaluate_privately,
            label_counts: self.label_counts,
            evaluation_share: self.evaluation_share,
            label_counts_share: self.label_counts_share,
            held_out: self.held_out,
            cohort: self.cohort,
            participations: self.participations,
            min_separation: self.min_separation,
            tree: self.noise == "tree",
            clip: self.clip,
            adaptive_clip: self.adaptive_clip(),
            learning_rate: self.lr,
            local_epochs: self.local_epochs,
            batch: self.batch,
            proximal_mu: self.prox_mu,
            server_optimiser: self.server_opt,
            server_learning_rate: self.server_lr,
            buckets_log2: self.buckets,
            seed: self.seed,
            secure_aggregation: self.secure_aggregation,
            active_mode: self.active_mode,
            groups: self.groups,
            trim: self.trim,
            poison: self.poison,
            threads: self.threads.unwrap_or(defaults.threads),
        };
        config.validate().map_err(|e| Usage(e.to_string()))?;
        Ok(config)
    }

    fn adaptive_clip(&self) -> Option<AdaptiveClipConfig> {
        let defaults = AdaptiveClipConfig::default();
        self.adaptive_clip.then(|| AdaptiveClipConfig {
            quantile: self.target_quantile.unwrap_or(defaults.quantile),
            learning_rate: self.clip_lr.unwrap_or(defaults.learning_rate),
            count_noise: self.count_noise,
            ..defaults
        })
    }

    fn task(&self) -> anyhow::Result<TaskChoice> {
        let task = self.task.as_deref().unwrap_or("interest");
        if Path::new(task).extension().is_none_or(|e| e != "toml") {
            return Ok(TaskChoice::Field(task.to_owned()));
        }
        let text = std::fs::read_to_string(task).with_context(|| format!("--task {task}"))?;
        TaskChoice::from_toml(&text).with_context(|| format!("--task {task}"))
    }

    fn data(&self, task: &TaskChoice, config: &SimulationConfig) -> anyhow::Result<Dataset> {
        match (&self.data, self.population) {
            (_, Some(users)) => {
                let made = SynthConfig { users, seed: self.seed, ..SynthConfig::default() };
                Ok(Dataset::of_population(made, config)?)
            }
            (Some(path), None) => {
                let options = ReadOptions { strict: self.strict, ..ReadOptions::default() };
                Ok(Dataset::load(path, &options, task, config)?)
            }
            (None, None) => bail!(Usage("--data: expected a file, or --population".into())),
        }
    }

    fn engine(&self) -> anyhow::Result<(Arc<dyn Engine>, String)> {
        let backend = if self.backend == Backend::Auto { Backend::Native } else { self.backend };
        let chosen = choose(backend)?;
        Ok((chosen.engine, chosen.why))
    }
}

fn encoder(text: &str) -> anyhow::Result<EncoderChoice> {
    match text.split_once(':') {
        None if text == "bag" => Ok(EncoderChoice::Bag),
        None if text == "transformer" => Ok(EncoderChoice::Transformer),
        Some(("bag", dim)) => {
            let width = dim.parse().with_context(|| format!("--encoder bag:{dim}: expected a width"))?;
            Ok(EncoderChoice::TrainedBag(width))
        }
        _ => bail!(Usage(format!("--encoder: expected bag, bag:DIM or transformer, found {text}"))),
    }
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let config = args.config()?;
    let task = args.task()?;
    let (engine, why) = args.engine()?;
    Staging::try_out(&args.out)?;
    let data = args.data(&task, &config)?;
    if json {
        introduce_json(&data, &config, &why)?;
    } else {
        introduce(&data, &config, &why)?;
    }
    let devices = u64::from(config.group_of(data.train.len())?) * u64::from(config.groups);
    let rounds = config.queries()?.rounds();
    let bar = terminal::bar(rounds * devices, json);
    let watched = Watched { engine: engine.as_ref(), bar: &bar };
    let (mut failure, started) = (None, Instant::now());
    let result = run_rounds(&data, &config, &watched, &mut |record| {
        bar.set_message(format!("devices, round {}: {}", record.round, describe(record)));
        let shown = if json {
            terminal::json_event("round", record)
        } else if bar.is_hidden() {
            let left = started.elapsed().as_secs_f64() / record.round as f64 * (rounds - record.round) as f64;
            terminal::line(&format!("  round {}: {} (about {left:.0} s left)", record.round, describe(record)))
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
    conclude(args, &data, &config, &result, &summary, json)
}

fn describe(r: &RoundRecord) -> String {
    let lost = if r.groups_lost > 0 {
        format!("{} of {} groups left out ", r.groups_lost, r.groups + r.groups_lost)
    } else {
        String::new()
    };
    let part = |name: &str, value: Option<f64>| value.map_or_else(String::new, |v| format!("{name} {v:.3} "));
    let figure = |name: &str, value: Option<Option<Estimate>>| {
        value.map_or_else(String::new, |value| format!("{name} {} ", percent_with_error(value)))
    };
    let private = figure("private accuracy", r.evaluation.as_ref().map(|private| private.accuracy));
    let counted = if r.label_counts.is_some() { "labels counted " } else { "" };
    format!(
        "cohort {}/{} {}{private}{counted}{}{}{}{}up {} down {}",
        r.reports,
        r.invited,
        lost,
        part("accuracy", r.accuracy),
        part("loss", r.loss),
        part("epsilon", r.epsilon),
        part("clip", r.within_clip.map(|_| r.clip)),
        terminal::bytes(r.bytes_up),
        terminal::bytes(r.bytes_down)
    )
}

fn conclude(
    args: &Args,
    data: &Dataset,
    config: &SimulationConfig,
    result: &RunResult,
    summary: &Summary,
    json: bool,
) -> anyhow::Result<()> {
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
    let told = report_data(data, config, result, summary).told_privately;
    told.iter().try_for_each(|(name, line)| terminal::line(&format!("{name}: {line}")))?;
    terminal::line(&format!(
        "{:.1} s, {:.1} of them training ({:.2} s a round), {} MiB peak; report: {}",
        summary.seconds,
        summary.seconds_training,
        summary.seconds_per_round,
        summary.peak_rss_mib,
        args.out.join("report.html").display()
    ))
}
