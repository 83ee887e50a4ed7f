//! `silhouette ledger`: what this device gave away, shown, exported, checked.

mod verify;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use silhouette_client::DeviceFolder;
use silhouette_client::ledger::Record;
use silhouette_privacy::accounting::{Delta, Rho, zcdp};
use silhouette_wire::{QueryKind, TaskId};

use crate::terminal;

/// Show, export or check a device's privacy ledger: every charge, and what they add up to. The device
/// may be at work.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette ledger --device my-device
  silhouette ledger verify --device my-device
  silhouette ledger export --device my-device --out charges.jsonl")]
pub(crate) struct Args {
    /// What to do with it.
    #[arg(value_enum, default_value_t = What::Show)]
    what: What,
    /// The device's folder.
    #[arg(long)]
    device: PathBuf,
    /// The delta at which epsilon is stated.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// Where an export goes; standard output when absent.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum What {
    /// Print the charges and their sum per task.
    Show,
    /// Write one JSON object per charge, with the epsilon its task has come to.
    Export,
    /// Check the ledger and say in words what that shows.
    Verify,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    if args.out.is_some() && args.what != What::Export {
        return Err(terminal::Usage("--out: only an export has one".to_owned()).into());
    }
    if !is_device(&args.device) {
        // Says what is wrong with the folder.
        DeviceFolder::open(&args.device)?;
    }
    // Without the ledger's lock: the device may be at work.
    let found = DeviceFolder::audit_ledger(&args.device);
    if args.what == What::Verify {
        return verify::report(found, json);
    }
    let records = found?.records;
    match args.what {
        What::Export => export(&records, args.delta, args.out.as_deref()),
        _ if json => terminal::json_line(&as_json(&records)),
        _ => show(&records, args.delta),
    }
}

/// Whether any part of a device's ledger or of its key lies here.
fn is_device(folder: &Path) -> bool {
    ["key", "ledger.head", "ledger.jsonl"].iter().any(|name| folder.join(name).exists())
}

/// Prints charges and their sum per task.
pub(crate) fn show(records: &[Record], delta: f64) -> anyhow::Result<()> {
    let mut spent: BTreeMap<&TaskId, (f64, BTreeMap<QueryKind, usize>)> = BTreeMap::new();
    terminal::line("  seq  round  rho        time (UTC)            for           task")?;
    for r in records {
        let rho = r.charge.rho();
        let entry = spent.entry(&r.task).or_default();
        entry.0 += rho;
        *entry.1.entry(r.query()).or_default() += 1;
        let time = terminal::utc(r.time);
        terminal::line(&format!("  {:>3}  {:>5}  {rho:<9.6}  {time}  {:<12}  {}", r.seq, r.round, r.query(), r.task))?;
    }
    for (task, (rho, kinds)) in spent {
        let times = kinds.values().sum::<usize>();
        let times = if times == 1 { "1 participation".to_owned() } else { format!("{times} participations") };
        let kinds: Vec<String> = kinds.iter().map(|(query, times)| format!("{times} {query}")).collect();
        let kinds = kinds.join(", ");
        terminal::line(&format!(
            "  {task}: {times} ({kinds}), rho {rho:.6} in all, which is epsilon {:.3} at delta {delta:e} against the aggregator",
            epsilon(rho, delta)?
        ))?;
    }
    Ok(())
}

fn epsilon(rho: f64, delta: f64) -> anyhow::Result<f64> {
    Ok(zcdp::epsilon(Rho::new(rho)?, Delta::new(delta)?).get())
}

/// The records as they stand in the ledger's file, for machines.
pub(crate) fn as_json(records: &[Record]) -> serde_json::Value {
    records.iter().map(record_as_json).collect()
}

fn record_as_json(r: &Record) -> serde_json::Value {
    serde_json::json!({
        "seq": r.seq,
        "task": r.task.as_str(),
        "query": r.query().name(),
        "round": r.round,
        "manifest": r.manifest.to_string(),
        "rho_billionths": r.charge.billionths(),
        "rho": r.charge.rho(),
        "time": r.time,
        "time_utc": terminal::utc(r.time),
        "mac": r.mac.to_string(),
    })
}

/// One line per charge; what its task has spent is stated as of that charge, so the last line of a task
/// holds its sum.
fn export(records: &[Record], delta: f64, out: Option<&Path>) -> anyhow::Result<()> {
    let mut spent: BTreeMap<&TaskId, u64> = BTreeMap::new();
    let mut text = Vec::new();
    for r in records {
        let units = spent.entry(&r.task).or_default();
        *units += r.charge.billionths();
        let rho = *units as f64 / 1e9;
        let mut line = record_as_json(r);
        line["task_rho"] = rho.into();
        line["task_epsilon"] = epsilon(rho, delta)?.into();
        line["delta"] = delta.into();
        writeln!(text, "{line}")?;
    }
    match out {
        None => Ok(std::io::stdout().lock().write_all(&text)?),
        Some(path) => std::fs::write(path, text).with_context(|| path.display().to_string()),
    }
}
