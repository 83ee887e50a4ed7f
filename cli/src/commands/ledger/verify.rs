//! What checking a ledger shows, in words.

use silhouette_client::ledger::{Audit, LedgerError, Recovery};

use crate::terminal;

/// Says what was checked and that it holds; otherwise fails with what is wrong and what it means.
pub(super) fn report(found: Result<Audit, LedgerError>, json: bool) -> anyhow::Result<()> {
    let audit = match found {
        Ok(audit) => audit,
        Err(error) if json => {
            terminal::json_line(&serde_json::json!({
                "holds": false, "problem": error.to_string(), "meaning": error.meaning(),
            }))?;
            return Err(error.into());
        }
        Err(error) => {
            terminal::line("This ledger does NOT hold.")?;
            terminal::line(&format!("  What is wrong: {error}"))?;
            terminal::line(&format!("  What it means: {}", error.meaning()))?;
            terminal::line(
                "  What follows:  this device takes part in nothing more. A ledger is not repaired, since how much \
                 of its budget is spent is no longer known. What was given away stays given away.",
            )?;
            return Err(error.into());
        }
    };
    let count = audit.records.len();
    if json {
        return terminal::json_line(&serde_json::json!({
            "holds": true, "records": count, "acknowledged": audit.mark.seq, "unfinished": audit.unfinished.is_some(),
        }));
    }
    said_in_words(&audit).iter().try_for_each(|line| terminal::line(line))
}

fn said_in_words(audit: &Audit) -> Vec<String> {
    let mut all = vec![match audit.records.len() {
        0 => "This ledger holds. It has no charges: nothing was given away.".to_owned(),
        1 => "This ledger holds. It has 1 charge.".to_owned(),
        n => format!("This ledger holds. It has {n} charges."),
    }];
    if !audit.records.is_empty() {
        all.push(
            "  Checked: every charge carries the code that only this device's key gives; none was edited or forged."
                .into(),
        );
        all.push("  Checked: each names the one before it, and the rounds of every task go up; none is missing, added or moved.".into());
    }
    all.push(format!(
        "  Checked: the head file and the mark in the key store agree with it up to charge {}; no old copy was put back.",
        audit.mark.seq
    ));
    match &audit.unfinished {
        Some(Recovery::Completed { task, round }) => all.push(format!(
            "  Note: the charge for round {round} of {task} is under way, or was interrupted; it counts as spent."
        )),
        Some(_) => all.push(
            "  Note: half a line follows: a charge is under way, or was interrupted before anything was sent.".into(),
        ),
        None => {}
    }
    all.push(
        "  Not to be seen from here: an old copy of the whole folder, with its key and mark, put back at once.".into(),
    );
    all
}
