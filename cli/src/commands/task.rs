//! `silhouette task`: a task's terms, signed by an owner that need not be the aggregator.

mod inspect;

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;
use silhouette_aggregator::ownership::{owner_key, round_public_key};
use silhouette_aggregator::{Plan, TaskConfig, TaskFile, endorser_public_key};
use silhouette_wire::{ContentHash, TaskTerms};

use crate::terminal;

/// Sign the terms of a task as its owner, or see what was signed.
///
/// The owner signs once, away from the aggregator: every term of every round, and the key of the one
/// aggregator that may run them. The aggregator then chooses each round's model and seed, an
/// adaptive clip within its bound, and nothing else; devices check both signatures.
#[derive(clap::Args)]
#[command(after_help = "Examples, in this order:
  silhouette task round-key --folder aggregator            (the operator: prints a key to hand over)
  silhouette task sign --config task.toml --owner owner.key --round-key KEY --out task.signed
  silhouette task inspect task.signed
  silhouette serve --config task.toml --folder aggregator --task task.signed
  silhouette enroll --device my-device --owner OWNER ...   (devices pin the owner)")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print the public key with which this folder's aggregator signs rounds; make it if there is none.
    RoundKey {
        /// The aggregator's folder.
        #[arg(long, default_value = "aggregator")]
        folder: PathBuf,
    },
    /// Print the public key with which this folder's enrolment authority endorses devices for the active
    /// mode; make it if there is none.
    EndorserKey {
        /// The folder of the aggregator that enrols the devices.
        #[arg(long, default_value = "aggregator")]
        folder: PathBuf,
    },
    /// Sign a task's terms as its owner.
    Sign(SignArgs),
    /// Say in words what a signed task allows, and what it costs a device.
    Inspect(inspect::Args),
}

#[derive(clap::Args)]
struct SignArgs {
    /// The task and its terms, TOML, as the aggregator will be given them.
    #[arg(long)]
    config: PathBuf,
    /// The owner's key file; made, readable by nobody else, if it is not there. Keep it away from the
    /// aggregator.
    #[arg(long)]
    owner: PathBuf,
    /// The aggregator's round key, from `silhouette task round-key`.
    #[arg(long, value_name = "KEY")]
    round_key: ContentHash,
    /// The endorser of devices, from `silhouette task endorser-key`: needed if, and only if, the
    /// configuration says active_mode.
    #[arg(long, value_name = "KEY")]
    endorser: Option<ContentHash>,
    /// Where the signed task goes.
    #[arg(long, default_value = "task.signed")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    match &args.what {
        What::RoundKey { folder } => print_round_key(folder, json),
        What::EndorserKey { folder } => print_endorser_key(folder, json),
        What::Sign(args) => sign(args, json),
        What::Inspect(args) => inspect::run(args, json),
    }
}

fn print_round_key(folder: &Path, json: bool) -> anyhow::Result<()> {
    let key = ContentHash(round_public_key(folder).with_context(|| format!("--folder {}", folder.display()))?);
    if json { terminal::json_line(&json!({ "round_key": key.to_string() })) } else { terminal::line(&key.to_string()) }
}

fn print_endorser_key(folder: &Path, json: bool) -> anyhow::Result<()> {
    let key = ContentHash(endorser_public_key(folder).with_context(|| format!("--folder {}", folder.display()))?);
    if json { terminal::json_line(&json!({ "endorser": key.to_string() })) } else { terminal::line(&key.to_string()) }
}

fn sign(args: &SignArgs, json: bool) -> anyhow::Result<()> {
    let config = TaskConfig::load(&args.config).with_context(|| format!("--config {}", args.config.display()))?;
    let plan = Plan::new(config).with_context(|| format!("--config {}", args.config.display()))?;
    if plan.config().active_mode != args.endorser.is_some() {
        let needed = if plan.config().active_mode { "needed: active_mode is set" } else { "active_mode is not set" };
        return Err(terminal::Usage(format!("--endorser: {needed} in {}", args.config.display())).into());
    }
    let terms = plan.task_terms(args.round_key.0, args.endorser.map(|key| key.0))?;
    let made = !args.owner.exists();
    let owner = owner_key(&args.owner).with_context(|| format!("--owner {}", args.owner.display()))?;
    let file = TaskFile::sign(&terms, &owner)?;
    file.store(&args.out)?;
    let public = ContentHash(owner.verifying_key().to_bytes());
    if json {
        return terminal::json_line(&json!({
            "signed": args.out, "owner": public.to_string(), "owner_key_made": made, "task": terms.last_round.task,
        }));
    }
    if made {
        terminal::line(&format!("made the owner's key {}: keep it, and keep it to yourself", args.owner.display()))?;
    }
    terminal::line(&format!("signed {} as {public}", args.out.display()))?;
    terminal::line(&format!("devices pin the owner: silhouette enroll --owner {public} ..."))
}
