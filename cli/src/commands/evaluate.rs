//! `silhouette evaluate`: how good a model's profiles are, on people whose labels are known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::Serialize;
use silhouette_engine::{Backend, choose};
use silhouette_model::bert::BertEncoder;
use silhouette_model::{Engine, Model};
use silhouette_simulation::quality::{
    Candidate, DriftLatency, HeadQuality, Quality, Stability, drift_latency, evaluate_quality, stability,
};
use silhouette_simulation::report::{NamedQuality, render_quality};
use silhouette_text::{CleanOptions, Cleaner, Event, ReadOptions, read_all};

use crate::terminal;

/// Hold models against labelled texts of people they were not trained on: labels, probabilities, mixtures, profiles.
///
/// With several models, side by side: local, federated, with noise, of other seeds.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette evaluate --data people.jsonl --model run/model.safetensors
  silhouette evaluate --data people.jsonl --model none=run0/model.safetensors --model eps8=run8/model.safetensors
  silhouette evaluate --data people.jsonl --model run/model.safetensors --split time --out figures/ --json")]
pub(crate) struct Args {
    /// JSON Lines, CSV or LEAF's JSON, with the columns that hold the labels.
    #[arg(long)]
    data: PathBuf,
    /// A model file, with a name for it before an equals sign; may be given several times.
    #[arg(long = "model", required = true, value_name = "[NAME=]FILE")]
    models: Vec<String>,
    /// Whose texts: of people held out (column split_user is test), later texts of everybody (split_time is test), or
    /// all.
    #[arg(long, value_enum, default_value_t = Split::User)]
    split: Split,
    /// Make the whole profile of so many people, to look at evidence and completeness.
    #[arg(long, default_value_t = 100)]
    profiles: usize,
    /// Write quality.json and report.html into this folder.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The folder of the weights of a published sentence encoder, for models made with --encoder bert.
    #[arg(long, value_name = "FOLDER")]
    encoder_weights: Option<PathBuf>,
    /// auto, native, flex, ndarray or wgpu.
    #[arg(long, default_value = "auto")]
    backend: Backend,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Split {
    User,
    Time,
    All,
}

/// One model's figures.
#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    file: &'a Path,
    #[serde(flatten)]
    quality: &'a Quality,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift_latency: Option<DriftLatency>,
}

/// Everything, for machines.
#[derive(Serialize)]
struct Outcome<'a> {
    data: &'a Path,
    models: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stability: Option<Stability>,
}

type People = Vec<(String, Vec<Event>)>;

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let (people, others) = people(args)?;
    let models = args.models.iter().map(|named| load(named)).collect::<anyhow::Result<Vec<_>>>()?;
    let chosen = choose(args.backend)?;
    let engine: &dyn Engine = chosen.engine.as_ref();
    let weights = args.encoder_weights.as_deref().map(BertEncoder::open).transpose();
    let weights = weights.context("--encoder-weights")?.map(Arc::new);
    let candidate = |model| Candidate { model, engine, encoder_weights: weights.as_ref() };
    let mut qualities = Vec::with_capacity(models.len());
    let mut latencies = Vec::with_capacity(models.len());
    for (name, path, model) in &models {
        let quality = evaluate_quality(&candidate(model), &people, &others, args.profiles)
            .with_context(|| format!("{name}: {}", path.display()))?;
        latencies.push(drift_latency(&candidate(model), &people)?);
        qualities.push(quality);
    }
    let several: Vec<Candidate<'_>> = models.iter().map(|(_, _, model)| candidate(model)).collect();
    let stability = if several.len() > 1 { stability(&several, &people)? } else { None };
    let rows = models.iter().zip(&qualities).zip(&latencies).map(|(((name, file, _), quality), latency)| Row {
        model: name,
        file,
        quality,
        drift_latency: *latency,
    });
    let outcome = Outcome { data: &args.data, models: rows.collect(), stability };
    if let Some(out) = &args.out {
        write(out, &outcome)?;
    }
    if json { terminal::json_line(&outcome) } else { show(&outcome, args.out.as_deref()) }
}

/// Those to evaluate on, and those to take the usual mixture from.
fn people(args: &Args) -> anyhow::Result<(People, People)> {
    let (events, report) = read_all(&args.data, &ReadOptions::default())?;
    crate::people::skipped(&report).iter().for_each(|line| terminal::remark(line));
    let cleaner = Cleaner::new(CleanOptions::default());
    let (mut people, mut others): (BTreeMap<String, Vec<Event>>, BTreeMap<String, Vec<Event>>) = Default::default();
    let column = match args.split {
        Split::User => Some("split_user"),
        Split::Time => Some("split_time"),
        Split::All => None,
    };
    let mut seen = column.is_none();
    for mut event in events {
        event.text = cleaner.clean(&event.text);
        let split = column.and_then(|column| event.field(column)).map(|split| split.to_string());
        seen |= split.is_some();
        let held_out = column.is_none() || split.as_deref() == Some("test");
        let side = if held_out { &mut people } else { &mut others };
        side.entry(event.user.clone()).or_default().push(event);
    }
    if !seen {
        let column = column.unwrap_or_default();
        bail!("{}: expected a column {column}, found none; --split all takes every row", args.data.display());
    }
    if people.is_empty() {
        bail!("{}: no row whose column {} is test", args.data.display(), column.unwrap_or_default());
    }
    Ok((people.into_iter().collect(), others.into_iter().collect()))
}

/// A model with its name: what stands before the equals sign, else that of its folder.
fn load(named: &str) -> anyhow::Result<(String, PathBuf, Model)> {
    let (name, path) = match named.split_once('=') {
        Some((name, path)) if !name.is_empty() => (name.to_owned(), PathBuf::from(path)),
        _ => {
            let path = PathBuf::from(named);
            let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
            (folder.filter(|name| !name.is_empty()).unwrap_or_else(|| "model".into()), path)
        }
    };
    let bytes = std::fs::read(&path).with_context(|| format!("--model {}", path.display()))?;
    let model = Model::from_safetensors(&bytes).with_context(|| path.display().to_string())?;
    Ok((name, path, model))
}

fn write(out: &Path, outcome: &Outcome<'_>) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let named: Vec<_> =
        outcome.models.iter().map(|row| NamedQuality { name: row.model, quality: row.quality }).collect();
    let title = outcome.data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let files = [
        ("quality.json", serde_json::to_string_pretty(outcome)? + "\n"),
        ("report.html", render_quality(&title, &named)),
    ];
    for (name, content) in files {
        let path = out.join(name);
        std::fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn show(outcome: &Outcome<'_>, out: Option<&Path>) -> anyhow::Result<()> {
    for row in &outcome.models {
        terminal::line(&format!("{}: {} people, {} texts", row.model, row.quality.people, row.quality.texts))?;
        row.quality.heads.iter().try_for_each(show_head)?;
        if let Some(p) = &row.quality.profiles {
            terminal::line(&format!(
                "  {} whole profiles: evidence right in {:.1} % of {} places, {:.0} % complete, {:.1} clauses",
                p.profiles,
                100.0 * p.evidence_precision,
                p.cited,
                100.0 * p.completeness,
                p.clauses
            ))?;
        }
        if let Some(drift) = &row.drift_latency {
            terminal::line(&format!(
                "  somebody who turns to something else is followed after {:.0} texts (median; {:.0} before; {:.0} % of {} \
                 pairs within 60)",
                drift.median_texts,
                drift.median_past,
                100.0 * drift.followed,
                drift.pairs
            ))?;
        }
    }
    if let Some(stability) = &outcome.stability {
        terminal::line(&format!(
            "the {} models agree on the top label of {:.1} % of people, their mixtures are {:.3} bits apart",
            stability.models,
            100.0 * stability.same_top,
            stability.jsd_bits
        ))?;
    }
    out.map_or(Ok(()), |out| terminal::line(&format!("report: {}", out.join("report.html").display())))
}

fn show_head(head: &HeadQuality) -> anyhow::Result<()> {
    if let Some(distance) = head.mean_absolute_error {
        return terminal::line(&format!("  {}: mean distance {distance:.3} over {} texts", head.head, head.judged));
    }
    let s = &head.scores;
    let auc = head.auc.map_or_else(String::new, |auc| format!(", AUC {auc:.3}"));
    terminal::line(&format!(
        "  {}: accuracy {:.4}, precision {:.3}, recall {:.3}, F1 {:.3}{auc}, ECE {:.3}, over {}",
        head.head, s.accuracy, s.precision, s.recall, s.macro_f1, head.calibration.ece, head.judged
    ))?;
    let Some(people) = &head.people else { return Ok(()) };
    let means = match (people.mean_absolute_error, people.correlation) {
        (Some(mae), Some(r)) => format!(", mean off by {mae:.4} (r {r:.3})"),
        (Some(mae), None) => format!(", mean off by {mae:.4}"),
        _ => String::new(),
    };
    terminal::line(&format!(
        "    of {} people: top label right {:.4}, recall at 3 {:.4}, mixture off by {:.4} bits ({:.4} for the usual one){means}",
        people.people, people.top1, people.recall_at_3, people.jsd_bits, people.jsd_bits_usual
    ))
}
