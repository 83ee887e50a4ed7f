//! `silhouette advise`: which encoder fits a device and a promise.

use silhouette_engine::{Backend, choose};
use silhouette_simulation::advise::{Advice, Fit, Needs, advise};

use crate::terminal;

/// Weigh the encoders for a device, a network and a promise, and name the one to take.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette advise --ram 200 --cohort 500 --labels 10
  silhouette advise --ram 64 --megabytes 0.5 --epsilon 2 --cohort 2000 --json
  silhouette advise --no-privacy --cohort 100")]
pub(crate) struct Args {
    /// Memory that a device can spare, in MiB.
    #[arg(long, default_value_t = 200.0)]
    ram: f64,
    /// Megabytes that a device may send in a round.
    #[arg(long, default_value_t = 10.0)]
    megabytes: f64,
    /// Devices in a round.
    #[arg(long, default_value_t = 500)]
    cohort: u32,
    /// Rounds.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// Labels of all heads together.
    #[arg(long, default_value_t = 10)]
    labels: usize,
    /// The promise: epsilon over all rounds, per user.
    #[arg(long, default_value_t = 8.0)]
    epsilon: f64,
    /// The promise: delta.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// Without a promise.
    #[arg(long, conflicts_with_all = ["epsilon", "delta"])]
    no_privacy: bool,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let needs = Needs {
        ram_mib: args.ram,
        cohort: args.cohort,
        rounds: args.rounds,
        labels: args.labels,
        epsilon: (!args.no_privacy).then_some(args.epsilon),
        delta: args.delta,
        megabytes: args.megabytes,
    };
    let chosen = choose(Backend::Native)?;
    let weighed = advise(&needs, chosen.engine.as_ref())?;
    let take = weighed.iter().find(|advice| advice.fit == Fit::Fits);
    if json {
        let take = take.map(|advice| &advice.encoder);
        return terminal::json_line(&serde_json::json!({ "encoders": weighed, "take": take }));
    }
    terminal::line(&format!(
        "{:<40} {:>10} {:>9} {:>8} {:>8} {:>9} {:>7}",
        "--encoder", "parameters", "RAM, MiB", "up, MB", "down, MB", "ms a text", "noise"
    ))?;
    weighed.iter().try_for_each(|advice| terminal::line(&row(advice)))?;
    terminal::line(&match take {
        Some(advice) => format!(
            "\nTake --encoder {}: of those that fit it is the most accurate where it was measured (docs/benchmarks.md).",
            advice.encoder
        ),
        None => "\nNone fits: give it more memory or network, more devices in a round, or a larger epsilon.".to_owned(),
    })?;
    terminal::line(
        "Sentence encoders of the BERT family need their own weights (--encoder-weights) and are weighed by hand: docs/encoders.md.",
    )
}

fn row(advice: &Advice) -> String {
    let why = match advice.fit {
        Fit::Memory => "  too much memory",
        Fit::Network => "  too much to send",
        Fit::Noise => "  drowned by the noise",
        _ => "",
    };
    format!(
        "{:<40} {:>10} {:>9.0} {:>8.2} {:>8.2} {:>9.3} {:>7.3}{why}",
        advice.encoder,
        advice.parameters,
        advice.ram_mib,
        advice.megabytes_up,
        advice.megabytes_down,
        advice.milliseconds,
        advice.noise
    )
}
