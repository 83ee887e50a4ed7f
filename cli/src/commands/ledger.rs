//! `silhouette ledger`: what this device gave away.

use std::collections::BTreeMap;
use std::path::PathBuf;

use silhouette_client::DeviceFolder;
use silhouette_client::ledger::{Record, audit};
use silhouette_privacy::accounting::{Delta, Rho, zcdp};
use silhouette_wire::TaskId;

use crate::terminal;

/// Show a device's privacy ledger: every charge, and what they add up to. The device may be at work.
#[derive(clap::Args)]
#[command(after_help = "Example: silhouette ledger --device my-device")]
pub(crate) struct Args {
    /// The device's folder.
    #[arg(long)]
    device: PathBuf,
    /// The delta at which epsilon is stated.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let folder = DeviceFolder::open(&args.device)?;
    // Without its lock: the device may be at work.
    let records = audit(folder.ledger_path())?;
    if json {
        return terminal::json_line(&as_json(&records));
    }
    show(&records, args.delta)
}

/// Prints charges and their sum per task.
pub(crate) fn show(records: &[Record], delta: f64) -> anyhow::Result<()> {
    let mut spent: BTreeMap<&TaskId, (f64, usize)> = BTreeMap::new();
    terminal::line("  seq  round  rho        time (UTC)            task")?;
    for r in records {
        let rho = r.charge().map_or(0.0, silhouette_privacy::Charge::rho);
        let entry = spent.entry(&r.task).or_default();
        entry.0 += rho;
        entry.1 += 1;
        terminal::line(&format!("  {:>3}  {:>5}  {rho:<9.6}  {}  {}", r.seq, r.round, terminal::utc(r.time), r.task))?;
    }
    for (task, (rho, times)) in spent {
        let epsilon = Rho::new(rho).and_then(|rho| Ok(zcdp::epsilon(rho, Delta::new(delta)?)))?;
        terminal::line(&format!(
            "  {task}: {times} participations, rho {rho:.6} in all, which is epsilon {:.3} at delta {delta:e} against the aggregator",
            epsilon.get()
        ))?;
    }
    Ok(())
}

/// The records as they stand in the ledger's file, for machines.
pub(crate) fn as_json(records: &[Record]) -> serde_json::Value {
    let record = |r: &Record| {
        serde_json::json!({
            "seq": r.seq,
            "task": r.task.as_str(),
            "round": r.round,
            "manifest": r.manifest.to_string(),
            "rho_billionths": r.rho_billionths,
            "rho": r.charge().map(silhouette_privacy::Charge::rho),
            "time": r.time,
            "time_utc": terminal::utc(r.time),
            "hash": r.hash.to_string(),
        })
    };
    records.iter().map(record).collect()
}
