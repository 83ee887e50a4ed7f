//! `silhouette simulate`: a federation in one process, over a file of real text.

mod args;
mod introduce;
mod staging;
mod watched;

use std::time::Instant;

use silhouette_model::Model;
use silhouette_query::Estimate;
use silhouette_simulation::{
    Dataset, RoundRecord, RunResult, SimulationConfig, Summary, compared, percent_with_error, report_data,
    run_checkpointed, write_outputs,
};

pub(crate) use self::args::Args;
use self::introduce::{introduce, introduce_json};
pub(crate) use self::staging::Staging;
use self::watched::Watched;
use crate::terminal;

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let config = args.config()?;
    let (engine, why) = args.engine()?;
    Staging::try_out(&args.out)?;
    let data = args.data(&config)?;
    if json {
        introduce_json(&data, &config, &why)?;
    } else {
        introduce(&data, &config, &why)?;
    }
    let devices = u64::from(config.group_of(data.train.len())?) * u64::from(config.groups);
    let rounds = config.queries()?.rounds();
    let bar = terminal::bar(rounds * devices, json);
    let watched = Watched { engine: engine.as_ref(), bar: &bar };
    let (mut failure, started, mut first) = (None, Instant::now(), None);
    let checkpoints = args.checkpoints(&config);
    let start = Model::new(data.task.clone(), config.seed);
    let result = run_checkpointed(start, &data, &config, &watched, &checkpoints, &mut |record| {
        bar.set_position(record.round * devices);
        bar.set_message(format!("devices, round {}: {}", record.round, describe(record)));
        let shown = match first {
            None if record.round > 1 => resumed(record.round - 1, json),
            _ => Ok(()),
        };
        let first = *first.get_or_insert(record.round);
        let shown = shown.and_then(|()| {
            if json {
                return terminal::json_event("round", record);
            }
            if !bar.is_hidden() {
                return Ok(());
            }
            let each = started.elapsed().as_secs_f64() / (record.round + 1 - first) as f64;
            let left = each * (rounds - record.round) as f64;
            terminal::line(&format!("  round {}: {} (about {left:.0} s left)", record.round, describe(record)))
        });
        failure = failure.take().or_else(|| shown.err());
    })?;
    bar.finish();
    if let Some(error) = failure {
        return Err(error);
    }
    let summary = Summary::of(&data, &config, &result, engine.name())?;
    let staging = Staging::new(&args.out)?;
    write_outputs(staging.place(), &data, &config, &result, &summary)?;
    staging.publish()?;
    checkpoints.forget()?;
    conclude(args, &data, &config, &result, &summary, json)
}

/// Says that the rounds before are those of a run that was stopped.
fn resumed(after_round: u64, json: bool) -> anyhow::Result<()> {
    if json {
        return terminal::json_event("resumed", serde_json::json!({ "after_round": after_round }));
    }
    terminal::line(&format!("  resumed after round {after_round}"))
}

fn describe(r: &RoundRecord) -> String {
    let lost = if r.groups_lost > 0 {
        format!("{} of {} groups left out ", r.groups_lost, r.groups + r.groups_lost)
    } else {
        String::new()
    };
    let part = |name: &str, value: Option<f64>| value.map_or_else(String::new, |v| format!("{name} {v:.3} "));
    let figure = |name: &str, value: Option<Option<Estimate>>| {
        value.map_or_else(String::new, |value| format!("{name} {} ", percent_with_error(value)))
    };
    let private = figure("private accuracy", r.evaluation.as_ref().map(|private| private.accuracy));
    let counted = if r.label_counts.is_some() { "labels counted " } else { "" };
    format!(
        "{}{} {}{private}{counted}{}{}{}{}up {} down {}",
        clock(r),
        devices(r),
        lost,
        part("accuracy", r.accuracy),
        part("loss", r.loss),
        part("epsilon", r.epsilon),
        part("clip", r.within_clip.map(|_| r.clip)),
        terminal::bytes(r.bytes_up),
        terminal::bytes(r.bytes_down)
    )
}

/// How many took part, of how many.
fn devices(r: &RoundRecord) -> String {
    match r.mean_staleness {
        None => format!("cohort {}/{}", r.reports, r.invited),
        Some(staleness) => format!("{} updates, staleness {staleness:.1}, {} devices started", r.reports, r.invited),
    }
}

/// Virtual time, and who came to nothing.
fn clock(r: &RoundRecord) -> String {
    let Some(seconds) = r.clock_seconds else { return String::new() };
    let part = |name: &str, count: Option<usize>| {
        count.filter(|count| *count > 0).map_or_else(String::new, |count| format!("{count} {name} "))
    };
    let (late, dropped, stale) = (part("late", r.late), part("dropped", r.dropped), part("stale", r.stale));
    format!("at {:.2} virtual h {late}{dropped}{stale}", seconds / 3_600.0)
}

fn conclude(
    args: &Args,
    data: &Dataset,
    config: &SimulationConfig,
    result: &RunResult,
    summary: &Summary,
    json: bool,
) -> anyhow::Result<()> {
    if json {
        return terminal::json_event("summary", summary);
    }
    let before = result.before.confusion.scores().accuracy;
    let epsilon = summary.epsilon.map_or_else(|| "no privacy".to_owned(), |e| format!("epsilon {e:.3} spent"));
    terminal::line(&format!(
        "accuracy {:.4} (before: {before:.4}), macro F1 {:.4}, top label right for {:.1} % of people, {epsilon}",
        summary.accuracy,
        summary.macro_f1,
        100.0 * summary.user_top1
    ))?;
    if let Some(seconds) = summary.virtual_seconds {
        terminal::line(&format!("virtual time: {:.2} h", seconds / 3_600.0))?;
    }
    if let Some(why) = summary.stopped {
        terminal::line(&why.to_string())?;
    }
    if let Some(of) = summary.user_accuracy {
        terminal::line(&format!(
            "people: mean {:.4}, worst tenth {:.4}, median {:.4}, best tenth {:.4}, deviation {:.4}",
            of.mean, of.worst_decile, of.median, of.best_decile, of.sd
        ))?;
    }
    if let Some(comparison) = &summary.comparison {
        compared(comparison).iter().try_for_each(|(name, line)| terminal::line(&format!("{name}: {line}")))?;
    }
    let told = report_data(data, config, result, summary).told_privately;
    told.iter().try_for_each(|(name, line)| terminal::line(&format!("{name}: {line}")))?;
    terminal::line(&format!(
        "{:.1} s, {:.1} of them training ({:.2} s a round), {} MiB peak; report: {}",
        summary.seconds,
        summary.seconds_training,
        summary.seconds_per_round,
        summary.peak_rss_mib,
        args.out.join("report.html").display()
    ))
}
