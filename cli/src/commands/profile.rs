//! `silhouette profile`: the profile of one person, shown on this machine only.

mod brief;
mod given;
mod nearest;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use silhouette_client::page::{Marks, PageOptions, PlainOptions, plain, render};
use silhouette_client::persona::PersonaLanguage;
use silhouette_client::profile::{Making, OwnerError, ProfileDocument, ProfileError, Trained, make, schema};
use silhouette_engine::{Backend, choose};
use silhouette_model::bert::BertEncoder;

use crate::terminal::{self, Usage};

use given::Given;

pub(crate) use brief::{quotes, show};

/// Columns of a line where nothing says how many there are.
const WIDTH: usize = 80;

/// Make and show one person's profile and persona. Nothing of it leaves this machine.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette profile --data people.jsonl --user u00001 --model run/model.safetensors --lang zh
  silhouette profile --data reviews.csv --user 17 --plan retail --evidence
  silhouette profile --device my-device --html profile.html
  silhouette profile --data notes.jsonl --plan my-plan.toml --owner me.toml --json
  silhouette profile --schema > profile.schema.json

The owner's file is TOML; every part may be left out:
  consent = [\"gender\"]                 # sensitive dimensions that may be inferred
  vetoed = [\"interests.topic/music\"]   # lines that are never to be shown
  [declared]
  region = \"Hangzhou\"                  # what the owner says a dimension is
  [corrected]
  category = \"books\"                   # the same, against what the texts say

What is in a profile, plans and packs: docs/profile.md")]
pub(crate) struct Args {
    /// A device's folder: its texts, its owner's word and its newest model.
    #[arg(long, conflicts_with = "data", required_unless_present_any = ["data", "schema"])]
    device: Option<PathBuf>,
    /// A file of texts instead of a device: JSON Lines, CSV, TSV, Parquet and whatever else the other commands read.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Whose texts of that file [default: all rows]
    #[arg(long, requires = "data")]
    user: Option<String>,
    /// Stop at the first bad row of that file instead of counting and skipping it.
    #[arg(long, requires = "data")]
    strict: bool,
    /// A model file; without one the profile holds what needs none [default: a device's newest]
    #[arg(long)]
    model: Option<PathBuf>,
    /// The folder of the sentence encoder's weights, for a model on one.
    #[arg(long, requires = "model", value_name = "DIR")]
    encoder_weights: Option<PathBuf>,
    /// What the profile is about: a pack (retail, finance, smart_home, health, education) or a plan's file [default: what
    /// the model's heads imply]
    #[arg(long, value_name = "FILE|PACK")]
    plan: Option<String>,
    /// What the owner declares, agrees to, corrects and forbids, TOML [default: what a device keeps, else nothing]
    #[arg(long, value_name = "FILE")]
    owner: Option<PathBuf>,
    /// Make it as it was then: a date (to its end, UTC), a moment (RFC 3339) or unix seconds. Later entries are left out,
    /// those without a time stay [default: now]
    #[arg(long, value_name = "WHEN")]
    as_of: Option<String>,
    /// Write it as one HTML page that loads nothing, for the owner alone to read.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show the places in the texts under each line; in a page they are there without, folded away.
    #[arg(long)]
    evidence: bool,
    /// Keep the places in the texts out of a page too.
    #[arg(long, conflicts_with = "evidence")]
    no_evidence: bool,
    /// The language of everything but the person's own words.
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,
    /// Draw with ASCII alone [default: where there is no terminal or NO_COLOR is set]
    #[arg(long)]
    plain: bool,
    /// Columns of a line, 40 to 120 [default: $COLUMNS, else 80]
    #[arg(long)]
    width: Option<usize>,
    /// Print the JSON Schema of the document that --json prints, and make no profile.
    #[arg(long, conflicts_with_all = ["device", "data", "html"])]
    schema: bool,
    /// auto, native, flex, ndarray or wgpu.
    #[arg(long, default_value = "auto")]
    backend: Backend,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Lang {
    Zh,
    En,
}

impl Args {
    fn language(&self) -> PersonaLanguage {
        match self.lang {
            Lang::Zh => PersonaLanguage::Zh,
            Lang::En => PersonaLanguage::En,
        }
    }

    fn width(&self) -> usize {
        let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        self.width.or_else(columns).unwrap_or(WIDTH)
    }

    fn marks(&self) -> Marks {
        let wished_off = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if self.plain || wished_off || !std::io::stdout().is_terminal() { Marks::Ascii } else { Marks::Blocks }
    }
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    if args.schema {
        return terminal::line(&serde_json::to_string_pretty(&schema())?);
    }
    let given = Given::read(args, json)?;
    let chosen = choose(args.backend)?;
    let weights = args.encoder_weights.as_deref().map(BertEncoder::open).transpose();
    let weights = weights.context("--encoder-weights")?.map(Arc::new);
    let trained = given.model.as_ref().map(|(model, hash)| Trained {
        engine: chosen.engine.as_ref(),
        model,
        hash: *hash,
        round: None,
        encoder_weights: weights.as_ref(),
    });
    let (plan, owner) = (given.plan.as_ref(), given.owner.as_ref());
    let making = Making { trained, plan, owner, made_at: given.made_at };
    let made = make(&given.events, &making).map_err(|error| refused(args, error))?;
    let document = made.expose_on_device();
    if let Some(path) = &args.html {
        let (language, evidence) = (args.language(), !args.no_evidence);
        let page = render(document, &PageOptions { language, title: None, evidence, plan });
        write_page(path, page.expose_on_device())?;
    }
    match (json, &args.html) {
        (true, _) => terminal::json_line(document),
        (false, Some(path)) => terminal::line(&format!(
            "{}: one page that loads nothing; whoever has it can read all of it",
            path.display()
        )),
        (false, None) => tell(args, &given, document),
    }
}

fn tell(args: &Args, given: &Given, document: &ProfileDocument) -> anyhow::Result<()> {
    let options = PlainOptions {
        language: args.language(),
        title: None,
        evidence: args.evidence,
        plan: given.plan.as_ref(),
        width: args.width(),
        marks: args.marks(),
    };
    terminal::line(plain(document, &options).expose_on_device().trim_end())
}

/// Why a profile could not be made, with the argument that is to blame and what to do about it.
fn refused(args: &Args, error: ProfileError) -> anyhow::Error {
    let owner =
        || args.owner.as_ref().map_or_else(|| "the device's own word".into(), |f| format!("--owner {}", f.display()));
    match error {
        ProfileError::Owner(error) => {
            let hint = match (&error, &args.plan) {
                (OwnerError::Dimension { .. }, None) => {
                    "; --plan says which dimensions there are, for one --plan retail"
                }
                _ => "",
            };
            Usage(format!("{}: {error}{hint}", owner())).into()
        }
        ProfileError::Plan(error) => {
            Usage(format!("--plan {}: {error}", args.plan.as_deref().unwrap_or_default())).into()
        }
        other => other.into(),
    }
}

/// Writes the page whole or not at all, for nobody but its owner to read.
fn write_page(path: &Path, page: &str) -> anyhow::Result<()> {
    let named = || format!("--html {}", path.display());
    // What is no file, such as /dev/stdout, is written to as it is.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, page).with_context(named);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let part = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder).with_context(named)?;
    std::fs::write(part.path(), page).with_context(named)?;
    part.persist(path).with_context(named)?;
    Ok(())
}
