//! Prints the tables of docs/quality.md: what the crate finds on the labelled sets of `tests/data`.
//!
//! ```text
//! cargo run --release -p silhouette-text --example language_quality            # tables
//! cargo run --release -p silhouette-text --example language_quality -- --json  # one object a line
//! ```

#![expect(clippy::panic, reason = "a measurement may panic")]
#![expect(unreachable_pub, dead_code, reason = "the measure is shared; each of its two users needs a part of it")]

#[path = "../tests/quality/measure.rs"]
mod measure;

use measure::Row;

/// A table's name and how it is made.
type Table = (&'static str, fn() -> Vec<Row>);

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let tables: &[Table] = &[
        ("scrub", measure::scrub::rows),
        ("sentiment", measure::sentiment::rows),
        ("pos", measure::pos::rows),
        ("entities", measure::entities::rows),
        ("keyphrases", measure::keyphrases::rows),
        ("spam", measure::spam::rows),
    ];
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    for &(name, rows) in tables {
        if !only.is_empty() && !only.iter().any(|word| word == name) {
            continue;
        }
        let rows = rows();
        if json { print_json(&rows) } else { print_table(&rows) }
    }
}

fn print_json(rows: &[Row]) {
    for row in rows {
        let mut object = serde_json::json!({ "set": row.set, "kind": row.kind });
        for (name, value) in &row.figures {
            object[*name] = serde_json::json!(value);
        }
        println!("{object}");
    }
}

/// A Markdown table, a new one wherever the figures change.
fn print_table(rows: &[Row]) {
    let mut head: Vec<&str> = Vec::new();
    for row in rows {
        let names: Vec<&str> = row.figures.iter().map(|(name, _)| *name).collect();
        if names != head {
            println!("\n| set | kind | {} |\n| --- | --- |{}", names.join(" | "), " --- |".repeat(names.len()));
            head = names;
        }
        let figure = |&(name, value): &(&str, f64)| match name {
            _ if value.fract() == 0.0 && value > 1.0 || name.starts_with('n') => format!("{value}"),
            _ => format!("{value:.3}"),
        };
        let figures: Vec<String> = row.figures.iter().map(figure).collect();
        println!("| {} | {} | {} |", row.set, row.kind, figures.join(" | "));
    }
}
