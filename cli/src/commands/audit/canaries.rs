//! `silhouette audit canaries`: made-up people in a real federation, each there or not by a coin.

use std::path::PathBuf;

use anyhow::{Context, bail};
use silhouette_privacy::Mode;
use silhouette_simulation::audit::canaries::{CanaryConfig, CanaryError, Membership, Outcome, run as audit};
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{DatasetError, TaskChoice};
use silhouette_text::{Event, ReadOptions, read_all};

use super::{Verdict, threads};
use crate::terminal::{self, Usage};

/// Guess from a federation's models which made-up people were in it: a lower bound on epsilon.
///
/// The one-run audit of Steinke, Nasr and Jagielski (2023): canary users are in or out by the toss of a
/// coin; the best-looking guesses are made, the rest abstained from. Beside it membership inference at
/// fixed rates of false positives, and a one-shot estimate in the manner of Andrew et al. (2023).
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette audit canaries
  silhouette audit canaries --data people.jsonl --task interest --epsilon 8 --rounds 20
  silhouette audit canaries --control no-noise")]
pub(crate) struct Args {
    /// People to train on beside the canaries: JSON Lines, CSV or a folder of texts [default: made up]
    #[arg(long, requires = "task")]
    data: Option<PathBuf>,
    /// The column of --data that holds the label.
    #[arg(long, requires = "data")]
    task: Option<String>,
    /// People to make up where --data is absent.
    #[arg(long, default_value_t = 60, conflicts_with = "data")]
    people: usize,
    /// Canary users. Each needs a feature that no person's texts hold: more of them need more --buckets.
    #[arg(long, default_value_t = 2_000)]
    canaries: usize,
    /// Coins to guess, an even number; fixed beforehand. The others are abstained from.
    #[arg(long, default_value_t = 400)]
    guesses: usize,
    /// Who adds the noise.
    #[arg(long, default_value = "central")]
    mode: Mode,
    /// The claim over all rounds, per user: epsilon.
    #[arg(long, default_value_t = 4.0)]
    epsilon: f64,
    /// The claim: delta.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// Rounds; everybody is in each.
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Hash buckets as a power of two [default: the recipe's, 14]
    #[arg(long)]
    buckets: Option<u8>,
    /// Leave the noise out on purpose; passes if the claim is then found broken.
    #[arg(long, value_enum)]
    control: Option<Control>,
    /// Seed of everything.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Worker threads [default: all CPUs]; the result does not depend on it.
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Control {
    /// The same federation without any noise.
    NoNoise,
}

impl Args {
    fn people(&self) -> anyhow::Result<(Vec<Event>, TaskChoice)> {
        if let (Some(data), Some(task)) = (&self.data, &self.task) {
            let (events, _) = read_all(data, &ReadOptions::default()).with_context(|| format!("{}", data.display()))?;
            return Ok((events, TaskChoice::Field(task.clone())));
        }
        let config = SynthConfig { users: self.people, seed: self.seed, ..SynthConfig::default() };
        let population = Population::generate(config).map_err(|e| Usage(format!("--people: {e}")))?;
        Ok((population.events().cloned().collect(), TaskChoice::Field("interest".into())))
    }

    fn config(&self) -> CanaryConfig {
        CanaryConfig {
            canaries: self.canaries,
            guesses: self.guesses,
            mode: self.mode,
            epsilon: self.epsilon,
            delta: self.delta,
            rounds: self.rounds,
            without_noise: self.control.is_some(),
            buckets_log2: self.buckets,
            seed: self.seed,
            threads: threads(self.threads),
        }
    }
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let (people, choice) = args.people()?;
    let bar = terminal::bar(args.rounds, json);
    bar.set_message("rounds");
    let outcome = audit(people, &choice, &args.config(), &mut |_| bar.inc(1));
    bar.finish_and_clear();
    let outcome = match outcome {
        Err(error @ CanaryError::Setting { .. }) => bail!(Usage(format!("--{error}"))),
        Err(CanaryError::Config(error) | CanaryError::Dataset(DatasetError::Config(error))) => {
            bail!(Usage(error.to_string()))
        }
        other => other?,
    };
    if json {
        terminal::json_event("canaries", &outcome)?;
    } else {
        show(&outcome)?;
    }
    judge(args, &outcome, json)
}

fn show(o: &Outcome) -> anyhow::Result<()> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let number = |epsilon: f64| format!("{epsilon:.4}");
    terminal::line("One-run audit (unit: user; adjacency: add or remove one user; view: the published models)")?;
    terminal::table(&[
        row("canaries, beside people", format!("{}, {}", o.canaries, o.people)),
        row("rounds, noise multiplier z of each", format!("{}, {:.4}", o.rounds, o.noise_multiplier)),
        row("epsilon claimed, at delta", format!("{}, {:e}", o.epsilon_claimed, o.delta)),
        row("epsilon of the same noise by the tight account", number(o.epsilon_tight)),
        row("guesses, right ones", format!("{}, {}", o.guesses.made, o.guesses.right)),
        row("epsilon is at least (95% confidence)", number(o.epsilon_lower)),
        row(
            "one-shot estimate (no bound)",
            o.epsilon_estimate.map_or_else(|| "beyond all accounts".to_owned(), number),
        ),
    ])?;
    terminal::line("Membership inference")?;
    o.membership.iter().try_for_each(|m| terminal::line(&rates(m)))
}

fn rates(m: &Membership) -> String {
    format!(
        "  at {} false positives: {:.4} found; true positives {:.4}, surely {:.4}; allowed {:.4}",
        m.target,
        m.false_positive_rate(),
        m.true_positive_rate(),
        m.at_least,
        m.allowed
    )
}

fn judge(args: &Args, outcome: &Outcome, json: bool) -> anyhow::Result<()> {
    let broken = outcome.epsilon_lower > outcome.epsilon_claimed;
    let (passed, reason) = match (args.control, outcome.keeps_the_claim()) {
        (Some(_), _) if broken => (true, "the claim was found broken"),
        (Some(_), _) => (false, "the claim was not found broken; try more --canaries and --guesses"),
        (None, true) => (true, "the attack shows no more than is claimed"),
        (None, false) => (false, "the attack shows more than is claimed"),
    };
    Verdict { audit: "canaries", control: args.control.map(|_| "no-noise"), passed, reason }.give(json)
}
