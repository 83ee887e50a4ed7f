//! Letting go of files that nothing will ask for again.

use std::collections::BTreeSet;
use std::fs;

use silhouette_wire::ContentHash;

use super::files::{MODELS, NOISE, OPTIMISER};
use super::{Storage, StorageError, hashes};

/// Published rounds whose models stay: the next round's start, and enough for devices that come back
/// late for the one they know.
pub(crate) const ROUNDS_KEPT: u64 = 20;

impl Storage {
    /// Removes models of rounds older than the last `rounds` published ones, and every optimiser
    /// state and tree of noise but the last. What the task started with stays, and the history of
    /// rounds keeps its hashes. Says how many files went.
    ///
    /// # Errors
    /// When the database or the disk fails; what was removed by then was superfluous.
    pub fn prune(&self, rounds: u64) -> Result<usize, StorageError> {
        let [models, optimisers, noises] = self.needed(rounds)?;
        let removed = self.keep_only(MODELS, &models)? + self.keep_only(OPTIMISER, &optimisers)?;
        Ok(removed + self.keep_only(NOISE, &noises)?)
    }

    /// Hashes of the models, of the optimiser states and of the trees of noise that must stay.
    fn needed(&self, rounds: u64) -> Result<[BTreeSet<ContentHash>; 3], StorageError> {
        let [mut models, mut optimisers, mut noises] = [const { BTreeSet::new() }; 3];
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT model, optimiser FROM task")?;
        let mut tasks = select.query([])?;
        while let Some(row) = tasks.next()? {
            models.insert(hashes::content(row, 0)?);
            optimisers.insert(hashes::content(row, 1)?);
        }
        let mut select = connection.prepare_cached(
            "SELECT model_after, model_next, optimiser_after, noise_after FROM round
             WHERE state = 'published' ORDER BY number DESC LIMIT ?1",
        )?;
        let mut published = select.query([hashes::signed(rounds.max(1))?])?;
        let mut last = true;
        while let Some(row) = published.next()? {
            models.extend([hashes::content(row, 0)?, hashes::content(row, 1)?]);
            if std::mem::take(&mut last) {
                optimisers.insert(hashes::content(row, 2)?);
                noises.extend(hashes::maybe_content(row, 3)?);
            }
        }
        Ok([models, optimisers, noises])
    }

    fn keep_only(&self, name: &str, needed: &BTreeSet<ContentHash>) -> Result<usize, StorageError> {
        let folder = self.folder.join(name);
        let mut removed = 0;
        for entry in fs::read_dir(&folder).map_err(StorageError::at(&folder))? {
            let path = entry.map_err(StorageError::at(&folder))?.path();
            // What is not named by a hash is not ours to remove.
            let hash = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
            if hash.is_some_and(|hash| !needed.contains(&hash)) {
                fs::remove_file(&path).map_err(StorageError::at(&path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
