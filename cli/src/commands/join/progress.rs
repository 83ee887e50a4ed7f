//! What happens while taking part, for people and for machines.

use serde_json::{Value, json};
use silhouette_client::ParticipantEvent;
use silhouette_client::participant::End;

use crate::terminal;

pub(super) fn tell(event: &ParticipantEvent, json: bool) {
    // A progress line that can't be written is no reason to leave a round.
    let _ = if json { terminal::json_line(&as_json(event)) } else { terminal::line(&format!("  {event}")) };
}

/// How it ended, as the last line of a stream.
pub(super) fn ended(end: &End) -> Value {
    match end {
        End::Finished { model, cached } => {
            json!({ "event": "finished", "model": model.to_string(), "cached": cached })
        }
        End::Stopped => json!({ "event": "stopped" }),
        other => json!({ "event": "other", "text": format!("{other:?}") }),
    }
}

/// An event: its name and its figures; times in seconds.
fn as_json(event: &ParticipantEvent) -> Value {
    use ParticipantEvent as E;
    match event {
        E::Charged { round, rho } => json!({ "event": "charged", "round": round, "rho": rho }),
        E::CheckedIn { last_round } => json!({ "event": "checked_in", "last_round": last_round }),
        E::Connected => json!({ "event": "connected" }),
        E::ConnectionFailed { reason, retry_in } => {
            json!({ "event": "connection_failed", "reason": reason, "retry_in": retry_in.as_secs_f64() })
        }
        E::Declined(why) => json!({ "event": "declined", "reason": why.to_string() }),
        E::Interrupted { exchange, reason } => {
            json!({ "event": "interrupted", "exchange": exchange, "reason": reason })
        }
        E::ModelReady { model, cached } => {
            json!({ "event": "model_ready", "model": model.to_string(), "cached": cached })
        }
        E::Rejected(code) => json!({ "event": "rejected", "reason": code.to_string() }),
        E::Renewed => json!({ "event": "renewed" }),
        E::Resting(time) => json!({ "event": "resting", "seconds": time.as_secs_f64() }),
        E::Took { round } => json!({ "event": "took_part", "round": round }),
        E::Training { round, query } => json!({ "event": "training", "round": round, "query": query.name() }),
        E::Uploading { round, bytes, attempt } => {
            json!({ "event": "uploading", "round": round, "bytes": bytes, "attempt": attempt })
        }
        other => json!({ "event": "other", "text": other.to_string() }),
    }
}
