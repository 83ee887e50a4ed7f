//! The hand-written engine, which Python can stop.

use std::sync::atomic::{AtomicBool, Ordering};

use silhouette_model::{Change, Engine, EngineError, Examples, LocalTraining, Model, NativeEngine, TextVector};

/// Trains until it is told to stop, and then refuses: the run ends with an error.
#[derive(Default)]
pub(crate) struct Stoppable {
    stopped: AtomicBool,
}

impl Stoppable {
    /// The next device is not trained.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), EngineError> {
        let stopped = || EngineError::Device { engine: "native", reason: "stopped".into() };
        if self.stopped.load(Ordering::Relaxed) { Err(stopped()) } else { Ok(()) }
    }
}

impl Engine for Stoppable {
    fn name(&self) -> &str {
        NativeEngine.name()
    }

    fn train(
        &self,
        model: &Model,
        examples: &Examples,
        training: &LocalTraining,
        seed: u64,
    ) -> Result<Change, EngineError> {
        self.check()?;
        NativeEngine.train(model, examples, training, seed)
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        self.check()?;
        NativeEngine.predict(model, texts)
    }
}
