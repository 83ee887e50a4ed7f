//! What all commands share in talking to a person: output, bars, failures.

use std::io::{IsTerminal, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Prints a line to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints one JSON value on a line of its own.
pub(crate) fn json_line(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints rows of two columns.
pub(crate) fn table(rows: &[(String, String)]) -> anyhow::Result<()> {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().try_for_each(|(name, value)| line(&format!("  {name:<width$}  {value}")))
}

/// A progress bar on standard error, hidden where nobody looks.
pub(crate) fn bar(steps: u64, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    if quiet || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("  [{bar:24}] {pos}/{len} {msg} (about {eta} left)") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Prints why a command failed.
pub(crate) fn fail(error: &anyhow::Error, json: bool) {
    let text = format!("{error:#}");
    let mut out = std::io::stderr().lock();
    // Standard error may be gone too; there is nobody left to tell then.
    let _ = if json {
        writeln!(out, "{}", serde_json::json!({ "error": text }))
    } else {
        writeln!(out, "silhouette: {text}")
    };
}

/// A reader that went away, as in `silhouette ... | head`, is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

/// A count of bytes for people.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}

/// A runtime for the commands that talk to the network.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
