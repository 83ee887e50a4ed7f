//! `silhouette synth`: a made-up population with known profiles.

use std::path::PathBuf;

use anyhow::Context;
use silhouette_simulation::synth::{Population, SynthConfig};

use crate::terminal;

/// Write a made-up bilingual population with known profiles.
#[derive(clap::Args)]
#[command(after_help = "Example: silhouette synth --users 500 --seed 3 --out people.jsonl")]
pub(crate) struct Args {
    /// People to make up.
    #[arg(long, default_value_t = 200)]
    users: usize,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The file of texts, JSON Lines.
    #[arg(long, default_value = "people.jsonl")]
    out: PathBuf,
    /// Also write each person's planted profile here, JSON.
    #[arg(long)]
    truth: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let config = SynthConfig { users: args.users, seed: args.seed, ..SynthConfig::default() };
    let people = Population::generate(config)?;
    people.write_jsonl(&args.out).with_context(|| format!("writing {}", args.out.display()))?;
    if let Some(truth) = &args.truth {
        people.write_truth(truth).with_context(|| format!("writing {}", truth.display()))?;
    }
    let texts = people.events().count();
    if json {
        return terminal::json_line(&serde_json::json!({ "users": args.users, "texts": texts, "out": args.out }));
    }
    terminal::line(&format!("{} people with {texts} texts in {}", args.users, args.out.display()))?;
    terminal::line(&format!("next: silhouette simulate --data {} --task interest --out run/", args.out.display()))
}
