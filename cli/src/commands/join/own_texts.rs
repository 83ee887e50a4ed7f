//! How a model does on the device's own texts: seen here, told nobody.

use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;
use silhouette_client::models::ModelCache;
use silhouette_model::{Engine, Examples, Target, Vectoriser, argmax};
use silhouette_privacy::Private;
use silhouette_text::Event;
use silhouette_wire::ContentHash;

use crate::terminal;

/// The texts, and what is needed to judge a model by them.
pub(super) struct OwnTexts {
    engine: Arc<dyn Engine>,
    models: ModelCache,
    events: Private<Vec<Event>>,
}

/// What a model got right.
#[derive(Serialize)]
pub(super) struct Score {
    model: String,
    heads: Vec<HeadScore>,
    /// Texts with a label that the task does not know.
    pub(super) unknown_labels: usize,
}

#[derive(Serialize)]
struct HeadScore {
    head: String,
    right: usize,
    texts: usize,
}

impl OwnTexts {
    pub(super) fn new(engine: Arc<dyn Engine>, models: ModelCache, events: Private<Vec<Event>>) -> Self {
        Self { engine, models, events }
    }

    /// Judges a model of this device's cache. Heads of numbers have no right and wrong and are left
    /// out.
    pub(super) fn judge(&self, hash: ContentHash) -> anyhow::Result<Score> {
        let model = self.models.load(hash)?.context("a model is no longer on this device")?;
        let task = model.task();
        let vectoriser = Vectoriser::new(&task.encoder)?;
        let (examples, unknown_labels) = Examples::of_known(task, &vectoriser, self.events.expose_on_device());
        let texts: Vec<_> = examples.items().iter().map(|e| &e.vector).collect();
        let outputs = self.engine.predict(&model, &texts)?;
        let mut heads = Vec::new();
        for (i, (head, range)) in task.ranges().enumerate() {
            let judged: Vec<bool> = outputs
                .iter()
                .zip(examples.items())
                .filter_map(|(o, e)| match e.targets[i] {
                    Some(Target::Class(label)) => Some(argmax(&o[range.clone()]) == label as usize),
                    _ => None,
                })
                .collect();
            if !judged.is_empty() {
                let right = judged.iter().filter(|&&r| r).count();
                heads.push(HeadScore { head: head.name.clone(), right, texts: judged.len() });
            }
        }
        Ok(Score { model: hash.to_string(), heads, unknown_labels })
    }
}

/// Prints both scores side by side, or the one there is.
pub(super) fn compare(before: Option<&Score>, after: Option<&Score>) -> anyhow::Result<()> {
    let Some(shown) = after.or(before) else { return Ok(()) };
    for (i, head) in shown.heads.iter().enumerate() {
        let part = |score: Option<&Score>, when: &str| {
            score.and_then(|s| s.heads.get(i)).map(|h| format!("{} {when}", h.right))
        };
        let parts: Vec<String> = [part(before, "before"), part(after, "after")].into_iter().flatten().collect();
        terminal::line(&format!(
            "{}: right on {} of this device's {} texts (known to this device only)",
            head.head,
            parts.join(", "),
            head.texts
        ))?;
    }
    Ok(())
}
