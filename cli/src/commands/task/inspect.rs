//! What a signed task allows, for the person who has to agree to it.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};
use silhouette_aggregator::TaskFile;
use silhouette_client::DeviceFolder;
use silhouette_privacy::accounting::{Delta, Rho, zcdp};
use silhouette_privacy::{Charge, Mode};
use silhouette_wire::{ContentHash, Correlation, Manifest, TaskTerms};

use crate::terminal;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette task inspect task.signed
  silhouette task inspect task.signed --owner 5f0c... --device my-device --json")]
pub(crate) struct Args {
    /// The signed task.
    file: PathBuf,
    /// The owner's public key, as the owner published it: anybody else's signature is refused.
    #[arg(long, value_name = "KEY")]
    owner: Option<ContentHash>,
    /// Say whether this device's policy accepts the terms.
    #[arg(long, value_name = "FOLDER")]
    device: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let file = TaskFile::load(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let owner = ContentHash(file.owner().to_bytes());
    if let Some(expected) = args.owner.filter(|expected| *expected != owner) {
        anyhow::bail!("{}: expected the owner {expected}, found {owner}", args.file.display());
    }
    let terms = file.verify().with_context(|| args.file.display().to_string())?;
    let cost = Cost::of(&terms)?;
    let verdict = args.device.as_ref().map(|folder| verdict(folder, &terms, &cost)).transpose()?;
    if json {
        return terminal::json_line(&as_json(args, owner, &terms, &cost, verdict.as_ref()));
    }
    show(args, owner, &terms, &cost)?;
    match verdict {
        Some(Ok(())) => terminal::line("This device's policy accepts these terms."),
        Some(Err(refusal)) => terminal::line(&format!("This device's policy refuses these terms: {refusal}")),
        None => Ok(()),
    }
}

/// What the device's policy says, budget included: a task may ask for more than the person ever gives,
/// in which case the device leaves early.
fn verdict(folder: &PathBuf, terms: &TaskTerms, cost: &Cost) -> anyhow::Result<Result<(), String>> {
    let device = DeviceFolder::open(folder).with_context(|| format!("--device {}", folder.display()))?;
    let policy = device.policy();
    let accepted = policy.terms.accepts(terms).map_err(|refusal| refusal.to_string());
    let most = policy.budget.task_rho;
    Ok(accepted.and_then(|()| match cost.rho <= most {
        true => Ok(()),
        false => Err(format!("budget: all rounds cost rho {:.6}, this device gives a task {most}", cost.rho)),
    }))
}

/// What a device gives away, as its ledger will count it.
struct Cost {
    participations: u64,
    rho: f64,
    epsilon: f64,
    epsilon_of_one: f64,
}

impl Cost {
    /// Of all kinds of query. How the rounds fall on the kinds is not signed, so the most that they could cost is
    /// what is said: a device joins as many rounds as their number and separation allow, the dearest first, each kind
    /// as often as it may.
    fn of(terms: &TaskTerms) -> anyhow::Result<Self> {
        let last = &terms.last_round;
        let delta = Delta::new(last.delta)?;
        let mut kinds: Vec<(Charge, u64)> = terms
            .kinds()
            .map(|kind| anyhow::Ok((Charge::of(kind.rho)?, u64::from(kind.max_participations))))
            .collect::<Result<_, _>>()?;
        kinds.sort_by_key(|&(charge, _)| std::cmp::Reverse(charge));
        let (mut left, mut billionths) = (last.round.div_ceil(u64::from(last.min_separation)), 0_u64);
        let participations = left.min(kinds.iter().fold(0, |sum: u64, &(_, most)| sum.saturating_add(most)));
        for (charge, most) in kinds {
            let times = most.min(left);
            left -= times;
            billionths = billionths.saturating_add(if times > 0 { charge.times(times).billionths() } else { 0 });
        }
        let rho = billionths as f64 / 1e9;
        let epsilon = |rho| anyhow::Ok(zcdp::epsilon(Rho::new(rho)?, delta).get());
        Ok(Self { participations, rho, epsilon: epsilon(rho)?, epsilon_of_one: epsilon(Charge::of(last.rho)?.rho())? })
    }
}

fn trust(mode: Mode) -> &'static str {
    match mode {
        Mode::Central => "central: the aggregator sees every device's update and adds the noise; it has to be trusted",
        Mode::Local => "local: every device adds all the noise itself; nobody has to be trusted",
        Mode::Distributed => "distributed: the aggregator sees the noisy sum of many devices only",
    }
}

fn show(args: &Args, owner: ContentHash, terms: &TaskTerms, cost: &Cost) -> anyhow::Result<()> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let last = &terms.last_round;
    let known = if args.owner.is_some() { "the one expected" } else { "compare with what the owner published" };
    terminal::line(&format!("Task {}, signed by its owner; the signature holds", last.task))?;
    let mut rows = vec![
        row("owner", format!("{owner} ({known})")),
        row("rounds", format!("1 to {}, signed by the aggregator's key {}", last.round, ContentHash(terms.round_key))),
        row("mode", trust(last.mode).to_owned()),
        row("a round", format!("{} devices, no result from fewer than {}", last.cohort, last.min_reports)),
        row(
            "devices vouched for",
            match terms.endorser {
                Some(key) => format!(
                    "by the authority {}; masked rounds run in the active mode, which protects from the aggregator \
                     as far as it is not that authority",
                    ContentHash(key)
                ),
                None => "by nobody whom the owner named".to_owned(),
            },
        ),
        row("a device's part", part(last)),
        row("noise multiplier", noise(last)),
        row("assumed corrupt", format!("{:.0} % of a round's devices", last.corrupt_fraction * 100.0)),
        row(
            "one round costs",
            format!("rho {:.6}: epsilon {:.3} at delta {:e}", last.rho, cost.epsilon_of_one, last.delta),
        ),
        row(
            "all rounds cost",
            format!(
                "rho {:.6}: epsilon {:.3}, for the {} rounds at most that one device joins",
                cost.rho, cost.epsilon, cost.participations
            ),
        ),
        row("local work", format!("{} epochs in batches of {}", last.training.epochs, last.training.batch)),
        row("deadline", format!("{:.0} s", last.deadline_ms as f64 / 1e3)),
    ];
    for other in terms.also.as_slice() {
        rows.push(row(
            &format!("beside training: {}", other.query),
            format!(
                "{}, noise multiplier {}, rho {:.6} a round, at most {} rounds of it",
                part(other),
                noise(other),
                other.rho,
                other.max_participations
            ),
        ));
    }
    if last.held_out > 0 {
        rows.push(row("kept out of training", format!("{} % of all texts, which are evaluated", last.held_out)));
    }
    terminal::table(&rows)?;
    let clip = if last.adaptive_clip.is_some() { ", the clip within its bound," } else { "" };
    terminal::line(&format!("The aggregator chooses each round's model and seed{clip} and nothing else."))
}

fn part(last: &Manifest) -> String {
    match last.adaptive_clip {
        None => format!("{} numbers of norm at most {}", last.dimension, last.clip),
        Some(adaptive) => format!(
            "{} numbers of norm at most {} in the first round, then as the clip moves, never above {}; and whether \
             the norm was within the clip",
            last.dimension, last.clip, adaptive.largest
        ),
    }
}

fn noise(last: &Manifest) -> String {
    let z = last.noise_multiplier;
    match (last.correlation, last.adaptive_clip) {
        (Correlation::Tree { rounds }, _) => {
            format!("{z:.4} on each node of a tree of noise over {rounds} rounds, in units of that norm")
        }
        (_, Some(adaptive)) => format!(
            "{z:.4} on numbers and count together; {} devices on the count of those within the clip",
            adaptive.count_noise
        ),
        _ => format!("{z:.4} (noise on the sum, in units of that norm)"),
    }
}

fn as_json(
    args: &Args,
    owner: ContentHash,
    terms: &TaskTerms,
    cost: &Cost,
    verdict: Option<&Result<(), String>>,
) -> Value {
    let last = &terms.last_round;
    json!({
        "task": last.task, "owner": owner.to_string(), "owner_expected": args.owner.is_some(),
        "round_key": ContentHash(terms.round_key).to_string(),
        "endorser": terms.endorser.map(|key| ContentHash(key).to_string()),
        "rounds": last.round, "mode": last.mode, "cohort": last.cohort, "min_reports": last.min_reports,
        "dimension": last.dimension, "clip": last.clip, "noise_multiplier": last.noise_multiplier,
        "adaptive_clip": last.adaptive_clip, "correlation": last.correlation,
        "corrupt_fraction": last.corrupt_fraction, "modulus_bits": last.modulus_bits, "clip_units": last.clip_units,
        "rho_per_round": last.rho, "epsilon_per_round": cost.epsilon_of_one, "delta": last.delta,
        "participations": cost.participations, "rho": cost.rho, "epsilon": cost.epsilon,
        "held_out": last.held_out,
        "also": terms.also.as_slice().iter().map(|other| json!({
            "query": other.query.name(), "dimension": other.dimension, "noise_multiplier": other.noise_multiplier,
            "rho_per_round": other.rho, "max_participations": other.max_participations,
        })).collect::<Vec<_>>(),
        "max_participations": last.max_participations, "min_separation": last.min_separation,
        "deadline_ms": last.deadline_ms, "epochs": last.training.epochs, "batch": last.training.batch,
        "accepted": verdict.map(Result::is_ok),
        "refusal": verdict.and_then(|v| v.as_ref().err()),
    })
}
