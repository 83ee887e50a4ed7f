//! `silhouette audit egress`: does anything a person wrote leave their device?

use anyhow::bail;
use silhouette_privacy::Mode;
use silhouette_simulation::audit::egress::{EgressConfig, EgressError, Fault, Finding, Log, Outcome, run as audit};

use super::Verdict;
use crate::terminal::{self, Usage};

/// Search every byte around a real federation for one person's words.
///
/// A real aggregator and real devices run over QUIC on this machine; a tap ends the encryption. What is
/// sent and received, logged, stored on both sides, shown and told is searched for made-up Chinese and
/// English words: as UTF-8, UTF-16, base64, hex, escapes of JSON and addresses, lists of bytes, and runs
/// of feature numbers.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette audit egress
  silhouette audit egress --mode distributed --devices 5 --json
  silhouette audit egress --control plant")]
pub(crate) struct Args {
    /// Who adds the noise; each mode named runs a federation of its own.
    #[arg(long, value_delimiter = ',', default_value = "central,distributed")]
    mode: Vec<Mode>,
    /// Devices, all of them in every round.
    #[arg(long, default_value_t = 3)]
    devices: usize,
    /// Rounds.
    #[arg(long, default_value_t = 2)]
    rounds: u64,
    /// Put the words into a log line, frames and files on purpose; passes if all of them are found.
    #[arg(long, value_enum)]
    control: Option<Control>,
    /// Seed of the people's other texts.
    #[arg(long, default_value_t = 5)]
    seed: u64,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Control {
    /// Leaks of five kinds.
    Plant,
}

pub(crate) fn run(args: &Args, log: &Log, json: bool) -> anyhow::Result<()> {
    let runtime = terminal::runtime()?;
    let mut outcomes = Vec::new();
    let bar = terminal::bar(4 * args.mode.len() as u64, json);
    for &mode in &args.mode {
        let config = EgressConfig {
            devices: args.devices,
            rounds: args.rounds,
            seed: args.seed,
            fault: args.control.map(|_| Fault::Plant),
            ..EgressConfig::new(mode)
        };
        let progress = |doing: &str| {
            bar.set_message(format!("{mode}: {doing}"));
            bar.inc(1);
        };
        let outcome = match runtime.block_on(audit(&config, log, &progress)) {
            Err(error @ EgressError::Setting { .. }) => bail!(Usage(format!("--{error}"))),
            other => other?,
        };
        if json {
            terminal::json_event("egress", &outcome)?;
        } else {
            bar.suspend(|| show(&outcome))?;
        }
        outcomes.push(outcome);
    }
    bar.finish_and_clear();
    judge(args, &outcomes, json)
}

fn show(o: &Outcome) -> anyhow::Result<()> {
    terminal::line(&format!(
        "Mode {}: {} devices, {} rounds, {} vectors uploaded; {} words as {} byte strings",
        o.mode,
        o.devices,
        o.rounds,
        o.uploads,
        o.words.len(),
        o.needles
    ))?;
    for place in &o.searched {
        let found = o.found.iter().filter(|finding| finding.place == place.name).count();
        terminal::line(&format!(
            "  {:<20}{:>8} {:<7}{:>10}  found: {found}",
            place.name,
            place.pieces,
            place.unit,
            terminal::bytes(place.bytes)
        ))?;
    }
    o.found.iter().try_for_each(|finding| terminal::line(&describe(finding)))
}

fn describe(finding: &Finding) -> String {
    let file = finding.file.as_ref().map_or_else(String::new, |file| format!(" ({})", file.display()));
    format!("    {}{file}: {} as {}", finding.place, finding.word, finding.spelling)
}

fn judge(args: &Args, outcomes: &[Outcome], json: bool) -> anyhow::Result<()> {
    let (passed, reason) = match args.control {
        Some(Control::Plant) if outcomes.iter().all(Outcome::found_what_was_planted) => {
            (true, "every leak made on purpose was found")
        }
        Some(Control::Plant) => (false, "a leak made on purpose was not found"),
        None if outcomes.iter().all(Outcome::is_clean) => (true, "none of the words was found anywhere"),
        None => (false, "words of a person were found outside of their store"),
    };
    Verdict { audit: "egress", control: args.control.map(|_| "plant"), passed, reason }.give(json)
}
