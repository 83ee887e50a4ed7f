//! Streaming readers of files of events.
//!
//! JSON Lines, CSV, LEAF's JSON and folders of plain text, gzip or not, are read row by row in bounded memory:
//! no row longer than [`ReadOptions::max_line_bytes`] is ever held, and no more than
//! [`ReadOptions::max_total_bytes`] are decompressed. A bad row is counted in the [`ReadReport`]
//! and skipped, or ends the reading with [`ReadOptions::strict`]. Messages name the file, the
//! line and the column, never what the person wrote.

mod csv;
mod error;
mod folder;
mod json;
mod leaf;
mod lines;
mod options;
mod report;
mod source;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use self::{
    csv::CsvRows,
    folder::FolderRows,
    json::JsonRows,
    leaf::{LeafFile, LeafRows},
};
pub use self::{
    error::{OpenError, ReadError, RowError, RowReason},
    options::ReadOptions,
    report::ReadReport,
    source::Format,
};
use crate::event::{Event, RowRules};

/// Reads every event of a file or folder.
///
/// # Errors
///
/// When the file cannot be opened or has no usable columns and, with [`ReadOptions::strict`], at
/// the first bad row.
pub fn read_all(path: &Path, options: &ReadOptions) -> Result<(Vec<Event>, ReadReport), ReadError> {
    let mut reader = EventReader::open(path, options.clone())?;
    let events = reader.by_ref().collect::<Result<Vec<_>, _>>().map_err(Box::new)?;
    Ok((events, reader.into_report()))
}

/// An iterator over the events of one file or folder.
///
/// Without [`ReadOptions::strict`] it yields only events, and the rows it skipped are in
/// [`EventReader::report`]. With it, the first bad row is yielded as an error and is the last item; so is, with or
/// without it, the place where a LEAF file contradicts itself.
#[derive(Debug)]
pub struct EventReader {
    rows: Rows,
    rules: RowRules,
    options: ReadOptions,
    report: ReadReport,
    finished: bool,
}

impl EventReader {
    /// Opens a file, whose format its name and first bytes tell, or a folder of `.txt` or of LEAF's files.
    ///
    /// # Errors
    ///
    /// When there is no such file, its format is unknown, or it lacks a column we cannot do without.
    pub fn open(path: &Path, options: ReadOptions) -> Result<Self, OpenError> {
        let rules = rules_of(&options);
        let rows = match Format::of(path)? {
            Format::TextFolder => Rows::Folder(FolderRows::open(path, &options)?),
            Format::JsonLines => Rows::Json(JsonRows::new(source::open(path)?, path, &options)),
            Format::Leaf => Rows::Leaf(Box::new(LeafRows::open(path, &options)?)),
            Format::Csv => Rows::Csv(Box::new(CsvRows::new(source::open(path)?, path, &options)?)),
        };
        Ok(Self::over(rows, rules, options))
    }

    /// Reads rows from memory or from a pipe; `name` stands for the file in messages.
    ///
    /// # Errors
    ///
    /// When the format is a folder, or a CSV header lacks a column we cannot do without.
    pub fn from_reader(
        reader: impl Read + Send + 'static,
        name: &str,
        format: Format,
        options: ReadOptions,
    ) -> Result<Self, OpenError> {
        let path = PathBuf::from(name);
        let rules = rules_of(&options);
        let input = source::unpack(Box::new(reader), &path)?;
        let rows = match format {
            Format::JsonLines => Rows::Json(JsonRows::new(input, &path, &options)),
            Format::Leaf => Rows::Leaf(Box::new(LeafRows::over(LeafFile::new(input, &path, None, &options), &options))),
            Format::Csv => Rows::Csv(Box::new(CsvRows::new(input, &path, &options)?)),
            Format::TextFolder => return Err(OpenError::UnknownFormat { file: path }),
        };
        Ok(Self::over(rows, rules, options))
    }

    /// What was read and what was skipped so far.
    pub fn report(&self) -> &ReadReport {
        &self.report
    }

    /// The report, at the end.
    pub fn into_report(self) -> ReadReport {
        self.report
    }

    fn over(rows: Rows, mut rules: RowRules, options: ReadOptions) -> Self {
        if matches!(rows, Rows::Folder(_)) {
            rules.default_kind = crate::event::EventKind::Note;
        }
        Self { rows, rules, options, report: ReadReport::default(), finished: false }
    }

    fn reached_limit(&self) -> bool {
        self.options.limit.is_some_and(|limit| self.report.kept >= limit)
    }
}

impl Iterator for EventReader {
    type Item = Result<Event, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.finished && !self.reached_limit() {
            let row = match &mut self.rows {
                Rows::Csv(rows) => rows.next_row(&self.rules),
                Rows::Folder(rows) => rows.next_row(&self.rules),
                Rows::Json(rows) => rows.next_row(&self.rules),
                Rows::Leaf(rows) => rows.next_row(&self.rules),
            };
            match row {
                None => self.finished = true,
                Some(Ok(event)) => {
                    self.report.keep();
                    return Some(Ok(event));
                }
                Some(Err(error)) => {
                    self.finished = self.options.strict || error.reason.ends_the_stream();
                    self.report.skip(&error, self.options.keep_errors);
                    if self.options.strict || error.reason.is_fatal() {
                        return Some(Err(error));
                    }
                }
            }
        }
        None
    }
}

#[derive(Debug)]
enum Rows {
    Csv(Box<CsvRows>),
    Folder(FolderRows),
    Json(JsonRows),
    Leaf(Box<LeafRows>),
}

fn rules_of(options: &ReadOptions) -> RowRules {
    RowRules {
        default_user: options.default_user.clone(),
        allow_empty_text: options.allow_empty_text,
        ..RowRules::default()
    }
}
