//! `silhouette encode`: people's texts as numbers in a file, from which simulations read each device in its turn.

use std::path::{Path, PathBuf};

use anyhow::Context;
use silhouette_simulation::{Dataset, Settings, TaskChoice, write_encoded};
use silhouette_text::ReadOptions;

use crate::people::skipped;
use crate::terminal::{self, Usage};

/// Clean and encode every person of a file once, for many runs of `silhouette simulate`.
///
/// A run over the result keeps 16 bytes a person in memory and has the same model, bit for bit, as one over the texts.
/// Who has the file can guess common words of each person's: keep it as you keep the texts.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette encode --data people.jsonl --task interest --out people.silx
  silhouette encode --data leaf/data --task y --encoder transformer --out people.silx
  silhouette encode --data people.jsonl --task interest --encoder bert --encoder-weights all-MiniLM-L6-v2
  silhouette simulate --data people.silx --epsilon 8 --out run/")]
pub(crate) struct Args {
    /// JSON Lines, CSV or LEAF's JSON (each also .gz), a folder of .txt files, or one of LEAF's, with train and test.
    #[arg(long)]
    data: PathBuf,
    /// The column that holds the label, or a task file (.toml).
    #[arg(long)]
    task: String,
    /// The file of encoded people.
    #[arg(long, default_value = "people.silx")]
    out: PathBuf,
    /// Encode for runs without noise (none) or with it: the default encoder fits the noise [default: central]
    #[arg(long, value_parser = ["none", "central", "local", "distributed"])]
    mode: Option<String>,
    /// Encode for runs of this epsilon [default: 8]
    #[arg(long)]
    epsilon: Option<f64>,
    /// Encode for runs of this delta [default: 1e-5]
    #[arg(long)]
    delta: Option<f64>,
    /// bag, bag:DIM (trained table of that width), transformer, or bert, a published sentence encoder whose weights
    /// --encoder-weights has [default: the task file's, else bag]
    #[arg(long)]
    encoder: Option<String>,
    /// The folder of a sentence encoder of the BERT family: config.json, a vocabulary, model.safetensors.
    #[arg(long, value_name = "DIR")]
    encoder_weights: Option<PathBuf>,
    /// Hash buckets as a power of two [default: the recipe's]
    #[arg(long)]
    buckets: Option<u8>,
    /// Deal the rows to made-up people, as simulate does.
    #[arg(long, value_name = "SKEW")]
    partition: Option<String>,
    /// How many people --partition makes up.
    #[arg(long, requires = "partition")]
    people: Option<usize>,
    /// Seed of the partition [default: 7]
    #[arg(long)]
    seed: Option<u64>,
    /// Worker threads [default: all CPUs]; the result does not depend on it.
    #[arg(long)]
    threads: Option<usize>,
    /// Stop at the first bad row instead of counting and skipping it.
    #[arg(long)]
    strict: bool,
}

impl Args {
    fn settings(&self) -> Settings {
        Settings {
            mode: self.mode.clone(),
            epsilon: self.epsilon,
            delta: self.delta,
            encoder: self.encoder.clone(),
            encoder_weights: self.encoder_weights.clone(),
            buckets: self.buckets,
            partition: self.partition.clone(),
            people: self.people,
            seed: self.seed,
            threads: self.threads,
            ..Settings::default()
        }
    }
}

/// The task that `--task` names: a column, or a file of TOML.
pub(crate) fn task_of(task: &str) -> anyhow::Result<TaskChoice> {
    if Path::new(task).extension().is_none_or(|e| e != "toml") {
        return Ok(TaskChoice::Field(task.to_owned()));
    }
    let text = std::fs::read_to_string(task).with_context(|| format!("--task {task}"))?;
    TaskChoice::from_toml(&text).with_context(|| format!("--task {task}"))
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let config = args.settings().config().map_err(|error| Usage(error.to_string()))?;
    config.validate().map_err(|error| Usage(error.to_string()))?;
    let options = ReadOptions { strict: args.strict, ..ReadOptions::default() };
    let data = Dataset::load(&args.data, &options, &task_of(&args.task)?, &config)?;
    write_encoded(&data, &args.out).with_context(|| format!("--out {}", args.out.display()))?;
    let bytes = std::fs::metadata(&args.out).with_context(|| format!("--out {}", args.out.display()))?.len();
    let (train, test, texts) = (data.train.len(), data.test.len(), data.train.examples() + data.test.examples());
    if json {
        return terminal::json_line(&serde_json::json!({
            "out": args.out, "users": train, "users_test": test, "texts": texts, "bytes": bytes,
            "encoder": data.task.encoder.describe(), "read": data.read, "duplicates": data.duplicates,
            "notes": data.notes,
        }));
    }
    skipped(&data.read).iter().try_for_each(|line| terminal::line(line))?;
    data.notes.iter().try_for_each(|note| terminal::line(&format!("note: {note}")))?;
    terminal::line(&format!(
        "{train} people who train and {test} held out, {texts} texts, {} in {}",
        terminal::bytes(bytes),
        args.out.display()
    ))?;
    terminal::line(&format!("next: silhouette simulate --data {} --out run/", args.out.display()))
}
