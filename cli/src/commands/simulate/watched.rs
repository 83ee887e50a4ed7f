//! An engine that moves a progress bar: rounds alone are too coarse where one takes minutes.

use indicatif::ProgressBar;
use silhouette_model::{Change, Engine, EngineError, Examples, LocalTraining, Model, TextVector};

/// Passes everything on and counts the devices trained.
pub(super) struct Watched<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) bar: &'a ProgressBar,
}

impl Engine for Watched<'_> {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn train(
        &self,
        model: &Model,
        examples: &Examples,
        training: &LocalTraining,
        seed: u64,
    ) -> Result<Change, EngineError> {
        let change = self.engine.train(model, examples, training, seed);
        self.bar.inc(1);
        change
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        self.engine.predict(model, texts)
    }
}
