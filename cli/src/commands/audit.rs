//! `silhouette audit`: attacks on this program's own code, held against what it promises.

mod canaries;
mod egress;
mod mechanism;

use anyhow::bail;
use silhouette_simulation::audit::egress::Log;

use crate::terminal;

/// Attack this program's own code and hold what that shows against the promise.
///
/// A passed audit does not prove the promise; a failed one disproves it. Every audit has a control,
/// in which the promise is broken on purpose: a control passes if the audit notices.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette audit mechanism
  silhouette audit canaries --epsilon 4 --control no-noise
  silhouette audit egress --mode distributed --json

Exit codes: 0 the promise was kept (in a control: the break was noticed), 1 it was not, or the audit
could not be made, 2 the command line can't be used.")]
pub(crate) struct Args {
    #[command(subcommand)]
    audit: Audit,
}

#[derive(clap::Subcommand)]
enum Audit {
    Mechanism(mechanism::Args),
    Canaries(canaries::Args),
    Egress(egress::Args),
}

impl Args {
    /// Where everything that is logged has to go, for an audit that reads it.
    pub(crate) fn log(&self) -> Option<Log> {
        matches!(self.audit, Audit::Egress(_)).then(Log::default)
    }
}

pub(crate) fn run(args: &Args, log: Option<Log>, json: bool) -> anyhow::Result<()> {
    match &args.audit {
        Audit::Mechanism(args) => mechanism::run(args, json),
        Audit::Canaries(args) => canaries::run(args, json),
        Audit::Egress(args) => egress::run(args, &log.unwrap_or_default(), json),
    }
}

/// How an audit ended.
#[derive(serde::Serialize)]
struct Verdict<'a> {
    audit: &'a str,
    /// What was broken on purpose.
    control: Option<&'a str>,
    passed: bool,
    /// What the verdict rests on, in a sentence.
    reason: &'a str,
}

impl Verdict<'_> {
    /// Prints the verdict; one that is not passed is a failure.
    fn give(&self, json: bool) -> anyhow::Result<()> {
        if json {
            terminal::json_event("verdict", self)?;
        }
        let what = self.control.map_or_else(|| "audit".to_owned(), |control| format!("control {control}"));
        if !self.passed {
            bail!("audit {}: the {what} failed: {}", self.audit, self.reason);
        }
        if json { Ok(()) } else { terminal::line(&format!("The {what} passed: {}", self.reason)) }
    }
}

fn threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}
