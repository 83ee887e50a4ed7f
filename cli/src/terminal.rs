//! What all commands share in talking to a person: output, bars, failures.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Prints a line to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints one JSON value on a line of its own.
pub(crate) fn json_line(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints one JSON object of a stream: `value`, an object itself, with its name under `event`.
pub(crate) fn json_event(event: &str, value: impl serde::Serialize) -> anyhow::Result<()> {
    #[derive(serde::Serialize)]
    struct Named<'a, T> {
        event: &'a str,
        #[serde(flatten)]
        value: T,
    }
    json_line(&Named { event, value })
}

/// Prints a remark that is not part of a command's result to standard error.
pub(crate) fn remark(text: &str) {
    // Standard error may be gone; a remark is no reason to fail then.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
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

/// An argument that is well formed and still can't be used; ends with the code of a usage error.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// The exit code of a command line that can't be used.
const USAGE: u8 = 2;

/// Prints why a command failed and gives its exit code.
pub(crate) fn fail(error: &anyhow::Error, json: bool) -> ExitCode {
    let usage = error.downcast_ref::<Usage>().is_some();
    print_failure(&reasons(error), usage, json);
    if usage { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
}

/// Prints what the parser of the command line has to say: help, the version, or what is wrong.
pub(crate) fn unparsed(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() {
        // Whoever asked for help and does not read it has not failed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if json {
        let text = error.render().to_string();
        let reason = text.split("\n\nUsage:").next().unwrap_or_default();
        let reason = reason.split("\n\nFor more information").next().unwrap_or_default();
        print_failure(reason.trim_start_matches("error: ").trim(), true, true);
    } else {
        let _ = error.print();
    }
    ExitCode::from(USAGE)
}

fn print_failure(reason: &str, usage: bool, json: bool) {
    let mut out = std::io::stderr().lock();
    // Standard error may be gone too; there is nobody left to tell then.
    let _ = if json {
        let kind = if usage { "usage" } else { "failure" };
        writeln!(out, "{}", serde_json::json!({ "error": reason, "kind": kind }))
    } else {
        writeln!(out, "silhouette: {reason}")
    };
}

/// The error and its causes, outermost first. Many messages already end with their cause, which is
/// not said twice then.
fn reasons(error: &anyhow::Error) -> String {
    let mut all = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if all.is_empty() {
            all = cause;
        } else if !all.ends_with(&cause) {
            all = format!("{all}: {cause}");
        }
    }
    all
}

/// A reader that went away, as in `silhouette ... | head`, is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

/// A moment of unix seconds as a date and time of day in UTC: RFC 3339, as in
/// `2025-01-31T09:30:00Z`. A moment no calendar holds stays a number.
pub(crate) fn utc(unix: u64) -> String {
    let moment = i64::try_from(unix).ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
    moment.and_then(|m| m.format(&Rfc3339).ok()).unwrap_or_else(|| unix.to_string())
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

/// A runtime for many devices in one process: what they compute at once is bounded by the cores. With a
/// thread for each, the few threads that move packets would hardly ever run, and every connection would
/// take the silence for loss and wait longer and longer.
pub(crate) fn crowded_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(tokio::runtime::Builder::new_multi_thread().max_blocking_threads(cores + 2).enable_all().build()?)
}
