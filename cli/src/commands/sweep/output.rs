//! What a sweep leaves behind, and the table that it prints.

use std::path::Path;

use anyhow::Context;
use silhouette_simulation::report::{SweepReport, render_sweep};
use silhouette_simulation::sweep::{CellResult, Group, Spread, Sweep, groups, to_csv};

use crate::commands::simulate::Staging;
use crate::terminal;

/// Writes `sweep.csv`, `sweep.json` and `report.html`, all or none.
pub(super) fn write(out: &Path, sweep: &Sweep, engine: &str, results: &[CellResult]) -> anyhow::Result<()> {
    let groups = groups(results);
    let staging = Staging::new(out)?;
    let put = |name: &str, text: &str| {
        std::fs::write(staging.place().join(name), text).with_context(|| out.join(name).display().to_string())
    };
    let runs: Vec<_> = results
        .iter()
        .map(|run| serde_json::json!({ "cell": run.name, "values": pairs(&run.values), "summary": run.summary }))
        .collect();
    let all = serde_json::json!({
        "file": sweep.file, "axes": sweep.axes, "repeated": sweep.repeated, "runs": runs,
        "groups": groups.iter().map(group_json).collect::<anyhow::Result<Vec<_>>>()?,
    });
    put("sweep.csv", &to_csv(&sweep.axes, results))?;
    put("sweep.json", &format!("{}\n", serde_json::to_string_pretty(&all)?))?;
    put("report.html", &render_sweep(&report(sweep, engine, results, &groups)?))?;
    staging.publish()
}

fn pairs(values: &[(String, String)]) -> serde_json::Map<String, serde_json::Value> {
    values.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}

/// A group with its values by name.
fn group_json(group: &Group) -> anyhow::Result<serde_json::Value> {
    let mut json = serde_json::to_value(group)?;
    json["values"] = pairs(&group.values).into();
    Ok(json)
}

fn report<'g>(
    sweep: &Sweep,
    engine: &str,
    results: &[CellResult],
    groups: &'g [Group],
) -> anyhow::Result<SweepReport<'g>> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let task = results.first().map_or_else(|| sweep.task.clone(), |run| run.summary.task.clone());
    let mut summary = vec![row("Runs", results.len().to_string()), row("Settings", groups.len().to_string())];
    let best = |private: bool| {
        let of = groups.iter().filter(|group| group.epsilon.is_some() == private);
        of.max_by(|a, b| a.accuracy.mean.total_cmp(&b.accuracy.mean))
    };
    for (title, best) in [("Best with privacy", best(true)), ("Best without", best(false))] {
        let Some(best) = best else { continue };
        summary.push(row(&format!("{title}: {}", name(&best.values)), percent(best.accuracy, best.runs)));
    }
    // What every cell says the same of.
    let mut settings = vec![row("task", task.clone()), row("computed by", engine.to_owned())];
    settings.push(row("data", file_name(sweep)));
    if let Some(cell) = sweep.cells.first() {
        let all = serde_json::to_value(&cell.settings)?;
        let fixed = all.as_object().into_iter().flatten().filter(|(name, _)| !sweep.axes.contains(name));
        settings
            .extend(fixed.map(|(name, value)| row(name, value.as_str().map_or_else(|| value.to_string(), Into::into))));
    }
    Ok(SweepReport { title: format!("Silhouette: {task}"), summary, settings, notes: notes(results), groups })
}

/// The data's name, without the folders of whoever ran it.
fn file_name(sweep: &Sweep) -> String {
    match (&sweep.data, sweep.population) {
        (Some(path), _) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        (None, people) => format!("{} made-up people", people.unwrap_or(0)),
    }
}

fn notes(results: &[CellResult]) -> Vec<String> {
    let mut notes = vec![
        "Epsilon is what the most charged device spent by the end of the run, per user, against the aggregator, without \
         amplification. The runs of a sweep each have a budget of their own: nobody's data may be used for all of them \
         under the promise of one."
            .to_owned(),
        "Bytes are the devices' uploads added up; what they fetch is not in them.".to_owned(),
        "Simulations: their noise is reproducible from the seed, so their outputs protect nobody.".to_owned(),
    ];
    for run in results {
        for note in &run.summary.notes {
            if !notes.contains(note) && run.summary.stopped.is_none_or(|why| why.to_string() != *note) {
                notes.push(note.clone());
            }
        }
    }
    let stopped = results.iter().filter(|run| run.summary.stopped.is_some()).count();
    if stopped > 0 {
        notes.push(format!("{stopped} of {} runs ended before their last round: sweep.csv says why.", results.len()));
    }
    notes
}

fn name(values: &[(String, String)]) -> String {
    let name = values.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ");
    if name.is_empty() { "all runs".to_owned() } else { name }
}

fn percent(spread: Spread, runs: usize) -> String {
    let mean = 100.0 * spread.mean;
    if runs > 1 { format!("{mean:.1} \u{b1} {:.1} %", 100.0 * spread.sd) } else { format!("{mean:.1} %") }
}

/// The groups as a table, or as events.
pub(super) fn conclude(out: &Path, results: &[CellResult], json: bool) -> anyhow::Result<()> {
    let groups = groups(results);
    if json {
        for group in &groups {
            terminal::json_event("group", group_json(group)?)?;
        }
        return terminal::json_event("done", serde_json::json!({ "runs": results.len(), "out": out }));
    }
    let names: Vec<String> = groups.iter().map(|group| name(&group.values)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
    let head = ["runs", "accuracy", "macro F1", "worst tenth", "epsilon", "bytes up"];
    let line = |name: &str, cells: [String; 6]| {
        let [runs, accuracy, f1, worst, epsilon, bytes] = cells;
        terminal::line(&format!(
            "  {name:<width$}  {runs:>4}  {accuracy:>13}  {f1:>13}  {worst:>13}  {epsilon:>8}  {bytes:>10}"
        ))
    };
    line("settings", head.map(str::to_owned))?;
    for (name, group) in names.iter().zip(&groups) {
        let dash = || "-".to_owned();
        line(
            name,
            [
                group.runs.to_string(),
                percent(group.accuracy, group.runs),
                percent(group.macro_f1, group.runs),
                group.worst_decile.map_or_else(dash, |worst| percent(worst, group.runs)),
                group.epsilon.map_or_else(dash, |epsilon| format!("{:.3}", epsilon.mean)),
                terminal::bytes(group.bytes_up.mean as u64),
            ],
        )?;
    }
    terminal::line(&format!("mean \u{b1} standard deviation over seeds; report: {}", out.join("report.html").display()))
}
