//! `silhouette sweep`: many simulations over a grid of settings.

mod output;

use std::path::PathBuf;
use std::time::Instant;

use indicatif::ProgressBar;
use silhouette_engine::{Backend, choose};
use silhouette_simulation::sweep::{Cell, Sweep, SweepEvent, run_sweep};

use crate::terminal::{self, Usage};

/// Run a simulation for every combination of settings in a file, and hold them beside each other.
///
/// Every run has a folder of its own below --out. A sweep that was stopped, in any way, goes on with the same command:
/// what is finished is not done again, and the run that was stopped goes on from its checkpoint.
#[derive(clap::Args)]
#[command(after_help = "Example:
  silhouette sweep grid.toml --out sweep/

The file, with any setting of simulate by the name of its flag:
  data = \"people.jsonl\"
  task = \"interest\"
  rounds = 20

  [grid]
  epsilon = [1, 2, 4, 8]
  cohort = [50, 100]
  seed = [1, 2, 3]

What there is in the end: sweep.csv, one row a run; sweep.json, runs and groups of seeds; report.html.")]
pub(crate) struct Args {
    /// The sweep file (.toml). Paths in it are relative to its folder.
    file: PathBuf,
    /// Where the results go.
    #[arg(long, default_value = "sweep")]
    out: PathBuf,
    /// Say which runs there would be, and run none.
    #[arg(long)]
    dry_run: bool,
    /// Worker threads [default: all CPUs]; no result depends on it.
    #[arg(long)]
    threads: Option<usize>,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let mut sweep = Sweep::read(&args.file)?;
    if let Some(threads) = args.threads {
        sweep.cells.iter_mut().for_each(|cell| cell.config.threads = threads);
        sweep.cells.iter().try_for_each(|cell| cell.config.validate())?;
    }
    let backend = match sweep.backend.as_deref().unwrap_or("auto").parse()? {
        Backend::Auto => Backend::Native,
        backend => backend,
    };
    introduce(&sweep, json)?;
    if args.dry_run {
        return sweep.cells.iter().try_for_each(|cell| told(json, "cell", cell, &format!("  {}", cell.name)));
    }
    let chosen = choose(backend)?;
    std::fs::create_dir_all(&args.out).map_err(|e| Usage(format!("--out {}: {e}", args.out.display())))?;
    let mut progress = Progress::new(&sweep, json);
    let results = run_sweep(&sweep, &args.out, chosen.engine.as_ref(), &mut |event| progress.tell(&event))?;
    progress.end()?;
    output::write(&args.out, &sweep, chosen.engine.name(), &results)?;
    output::conclude(&args.out, &results, json)
}

fn introduce(sweep: &Sweep, json: bool) -> anyhow::Result<()> {
    if json {
        let facts = serde_json::json!({
            "runs": sweep.cells.len(), "repeated": sweep.repeated, "axes": sweep.axes, "file": sweep.file,
        });
        return terminal::json_event("sweep", facts);
    }
    let axes = sweep.axes.join(", ");
    terminal::line(&format!("{} runs over {axes}", sweep.cells.len()))?;
    match sweep.repeated {
        0 => Ok(()),
        repeated => terminal::line(&format!("{repeated} combinations make the same run as another one: left out")),
    }
}

fn told(json: bool, event: &str, cell: &Cell, line: &str) -> anyhow::Result<()> {
    if json {
        return terminal::json_event(event, serde_json::json!({ "cell": cell.name, "values": cell.values }));
    }
    terminal::line(line)
}

/// What of the sweep is done. Work is counted in rounds.
struct Progress {
    json: bool,
    bar: ProgressBar,
    cells: usize,
    done_cells: usize,
    all: u64,
    /// Work that is done, by this sweep or an earlier one, and what of it this one did.
    done: u64,
    own: u64,
    started: Instant,
    failure: Option<anyhow::Error>,
}

fn work(cell: &Cell) -> u64 {
    cell.config.rounds
}

impl Progress {
    fn new(sweep: &Sweep, json: bool) -> Self {
        let all = sweep.cells.iter().map(work).sum();
        let (bar, started) = (terminal::bar(all, json), Instant::now());
        Self { json, bar, cells: sweep.cells.len(), done_cells: 0, all, done: 0, own: 0, started, failure: None }
    }

    fn tell(&mut self, event: &SweepEvent<'_>) {
        let shown = self.show(event);
        self.failure = self.failure.take().or_else(|| shown.err());
    }

    fn show(&mut self, event: &SweepEvent<'_>) -> anyhow::Result<()> {
        match event {
            SweepEvent::Skipped(cell) => {
                self.done += work(cell);
                self.done_cells += 1;
                self.bar.set_position(self.done);
                told(self.json, "skipped", cell, &format!("  {}: finished before", cell.name))
            }
            SweepEvent::Started { cell, resumed } => {
                self.bar.set_message(format!("rounds, {} of {}: {}", self.done_cells + 1, self.cells, cell.name));
                match (resumed, self.json) {
                    (true, _) => told(self.json, "resumed", cell, &format!("  {}: goes on", cell.name)),
                    (false, true) => told(true, "started", cell, ""),
                    (false, false) => Ok(()),
                }
            }
            SweepEvent::Round { cell, record } => {
                self.bar.set_position(self.done + record.round.min(work(cell)));
                if !self.json {
                    return Ok(());
                }
                let round = serde_json::json!({ "cell": cell.name, "record": record });
                terminal::json_event("round", round)
            }
            SweepEvent::Finished { cell, summary } => {
                self.done += work(cell);
                self.own += work(cell);
                self.done_cells += 1;
                self.bar.set_position(self.done);
                let left = self.started.elapsed().as_secs_f64() / self.own as f64 * (self.all - self.done) as f64;
                if self.json {
                    let finished = serde_json::json!({
                        "cell": cell.name, "values": cell.values, "summary": summary, "seconds_left": left,
                    });
                    return terminal::json_event("finished", finished);
                }
                let epsilon = summary.epsilon.map_or_else(|| "no privacy".to_owned(), |e| format!("epsilon {e:.3}"));
                self.bar.suspend(|| {
                    terminal::line(&format!(
                        "  {}: accuracy {:.4}, {epsilon} ({} of {} runs, about {left:.0} s left)",
                        cell.name, summary.accuracy, self.done_cells, self.cells
                    ))
                })
            }
            _ => Ok(()),
        }
    }

    fn end(self) -> anyhow::Result<()> {
        self.bar.finish();
        self.failure.map_or(Ok(()), Err)
    }
}
