//! Looks for a text in bytes, in every spelling in which a program may let it slip.

mod index;
mod needles;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use index::Index;
pub(super) use needles::varint;

/// How a text was spelled where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Spelling {
    /// UTF-8, letters of either case.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// Base64 of the UTF-8, this many bytes after the start of a group of three.
    Base64(usize),
    /// Hexadecimal digits of the UTF-8, letters of either case.
    Hex,
    /// The escapes of JSON, `\uXXXX`, for what is not ASCII.
    Json,
    /// The escapes of an address, `%XX`, for what is not ASCII.
    Percent,
    /// The UTF-8 as a list of decimal numbers, as programs print bytes.
    Bytes,
    /// A run of the text's feature numbers, spelled like this.
    Features(Coding),
}

/// How a list of numbers is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Coding {
    /// 32 bits each, the low byte first.
    U32Le,
    /// 64 bits each, the low byte first.
    U64Le,
    /// Seven bits a byte, the low ones first.
    Varint,
    /// Decimal digits with commas between.
    Decimal,
}

impl fmt::Display for Spelling {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

/// A text and its spellings.
pub struct Canary {
    text: String,
    /// Spellings that may come in letters of either case; what is searched is made small.
    folded: Index,
    exact: Index,
}

impl Canary {
    /// The spellings of `text`. Spellings of less than four bytes are left out: they are everywhere.
    pub fn new(text: &str) -> Self {
        Self::with_features(text, &[])
    }

    /// The same, and the runs of numbers that the text becomes: lists of feature numbers, each in an
    /// order in which a program may write it. Any four in a row count.
    pub fn with_features(text: &str, lists: &[Vec<u32>]) -> Self {
        let (mut folded, mut exact) = (Vec::new(), Vec::new());
        for (spelling, needle) in needles::of_text(text).into_iter().chain(needles::of_features(lists)) {
            match spelling {
                Spelling::Base64(_) | Spelling::Features(_) => exact.push((spelling, needle)),
                _ => folded.push((spelling, needle.to_ascii_lowercase())),
            }
        }
        Self { text: text.to_owned(), folded: Index::new(folded), exact: Index::new(exact) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte strings that are looked for.
    pub fn needles(&self) -> usize {
        self.folded.len() + self.exact.len()
    }

    /// Every spelling found in `bytes`, each once.
    pub fn in_bytes(&self, bytes: &[u8]) -> Vec<Spelling> {
        let mut found = self.exact.search(bytes);
        found.extend(self.folded.search(&bytes.to_ascii_lowercase()));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Every spelling found in a file below `folder`, or in a file's name.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn in_folder(&self, folder: &Path) -> io::Result<Vec<(PathBuf, Spelling)>> {
        let mut found = Vec::new();
        for (path, bytes) in files(folder)? {
            let name = path.strip_prefix(folder).unwrap_or(&path).as_os_str().as_encoded_bytes();
            let spellings = self.in_bytes(name).into_iter().chain(self.in_bytes(&bytes));
            found.extend(spellings.map(|spelling| (path.clone(), spelling)));
        }
        Ok(found)
    }
}

/// Every file below a folder, and its bytes. What is gone between listing and reading is left out: a
/// database at work makes and removes files.
///
/// # Errors
/// When a file can't be read.
pub fn files(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(&path)?);
            continue;
        }
        match std::fs::read(&path) {
            Ok(bytes) => all.push((path, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
