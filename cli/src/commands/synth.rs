//! `silhouette synth`: a made-up population with known profiles.

use std::path::{Path, PathBuf};

use anyhow::Context;
use silhouette_simulation::synth::{Population, SynthConfig};

use crate::terminal;

/// Write a made-up bilingual population with known profiles.
#[derive(clap::Args)]
#[command(after_help = "Example: silhouette synth --users 500 --seed 3 --out people.jsonl")]
pub(crate) struct Args {
    /// People to make up.
    #[arg(long, default_value_t = 200)]
    users: usize,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The file of texts, JSON Lines.
    #[arg(long, default_value = "people.jsonl")]
    out: PathBuf,
    /// Also write each person's planted profile here, JSON.
    #[arg(long)]
    truth: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let config = SynthConfig { users: args.users, seed: args.seed, ..SynthConfig::default() };
    let people = Population::generate(config)?;
    whole(&args.out, |part| Ok(people.write_jsonl(part)?)).with_context(|| format!("--out {}", args.out.display()))?;
    if let Some(truth) = &args.truth {
        whole(truth, |part| Ok(people.write_truth(part)?)).with_context(|| format!("--truth {}", truth.display()))?;
    }
    let texts = people.events().count();
    if json {
        return terminal::json_line(&serde_json::json!({ "users": args.users, "texts": texts, "out": args.out }));
    }
    terminal::line(&format!("{} people with {texts} texts in {}", args.users, args.out.display()))?;
    terminal::line(&format!("next: silhouette simulate --data {} --task interest --out run/", args.out.display()))
}

/// Writes beside the file and renames: whoever stops the program is not left with half a file.
/// What is no file, such as `/dev/stdout`, is written to as it is.
fn whole(path: &Path, write: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return write(path);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let part = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder)?.into_temp_path();
    write(&part)?;
    make_readable(&part)?;
    part.persist(path)?;
    Ok(())
}

/// A temporary file is its owner's alone; this one is made-up data for anybody.
#[cfg(unix)]
fn make_readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
