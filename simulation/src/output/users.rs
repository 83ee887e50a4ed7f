//! The figures of each held-out person, for research into how evenly a model does.

use serde::Serialize;

use crate::evaluate::Evaluation;
use crate::output::OutputError;
use crate::people::People;

/// A line of `users.jsonl`.
#[derive(Serialize)]
struct UserLine<'a> {
    /// The id of the file.
    user: &'a str,
    /// Texts predicted.
    texts: u64,
    /// Share of them that was right.
    accuracy: f64,
    /// Whether the top label is right.
    top_label_right: bool,
}

/// JSON Lines, one for each of `people` who has a text that was predicted.
pub(super) fn lines(people: &People, evaluation: &Evaluation) -> Result<String, OutputError> {
    let mut lines = String::new();
    for of in &evaluation.people {
        let person = people.person(of.person)?;
        let line = UserLine {
            user: &person.id,
            texts: of.texts,
            accuracy: of.accuracy(),
            top_label_right: of.top_label_right,
        };
        lines.push_str(&serde_json::to_string(&line)?);
        lines.push('\n');
    }
    Ok(lines)
}
