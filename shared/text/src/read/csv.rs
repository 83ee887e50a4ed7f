//! Comma-separated values with a header.

mod record;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use self::record::{Record, Records};
use super::{OpenError, ReadOptions, RowError, RowReason, source::Input};
use crate::event::{Column, Event, RowRules, event_from_row};

/// A column name longer than this is more likely the text of a file that has no header, and is
/// not shown in messages.
const LONGEST_SHOWN_NAME: usize = 32;

/// How many column names a message shows.
const MOST_SHOWN_NAMES: usize = 20;

#[derive(Debug)]
pub(super) struct CsvRows {
    records: Records,
    columns: Vec<String>,
    file: PathBuf,
}

impl CsvRows {
    pub(super) fn new(input: Input, file: &Path, options: &ReadOptions) -> Result<Self, OpenError> {
        let mut records = Records::new(input, options);
        let header = |found| OpenError::Header { file: file.to_path_buf(), limit: options.max_line_bytes, found };
        let columns: Vec<String> = match records.next_record() {
            None => {
                return Err(OpenError::EmptyFile { file: file.to_path_buf() });
            }
            Some(Ok(record)) => record.cells().map(|cell| cell.trim().to_owned()).collect(),
            Some(Err((_, RowReason::TooLong { .. }))) => return Err(header("a longer line")),
            Some(Err((_, RowReason::InvalidUtf8 { .. }))) => return Err(header("other bytes")),
            Some(Err(_)) => return Err(header("a damaged or truncated file")),
        };
        check(&columns, file, options)?;
        Ok(Self { records, columns, file: file.to_path_buf() })
    }

    pub(super) fn next_row(&mut self, rules: &RowRules) -> Option<Result<Event, RowError>> {
        let (line, event) = match self.records.next_record()? {
            Ok(record) => (record.line, build(&self.columns, &record, rules)),
            Err((line, reason)) => (line, Err(reason)),
        };
        Some(event.map_err(|reason| RowError::new(self.file.clone(), line, reason)))
    }
}

fn check(columns: &[String], file: &Path, options: &ReadOptions) -> Result<(), OpenError> {
    let needed = [(Column::User, options.default_user.is_none()), (Column::Text, !options.allow_empty_text)];
    for (column, is_needed) in needed {
        if is_needed && !columns.iter().any(|name| Column::named(name) == Some(column)) {
            return Err(OpenError::MissingColumn {
                file: file.to_path_buf(),
                names: column.names(),
                found: shown(columns),
            });
        }
    }
    let mut seen = BTreeSet::new();
    for column in columns.iter().filter(|column| !column.is_empty()) {
        if !seen.insert(column.to_ascii_lowercase()) {
            return Err(OpenError::DuplicateColumn { file: file.to_path_buf(), column: shown_name(column) });
        }
    }
    Ok(())
}

fn build(columns: &[String], record: &Record<'_>, rules: &RowRules) -> Result<Event, RowReason> {
    if record.len() != columns.len() {
        return Err(RowReason::ColumnCount { expected: columns.len(), found: record.len() });
    }
    let mut row = Map::new();
    for (column, cell) in columns.iter().zip(record.cells()) {
        // A column without a name is the row number that data-frame tools write.
        if column.is_empty() {
            continue;
        }
        // An empty cell of a column we do not know holds nothing rather than empty text.
        let value = match cell {
            "" if Column::named(column).is_none() => Value::Null,
            cell => Value::String(cell.to_owned()),
        };
        row.insert(column.clone(), value);
    }
    Ok(event_from_row(row, rules)?)
}

fn shown(columns: &[String]) -> Vec<String> {
    let mut names: Vec<_> = columns.iter().take(MOST_SHOWN_NAMES).map(|name| shown_name(name)).collect();
    if columns.len() > MOST_SHOWN_NAMES {
        names.push(format!("and {} more", columns.len() - MOST_SHOWN_NAMES));
    }
    names
}

fn shown_name(name: &str) -> String {
    let length = name.chars().count();
    if length > LONGEST_SHOWN_NAME { format!("({length} characters)") } else { format!("`{name}`") }
}
