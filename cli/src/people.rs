//! One person's texts out of a file, and what was left out of it.

use std::path::Path;

use anyhow::bail;
use silhouette_text::{CleanOptions, Cleaner, Event, EventReader, ReadOptions, ReadReport};

/// Bad rows shown one by one; the rest is counted.
const SHOWN: usize = 5;

/// One person's events of a file, cleaned, and what became of its rows. With `strict` the first bad
/// row is an error.
pub(crate) fn read_person(path: &Path, user: Option<&str>, strict: bool) -> anyhow::Result<(Vec<Event>, ReadReport)> {
    let cleaner = Cleaner::new(CleanOptions::default());
    let mut events = Vec::new();
    let mut reader = EventReader::open(path, ReadOptions { strict, ..ReadOptions::default() })?;
    for row in reader.by_ref() {
        let mut event = row?;
        if user.is_none_or(|u| event.user == u) {
            event.text = cleaner.clean(&event.text);
            events.push(event);
        }
    }
    let report = reader.into_report();
    if events.is_empty() {
        let bad = skipped(&report).join("\n");
        match user {
            Some(user) => bail!("{}: no row of user {user}\n{bad}", path.display()),
            None => bail!("{}: no usable row\n{bad}", path.display()),
        }
    }
    Ok((events, report))
}

/// What was left out, a line each: how many rows, then file, line, field and reason of the first.
/// Nothing if nothing was.
pub(crate) fn skipped(report: &ReadReport) -> Vec<String> {
    let mut lines = Vec::new();
    if report.skipped > 0 {
        lines.push(format!(
            "skipped {} of {} rows, which can't be used (--strict makes that an error):",
            report.skipped, report.rows
        ));
    }
    lines.extend(report.first_errors.iter().take(SHOWN).map(|error| format!("  {error}")));
    let more = report.skipped.saturating_sub(SHOWN as u64);
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    if let Some(cut) = &report.ended_early {
        lines.push(format!("the file was not read to its end: {cut}"));
    }
    lines
}
