//! From a sweep file to cells, every one of them checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use silhouette_wire::ContentHash;
use toml::{Table, Value};

use super::{Cell, Sweep, SweepError};
use crate::config::PrivacyChoice;
use crate::settings::Settings;

/// Most cells of a sweep.
const MOST_CELLS: usize = 10_000;

/// Longest name of a cell's folder; beyond it a hash stands for the rest.
const LONGEST_NAME: usize = 120;

/// The axes on which data and their encoding may depend, which therefore change as seldom as can be.
const OF_THE_DATA: [&str; 10] = [
    "partition",
    "people",
    "compare",
    "encoder",
    "buckets",
    "mode",
    "epsilon",
    "delta",
    "noise_multiplier",
    "stop_at_epsilon",
];

/// What only a private run has.
const OF_PRIVACY: [&str; 4] = ["epsilon", "delta", "noise_multiplier", "stop_at_epsilon"];

/// What names the file in every complaint.
pub(super) struct Parser<'f> {
    pub(super) file: &'f Path,
}

impl Parser<'_> {
    pub(super) fn odd(&self, field: impl Into<String>, expected: impl Into<String>, found: &dyn Display) -> SweepError {
        SweepError::Field {
            file: self.file.to_owned(),
            field: field.into(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    pub(super) fn sweep(&self, text: &str) -> Result<Sweep, SweepError> {
        let table: Table = text
            .parse()
            .map_err(|e: toml::de::Error| SweepError::Toml { file: self.file.to_owned(), why: e.to_string() })?;
        // Flags' names are understood with hyphens too.
        let mut table: Table = table.into_iter().map(|(name, value)| (name.replace('-', "_"), value)).collect();
        let data = self.text(&mut table, "data")?.map(|path| self.beside(&path));
        let population = self.count(&mut table, "population")?;
        if data.is_some() == population.is_some() {
            let found = if data.is_some() { "both" } else { "neither" };
            return Err(self.odd("data", "a file of people here, or a number of made-up ones as population", &found));
        }
        let task = self.text(&mut table, "task")?;
        let task = match (task, population) {
            (Some(_), Some(_)) => {
                return Err(self.odd("task", "none with a population, whose label is interest", &"one"));
            }
            (None, Some(_)) => "interest".to_owned(),
            (None, None) => {
                return Err(self.odd("task", "a column with labels, or a task file (.toml)", &"none"));
            }
            (Some(task), None) if task.ends_with(".toml") => self.beside(&task).to_string_lossy().into_owned(),
            (Some(task), None) => task,
        };
        let strict = match table.remove("strict") {
            None => false,
            Some(Value::Boolean(strict)) => strict,
            Some(other) => return Err(self.odd("strict", "true or false", &other)),
        };
        let backend = self.text(&mut table, "backend")?;
        let axes = self.axes(&mut table)?;
        for (name, value) in &table {
            self.setting(name, name, value)?;
        }
        let (cells, repeated) = self.cells(&table, &axes)?;
        let axes = axes.into_iter().map(|(name, _)| name).collect();
        Ok(Sweep { file: self.file.to_owned(), data, population, task, strict, backend, axes, cells, repeated })
    }

    /// A path as it is meant: relative to the file that says it.
    fn beside(&self, path: &str) -> PathBuf {
        self.file.parent().map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }

    fn text(&self, table: &mut Table, name: &str) -> Result<Option<String>, SweepError> {
        match table.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.odd(name, "text in quotes", &other)),
        }
    }

    fn count(&self, table: &mut Table, name: &str) -> Result<Option<usize>, SweepError> {
        let whole = |value: &Value| value.as_integer().and_then(|number| usize::try_from(number).ok());
        match table.remove(name) {
            None => Ok(None),
            Some(value) => whole(&value).map(Some).ok_or_else(|| self.odd(name, "a whole number", &value)),
        }
    }

    /// One setting with one value, to name it where it is wrong.
    fn setting(&self, field: &str, name: &str, value: &Value) -> Result<(), SweepError> {
        let alone = Table::from_iter([(name.to_owned(), value.clone())]);
        let read = Settings::deserialize(Value::Table(alone));
        let why = |e: &toml::de::Error| e.message().trim().to_owned();
        match read {
            Ok(_) => Ok(()),
            Err(e) if why(&e).starts_with("unknown field") => Err(self.odd(
                field,
                "data, task, population, strict, backend, [grid] or a setting of simulate",
                &why(&e),
            )),
            Err(e) => Err(self.odd(field, "a value that the flag of that name has", &format!("{value} ({})", why(&e)))),
        }
    }

    /// The lists of `[grid]`, slowest first.
    fn axes(&self, table: &mut Table) -> Result<Vec<(String, Vec<Value>)>, SweepError> {
        let grid = match table.remove("grid") {
            Some(Value::Table(grid)) if !grid.is_empty() => grid,
            Some(other) => return Err(self.odd("[grid]", "at least one list of values", &other)),
            None => return Err(self.odd("[grid]", "a table of lists", &"none")),
        };
        let mut axes = Vec::with_capacity(grid.len());
        for (name, values) in grid {
            let (field, name) = (format!("grid.{name}"), name.replace('-', "_"));
            let Value::Array(values) = values else { return Err(self.odd(field, "a list of values", &values)) };
            if values.is_empty() {
                return Err(self.odd(field, "at least one value", &"none"));
            }
            if name == "threads" || name == "trace" {
                return Err(self.odd(field, "a setting that makes another run by its value", &name));
            }
            if table.contains_key(&name) || axes.iter().any(|(other, _)| *other == name) {
                return Err(self.odd(field, "a setting that is not fixed too", &"both"));
            }
            let mut seen = BTreeSet::new();
            for value in &values {
                self.setting(&field, &name, value)?;
                if !seen.insert(shown(value)) {
                    return Err(self.odd(field, "different values", &format!("{} twice", shown(value))));
                }
            }
            axes.push((name, values));
        }
        let place = |name: &str| OF_THE_DATA.iter().position(|other| *other == name).unwrap_or(OF_THE_DATA.len());
        axes.sort_by_key(|(name, _)| (place(name), name == "seed"));
        Ok(axes)
    }

    fn cells(&self, fixed: &Table, axes: &[(String, Vec<Value>)]) -> Result<(Vec<Cell>, usize), SweepError> {
        let all = axes.iter().try_fold(1_usize, |all, (_, values)| all.checked_mul(values.len()));
        let Some(all) = all.filter(|all| *all <= MOST_CELLS) else {
            let found = axes.iter().map(|(_, values)| values.len().to_string()).collect::<Vec<_>>().join(" x ");
            return Err(self.odd("[grid]", format!("at most {MOST_CELLS} runs"), &found));
        };
        let (mut cells, mut runs, mut names) = (Vec::with_capacity(all), BTreeMap::new(), BTreeSet::new());
        let mut repeated = 0;
        for number in 0..all {
            let mut table = fixed.clone();
            let (mut left, mut values) = (number, Vec::with_capacity(axes.len()));
            for (name, list) in axes.iter().rev() {
                let value = &list[left % list.len()];
                left /= list.len();
                table.insert(name.clone(), value.clone());
                values.push((name.clone(), shown(value)));
            }
            values.reverse();
            let cell = self.cell(table, values, &mut names)?;
            // The same run by another name is not run again.
            if runs.insert(format!("{:?}", cell.config), ()).is_some() {
                repeated += 1;
            } else {
                names.insert(cell.name.clone());
                cells.push(cell);
            }
        }
        Ok((cells, repeated))
    }

    fn cell(
        &self,
        table: Table,
        mut values: Vec<(String, String)>,
        names: &mut BTreeSet<String>,
    ) -> Result<Cell, SweepError> {
        let name = |values: &[(String, String)]| {
            values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
        };
        let settings: Settings = Settings::deserialize(Value::Table(table))
            .map_err(|e| self.odd(name(&values), "settings of simulate", &e.message()))?;
        let refused = |source| SweepError::Settings { file: self.file.to_owned(), cell: name(&values), source };
        let config = settings.config().map_err(&refused)?;
        config.validate().map_err(&refused)?;
        if config.privacy == PrivacyChoice::None {
            values.retain(|(name, _)| !OF_PRIVACY.contains(&name.as_str()));
        }
        let mut folder: String = name(&values).chars().map(harmless).collect();
        if folder.len() > LONGEST_NAME || names.contains(&folder) || folder.is_empty() {
            let hash = ContentHash::of(name(&values).as_bytes()).to_string();
            folder = format!("{}-{}", folder.chars().take(LONGEST_NAME - 17).collect::<String>(), &hash[..16]);
        }
        Ok(Cell { name: folder, values, settings, config })
    }
}

/// A character that every file system has room for.
fn harmless(c: char) -> char {
    if c.is_ascii_alphanumeric() || "=,.-_".contains(c) { c } else { '-' }
}

/// A value as people write it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        // 8 and 8.0 are the same.
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}
