//! `silhouette profile`: the profile of one person, shown on this machine only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use silhouette_client::DeviceFolder;
use silhouette_client::persona::{PersonaLanguage, persona};
use silhouette_client::profile::{ProfileDocument, Trained, profile};
use silhouette_engine::{Backend, choose};
use silhouette_model::Model;
use silhouette_model::bert::BertEncoder;
use silhouette_text::Event;
use silhouette_wire::ContentHash;

use crate::people::{read_person, skipped};
use crate::terminal;

/// Make and show one person's profile and persona. Nothing of it leaves this machine.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  silhouette profile --data people.jsonl --user u00001 --model run/model.safetensors --lang zh\n  silhouette profile --device my-device"
)]
pub(crate) struct Args {
    /// A device's folder: its texts and its newest model.
    #[arg(long, conflicts_with = "data", required_unless_present = "data")]
    device: Option<PathBuf>,
    /// A file of texts instead of a device.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Whose texts of that file [default: all rows]
    #[arg(long, requires = "data")]
    user: Option<String>,
    /// Stop at the first bad row of that file instead of counting and skipping it.
    #[arg(long, requires = "data")]
    strict: bool,
    /// A model file; without one the profile holds what needs none.
    #[arg(long)]
    model: Option<PathBuf>,
    /// The folder of the sentence encoder's weights, for a model on one.
    #[arg(long, requires = "model", value_name = "DIR")]
    encoder_weights: Option<PathBuf>,
    /// The persona's language.
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,
    /// auto, native, flex, ndarray or wgpu.
    #[arg(long, default_value = "auto")]
    backend: Backend,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Lang {
    Zh,
    En,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let language = match args.lang {
        Lang::Zh => PersonaLanguage::Zh,
        Lang::En => PersonaLanguage::En,
    };
    let events = match (&args.device, &args.data) {
        (Some(device), _) => DeviceFolder::open(device)?.store()?.events()?.expose_on_device().clone(),
        (None, Some(data)) => from_file(data, args, json)?,
        (None, None) => bail!("expected --device or --data"),
    };
    let model_path = match (&args.model, &args.device) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(device)) => newest_model(&device.join("models"))?,
        (None, None) => None,
    };
    let chosen = choose(args.backend)?;
    let loaded = match &model_path {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| format!("--model {}", path.display()))?;
            let model = Model::from_safetensors(&bytes).with_context(|| path.display().to_string())?;
            Some((model, ContentHash::of(&bytes)))
        }
        None => None,
    };
    let weights = args.encoder_weights.as_deref().map(BertEncoder::open).transpose();
    let weights = weights.context("--encoder-weights")?.map(Arc::new);
    let trained = loaded.as_ref().map(|(model, hash)| Trained {
        engine: chosen.engine.as_ref(),
        model,
        hash: *hash,
        round: None,
        encoder_weights: weights.as_ref(),
    });
    let made = profile(&events, trained, terminal::now())?;
    let document = made.expose_on_device();
    if json { terminal::json_line(document) } else { show(document, language) }
}

/// A person's texts of a file. What was skipped is a remark: standard output is for the profile.
fn from_file(data: &Path, args: &Args, json: bool) -> anyhow::Result<Vec<Event>> {
    let (events, report) = read_person(data, args.user.as_deref(), args.strict)?;
    if report.skipped > 0 || report.ended_early.is_some() {
        if json {
            terminal::remark(&serde_json::json!({ "event": "read", "file": data, "read": report }).to_string());
        } else {
            skipped(&report).iter().for_each(|line| terminal::remark(line));
        }
    }
    Ok(events)
}

/// The model that was fetched last.
fn newest_model(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut newest = None;
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e == "safetensors") {
            newest = newest.max(Some((entry.metadata()?.modified()?, entry.path())));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// Prints the persona with the evidence of each line, then the shares as bars.
pub(crate) fn show(document: &ProfileDocument, language: PersonaLanguage) -> anyhow::Result<()> {
    let told = persona(document, language);
    for clause in &told.expose_on_device().clauses {
        terminal::line(&format!("  {}", clause.text))?;
        terminal::line(&format!("      <- {}{}", clause.field, evidence(document, &clause.field)))?;
    }
    let mut shares: Vec<_> = document.interests.iter().filter(|i| i.share >= 0.02).collect();
    shares.sort_by(|a, b| a.head.cmp(&b.head).then(b.share.total_cmp(&a.share)));
    for i in shares.into_iter().take(10) {
        let bar = "#".repeat((30.0 * i.share).round() as usize);
        terminal::line(&format!(
            "  {:<24} {:>5.1} %  {bar} (confidence {:.2})",
            format!("{}/{}", i.head, i.label),
            100.0 * i.share,
            i.confidence
        ))?;
    }
    Ok(())
}

/// The quotes behind a clause's field, for the person whose they are: of `interests.HEAD` those of
/// the head's largest shares, of `sentiment` its own.
pub(crate) fn quotes<'a>(document: &'a ProfileDocument, field: &str) -> Vec<&'a str> {
    document.evidence_for(field, 3).into_iter().map(|e| e.quote.as_str()).collect()
}

fn evidence(document: &ProfileDocument, field: &str) -> String {
    let quotes = quotes(document, field);
    if quotes.is_empty() { String::new() } else { format!(": \"{}\"", quotes.join("\", \"")) }
}
