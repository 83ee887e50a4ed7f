//! Every query there is: the one place that a new kind is added to.

use silhouette_model::{Engine, EngineError, Examples, LocalTraining, Model};
use silhouette_privacy::{Private, Update};
use silhouette_wire::{ContentHash, QueryKind};

use crate::{evaluate, label_counts, train};

/// What a round asks of a device.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The kind of query.
    pub query: QueryKind,
    /// Per cent of all texts that are held out for evaluation.
    pub held_out: u8,
    /// How to train, where the round trains.
    pub training: &'a LocalTraining,
}

/// Entries of a device's vector; `None` where the task has no labels that the query could be about.
pub fn dimension(query: QueryKind, model: &Model) -> Option<usize> {
    match query {
        QueryKind::Train => Some(model.layout().total()),
        QueryKind::Evaluate => evaluate::dimension(model.task()),
        QueryKind::LabelCounts => label_counts::dimension(model.task()),
    }
}

/// Names what the entries of the vector stand for; `None` as for [`dimension`].
pub fn layout(query: QueryKind, model: &Model) -> Option<ContentHash> {
    match query {
        QueryKind::Train => Some(model.layout().hash()),
        QueryKind::Evaluate => evaluate::layout(model.task()),
        QueryKind::LabelCounts => label_counts::layout(model.task()),
    }
}

/// The device's half of any query: one vector of one person's labelled texts. `seed` orders the batches of
/// training.
///
/// # Errors
/// When the engine fails.
pub fn contribute(
    engine: &dyn Engine,
    model: &Model,
    examples: &Examples,
    asked: Asked<'_>,
    seed: u64,
) -> Result<Private<Update>, EngineError> {
    match asked.query {
        QueryKind::Train if asked.held_out == 0 => train::contribute(engine, model, examples, asked.training, seed),
        QueryKind::Train => {
            let (kept, _) = examples.parted(asked.held_out);
            train::contribute(engine, model, &kept, asked.training, seed)
        }
        QueryKind::Evaluate => evaluate::contribute(engine, model, &examples.parted(asked.held_out).1),
        QueryKind::LabelCounts => Ok(label_counts::contribute(model.task(), examples)),
    }
}
