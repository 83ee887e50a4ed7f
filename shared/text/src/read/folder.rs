//! A folder of plain text files, one event each.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{OpenError, ReadOptions, RowError, RowReason, source::open_error};
use crate::event::{Event, RowRules, event_from_row};

/// The user is the name of the subfolder, or the file's own name where it lies at the top.
#[derive(Debug)]
pub(super) struct FolderRows {
    files: std::vec::IntoIter<(String, PathBuf)>,
    total: u64,
    max_file: usize,
    max_total: u64,
}

impl FolderRows {
    /// Lists the files, sorted, so that the order does not depend on the file system.
    pub(super) fn open(folder: &Path, options: &ReadOptions) -> Result<Self, OpenError> {
        let mut files = Vec::new();
        let entries = list(folder)?;
        for entry in &entries {
            if entry.is_dir() {
                let user = name_of(entry.file_name());
                let inside = list(entry)?.into_iter().filter(|path| is_text(path));
                files.extend(inside.map(|path| (user.clone(), path)));
            } else if is_text(entry) {
                files.push((name_of(entry.file_stem()), entry.clone()));
            }
        }
        if files.is_empty() {
            let folder = folder.to_path_buf();
            return Err(OpenError::EmptyFolder { folder, entries: entries.len() });
        }
        Ok(Self {
            files: files.into_iter(),
            total: 0,
            max_file: options.max_line_bytes,
            max_total: options.max_total_bytes,
        })
    }

    pub(super) fn next_row(&mut self, rules: &RowRules) -> Option<Result<Event, RowError>> {
        let (user, file) = self.files.next()?;
        let event = self.read(&file).and_then(|text| {
            let mut row = Map::new();
            row.insert("user".to_owned(), Value::String(user));
            row.insert("text".to_owned(), Value::String(text));
            Ok(event_from_row(row, rules)?)
        });
        Some(event.map_err(|reason| RowError::new(file, 1, reason)))
    }

    fn read(&mut self, file: &Path) -> Result<String, RowReason> {
        let failed = |error: std::io::Error| RowReason::from_io(&error, false);
        let opened = File::open(file).map_err(failed)?;
        let length = opened.metadata().map_err(failed)?.len();
        // One byte more than allowed, so that a file that grew since is noticed too.
        let mut bytes = Vec::new();
        let allowed = self.max_file as u64 + 1;
        opened.take(allowed).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > self.max_file {
            let found = length.max(bytes.len() as u64);
            return Err(RowReason::TooLong { limit: self.max_file, found });
        }
        self.total += bytes.len() as u64;
        if self.total > self.max_total {
            return Err(RowReason::TooMuch { limit: self.max_total });
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| RowReason::InvalidUtf8 { offset: error.utf8_error().valid_up_to() })?;
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let entries = fs::read_dir(folder).map_err(|source| open_error(folder, source))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| open_error(folder, source))?;
    paths.sort_unstable();
    Ok(paths)
}

/// Whether a folder itself holds text files.
pub(super) fn has_texts(folder: &Path) -> bool {
    list(folder).is_ok_and(|entries| entries.iter().any(|path| is_text(path)))
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt")) && path.is_file()
}

fn name_of(name: Option<&std::ffi::OsStr>) -> String {
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
