//! What a device trains with: its events, the round's model, and the examples both make.

use std::sync::Arc;

use silhouette_model::bert::BertEncoder;
use silhouette_model::{Engine, Examples, Model, Vectoriser};
use silhouette_privacy::{Private, Release, ReleaseParameters};
use silhouette_text::Event;
use silhouette_wire::ContentHash;
use silhouette_wire::manifest::Manifest;

use crate::local::{Draws, Work, local_round};
use crate::models::{ModelCache, ModelCacheError};

/// Models kept on the disk: the round's, the one before, and a final one.
const MODELS_KEPT: usize = 3;

pub(super) struct Material {
    engine: Arc<dyn Engine>,
    events: Arc<Private<Vec<Event>>>,
    models: ModelCache,
    weights: Option<Arc<BertEncoder>>,
    ready: Option<Ready>,
}

/// A model with the examples encoded for it.
#[derive(Clone)]
struct Ready {
    model: Arc<Model>,
    examples: Arc<Examples>,
}

impl Material {
    pub(super) fn new(
        engine: Arc<dyn Engine>,
        events: Private<Vec<Event>>,
        models: ModelCache,
        weights: Option<Arc<BertEncoder>>,
    ) -> Self {
        Self { engine, events: Arc::new(events), models, weights, ready: None }
    }

    /// Texts to learn from: exactly, once a model has said which labels count; before that, at most.
    pub(super) fn examples(&self) -> usize {
        match &self.ready {
            Some(ready) => ready.examples.len(),
            None => self.events.expose_on_device().len(),
        }
    }

    /// Makes the model ready if it is on the disk; says whether it was.
    pub(super) async fn load(&mut self, hash: ContentHash) -> Result<bool, String> {
        let models = self.models.clone();
        let found = blocking(move || models.load(hash)).await?;
        match found.map_err(|e: ModelCacheError| e.to_string())? {
            Some(model) => self.prepare(model).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Checks fetched bytes, keeps them on the disk and makes the model ready.
    pub(super) async fn keep(&mut self, hash: ContentHash, bytes: Vec<u8>) -> Result<(), String> {
        let models = self.models.clone();
        let kept = blocking(move || {
            let model = models.keep(hash, &bytes)?;
            // Room is a courtesy: a model that stays behind does no harm.
            let _ = models.prune(MODELS_KEPT);
            Ok(model)
        });
        let model = kept.await?.map_err(|e: ModelCacheError| e.to_string())?;
        self.prepare(model).await
    }

    /// Encodes the events, unless the last model had the same task: then they are encoded already.
    async fn prepare(&mut self, model: Model) -> Result<(), String> {
        let same = self.ready.as_ref().filter(|r| r.model.task() == model.task());
        let model = Arc::new(model);
        let examples = match same {
            Some(ready) => Arc::clone(&ready.examples),
            None => {
                let (events, model) = (Arc::clone(&self.events), Arc::clone(&model));
                let weights = self.weights.clone();
                Arc::new(blocking(move || encode(&model, &events, weights.as_ref())).await??)
            }
        };
        self.ready = Some(Ready { model, examples });
        Ok(())
    }

    /// Noise, training, release, on a thread of its own.
    pub(super) async fn work(
        &self,
        manifest: Box<Manifest>,
        parameters: ReleaseParameters,
        draws: Draws,
    ) -> Result<Release, String> {
        let Some(ready) = self.ready.clone() else {
            return Err("no model is ready".into());
        };
        let engine = Arc::clone(&self.engine);
        blocking(move || {
            let work = Work {
                engine: engine.as_ref(),
                model: &ready.model,
                examples: &ready.examples,
                manifest: &manifest,
                parameters: &parameters,
            };
            local_round(&work, draws).map_err(|e| e.to_string())
        })
        .await?
    }
}

/// A text with a label that the task does not know counts as one without: refusing it would keep
/// the device out of every round. The host can count such texts itself, by [`Examples::of_known`].
fn encode(model: &Model, events: &Private<Vec<Event>>, weights: Option<&Arc<BertEncoder>>) -> Result<Examples, String> {
    let vectoriser = Vectoriser::of(&model.task().encoder, weights).map_err(|e| e.to_string())?;
    Ok(Examples::of_known(model.task(), &vectoriser, events.expose_on_device()).0)
}

/// Runs `work` where blocking is allowed; a panic in it becomes an error of this round.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|_| "the work on this device was cut short".to_owned())
}
