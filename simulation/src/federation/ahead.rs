//! The noise of the next round, drawn while this one is finished.

use std::sync::mpsc::{Receiver, sync_channel};

use rayon::ThreadPool;
use silhouette_privacy::noise::NoiseError;
use silhouette_privacy::noise::simulation::PreparedNoise;
use silhouette_privacy::{Mode, ReleaseParameters};

use super::FederationError;
use crate::device::Streams;

/// What is being drawn, if anything is.
#[derive(Default)]
pub(super) struct Ahead {
    drawing: Option<(u64, Receiver<Result<PreparedNoise, NoiseError>>)>,
    /// The memory of noise that is used up.
    memory: Vec<i64>,
}

impl Ahead {
    /// Begins to draw the aggregator's noise of `round` on one of the workers, where it is known already.
    pub(super) fn begin(&mut self, pool: &ThreadPool, seed: u64, round: u64, parameters: &ReleaseParameters) {
        let fixed = parameters.mode() == Mode::Central && parameters.adaptive_clip().is_none();
        let Some(sigma) = parameters.sigma().filter(|_| fixed && parameters.tree().is_none()) else { return };
        // With one worker there is nobody to do it beside the rest.
        if pool.current_num_threads() < 2 {
            return;
        }
        let (count, memory) = (parameters.released_len(), std::mem::take(&mut self.memory));
        let (send, receive) = sync_channel(1);
        let noise = Streams::new(seed, round, 0).noise("central");
        // Nobody waits for it any more if the run has ended.
        pool.spawn(move || drop(send.send(noise.prepare(sigma, count, memory))));
        self.drawing = Some((round, receive));
    }

    /// The noise of `round`, if it was begun.
    pub(super) fn take(&mut self, round: u64) -> Result<Option<PreparedNoise>, FederationError> {
        match self.drawing.take() {
            Some((drawn, receive)) if drawn == round => match receive.recv() {
                Ok(noise) => Ok(Some(noise?)),
                Err(_) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Takes back the memory of noise that is used up.
    pub(super) fn recycle(&mut self, noise: PreparedNoise) {
        self.memory = noise.into_memory();
    }
}
