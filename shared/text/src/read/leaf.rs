//! LEAF's JSON: one object with the texts of many users (Caldas et al. 2018, <https://github.com/TalwalkarLab/leaf>).
//!
//! ```json
//! {"users": ["a"], "num_samples": [2], "user_data": {"a": {"x": ["text", "more text"], "y": [0, 1]}}}
//! ```
//!
//! Each `x` becomes an event's text, or of a list of parts, as Sent140 has them, the fifth; each `y` the value of its
//! column `y`. Files are parsed as they stream past, and one user's texts are in memory at a time. The three lists
//! have to agree, or reading ends with an error, strict or not: a file that contradicts itself is a broken one.

mod agree;
mod file;
mod scanner;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

pub(super) use self::file::LeafFile;
use self::scanner::Scanner;
use super::{OpenError, ReadOptions, RowError, source};
use crate::event::{Event, RowRules};

/// Most users of a file, and most bytes of their names.
const MAX_USERS: usize = 4 << 20;
const MAX_NAME_BYTES: usize = 64 << 20;

/// Longest name of a user or a key.
const MAX_NAME: usize = 1 << 10;

/// Most samples of one user, and most bytes of their texts.
const MAX_SAMPLES: usize = 1 << 20;
const MAX_USER_BYTES: usize = 64 << 20;

/// Where a file's users stand in a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split {
    column: &'static str,
    value: &'static str,
}

/// The files of one data set, in order.
#[derive(Debug)]
pub(super) struct LeafRows {
    files: std::vec::IntoIter<(PathBuf, Option<Split>)>,
    current: Option<LeafFile>,
    options: ReadOptions,
}

impl LeafRows {
    /// A file, or a folder of files, or one with LEAF's subfolders `train` and `test`.
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Self, OpenError> {
        let files = if path.is_dir() { with_splits(path, options)? } else { vec![(path.to_owned(), None)] };
        Ok(Self { files: files.into_iter(), current: None, options: options.clone() })
    }

    /// One stream of bytes.
    pub(super) fn over(file: LeafFile, options: &ReadOptions) -> Self {
        Self { files: Vec::new().into_iter(), current: Some(file), options: options.clone() }
    }

    pub(super) fn next_row(&mut self, rules: &RowRules) -> Option<Result<Event, RowError>> {
        loop {
            if let Some(row) = self.current.as_mut().and_then(|file| file.next_row(rules)) {
                return Some(row);
            }
            let (path, split) = self.files.next()?;
            match source::open(&path) {
                Ok(input) => self.current = Some(LeafFile::new(input, &path, split, &self.options)),
                Err(error) => return Some(Err(error.into_row_error(&path))),
            }
        }
    }
}

/// Whether these first bytes are LEAF's rather than rows: no row has a list or an object under such a name first.
pub(super) fn begins(start: &[u8]) -> bool {
    let after = |bytes: &[u8], wanted: u8| bytes.trim_ascii_start().strip_prefix(&[wanted]).map(<[u8]>::to_vec);
    let Some(rest) = after(start, b'{').and_then(|rest| after(&rest, b'"')) else { return false };
    let keys = [("users", b'['), ("num_samples", b'['), ("hierarchies", b'['), ("user_data", b'{')];
    keys.into_iter().any(|(key, opens)| {
        let value = rest.strip_prefix(key.as_bytes()).and_then(|rest| rest.strip_prefix(b"\""));
        value.and_then(|rest| after(rest, b':')).and_then(|rest| after(&rest, opens)).is_some()
    })
}

/// Whether a folder holds LEAF's files, itself or in its subfolders `train` and `test`.
pub(super) fn is_folder(folder: &Path) -> bool {
    [folder.to_owned(), folder.join("train"), folder.join("test")].iter().any(|place| !files_in(place).is_empty())
}

/// The `.json` and `.json.gz` files of a folder, sorted, so that the order does not depend on the file system.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let is_json = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        (name.ends_with(".json") || name.ends_with(".json.gz")) && path.is_file()
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_json).collect();
    files.sort_unstable();
    files
}

/// A folder's files with the split that its subfolders stand for: of users where none is in both, else of samples.
fn with_splits(folder: &Path, options: &ReadOptions) -> Result<Vec<(PathBuf, Option<Split>)>, OpenError> {
    let (train, test) = (files_in(&folder.join("train")), files_in(&folder.join("test")));
    if train.is_empty() && test.is_empty() {
        return Ok(files_in(folder).into_iter().map(|path| (path, None)).collect());
    }
    let mut seen = HashSet::new();
    for file in &train {
        listed_users(file, options, &mut |name| {
            seen.insert(name);
        })?;
    }
    let mut both = false;
    for file in test.iter().filter(|_| !seen.is_empty()) {
        listed_users(file, options, &mut |name| both |= seen.contains(&name))?;
    }
    let column = if both { "split_sample" } else { "split_user" };
    let of = |value| move |path| (path, Some(Split { column, value }));
    Ok(train.into_iter().map(of("train")).chain(test.into_iter().map(of("test"))).collect())
}

/// Tells the names under `users`, passing over what comes before.
fn listed_users(path: &Path, options: &ReadOptions, tell: &mut dyn FnMut(String)) -> Result<(), OpenError> {
    let mut scanner = Scanner::new(source::open(path)?, options);
    let found = (|| {
        scanner.take(b'{', "file", "an object")?;
        let mut first = true;
        while scanner.more(&mut first, b'}')? {
            let key = scanner.name("file")?;
            scanner.take(b':', "file", "a colon after a key")?;
            if key == "users" {
                return scanner.names(tell);
            }
            scanner.skip()?;
        }
        Ok(())
    })();
    found.map_err(|reason| OpenError::Row(Box::new(scanner.error(path, reason))))
}
