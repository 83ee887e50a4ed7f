//! `silhouette plan --cases`: mechanisms from a file, by every accountant.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use silhouette_privacy::accounting::{
    ACCOUNTANT,
    cases::{self, Figures},
};

use crate::terminal;

/// A file of cases larger than this is refused.
const LARGEST_FILE: u64 = 64 << 20;

#[derive(Serialize)]
struct Document {
    accountant: &'static str,
    cases: Vec<Figures>,
}

pub(super) fn run(file: &Path, json: bool) -> anyhow::Result<()> {
    let name = || file.display().to_string();
    let size = std::fs::metadata(file).with_context(name)?.len();
    anyhow::ensure!(size <= LARGEST_FILE, "{}: expected at most {LARGEST_FILE} bytes, found {size}", name());
    let text = std::fs::read_to_string(file).with_context(name)?;
    let cases = cases::read(&text).with_context(name)?;
    let bar = terminal::bar(cases.len() as u64, json);
    let figures = cases.iter().map(|case| {
        let figures = case.evaluate();
        bar.inc(1);
        figures
    });
    let cases = figures.collect::<Result<Vec<_>, _>>().with_context(name)?;
    bar.finish_and_clear();
    if json { terminal::json_line(&Document { accountant: ACCOUNTANT, cases }) } else { show(&cases) }
}

fn show(all: &[Figures]) -> anyhow::Result<()> {
    let width = all.iter().map(|figures| figures.id.chars().count()).max().unwrap_or(0).max(4);
    terminal::line(&format!("{:<width$}{:>14}{:>14}{:>14}{:>14}", "case", "zCDP", "RDP", "PLD", "PLD, lower"))?;
    for Figures { id, eps_zcdp, eps_rdp, eps_pld, eps_pld_lower, reasons, details, .. } in all {
        let number = |x: &Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.6}"));
        let [zcdp, rdp, pld, lower] = [eps_zcdp, eps_rdp, eps_pld, eps_pld_lower].map(number);
        terminal::line(&format!("{id:<width$}{zcdp:>14}{rdp:>14}{pld:>14}{lower:>14}"))?;
        for (name, value) in details {
            terminal::line(&format!("    {name} {value}"))?;
        }
        for (name, reason) in reasons {
            terminal::line(&format!("    no {name}: {reason}"))?;
        }
    }
    terminal::line(&format!("Accountant: {ACCOUNTANT}"))
}
