//! A cell's folder: what run it is of, and its results.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

use super::{Cell, CellResult, Sweep, SweepError};
use crate::checkpoint::exact;
use crate::checkpoint::file::to_disk;
use crate::settings::Settings;

/// Names and values of everything that a cell's results depend on.
pub(super) type Identity = BTreeMap<String, String>;

/// Most bytes of a file of results that is read again.
const MOST_BYTES: u64 = 1 << 30;

const IDENTITY: &str = "cell.json";
const SUMMARY: &str = "summary.json";
const ROUNDS: &str = "rounds.jsonl";

/// What a cell is of. `data` is the hash of the data set.
pub(super) fn identity(sweep: &Sweep, cell: &Cell, data: &str, engine: &str) -> Identity {
    let settings = Settings { threads: None, ..cell.settings.clone() };
    let settings = serde_json::to_value(&settings).unwrap_or_default();
    let mut of: Identity = settings
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (format!("setting {name}"), value.to_string()))
        .collect();
    of.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    of.insert("engine".into(), engine.into());
    of.insert("data".into(), data.into());
    of.insert("strict".into(), sweep.strict.to_string());
    of
}

/// SHA-256 of the data set and the task: of the files' bytes, wherever they lie.
pub(super) fn hash_of_data(sweep: &Sweep) -> Result<String, SweepError> {
    let mut hash = Sha256::new();
    if let Some(users) = sweep.population {
        hash.update(format!("population {users}"));
    }
    if let Some(path) = &sweep.data {
        add(&mut hash, path)?;
    }
    let task = Path::new(&sweep.task);
    if task.extension().is_some_and(|e| e == "toml") {
        add(&mut hash, task)?;
    } else {
        hash.update(&sweep.task);
    }
    Ok(ContentHash(hash.finalize().into()).to_string())
}

fn add(hash: &mut Sha256, path: &Path) -> Result<(), SweepError> {
    let failed = |source| SweepError::File { path: path.to_owned(), source };
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(failed)?;
        let mut paths: Vec<PathBuf> = entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>().map_err(failed)?;
        paths.sort();
        return paths.iter().try_for_each(|path| {
            hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            add(hash, path)
        });
    }
    let (mut file, mut piece) = (File::open(path).map_err(failed)?, vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece).map_err(failed)? {
            0 => return Ok(()),
            read => hash.update(&piece[..read]),
        }
    }
}

/// The results in a cell's folder, if it is finished.
///
/// # Errors
/// When what is there is of other data or settings, finished or not, or can't be read.
pub(super) fn finished(folder: &Path, cell: &Cell, identity: &Identity) -> Result<Option<CellResult>, SweepError> {
    let Some(found) = read::<Identity>(&folder.join(IDENTITY))? else {
        let stray = folder.join(SUMMARY);
        if stray.exists() {
            return Err(SweepError::Results { path: stray, found: format!("no {IDENTITY} beside it") });
        }
        return Ok(None);
    };
    let names = identity.keys().chain(found.keys());
    if let Some(what) = names.min_by_key(|name| (identity.get(*name) == found.get(*name), name.as_str()))
        && identity.get(what) != found.get(what)
    {
        let value = |of: &Identity| of.get(what).cloned().unwrap_or_else(|| "its default".into());
        let (expected, found) = (value(identity), value(&found));
        return Err(SweepError::Differs { folder: folder.to_owned(), what: what.clone(), expected, found });
    }
    let Some(summary) = read(&folder.join(SUMMARY))? else { return Ok(None) };
    let path = folder.join(ROUNDS);
    let Some(text) = text_of(&path)? else {
        return Err(SweepError::Results { path, found: "none".into() });
    };
    let rounds = text.lines().map(exact::read).collect::<Result<_, _>>();
    let rounds = rounds.map_err(|e| SweepError::Results { path, found: e.to_string() })?;
    Ok(Some(CellResult { name: cell.name.clone(), values: cell.values.clone(), summary, rounds }))
}

/// Makes the folder and writes down what it is of.
pub(super) fn claim(folder: &Path, identity: &Identity) -> Result<(), SweepError> {
    std::fs::create_dir_all(folder).map_err(|source| SweepError::File { path: folder.to_owned(), source })?;
    put(&folder.join(IDENTITY), identity)
}

/// Writes the results, the summary last: with it the cell is finished.
pub(super) fn write(folder: &Path, result: &CellResult) -> Result<(), SweepError> {
    let mut lines = String::new();
    for record in &result.rounds {
        let line = serde_json::to_string(record).map_err(|e| odd(&folder.join(ROUNDS), &e))?;
        lines.push_str(&line);
        lines.push('\n');
    }
    let path = folder.join(ROUNDS);
    to_disk(&path, &[lines.as_bytes()]).map_err(|source| SweepError::File { path, source })?;
    put(&folder.join(SUMMARY), &result.summary)
}

fn put(path: &Path, value: &impl serde::Serialize) -> Result<(), SweepError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| odd(path, &e))?;
    bytes.push(b'\n');
    to_disk(path, &[&bytes]).map_err(|source| SweepError::File { path: path.to_owned(), source })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SweepError> {
    let Some(text) = text_of(path)? else { return Ok(None) };
    exact::read(&text).map(Some).map_err(|e| odd(path, &e))
}

fn odd(path: &Path, found: &serde_json::Error) -> SweepError {
    SweepError::Results { path: path.to_owned(), found: found.to_string() }
}

fn text_of(path: &Path) -> Result<Option<String>, SweepError> {
    let failed = |source| SweepError::File { path: path.to_owned(), source };
    let length = match std::fs::metadata(path) {
        Ok(about) => about.len(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    if length > MOST_BYTES {
        return Err(SweepError::Results { path: path.to_owned(), found: format!("{length} bytes") });
    }
    std::fs::read_to_string(path).map(Some).map_err(failed)
}
