//! A run that is put down now and then.

use std::time::{Duration, Instant};

use silhouette_model::{Engine, Model};

use crate::checkpoint::identity::Identity;
use crate::checkpoint::{CheckpointError, CheckpointEvery, Checkpoints, Saved, ensure_none, file};
use crate::config::SimulationConfig;
use crate::dataset::Dataset;
use crate::federation::{Federation, FederationError, RoundRecord};

use super::RunError;

/// Where and when it is put down.
pub(super) struct Kept<'c> {
    checkpoints: &'c Checkpoints,
    identity: Identity,
    last: Instant,
}

impl<'c> Kept<'c> {
    pub(super) fn new(
        checkpoints: &'c Checkpoints,
        start: &Model,
        data: &Dataset,
        config: &SimulationConfig,
        engine: &dyn Engine,
    ) -> Result<Self, RunError> {
        let kept = checkpoints.resume || checkpoints.every != CheckpointEvery::Never;
        if config.clock.is_some() && kept {
            return Err(CheckpointError::Clock { path: checkpoints.path.clone() }.into());
        }
        let identity = Identity::of(data, config, engine.name(), start).map_err(FederationError::from)?;
        Ok(Self { checkpoints, identity, last: Instant::now() })
    }

    /// Takes the run up, if it is to go on: the rounds so far, and the seconds they took.
    pub(super) fn take_up(&self, federation: &mut Federation<'_>) -> Result<(Vec<RoundRecord>, f64), RunError> {
        let path = &self.checkpoints.path;
        if !self.checkpoints.resume {
            ensure_none(path)?;
            return Ok((Vec::new(), 0.0));
        }
        let Saved { state, records, seconds } = file::read(path, &self.identity, federation.bounds())?;
        let odd = |source| CheckpointError::Federation { path: path.clone(), source: Box::new(source) };
        federation.restore(state).map_err(odd)?;
        // The model that goes on is the one that the last record says was published.
        let (expected, found) = (federation.published_hash(), records.last().map(|record| record.model_sha256.clone()));
        match found {
            Some(found) if found != expected => Err(CheckpointError::Garbled {
                path: path.clone(),
                field: "records",
                expected: format!("the model {expected} in the last one"),
                found,
            }
            .into()),
            _ => Ok((records, seconds)),
        }
    }

    /// Puts the run down after a round, if it is time.
    pub(super) fn put_down(
        &mut self,
        federation: &Federation<'_>,
        records: &[RoundRecord],
        seconds: f64,
    ) -> Result<(), RunError> {
        let due = match self.checkpoints.every {
            CheckpointEvery::Never => false,
            CheckpointEvery::Rounds(every) => (records.len() as u64).is_multiple_of(every.max(1)),
            CheckpointEvery::Seconds(every) => self.last.elapsed() >= Duration::from_secs(every),
        };
        if due {
            file::write(&self.checkpoints.path, &self.identity, &federation.state(), records, seconds)?;
            self.last = Instant::now();
        }
        Ok(())
    }
}
